"""CPU op bodies of Hermite series and of rectified powers.

A series of ``n`` terms has two row tables per term: ``a_k``, the normalised Hermite
coefficients of the activation at the row's variance (``sum a_k^2 = 1``), and ``b_k``,
those of its derivative. ``rho' = sum_k a_k(q1) a_k(q2) rho^k`` (Mehler).
"""

from __future__ import annotations

import math

from fastntk._jit import like, scalar, scratch
from fastntk._typing import Coefs, Pointer, Scalar, Strip
from fastntk.kernels.abi import PANEL_COLS, PANEL_ROWS, RHO, TABLE, TAU
from fastntk.kernels.cpu_panel import col, row, slot
from fastntk.kernels.polynomials import (
    asin_coefficients,
    fall_terms,
    polynomial,
    slope_terms,
)

__all__ = ["mehler", "rectified"]

CHUNK = 64  # pairs whose running sums stay in the L1 cache


# --- Hermite series -------------------------------------------------------------------
# 1 - rho' = rows + sum_k w_k (1 - rho^k) with w_k = a_k a_k' and the row part rows =
# sum_k (a_k - a_k')^2 / 2. With rho = -(1 - r) the even terms are w (1 - |rho|^k), the
# odd ones 2 w less that; and 1 + rho' has the parts of odd and even terms exchanged.


@scalar
def _clear(sums: Strip) -> None:
    """Clear the running sums of a chunk."""
    for j in range(len(sums)):
        sums[j] = like(sums[j], 0.0)


@scalar
def _term(
    x: Strip,
    rows: Strip,
    whole: Strip,
    total: Strip,
    sums: Strip,
    a1: Scalar,
    a: Strip,
    sign: Scalar,
    n: int,
) -> None:
    """Add a term of degree 1 or more, from the highest degree down.

    ``sign``: 1 for an odd degree, -1 for an even one; ``whole`` collects these terms.
    """
    one, half, zero = like(a1, 1.0), like(a1, 0.5), like(a1, 0.0)
    for j in range(n):
        is_near = math.copysign(one, x[j]) > zero
        weight, apart = a1 * a[j], a1 - a[j]
        rows[j] = rows[j] + half * (apart * apart)
        whole[j] = whole[j] + weight
        total[j] = total[j] + (weight if is_near else sign * weight)
        sums[j] = sums[j] * (one - abs(x[j])) + total[j]


@scalar
def _constant_term(rows: Strip, whole: Strip, a1: Scalar, a: Strip, n: int) -> None:
    """Add the term of degree 0, which does not move with the angle."""
    half = like(a1, 0.5)
    for j in range(n):
        apart = a1 - a[j]
        rows[j] = rows[j] + half * (apart * apart)
        whole[j] = whole[j] + a1 * a[j]


@scalar
def _finish(
    x: Strip, rows: Strip, odd: Strip, even: Strip, sums: Strip, n: int
) -> None:
    """Put the complement together at the end that is nearer."""
    one, two, zero = like(x[0], 1.0), like(x[0], 2.0), like(x[0], 0.0)
    for j in range(n):
        is_near = math.copysign(one, x[j]) > zero
        move = abs(x[j]) * sums[j]
        plus = rows[j] + (move if is_near else two * odd[j] - move)
        minus = two - plus if is_near else rows[j] + (two * even[j] + move)
        plus = plus if plus > zero else zero
        minus = minus if minus > zero else zero
        x[j] = plus if plus <= minus else -minus


@scalar
def _slope_term(x: Strip, sums: Strip, b1: Scalar, b: Strip, n: int) -> None:
    """Add a term of the derivative's series, from the highest degree down."""
    one = like(b1, 1.0)
    for j in range(n):
        rho = math.copysign(one - abs(x[j]), x[j])
        sums[j] = sums[j] * rho + b1 * b[j]


@scalar
def _multiply(tau: Strip, sums: Strip, n: int) -> None:
    for j in range(n):
        tau[j] = tau[j] * sums[j]


