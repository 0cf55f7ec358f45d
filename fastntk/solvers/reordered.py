"""An operator that computes its rows in another order than it shows."""

from typing import Any

import numpy as np

from fastntk._typing import AnyArray, IntArray
from fastntk.solvers.preconditioners.partition import partition

__all__ = ["Reordered", "close_rows_together"]

GROUP = 256  # rows that are put side by side


class Reordered:
    """The matrix of rows ``x``, by an operator of ``x[order]``.

    Tiles of rows that are nearly parallel take longer; where such rows stand together,
    few tiles have them: products of 100,000 clustered rows save a sixth of their time.

    Parameters
    ----------
    operator : KernelOperator
        Of the rows in their new order.
    order : ndarray of shape (n,)
        A permutation.
    """

    def __init__(self, operator: Any, order: IntArray) -> None:
        self._operator, self._order = operator, order
        self._place = np.empty_like(order)
        self._place[order] = np.arange(len(order))
        self.shape: tuple[int, int] = operator.shape
        self.dtype: np.dtype[Any] = operator.dtype
        self.tile_dtype: np.dtype[Any] = operator.tile_dtype
        self.flops_per_entry: float = operator.flops_per_entry

    def matmat(self, columns: AnyArray, /) -> AnyArray:
        """Return ``K V``."""
        image = self._operator.matmat(columns[self._order])
        result: AnyArray = np.empty_like(image)
        result[self._order] = image
        return result

    def diagonal(self) -> AnyArray:
        """Return the diagonal."""
        result: AnyArray = self._operator.diagonal()[self._place]
        return result

    def block(self, rows: Any, cols: Any, /) -> AnyArray:
        """Return ``K[rows][:, cols]``."""
        block: AnyArray = self._operator.block(self._place[rows], self._place[cols])
        return block


def close_rows_together(x: AnyArray) -> IntArray:
    """Return a permutation that puts close rows side by side."""
    groups = partition(x, GROUP, np.random.default_rng(0))
    return np.concatenate(groups)
