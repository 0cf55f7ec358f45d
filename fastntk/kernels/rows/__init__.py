"""The recursion on the variances of rows: one body for each op."""
