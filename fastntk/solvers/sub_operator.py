"""Some rows of an operator, or all of them in another order."""

from typing import Any

import numpy as np

from fastntk._typing import AnyArray, IntArray
from fastntk.solvers.preconditioners.rank import FLOPS_PER_ENTRY

__all__ = ["SubOperator"]


class SubOperator:
    """``K[rows][:, rows]`` of a `KernelOperator`, by products with all of ``K``.

    Parameters
    ----------
    whole : KernelOperator of shape (n, n)
        ``K``.
    rows : ndarray of shape (m,)
        Different rows, in any order.
    """

    def __init__(self, whole: Any, rows: IntArray) -> None:
        self._whole, self._rows = whole, rows
        self.shape: tuple[int, int] = (len(rows), len(rows))
        self.dtype: np.dtype[Any] = whole.dtype
        self.tile_dtype: np.dtype[Any] = getattr(whole, "tile_dtype", whole.dtype)
        flops = getattr(whole, "flops_per_entry", FLOPS_PER_ENTRY)
        self.flops_per_entry = float(flops)

    def matmat(self, columns: AnyArray, /) -> AnyArray:
        """Return the product with ``columns``, (m, s)."""
        spread = np.zeros((self._whole.shape[0], columns.shape[1]), columns.dtype)
        spread[self._rows] = columns
        result: AnyArray = self._whole.matmat(spread)[self._rows]
        return result

    def diagonal(self) -> AnyArray:
        """Return the diagonal."""
        result: AnyArray = self._whole.diagonal()[self._rows]
        return result

    def block(self, rows: Any, cols: Any, /) -> AnyArray:
        """Return a block; slices or arrays of indices."""
        result: AnyArray = self._whole.block(self._rows[rows], self._rows[cols])
        return result
