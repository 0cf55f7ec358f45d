"""What is asked for: options, rows and results, checked once."""
