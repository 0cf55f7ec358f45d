"""Scalar formulas of smooth activations: exponentials, sine, cosine, Gauss bumps.

The pair is that of `fastntk.kernels.formulas.pairs`: a signed complement ``x`` of the
correlation ``rho``, and ``r = |x|``. Every complement is a sum of terms of one sign, or
of differences of row tables, so that it keeps its relative accuracy at nearly parallel
rows. ``q`` is a variance, ``g = sqrt(q1 q2)``.
"""

from __future__ import annotations

import math

from fastntk._jit import like, scalar
from fastntk._typing import Coefs, Scalar
from fastntk.kernels.formulas.exponential import decay
from fastntk.kernels.formulas.pairs import is_parallel

__all__ = [
    "cos_near_pair",
    "exp_pair",
    "gaussian_pair",
    "half_turn",
    "joined",
    "sin_near_pair",
    "wave_pair",
]


# (2 m)!
_FACTORIALS = tuple(float(math.factorial(2 * m)) for m in range(13))


@scalar
def joined(a: Scalar, b: Scalar) -> Scalar:
    """Return ``1 - (1 - a)(1 - b)``: the complement of a product."""
    return a + (b - a * b)


@scalar
def exp_pair(x: Scalar, t1: Scalar, t2: Scalar, decay_c: Coefs) -> Scalar:
    """Return ``1 - rho'`` with ``rho' = exp(-(t1 - t2)^2/2 - t1 t2 (1 - rho))``."""
    half, two = like(x, 0.5), like(x, 2.0)
    r = abs(x)
    turn = r if is_parallel(x) else two - r
    apart = t1 - t2
    return decay(half * (apart * apart) + (t1 * t2) * turn, decay_c)[1]


@scalar
def wave_pair(
    x: Scalar, t1: Scalar, t2: Scalar, decay_c: Coefs
) -> tuple[Scalar, Scalar]:
    """Return twice the duals of sine and cosine at ``|rho|``, ``t = sqrt(q)``.

    ``exp(-(t1 - t2)^2/2 - g (1 - |rho|)) (1 -+ exp(-2 g |rho|))``.
    """
    one, two, half = like(x, 1.0), like(x, 2.0), like(x, 0.5)
    r = abs(x)
    apart = t1 - t2
    g = t1 * t2
    size, _ = decay(half * (apart * apart) + g * r, decay_c)
    image, lost = decay((two * g) * (one - r), decay_c)
    return size * lost, size * (one + image)


@scalar
def _rows_apart(
    t1: Scalar, t2: Scalar, p1: Scalar, p2: Scalar, decay_c: Coefs
) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """Return ``exp(-Q)``, ``F(2 g)``, ``F(2 P) F(2 Q)`` and ``(p1 - p2)^2``.

    ``P, Q = (t1 +- t2)^2/2``, ``F(z) = 1 - exp(-z)``, ``p = exp(-q)``.
    """
    one, two, half = like(t1, 1.0), like(t1, 2.0), like(t1, 0.5)
    up, down, gap = t1 + t2, t1 - t2, p1 - p2
    near, lost = decay(half * (down * down), decay_c)
    _, wide = decay(up * up, decay_c)
    _, across = decay(two * (t1 * t2), decay_c)
    return near, across, wide * (lost * (one + near)), gap * gap


@scalar
def _cosh_bend(a: Scalar, h: Scalar) -> Scalar:
    """Return ``(C(a + h) - C(a) - C(h) + 1) / (a h)`` with ``C(z^2) = cosh z``.

    For ``a + h <= 4``, from the series of ``cosh``: ``((a + h)^m - a^m - h^m) / (a h)``
    follows from that of ``m - 1`` by sums of positive terms.
    """
    total, product = a + h, a * h
    power, before = total, like(a, 2.0)  # a^m + h^m
    rest = like(a, 2.0)
    result = rest * like(a, 1.0 / 24.0)
    for m in range(3, 13):
        rest = total * rest + power
        power, before = total * power - product * before, power
        result = result + rest * like(a, 1.0 / _FACTORIALS[m])
    return result