def mehler(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply a Hermite series; coefs: its number of terms."""
    first, n_terms = ints[TABLE], int(coefs[0])
    like_x = slot(slots, dims, ints[RHO], 0)
    rows_, sums = scratch(like_x, CHUNK), scratch(like_x, CHUNK)
    odd, even = scratch(like_x, CHUNK), scratch(like_x, CHUNK)
    total = scratch(like_x, CHUNK)
    one = like(like_x[0], 1.0)
    for i in range(dims[PANEL_ROWS]):
        for start in range(0, dims[PANEL_COLS], CHUNK):
            n = min(CHUNK, dims[PANEL_COLS] - start)
            x = slot(slots, dims, ints[RHO], i)[start : start + n]
            if ints[TAU] >= 0:
                tau = slot(slots, dims, ints[TAU], i)[start : start + n]
                _clear(sums)
                for k in range(n_terms - 1, -1, -1):
                    t = first + n_terms + k
                    b = col(cols, dims, t, i)[start : start + n]
                    _slope_term(x, sums, row(rows, dims, t, i), b, n)
                _multiply(tau, sums, n)
            _clear(rows_)
            _clear(sums)
            _clear(total)
            _clear(odd)
            _clear(even)
            for k in range(n_terms - 1, 0, -1):
                a1 = row(rows, dims, first + k, i)
                a = col(cols, dims, first + k, i)[start : start + n]
                if k % 2:
                    _term(x, rows_, odd, total, sums, a1, a, one, n)
                else:
                    _term(x, rows_, even, total, sums, a1, a, -one, n)
            a1 = row(rows, dims, first, i)
            a = col(cols, dims, first, i)[start : start + n]
            _constant_term(rows_, even, a1, a, n)
            _finish(x, rows_, odd, even, sums, n)


# --- rectified powers -----------------------------------------------------------------


@scalar
def _angle(x: Scalar, asin_c: Coefs) -> Scalar:
    """Return the angle in [0, pi] from the signed complement."""
    r = abs(x)
    theta = math.sqrt(like(x, 2.0) * r) * polynomial(r, asin_c)
    is_near = math.copysign(like(x, 1.0), x) > like(x, 0.0)
    return theta if is_near else like(x, math.pi) - theta


@scalar
def _rectified(x: Strip, asin_c: Coefs, fall_c: Coefs) -> None:
    one = like(x[0], 1.0)
    for j in range(len(x)):
        theta = _angle(x[j], asin_c)
        t = theta * like(one, 2.0 / math.pi) - one
        gap = (theta * theta) * polynomial(t, fall_c)
        x[j] = gap if gap < one else one


@scalar
def _rectified_slope(x: Strip, tau: Strip, asin_c: Coefs, fall_c: Coefs) -> None:
    one = like(x[0], 1.0)
    for j in range(len(x)):
        theta = _angle(x[j], asin_c)
        t = theta * like(one, 2.0 / math.pi) - one
        tau[j] = tau[j] * (one - (theta * theta) * polynomial(t, fall_c))


def rectified(
    slots: Pointer,
    rows: Pointer,
    cols: Pointer,
    dims: Pointer,
    ints: Pointer,
    coefs: Pointer,
    constants: Pointer,
) -> None:
    """Apply ``max(u, 0)^d`` with ``d >= 2``.

    coefs: ``(1 - J(theta)) / theta^2`` in ``2 theta/pi - 1``, of the activation and of
    its derivative, see `fastntk.program.rectified`.
    """
    asin_c = asin_coefficients(constants)
    fall_c, slope_c = fall_terms(coefs), slope_terms(coefs)
    for i in range(dims[PANEL_ROWS]):
        x = slot(slots, dims, ints[RHO], i)
        if ints[TAU] >= 0:
            _rectified_slope(x, slot(slots, dims, ints[TAU], i), asin_c, slope_c)
        _rectified(x, asin_c, fall_c)
