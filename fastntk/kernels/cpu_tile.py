"""What happens to one tile: similarity -> complement -> program -> kernel values.

i = row, j = column of the tile; a panel is a few rows by one strip of columns, small
enough that all its slots stay in the L1 cache while every op of the program runs.
"""

from __future__ import annotations

from numba.extending import register_jitable

from fastntk._jit import call_op, cpu_kernel, like, reduction_kernel
from fastntk.kernels.abi import PANEL_COLS, PANEL_ROWS
from fastntk.kernels.scalars import complement, correlation

__all__ = [
    "complement_dense",
    "complement_sparse",
    "mirror_block",
    "run_program",
    "symmetrise_block",
]

NEAR_COLUMNS = 32  # columns whose rows of X stay in L2 while near pairs are refined


@reduction_kernel
def _half_distance(a, b, sign):
    """Return ``|a - sign b|^2 / 2``."""
    total = like(sign, 0.0)
    for k in range(len(a)):
        gap = a[k] - sign * b[k]
        total += gap * gap
    return like(sign, 0.5) * total


@register_jitable
def _complement_row(row, limit):
    """Turn correlations into complements in place; return how many are below limit."""
    near = 0
    for j in range(len(row)):
        x = complement(row[j])
        row[j] = x
        near += 1 if abs(x) < limit else 0
    return near


@cpu_kernel
def complement_dense(block, x1, x2, limit):
    """Replace correlations by signed complements, near +-1 from the rows themselves.

    ``1 -+ rho = |x1 -+ x2|^2 / 2`` for rows of norm 1: no cancellation.
    """
    n1, n2 = block.shape
    total = 0
    for i in range(n1):
        total += _complement_row(block[i], limit)
    if total == 0:
        return
    one = like(limit, 1.0)
    for start in range(0, n2, NEAR_COLUMNS):
        stop = min(start + NEAR_COLUMNS, n2)
        for i in range(n1):
            for j in range(start, stop):
                x = block[i, j]
                if abs(x) < limit:
                    end = one if _is_near(x) else -one
                    block[i, j] = end * _half_distance(x1[i], x2[j], end)


@register_jitable
def _is_near(x):
    """Return whether a signed complement is on the side of ``rho = 1``."""
    zero = like(x, 0.0)
    return x > zero or (x == zero and like(x, 1.0) / x > zero)


@register_jitable
def _half_distance_sparse(x1, i1, x2, i2, sign):
    """Return ``|a - sign b|^2 / 2`` of two sparse rows with sorted indices."""
    total = like(sign, 0.0)
    p, q = 0, 0
    while p < len(x1) or q < len(x2):
        gap = like(sign, 0.0)
        take1 = p < len(x1) and (q >= len(x2) or i1[p] <= i2[q])
        take2 = q < len(x2) and (p >= len(x1) or i2[q] <= i1[p])
        if take1:
            gap += x1[p]
            p += 1
        if take2:
            gap -= sign * x2[q]
            q += 1
        total += gap * gap
    return like(sign, 0.5) * total


@cpu_kernel
def complement_sparse(block, data1, index1, start1, data2, index2, start2, limit):
    """Do what `complement_dense` does for rows in CSR form (sorted indices)."""
    one = like(limit, 1.0)
    for i in range(block.shape[0]):
        if _complement_row(block[i], limit) == 0:
            continue
        a, b = start1[i], start1[i + 1]
        for j in range(block.shape[1]):
            x = block[i, j]
            if abs(x) < limit:
                end = one if _is_near(x) else -one
                c, d = start2[j], start2[j + 1]
                block[i, j] = end * _half_distance_sparse(
                    data1[a:b], index1[a:b], data2[c:d], index2[c:d], end
                )


@register_jitable
def _load(panel, block, i0, j0, n_rows, n_cols, n_slots):
    """Put complements into slot 0 and clear the tangent slot beside it."""
    for i in range(n_rows):
        source = block[i0 + i, j0 : j0 + n_cols]
        x = panel[i * n_cols : (i + 1) * n_cols]
        for j in range(n_cols):
            x[j] = source[j]
    if n_slots > 1:
        tau = panel[n_rows * n_cols : 2 * n_rows * n_cols]
        for j in range(n_rows * n_cols):
            tau[j] = like(tau[j], 0.0)


@register_jitable
def _store_nngp(target, x, scale, scales):
    for j in range(len(target)):
        target[j] = (correlation(x[j]) * scale) * scales[j]


@register_jitable
def _store_ntk(target, tau, scale, scales):
    for j in range(len(target)):
        target[j] = (tau[j] * scale) * scales[j]


@register_jitable
def _store(target, panel, rows, cols, dims, i0, j0, slot, table, is_ntk):
    """Scale one slot by its row tables and write it to the tile."""
    n_rows, n_cols = dims[PANEL_ROWS], dims[PANEL_COLS]
    scales = cols[table * dims[3] + j0 : table * dims[3] + j0 + n_cols]
    for i in range(n_rows):
        source = panel[(slot * n_rows + i) * n_cols : (slot * n_rows + i + 1) * n_cols]
        goal = target[i0 + i, j0 : j0 + n_cols]
        scale = rows[table * dims[2] + i0 + i]
        if is_ntk:
            _store_ntk(goal, source, scale, scales)
        else:
            _store_nngp(goal, source, scale, scales)


@cpu_kernel
def run_program(
    block, second, rows, cols, dims, addresses, ints, coefs, panel, shape, outputs, lower
):
    """Run all ops on a tile of complements, panel by panel, and store in place.

    ``shape`` is (panel rows, panel columns, slots); ``outputs`` has a row (slot, table,
    is_ntk) per output: the first goes back to ``block``, the other to ``second``.
    ``lower``: skip panels wholly above the diagonal.
    """
    n1, n2 = block.shape
    for i0 in range(0, n1, shape[0]):
        n_rows = min(shape[0], n1 - i0)
        for j0 in range(0, n2, shape[1]):
            if lower and j0 > i0 + n_rows - 1:
                break
            n_cols = min(shape[1], n2 - j0)
            dims[PANEL_ROWS], dims[PANEL_COLS] = n_rows, n_cols
            _load(panel, block, i0, j0, n_rows, n_cols, shape[2])
            for k in range(len(addresses)):
                call_op(
                    addresses[k], panel, rows[i0:], cols[j0:], dims, ints[k], coefs[k]
                )
            for k in range(len(outputs)):
                target = block if k == 0 else second
                slot, table, is_ntk = outputs[k, 0], outputs[k, 1], outputs[k, 2]
                _store(
                    target, panel, rows, cols, dims, i0, j0, slot, table, is_ntk != 0
                )


@cpu_kernel
def mirror_block(block, target, stride):
    """Write the transpose of a tile to rows of ``stride`` items of a flat view."""
    n1, n2 = block.shape
    for i0 in range(0, n1, 16):
        i1 = min(i0 + 16, n1)
        for j0 in range(0, n2, 16):
            for j in range(j0, min(j0 + 16, n2)):
                goal = target[j * stride + i0 : j * stride + i1]
                for i in range(i1 - i0):
                    goal[i] = block[i0 + i, j]


@cpu_kernel
def symmetrise_block(block, diagonal):
    """Write the diagonal, and copy what is below it to what is above."""
    for i in range(block.shape[0]):
        block[i, i] = diagonal[i]
        for j in range(i):
            block[j, i] = block[i, j]
