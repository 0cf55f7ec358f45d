"""Where finished tiles go.

A sink is told of the plan (`Sink.begin`), of every finished tile (`Sink.tile`, from
several threads, each tile once), and how it ended (`Sink.commit` or `Sink.abort`). The
tile's arrays are the worker's own memory: a sink copies what it wants to keep.
"""

from typing import Any, Protocol

import numpy as np

from fastntk._typing import AnyArray, FloatArray
from fastntk.kernels.cpu.tile import copy_block, mirror_block, symmetrise_block
from fastntk.kernels.vector.chosen import TRANSPOSE_BYTES
from fastntk.tiling.plan import Tile, TilePlan

__all__ = ["DenseSink", "Sink", "flat_view"]

STREAM_BYTES = 32 << 20  # larger results would only drive other data from the caches


class Sink(Protocol):
    """Takes the tiles of one walk."""

    def begin(self, plan: TilePlan) -> None:
        """Get ready for the tiles of a plan."""
        ...

    def tile(self, tile: Tile, blocks: tuple[AnyArray, ...]) -> None:
        """Take a finished tile: one block per kernel."""
        ...

    def mirror(self, tile: Tile, blocks: tuple[AnyArray, ...]) -> None:
        """Take the mirror image of a tile below the diagonal of a symmetric matrix."""
        ...

    def commit(self) -> None:
        """Finish: every tile has come."""
        ...

    def abort(self) -> None:
        """Stop: an error or an interrupt ended the walk early."""
        ...


class DenseSink:
    """Writes tiles into arrays, and their mirror images where there are any.

    Parameters
    ----------
    outs : tuple of ndarray of shape (n1, n2)
        One per kernel; any strides.
    diagonals : tuple of ndarray of shape (n,), or None
        Exact diagonals of a symmetric matrix, one per kernel.
    """

    def __init__(
        self, outs: tuple[AnyArray, ...], diagonals: tuple[FloatArray, ...] | None
    ) -> None:
        self.outs = outs
        self._is_large = sum(out.nbytes for out in outs) > STREAM_BYTES
        self.diagonals = diagonals

    def begin(self, plan: TilePlan) -> None:
        """Do nothing: the arrays are there."""

    def tile(self, tile: Tile, blocks: tuple[AnyArray, ...]) -> None:
        """Copy a tile to its place; complete it first if it is on the diagonal."""
        for k, (out, block) in enumerate(zip(self.outs, blocks, strict=True)):
            if tile.is_diagonal and self.diagonals is not None:
                exact = self.diagonals[k][tile.rows].astype(block.dtype)
                symmetrise_block(block, exact)
            goal = out[tile.rows, tile.cols]
            _write(goal, block, is_mirrored=False, is_large=self._is_large)

    def mirror(self, tile: Tile, blocks: tuple[AnyArray, ...]) -> None:
        """Write the transposed tile to the other side of the diagonal."""
        for out, block in zip(self.outs, blocks, strict=True):
            goal = out[tile.cols, tile.rows]
            _write(goal, block, is_mirrored=True, is_large=self._is_large)

    def commit(self) -> None:
        """Flush arrays that live in a file."""
        for out in self.outs:
            flush = getattr(out, "flush", None)
            if flush is not None:
                flush()

    def abort(self) -> None:
        """Leave what is there: the caller owns the arrays."""


def _write(
    goal: AnyArray, block: AnyArray, *, is_mirrored: bool, is_large: bool
) -> None:
    """Write a tile, or its transpose, by the kernel that is fast where it applies."""
    flat = flat_view(goal)
    if flat is None:  # Fortran order: what is a copy becomes a transpose
        flat, is_mirrored = flat_view(goal.T), not is_mirrored
        goal = goal.T
    if flat is None:
        goal[...] = block.T if is_mirrored else block
        return
    is_aligned = (goal.ctypes.data | goal.strides[0]) % TRANSPOSE_BYTES == 0
    kernel = mirror_block if is_mirrored else copy_block
    kernel(block, *flat, is_aligned and is_large)


def flat_view(block: AnyArray) -> tuple[AnyArray, int] | None:
    """Return a block with contiguous rows as a flat view and its row stride in items.

    None if the rows are not contiguous, the stride is no whole number of items, or the
    rows run backwards.
    """
    itemsize = block.itemsize
    n1, n2 = block.shape
    row, column = block.strides
    if (n2 > 1 and column != itemsize) or row % itemsize or row < n2 * itemsize:
        return None
    length = (n1 - 1) * (row // itemsize) + n2
    base: Any = block.view(np.ndarray)
    flat = np.lib.stride_tricks.as_strided(base, (length,), (itemsize,))
    return flat, row // itemsize
