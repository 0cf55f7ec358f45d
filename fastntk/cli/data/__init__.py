"""Reading files of numbers."""
