"""A tile times its columns of V, and its transpose times its rows of V.

V comes in the dtype of the tile, in panels of ``width`` columns (`panel_width`): item
``(row, column)`` is at ``((column // width) n + row) width + column % width``. Products
of at most `DEPTH` terms are summed in the dtype of the tile, these sums in float64.

Nothing is packed: a group of rows of the tile is multiplied with a panel of V, or a
group of V's columns with a panel of the tile's columns, where they lie. What is left at
an edge is the last whole group or panel, once more.
"""

from __future__ import annotations

from fastntk._jit import cpu_kernel, like, scalar
from fastntk._typing import AnyArray
from fastntk.kernels.vector.chosen import (
    GROUP_ROWS,
    strided_product,
    strided_product_half,
)

__all__ = [
    "DEPTH",
    "add_product",
    "add_rows",
    "multiply_tile",
    "multiply_transposed",
]

DEPTH = 64  # terms of a float32 sum before it goes on in float64


@scalar
def _take(out: AnyArray, edge: AnyArray, i: int, j: int, width: int) -> None:
    """Write what there is room for of a block at a place of ``out``."""
    for p in range(min(GROUP_ROWS, out.shape[0] - i)):
        for m in range(min(width, out.shape[1] - j)):
            out[i + p, j + m] = edge[p * width + m]


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
    """Write ``out[i, c] = sum_j block[i, j] V[v_row + j, c]``; ``out`` is float64.

    ``out`` has whole half panels of columns. ``strip`` has ``max(GROUP_ROWS, width)``
    items for each row or column of the largest tile, in its dtype; ``edge`` has
    ``GROUP_ROWS width`` in float64.
    """
    n1, n2 = block.shape
    n_cols = out.shape[1]
    flat, goal = block.reshape(n1 * n2), out.reshape(n1 * n_cols)
    is_narrow = n1 < GROUP_ROWS
    if is_narrow:
        for k in range(GROUP_ROWS * n2):
            strip[k] = flat[k] if k < n1 * n2 else like(strip[0], 0.0)
        flat, goal = strip, edge
    stride = width if is_narrow else n_cols
    chunk = DEPTH if strip.itemsize < 8 else n2
    for group in range(-(-n1 // GROUP_ROWS)):
        i = max(0, min(group * GROUP_ROWS, n1 - GROUP_ROWS))
        for c in range(0, n_cols, width):
            place = 0 if is_narrow else i * n_cols + c
            for k in range(0, n2, chunk):
                a, b = i * n2 + k, (c // width * n_v + v_row + k) * width
                there = (place, stride, min(chunk, n2 - k), k == 0)
                if n_cols - c >= width:
                    strided_product(flat, a, n2, 1, v, b, width, goal, *there)
                else:
                    strided_product_half(flat, a, n2, 1, v, b, width, goal, *there)
            if is_narrow:
                _take(out, edge, i, c, width)


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
    """Write ``out[c, j] = sum_i block[i, j] V[v_row + i, c]``; ``out`` is float64.

    ``out`` has whole groups of ``GROUP_ROWS`` rows; see `multiply_tile`.
    """
    n1, n2 = block.shape
    flat, stride = block.reshape(n1 * n2), n2
    goal = out.reshape(out.shape[0] * n2)
    is_narrow = n2 < width
    if is_narrow:
        for i in range(n1):
            for j in range(width):
                value = block[i, min(j, n2 - 1)]
                strip[i * width + j] = value if j < n2 else like(strip[0], 0.0)
        flat, stride, goal = strip, width, edge
    chunk = DEPTH if strip.itemsize < 8 else n1
    for panel in range(-(-n2 // width)):
        j = max(0, min(panel * width, n2 - width))
        for c in range(0, out.shape[0], GROUP_ROWS):
            v_start = (c // width * n_v + v_row) * width + c % width
            place = 0 if is_narrow else c * n2 + j
            for k in range(0, n1, chunk):
                depth, is_first = min(chunk, n1 - k), k == 0
                a, b = v_start + k * width, k * stride + j
                strided_product(
                    v,
                    a,
                    1,
                    width,
                    flat,
                    b,
                    stride,
                    goal,
                    place,
                    stride,
                    depth,
                    is_first,
                )
            if is_narrow:
                _take(out, edge, c, j, width)


@cpu_kernel
def add_rows(total: AnyArray, part: AnyArray, scales: AnyArray) -> None:
    """Add ``scales[c] part[i, c]`` to ``total[i, c]``."""
    for i in range(total.shape[0]):
        for c in range(total.shape[1]):
            total[i, c] += scales[c] * part[i, c]


@cpu_kernel
def add_product(total: AnyArray, part: AnyArray, scales: AnyArray) -> None:
    """Add ``scales[c] part[c, i]`` to ``total[i, c]``."""
    for i in range(total.shape[0]):
        for c in range(total.shape[1]):
            total[i, c] += scales[c] * part[c, i]
