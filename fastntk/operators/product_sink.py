"""A sink that multiplies tiles with vectors, and sums the products in plan order.

Threads finish tiles in any order. A product of a tile waits until those of all tiles
before it were added, in one of a few buffers; a thread that finds no free buffer waits
itself. So every sum has one order, whatever the number of threads, and the memory does
not grow with the number of tiles. The first unfinished tile never waits.
"""

import threading
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, FloatArray
from fastntk.backends.base import Worker
from fastntk.kernels.product.columns import (
    add_product,
    add_rows,
    multiply_tile,
    multiply_transposed,
)
from fastntk.kernels.vector.chosen import GROUP_ROWS, panel_width
from fastntk.operators.vectors import Panels, grouped, padded
from fastntk.tiling.plan import Tile, TilePlan

__all__ = ["ProductSink", "WatchedWorker", "product_bytes"]

WAITING = 2  # products per thread that may wait for their turn


class ProductSink:
    """Adds ``K V`` (or ``K^T V``) to an array.

    Parameters
    ----------
    panels : Panels
        ``V``, as packed by `fastntk.operators.vectors.pack_columns`.
    out : ndarray of shape (rows, columns)
        Zeros; the product is added in float64.
    is_transposed : bool
        Multiply with the transpose of a rectangular matrix.
    threads : int
        Threads of the walk.

    Notes
    -----
    Tiles are finished, diagonal ones too, and none is changed.
    """

    def __init__(
        self, panels: Panels, out: FloatArray, *, is_transposed: bool, threads: int
    ) -> None:
        self.panels, self.out = panels, out
        self.is_transposed = is_transposed
        self.has_failed = False
        self._n_buffers = WAITING * threads
        self._turn = threading.Condition()
        self._next = 0
        self._waiting: dict[int, tuple[Tile, AnyArray]] = {}
        self._local = threading.local()

    def begin(self, plan: TilePlan) -> None:
        """Make the buffers."""
        self._side = max(plan.side)
        self._free = [self._new_buffer() for _ in range(self._n_buffers)]

    def tile(self, tile: Tile, blocks: tuple[AnyArray, ...]) -> None:
        """Multiply a tile; the product is added when its turn has come."""
        (block,) = blocks
        space = self._space(block.dtype)
        if self.is_transposed:
            space.multiply_transposed(block, self.panels, tile)
        else:
            space.multiply(block, self.panels, tile)
        if tile.is_diagonal or not tile.is_symmetric:
            self._submit(tile, space)

    def mirror(self, tile: Tile, blocks: tuple[AnyArray, ...]) -> None:
        """Multiply the mirror image too, while the tile is in the cache."""
        (block,) = blocks
        space = self._space(block.dtype)
        space.multiply_transposed(block, self.panels, tile, place=1)
        self._submit(tile, space)

    def commit(self) -> None:
        """Do nothing: the last turn was the last sum."""

    def abort(self) -> None:
        """Do nothing: the product is lost with its array."""

    def fail(self) -> None:
        """Let nobody wait any longer: a tile will never come."""
        with self._turn:
            self.has_failed = True
            self._turn.notify_all()

    def _new_buffer(self) -> FloatArray:
        panels = self.panels
        return np.empty((2, _buffer_size(panels.n_columns, panels.width, self._side)))

    def _space(self, dtype: np.dtype[Any]) -> "_Space":
        """Return what this thread multiplies in."""
        space: _Space | None = getattr(self._local, "space", None)
        if space is None:
            space = _Space(self._side, dtype, self._new_buffer())
            self._local.space = space
        return space

    def _submit(self, tile: Tile, space: "_Space") -> None:
        """Add a product if it is its turn; else leave it, if there is room."""
        with self._turn:
            if tile.index != self._next and self._free:
                self._waiting[tile.index] = (tile, space.buffer)
                space.buffer = self._free.pop()
                return
            while tile.index != self._next and not self.has_failed:
                self._turn.wait()
            if self.has_failed:
                return
            self._add(tile, space.buffer)
            self._next += 1
            while self._next in self._waiting:
                later, buffer = self._waiting.pop(self._next)
                self._add(later, buffer)
                self._free.append(buffer)
                self._next += 1
            self._turn.notify_all()

    def _add(self, tile: Tile, buffer: FloatArray) -> None:
        v, scales = self.panels, self.panels.scales
        if self.is_transposed:
            add_product(self.out[tile.cols], _columns(buffer[0], tile, v), scales)
            return
        add_rows(self.out[tile.rows], _rows(buffer[0], tile, v), scales)
        if tile.is_symmetric and not tile.is_diagonal:
            add_product(self.out[tile.cols], _columns(buffer[1], tile, v), scales)


class _Space:
    """Workspace of one thread: narrow tiles with zeros beside, and its buffer."""

    def __init__(self, side: int, dtype: np.dtype[Any], buffer: FloatArray) -> None:
        width = panel_width(dtype)
        self.buffer = buffer
        self.strip = np.empty(side * max(GROUP_ROWS, width), dtype)
        self.edge = np.empty(GROUP_ROWS * width)

    def multiply(self, block: AnyArray, v: Panels, tile: Tile) -> None:
        """Fill the buffer with ``block @ V[cols]``."""
        source = (v.values, tile.cols.start, v.n, v.width)
        goal = _rows(self.buffer[0], tile, v)
        multiply_tile(block, *source, goal, self.strip, self.edge)

    def multiply_transposed(
        self, block: AnyArray, v: Panels, tile: Tile, place: int = 0
    ) -> None:
        """Fill the buffer with ``block.T @ V[rows]``."""
        source = (v.values, tile.rows.start, v.n, v.width)
        goal = _columns(self.buffer[place], tile, v)
        multiply_transposed(block, *source, goal, self.strip, self.edge)


def _rows(buffer: FloatArray, tile: Tile, v: Panels) -> FloatArray:
    """Return the part of a buffer that holds a product, row by row."""
    shape = (tile.rows.stop - tile.rows.start, padded(v.n_columns, v.width))
    return buffer[: shape[0] * shape[1]].reshape(shape)


def _columns(buffer: FloatArray, tile: Tile, v: Panels) -> FloatArray:
    """Return the part of a buffer that holds a product, column by column."""
    shape = (grouped(v.n_columns), tile.cols.stop - tile.cols.start)
    return buffer[: shape[0] * shape[1]].reshape(shape)


def _buffer_size(n_columns: int, width: int, side: int) -> int:
    return side * max(grouped(n_columns), padded(n_columns, width))


class WatchedWorker:
    """Tells the sink when a tile fails, so that no thread waits for it."""

    def __init__(self, worker: Worker, sink: ProductSink) -> None:
        self._worker, self._sink = worker, sink

    def run(
        self, rows: slice, cols: slice, *, is_diagonal: bool = False
    ) -> tuple[AnyArray, ...]:
        """Return a finished tile."""
        try:
            return self._worker.run(rows, cols, is_diagonal=is_diagonal)
        except BaseException:
            self._sink.fail()
            raise


def product_bytes(
    n_rows: int, n_columns: int, side: int, threads: int, dtype: np.dtype[Any]
) -> int:
    """Return the bytes that one walk takes: panels of V, buffers and strips."""
    width = panel_width(dtype)
    panels = n_rows * -(-n_columns // width) * width * dtype.itemsize
    buffers = (1 + WAITING) * threads * 2 * _buffer_size(n_columns, width, side) * 8
    strip = side * max(GROUP_ROWS, width)
    strips = threads * (strip * dtype.itemsize + GROUP_ROWS * width * 8)
    return int(panels + buffers + strips)
