"""Similarities of a tile from packed unit rows, and near pairs compared anew.

Rows are packed in panels of ``width``: item ``(row, k)`` is at ``(row // width) width d
+ k width + row % width``, and the last panel is padded with zeros.
"""

from __future__ import annotations

import math

from fastntk._jit import cpu_kernel, like, scalar
from fastntk._typing import AnyArray, Scalar, Strip
from fastntk.kernels.formulas.pairs import complement
from fastntk.kernels.vector.chosen import GROUP_ROWS, micro_distance, micro_product

__all__ = [
    "complement_rows",
    "packed_product",
    "refine_near",
]

DEPTH = 256  # features at a time: a panel of B then stays in the L1 cache


@scalar
def _start(row: int, k: int, n_features: int, width: int) -> int:
    """Return where a packed row has its feature ``k``."""
    return row // width * width * n_features + k * width + row % width


@cpu_kernel
def packed_product(
    block: AnyArray,
    a: AnyArray,
    a_row: int,
    b: AnyArray,
    b_row: int,
    n_features: int,
    width: int,
    scratch: AnyArray,
    is_lower: bool,
) -> None:
    """Write ``A B^T`` of one tile.

    ``a_row`` and ``b_row`` are the tile's first rows, whole multiples of ``width``;
    ``scratch`` has ``GROUP_ROWS * width`` items, for blocks that cross the edge.
    ``is_lower``: leave out blocks that lie above the diagonal.
    """
    n1, n2 = block.shape
    flat = block.reshape(n1 * n2)
    for k in range(0, n_features, DEPTH):
        depth = min(DEPTH, n_features - k)
        is_first = k == 0
        for j in range(0, n2, width):
            b_start = _start(b_row + j, k, n_features, width)
            n_cols = min(width, n2 - j)
            for i in range(0, n1, GROUP_ROWS):
                if is_lower and j > i + GROUP_ROWS - 1:
                    continue
                a_start = _start(a_row + i, k, n_features, width)
                n_rows = min(GROUP_ROWS, n1 - i)
                if n_rows == GROUP_ROWS and n_cols == width:
                    place = i * n2 + j
                    micro_product(
                        a, a_start, b, b_start, flat, place, n2, depth, width, is_first
                    )
                    continue
                micro_product(
                    a, a_start, b, b_start, scratch, 0, width, depth, width, True
                )
                for p in range(n_rows):
                    for q in range(n_cols):
                        value = scratch[p * width + q]
                        if not is_first:
                            value += block[i + p, j + q]
                        block[i + p, j + q] = value


@scalar
def _complement_row(row: Strip, limit: Scalar) -> int:
    """Turn correlations into complements in place; return how many are below limit."""
    near = 0
    for j in range(len(row)):
        x = complement(row[j])
        row[j] = x
        near += 1 if abs(x) < limit else 0
    return near


@cpu_kernel
def complement_rows(block: AnyArray, limit: Scalar, is_lower: bool) -> int:
    """Replace correlations by signed complements; return how many are below limit.

    ``is_lower``: what is on and above the diagonal is not needed, and becomes 1.
    """
    total = 0
    for i in range(block.shape[0]):
        if is_lower:
            block[i, i:] = like(limit, 0.0)
            _complement_row(block[i, i:], limit)
            total += _complement_row(block[i, :i], limit)
        else:
            total += _complement_row(block[i], limit)
    return total


@scalar
def _count_end(row: Strip, limit: Scalar, sign: Scalar) -> int:
    """Return how many complements of one sign are below the limit."""
    count = 0
    for q in range(len(row)):
        is_there = abs(row[q]) < limit and math.copysign(sign, row[q]) == sign
        count += 1 if is_there else 0
    return count


@scalar
def _write_end(row: Strip, half_squares: Strip, limit: Scalar, sign: Scalar) -> None:
    """Replace the complements of one sign that are below the limit."""
    half = like(sign, 0.5)
    for q in range(len(row)):
        x = row[q]
        is_there = abs(x) < limit and math.copysign(sign, x) == sign
        row[q] = sign * (half * half_squares[q]) if is_there else x


@cpu_kernel
def refine_near(
    block: AnyArray,
    a: AnyArray,
    a_row: int,
    b: AnyArray,
    b_row: int,
    n_features: int,
    width: int,
    scratch: AnyArray,
    limit: Scalar,
    is_lower: bool,
) -> None:
    """Compute complements below ``limit`` anew from the rows: ``|a -+ b|^2 / 2``.

    No cancellation, so duplicates come out as exactly 0. A block is compared whole if
    one of its pairs is near, at about the price of its product.
    """
    n1, n2 = block.shape
    for j in range(0, n2, width):
        b_start = _start(b_row + j, 0, n_features, width)
        stop = min(j + width, n2)
        for i in range(0, n1, GROUP_ROWS):
            if is_lower and j > i + GROUP_ROWS - 1:
                continue
            n_rows = min(GROUP_ROWS, n1 - i)
            a_start = _start(a_row + i, 0, n_features, width)
            for end in range(2):
                sign = like(limit, 1.0 if end == 0 else -1.0)
                count = 0
                for p in range(i, i + n_rows):
                    count += _count_end(block[p, j:stop], limit, sign)
                if count == 0:
                    continue
                micro_distance(a, a_start, b, b_start, scratch, n_features, width, sign)
                for p in range(n_rows):
                    squares = scratch[p * width : (p + 1) * width]
                    _write_end(block[i + p, j:stop], squares, limit, sign)
