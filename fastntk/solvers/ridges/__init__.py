"""What is added to the diagonal: a number, one number per row, or one per target."""
