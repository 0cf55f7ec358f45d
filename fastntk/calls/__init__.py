"""The public calls: matrices, diagonals and tiles of kernels."""

from fastntk.calls.batch import batch
from fastntk.calls.diagonal import diagonal
from fastntk.calls.gram import gram
from fastntk.calls.tiles import tiles

__all__ = ["batch", "diagonal", "gram", "tiles"]
