"""Rows that lie on a GPU: their kernel matrices are computed there, and stay there."""
