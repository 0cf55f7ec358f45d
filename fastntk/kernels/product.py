"""Similarities of a tile from packed unit rows, and near pairs compared anew.

Rows are packed in panels of ``width``: item ``(row, k)`` is at ``(row // width) d width
+ k width + row % width``, and the last panel is padded with zeros. With ``width == 1``
that is the plain row-major matrix.
"""

from __future__ import annotations

from fastntk._jit import cpu_kernel, like
from fastntk.kernels.vector_ir import GROUP_ROWS, micro_product

__all__ = ["packed_product"]

DEPTH = 256  # features at a time: a panel of B then stays in the L1 cache


@cpu_kernel
def packed_product(block, a, a_row, b, b_row, n_features, width, scratch, is_lower):
    """Write ``A B^T`` of one tile.

    ``a_row`` and ``b_row`` are the tile's first rows, whole multiples of ``width``;
    ``scratch`` has ``GROUP_ROWS * width`` items, for blocks that cross the edge.
    ``is_lower``: leave out what lies above the diagonal.
    """
    n1, n2 = block.shape
    flat = block.reshape(n1 * n2)
    for k0 in range(0, n_features, DEPTH):
        depth = min(DEPTH, n_features - k0)
        for j in range(0, n2, width):
            b_start = (b_row + j) * n_features + k0 * width
            n_cols = min(width, n2 - j)
            for i in range(0, n1, GROUP_ROWS):
                if is_lower and j > i + GROUP_ROWS - 1:
                    continue
                row = a_row + i
                a_start = row // width * width * n_features + k0 * width + row % width
                n_rows = min(GROUP_ROWS, n1 - i)
                if n_rows == GROUP_ROWS and n_cols == width:
                    micro_product(
                        a, a_start, b, b_start, flat, i * n2 + j, n2, depth, width, k0 == 0
                    )
                    continue
                micro_product(
                    a, a_start, b, b_start, scratch, 0, width, depth, width, True
                )
                for p in range(n_rows):
                    for q in range(n_cols):
                        old = like(scratch[0], 0.0) if k0 == 0 else block[i + p, j + q]
                        block[i + p, j + q] = old + scratch[p * width + q]