@scalar
def sin_near_pair(
    x: Scalar,
    t1: Scalar,
    t2: Scalar,
    i1: Scalar,
    i2: Scalar,
    v1: Scalar,
    v2: Scalar,
    p1: Scalar,
    p2: Scalar,
    decay_c: Coefs,
) -> Scalar:
    """Return the complement after sine without cancellation as ``rho`` goes to +-1.

    ``rho' = sinh(g rho) / sqrt(sinh q1 sinh q2)``; ``v^2 = 1 - exp(-2 q)``,
    ``i = 1/v``, ``p = exp(-q)``. With ``P, Q = (t1 +- t2)^2/2`` and ``d = q1 - q2``
    the row part is ``sinh q1 sinh q2 - sinh^2 g = sinh P sinh Q - sinh^2(d/2)``, at
    small variances taken from `_cosh_bend` of ``d^2`` and ``4 g^2``. Where rows are far
    apart and not small, `wave_pair` holds.
    """
    one, two, four = like(x, 1.0), like(x, 2.0), like(x, 4.0)
    r = abs(x)
    g = t1 * t2
    near, across, both, gap = _rows_apart(t1, t2, p1, p2, decay_c)
    up, apart = t1 + t2, t1 - t2
    top = near * across  # of rho' at rho = 1
    below = v1 * v2 + (top + like(x, 1e-30))
    d2 = (up * apart) * (up * apart)
    bend = (four * (p1 * p2)) * (d2 * _cosh_bend(d2, four * (g * g)))
    scaled = two * ((t1 * i1) * (t2 * i2)) * (g / below)
    is_small = up * up < two
    rows = both - gap
    rows = rows if rows > like(x, 0.0) else like(x, 0.0)
    row_part = scaled * bend if is_small else (rows / below) * (i1 * i2)
    _, lost = decay(g * r, decay_c)
    far, _ = decay(g * (two - r), decay_c)
    total = row_part + (near * (lost * (one + far))) * (i1 * i2)
    size, _ = wave_pair(x, t1, t2, decay_c)
    direct = one - size * (i1 * i2)
    is_close = v1 * v2 > like(x, 0.25) and total < like(x, 0.05)
    total = total if is_small or is_close else direct
    return math.copysign(total if total < one else one, x)


@scalar
def cos_near_pair(
    x: Scalar,
    t1: Scalar,
    t2: Scalar,
    j1: Scalar,
    j2: Scalar,
    v1: Scalar,
    v2: Scalar,
    p1: Scalar,
    p2: Scalar,
    decay_c: Coefs,
) -> Scalar:
    """Return ``1 - rho'`` after cosine without cancellation as ``rho`` goes to +-1.

    ``rho' = cosh(g rho) / sqrt(cosh q1 cosh q2)``; ``v^2 = 1 + exp(-2 q)``,
    ``j = 1/v``, ``p = exp(-q)``; ``cosh q1 cosh q2 - cosh^2 g = sinh P sinh Q + sinh^2
    D``.
    """
    two = like(x, 2.0)
    r = abs(x)
    g = t1 * t2
    near, across, both, gap = _rows_apart(t1, t2, p1, p2, decay_c)
    row_part = (both + gap) / (v1 * v2 + near * (two - across))
    _, lost = decay(g * r, decay_c)
    _, far = decay(g * (two - r), decay_c)
    return (row_part + near * (lost * far)) * (j1 * j2)


@scalar
def half_turn(a1: Scalar, a2: Scalar, b1: Scalar, b2: Scalar) -> Scalar:
    """Return ``sinh((h1 - h2)/2)`` from ``a = exp(h/2)`` and ``b = exp(-h/2)``.

    Exactly 0 for equal rows, fused or not, and accurate to an ulp of 1 at any size.
    """
    return like(a1, 0.5) * (a1 * (b2 - b1) - b1 * (a2 - a1))


@scalar
def gaussian_pair(
    x: Scalar,
    a1: Scalar,
    a2: Scalar,
    b1: Scalar,
    b2: Scalar,
    s1: Scalar,
    s2: Scalar,
) -> tuple[Scalar, Scalar]:
    """Return ``1 - rho'`` after ``exp(b u^2)``, and the derivative dual.

    With ``exp(2 h) = 1 - 4 b q``, ``a = exp(h/2)``, ``b = 1/a`` and ``s = sinh h``:
    ``rho' = (1 + y)^(-1/2)``, ``y = 2 sinh^2((h1 - h2)/2) + sinh h1 sinh h2 (1
    - rho^2)``; the derivative dual is ``rho rho'^3`` times row factors.
    """
    one, two = like(x, 1.0), like(x, 2.0)
    r = abs(x)
    apart = half_turn(a1, a2, b1, b2)
    y = two * (apart * apart) + (s1 * s2) * (r * (two - r))
    root = math.sqrt(one + y)
    inverse = one / root
    cosine = math.copysign(one - r, x)
    return y / ((one + y) + root), cosine * (inverse * (inverse * inverse))
