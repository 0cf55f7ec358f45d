"""Kernels as values: composition, layers of a user, positions, blocks."""
