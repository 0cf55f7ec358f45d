"""A tile times its columns of V, and its transpose times its rows of V.

V comes in the dtype of the tile, in panels of ``width`` columns (`panel_width`): item
``(row, column)`` is at ``((column // width) n + row) width + column % width``. Products
of at most `DEPTH` terms are summed in the dtype of the tile, these sums in float64.

The tile is packed in strips as wide as a panel, so that both products run through one
inner loop: a group of V's columns by a strip.
"""

from __future__ import annotations

from fastntk._jit import cpu_kernel, like, scalar
from fastntk._typing import AnyArray, Strip
from fastntk.kernels.vector import (
    GROUP_ROWS,
    TRANSPOSE_BYTES,
    micro_product,
    transpose_square,
)

__all__ = ["DEPTH", "add_product", "multiply_tile", "multiply_transposed"]

DEPTH = 32  # terms of a float32 sum before it goes on in float64


@scalar
def _pack_rows(block: AnyArray, flat: Strip, i0: int, width: int, strip: Strip) -> None:
    """Write ``strip[k width + i] = block[i0 + i, k]``, zeros beyond the last row."""
    n1, n2 = block.shape
    side = TRANSPOSE_BYTES // block.itemsize
    for i in range(0, width, side):
        first = 0
        if i0 + i + side <= n1:
            first = n2 // side * side
            for k in range(0, first, side):
                start = (i0 + i) * n2 + k
                transpose_square(flat, start, n2, strip, k * width + i, width)
        for k in range(first, n2):
            for p in range(i, i + side):
                is_there = i0 + p < n1
                value = block[i0 + p, k] if is_there else like(strip[0], 0.0)
                strip[k * width + p] = value


@scalar
def _pack_columns(block: AnyArray, j0: int, width: int, strip: Strip) -> None:
    """Write ``strip[k width + j] = block[k, j0 + j]``, zeros beyond the last column."""
    n1, n2 = block.shape
    for k in range(n1):
        for j in range(width):
            is_there = j0 + j < n2
            value = block[k, j0 + j] if is_there else like(strip[0], 0.0)
            strip[k * width + j] = value


@scalar
def _multiply_strip(
    v: Strip,
    v_start: int,
    strip: Strip,
    start: int,
    stride: int,
    depth: int,
    width: int,
    out: AnyArray,
    c: int,
    j0: int,
    n_cols: int,
    edge: Strip,
) -> None:
    """Write ``out[c + p, j0 + j] = sum_k v[k, p] strip[k, j]`` for a group of columns.

    Both have rows of ``stride`` items, from ``v_start`` and from ``start``.
    """
    chunk = DEPTH if strip.itemsize < 8 else depth
    for k in range(0, depth, chunk):
        n, here = min(chunk, depth - k), k * stride
        micro_product(
            v, v_start + here, strip, start + here, edge, 0, width, n, stride, True
        )
        for p in range(GROUP_ROWS):
            goal = out[c + p, j0 : j0 + n_cols]
            source = edge[p * width : p * width + n_cols]
            if k == 0:
                for j in range(n_cols):
                    goal[j] = source[j]
            else:
                for j in range(n_cols):
                    goal[j] += source[j]


@cpu_kernel
def multiply_tile(
    block: AnyArray,
    v: AnyArray,
    v_row: int,
    n_v: int,
    width: int,
    out: AnyArray,
    strip: AnyArray,
    edge: AnyArray,
) -> None:
    """Write ``out[c, i] = sum_j block[i, j] V[v_row + j, c]``; ``out`` is float64.

    ``out`` has whole groups of ``GROUP_ROWS`` rows; ``strip`` has as many items as the
    largest tile, and ``width`` per row or column of it; ``edge`` has ``GROUP_ROWS
    width``.
    """
    n1, n2 = block.shape
    flat = block.reshape(n1 * n2)
    for i in range(0, n1, width):
        _pack_rows(block, flat, i, width, strip)
        for c in range(0, out.shape[0], GROUP_ROWS):
            v_start = (c // width * n_v + v_row) * width + c % width
            n = min(width, n1 - i)
            _multiply_strip(v, v_start, strip, 0, width, n2, width, out, c, i, n, edge)


@cpu_kernel
def multiply_transposed(
    block: AnyArray,
    v: AnyArray,
    v_row: int,
    n_v: int,
    width: int,
    out: AnyArray,
    strip: AnyArray,
    edge: AnyArray,
) -> None:
    """Write ``out[c, j] = sum_i block[i, j] V[v_row + i, c]``; see `multiply_tile`."""
    n1, n2 = block.shape
    flat = block.reshape(n1 * n2)
    n_whole = n2 // width * width
    for c in range(0, out.shape[0], GROUP_ROWS):
        v_start = (c // width * n_v + v_row) * width + c % width
        for k in range(n1):  # as far apart as the rows of the tile
            for p in range(GROUP_ROWS):
                strip[k * n2 + p] = v[v_start + k * width + p]
        for j in range(0, n_whole, width):
            _multiply_strip(strip, 0, flat, j, n2, n1, width, out, c, j, width, edge)
    if n_whole < n2:
        n = n2 - n_whole
        _pack_columns(block, n_whole, width, strip)
        for c in range(0, out.shape[0], GROUP_ROWS):
            v_start = (c // width * n_v + v_row) * width + c % width
            _multiply_strip(
                v, v_start, strip, 0, width, n1, width, out, c, n_whole, n, edge
            )


@cpu_kernel
def add_product(total: AnyArray, part: AnyArray, scales: AnyArray) -> None:
    """Add ``scales[c] part[c, i]`` to ``total[i, c]``."""
    for i in range(total.shape[0]):
        for c in range(total.shape[1]):
            total[i, c] += scales[c] * part[c, i]
