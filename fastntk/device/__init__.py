"""Rows that lie on a GPU: their kernel matrices are computed and stay there."""
