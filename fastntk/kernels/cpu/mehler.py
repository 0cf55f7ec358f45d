"""CPU op body of Hermite series.

A series has a row table per term, ``a_k``: the normalised Hermite coefficients of the
activation at the row's variance, ``sum a_k^2 = 1``; and one more, ``f = (sum k
a_k^2)^(-1/2)``. ``rho' = sum_k a_k a_k' rho^k`` (Mehler), the dual of the derivative is
``f f' sum_k k a_k a_k' rho^(k-1)``.
"""

from __future__ import annotations

import numpy as np

from fastntk._jit import like, scalar, scratch
from fastntk._typing import Pointer, Scalar, Strip
from fastntk.kernels.abi import (
    COLS_STEP,
    COLS_STRIDE,
    PANEL_COLS,
    PANEL_ROWS,
    RHO,
    ROWS_STRIDE,
    TABLE,
    TAU,
)
from fastntk.kernels.cpu.panel import col, is_double, row, slot
from fastntk.kernels.formulas.pairs import complement, correlation, is_parallel
from fastntk.kernels.vector.chosen import (
    hermite_sums,
    hermite_values,
    least_size,
    panel_width,
)

__all__ = ["mehler"]

WIDTH_64 = panel_width(np.dtype(np.float64))
WIDTH_32 = panel_width(np.dtype(np.float32))
WIDTH = WIDTH_32  # pairs in work at once, at most
ROOM = 5 * WIDTH


# --- Hermite series -------------------------------------------------------------------
# 1 - rho' = rows + sum_k w_k (1 - rho^k) with w_k = a_k a_k' and the row part rows =
# sum_k (a_k - a_k')^2 / 2. With rho = -(1 - r) the even terms are w (1 - |rho|^k), the
# odd ones 2 w less that; and 1 + rho' has the parts of odd and even terms exchanged.
# The sums are those of `fastntk.kernels.vector.series`.


@scalar
def _pair_sums(
    sums: Strip,
    place: int,
    x: Scalar,
    rows: Pointer,
    row_start: int,
    row_stride: int,
    cols: Pointer,
    col_start: int,
    col_stride: int,
    n_terms: int,
) -> None:
    """Do what `hermite_sums` does, for the last few columns of a panel."""
    one, zero = like(x, 1.0), like(x, 0.0)
    rho, z = correlation(x), one - abs(x)
    side = one if is_parallel(x) else -one
    apart, odd, even, total, move, slope = zero, zero, zero, zero, zero, zero
    for k in range(n_terms - 1, -1, -1):
        r, c = rows[row_start + k * row_stride], cols[col_start + k * col_stride]
        w, gap = r * c, r - c
        apart = apart + gap * gap
        if k % 2:
            odd, total = odd + w, total + w
        else:
            even, total = even + w, total + side * w
        if k > 0:
            move = move * z + total
            slope = slope * rho + like(x, k) * w
    sums[place], sums[WIDTH + place], sums[2 * WIDTH + place] = apart, odd, even
    sums[3 * WIDTH + place], sums[4 * WIDTH + place] = move, slope


@scalar
def _finish(x: Strip, apart: Strip, odd: Strip, even: Strip, moves: Strip) -> None:
    """Put the complement together at the end that is nearer."""
    two, half, zero = like(x[0], 2.0), like(x[0], 0.5), like(x[0], 0.0)
    for j in range(len(x)):
        is_near = is_parallel(x[j])
        rows, move = half * apart[j], abs(x[j]) * moves[j]
        plus = rows + (move if is_near else two * odd[j] - move)
        minus = two - plus if is_near else rows + (two * even[j] + move)
        plus = plus if plus > zero else zero
        minus = minus if minus > zero else zero
        x[j] = plus if plus <= minus else -minus


@scalar
def _multiply(tau: Strip, slopes: Strip, f1: Scalar, f: Strip) -> None:
    for j in range(len(tau)):
        tau[j] = tau[j] * (slopes[j] * (f1 * f[j]))


@scalar
def _values(
    x: Strip, tau: Strip, sums: Strip, has_tau: bool, f1: Scalar, f: Strip
) -> None:
    """Take the values of the series as they are, for rows that are not near."""
    for j in range(len(x)):
        x[j] = complement(sums[j])
    if has_tau:
        _multiply(tau, sums[WIDTH:], f1, f)


@scalar
def _terms_needed(x: Strip, coefs: Pointer) -> int:
    """Return how many terms these pairs need; 0 if all, and the angle matters."""
    largest = like(x[0], 1.0) - least_size(x, 0)
    for k in range(int(coefs[1])):
        if largest <= coefs[2 + 2 * k]:
            return int(coefs[3 + 2 * k])
    return 0


@scalar
def _row_sums(
    sums: Strip,
    x: Strip,
    rows: Pointer,
    row_start: int,
    row_stride: int,
    cols: Pointer,
    col_start: int,
    col_stride: int,
    n_terms: int,
    width: int,
) -> None:
    """Sum the series of one row with up to ``width`` columns."""
    if len(x) == width:
        hermite_sums(
            x,
            0,
            rows,
            row_start,
            row_stride,
            cols,
            col_start,
            col_stride,
            n_terms,
            sums,
            0,
            WIDTH,
        )
        return
    for j in range(len(x)):
        place = (row_start, row_stride, cols, col_start + j, col_stride)
        _pair_sums(sums, j, x[j], rows, *place, n_terms)


def mehler(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply a Hermite series.

    coefs: its number of terms, an even one; how many pairs (z, n) follow: where no
    ``|rho|`` is above z, n terms are enough.

    A few columns with all rows, so that their tables stay in the L1 cache.
    """
    first, n_terms = ints[TABLE], int(coefs[0])
    row_stride, col_stride = dims[ROWS_STRIDE], dims[COLS_STRIDE]
    sums = scratch(slot(slots, dims, ints[RHO], 0), ROOM)
    width = WIDTH_64 if is_double(sums[0]) else WIDTH_32
    has_tau = ints[TAU] >= 0
    for start in range(0, dims[PANEL_COLS], width):
        stop = min(start + width, dims[PANEL_COLS])
        n = stop - start
        for i in range(dims[PANEL_ROWS]):
            x = slot(slots, dims, ints[RHO], i)[start:stop]
            tau = slot(slots, dims, ints[TAU] if has_tau else ints[RHO], i)[start:stop]
            f1 = row(rows, dims, first + n_terms, i)
            f = col(cols, dims, first + n_terms, i)[start:stop]
            col_start = first * col_stride + i * dims[COLS_STEP] + start
            place = (first * row_stride + i, row_stride, cols, col_start, col_stride)
            n_needed = _terms_needed(x, coefs) if n == width else 0
            if n_needed > 0:
                hermite_values(x, 0, rows, *place, n_needed, sums, 0, WIDTH)
                _values(x, tau, sums[: 2 * WIDTH], has_tau, f1, f)
                continue
            _row_sums(sums, x, rows, *place, n_terms, width)
            if has_tau:
                _multiply(tau, sums[4 * WIDTH :], f1, f)
            _finish(
                x,
                sums[0:n],
                sums[WIDTH : WIDTH + n],
                sums[2 * WIDTH : 2 * WIDTH + n],
                sums[3 * WIDTH : 3 * WIDTH + n],
            )
