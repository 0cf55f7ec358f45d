"""Terms of a Hermite series for one pair, the twin of the CPU's vector code.

The formula is that of `fastntk.kernels.cpu.mehler`: sums of ``w_k = a_k a_k'`` over
odd and even degrees, of squares of ``a_k - a_k'``, and of ``w_k`` with powers of the
correlation. Every argument that is assigned to is one number, as a strip.
"""

from __future__ import annotations

from fastntk._jit import like
from fastntk._typing import Scalar, Strip
from fastntk.kernels.formulas.pairs import correlation, is_parallel

__all__ = ["last_terms", "series_complement", "series_slope", "two_terms"]


def _odd_term(
    apart: Strip,
    odd: Strip,
    total: Strip,
    move: Strip,
    slope: Strip,
    degree: Scalar,
    x: Scalar,
    r: Scalar,
    c: Scalar,
) -> None:
    """Add a term of odd degree."""
    w, gap = r * c, r - c
    apart[0] = apart[0] + gap * gap
    odd[0] = odd[0] + w
    total[0] = total[0] + w
    move[0] = move[0] * (like(x, 1.0) - abs(x)) + total[0]
    slope[0] = slope[0] * correlation(x) + degree * w


def two_terms(
    apart: Strip,
    odd: Strip,
    even: Strip,
    total: Strip,
    move: Strip,
    slope: Strip,
    degree: Strip,
    x: Scalar,
    r1: Scalar,
    c1: Scalar,
    r0: Scalar,
    c0: Scalar,
) -> None:
    """Add the terms of degrees ``degree`` (odd) and ``degree - 1 > 0``."""
    one = like(x, 1.0)
    _odd_term(apart, odd, total, move, slope, degree[0], x, r1, c1)
    w, gap = r0 * c0, r0 - c0
    apart[0] = apart[0] + gap * gap
    even[0] = even[0] + w
    total[0] = total[0] + (w if is_parallel(x) else -w)
    move[0] = move[0] * (one - abs(x)) + total[0]
    slope[0] = slope[0] * correlation(x) + (degree[0] - one) * w
    degree[0] = degree[0] - like(x, 2.0)


def last_terms(
    apart: Strip,
    odd: Strip,
    even: Strip,
    total: Strip,
    move: Strip,
    slope: Strip,
    x: Scalar,
    r1: Scalar,
    c1: Scalar,
    r0: Scalar,
    c0: Scalar,
) -> None:
    """Add the terms of degrees 1 and 0; the last does not move with the angle."""
    _odd_term(apart, odd, total, move, slope, like(x, 1.0), x, r1, c1)
    w, gap = r0 * c0, r0 - c0
    apart[0] = apart[0] + gap * gap
    even[0] = even[0] + w


def series_complement(
    x: Strip, apart: Scalar, odd: Scalar, even: Scalar, moves: Scalar
) -> None:
    """Put the complement together at the end that is nearer."""
    two, zero = like(apart, 2.0), like(apart, 0.0)
    is_near = is_parallel(x[0])
    rows, move = like(apart, 0.5) * apart, abs(x[0]) * moves
    plus = rows + (move if is_near else two * odd - move)
    minus = two - plus if is_near else rows + (two * even + move)
    plus = plus if plus > zero else zero
    minus = minus if minus > zero else zero
    x[0] = plus if plus <= minus else -minus


def series_slope(tau: Strip, slope: Scalar, f1: Scalar, f2: Scalar) -> None:
    """Multiply the tangent by the derivative's series."""
    tau[0] = tau[0] * (slope * (f1 * f2))
