"""Functions, determinants and traces of a matrix, from products alone."""
