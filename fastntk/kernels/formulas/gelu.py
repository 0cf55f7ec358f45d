"""Scalar formulas of GELU and Gabor, whose duals join an angle with exponentials.

Conventions as in `fastntk.kernels.formulas.smooth`.
"""

from __future__ import annotations

import math

from fastntk._jit import like, scalar
from fastntk._typing import Coefs, Scalar
from fastntk.kernels.formulas.exponential import decay
from fastntk.kernels.formulas.pairs import asin_by_parts, gap_of, is_parallel
from fastntk.kernels.formulas.polynomials import polynomial
from fastntk.kernels.formulas.smooth import half_turn, joined

__all__ = ["gabor_pair", "gelu_near_pair", "gelu_pair"]


@scalar
def gelu_pair(
    x: Scalar,
    v1: Scalar,
    v2: Scalar,
    u1: Scalar,
    u2: Scalar,
    i1: Scalar,
    i2: Scalar,
    asin_c: Coefs,
) -> tuple[Scalar, Scalar]:
    """Return the complement after GELU, and the derivative dual without row factors.

    ``v^2 = q / (1 + q)``, ``u = 1 - v^2``, ``a = v1 v2``, ``e = asin(a rho)``, ``i =
    (E[phi^2]/q)^(-1/2)``; ``E[phi phi] = g (rho (1/4 + e/(2 pi)) + a (1 - rho^2 + rho^2
    (u1 + u2)) / (2 pi cos e))``. Accurate in the angle unless ``rho`` is close to +-1:
    see `gelu_near_pair`.
    """
    one, two, quarter = like(x, 1.0), like(x, 2.0), like(x, 0.25)
    turn = like(x, 0.5 / math.pi)
    r = abs(x)
    a = v1 * v2
    u = u1 + u2
    w = u1 + (v1 * v1) * u2
    y = r * (two - r)
    z = (one - r) * (one - r)
    cosine = math.sqrt(w + (a * a) * y)
    inverse = one / cosine
    angle, _ = asin_by_parts(a * (one - r), cosine, asin_c)
    odd = quarter * (one - r)
    even = turn * ((one - r) * angle + (a * inverse) * (y + z * u))
    rho = (even + math.copysign(odd, x)) * (i1 * i2)
    rest = one - abs(rho)
    rest = rest if rest > like(x, 0.0) else like(x, 0.0)
    rise = (turn * (a * (one - r))) * (inverse * (inverse * inverse))
    bend = (w * u) * z + (u1 * u2 + u * y)
    slope = quarter + math.copysign(turn * angle + rise * bend, x)
    return math.copysign(rest, rho), slope


@scalar
def _gelu_row_part(
    a: Scalar,
    w: Scalar,
    e1: Scalar,
    e2: Scalar,
    s1: Scalar,
    s2: Scalar,
    p1: Scalar,
    p2: Scalar,
    asin_c: Coefs,
) -> Scalar:
    """Return ``sqrt(k1 k2) - k12`` at ``rho = 1``; all tables as in `gelu_near_pair`.

    ``(k1 + k2)/2 - k12`` in ``M, D = (m1 +- m2)/2`` and ``d = sin^2 D``, which is taken
    out of every bracket, less ``(sqrt k1 - sqrt k2)^2 / 2``. What is divided by ``cos
    m1 cos m2``, which may be tiny, has that factor too: ``cos D - sin M = 2 sin(pi/4 -
    m1/2) sin(pi/4 - m2/2)``.
    """
    one, two, half = like(w, 1.0), like(w, 2.0), like(w, 0.5)
    tiny = like(w, 1e-30)
    low = gap_of(s1, s2, p1, p2)  # sin D
    d = low * low
    mixed = s1 * p2 + p1 * s2
    sine, cosine = mixed + two * (s1 * s2), mixed + p1 * p2
    sine = sine if sine > tiny else tiny
    root_w = math.sqrt(w)  # cos m12
    bracket = d / (cosine * ((two * s1 + p1) * (two * s2 + p2)))
    swing = d / ((cosine * w) * (sine + cosine * (a / root_w)))
    tilt = d / (one + math.sqrt(one - d))
    short = (cosine * cosine) / (one + sine)  # 1 - sin M
    tangents = swing * (short + tilt * sine) - bracket
    turn = d / (sine * root_w + cosine * a)  # sin(M - m12)
    turn = turn * polynomial(two * (turn * turn), asin_c)
    drift = e1 - e2
    split = like(w, 0.5 / math.pi) * (turn + two * tangents)
    return split - half * (drift * drift)


@scalar
def gelu_near_pair(
    x: Scalar,
    v1: Scalar,
    v2: Scalar,
    u1: Scalar,
    u2: Scalar,
    i1: Scalar,
    i2: Scalar,
    e1: Scalar,
    e2: Scalar,
    s1: Scalar,
    s2: Scalar,
    p1: Scalar,
    p2: Scalar,
    asin_c: Coefs,
) -> Scalar:
    """Return the complement after GELU without cancellation as ``rho`` goes to +-1.

    ``v^2 = sin m``; ``s = sin(m/2)``, ``p = cos(m/2) - sin(m/2)``, ``e = 1/i - 1/2``.
    """
    one, two, quarter = like(x, 1.0), like(x, 2.0), like(x, 0.25)
    turn = like(x, 0.5 / math.pi)
    r = abs(x)
    a = v1 * v2
    u = u1 + u2
    w = u1 + (v1 * v1) * u2
    y = r * (two - r)
    z = (one - r) * (one - r)
    cosine, cosine_m = math.sqrt(w + (a * a) * y), math.sqrt(w)
    angle, _ = asin_by_parts(a * (one - r), cosine, asin_c)
    fall = (a * a) * y / (cosine + cosine_m)
    sine = a * (fall + r * cosine_m)
    back = sine * polynomial(two * (sine * sine), asin_c)  # m12 - asin(a rho)
    steep = a * (u * fall / (cosine * cosine_m) - (one - u) * y / cosine)
    move = quarter * r + turn * (back + r * angle + steep)
    row_part = _gelu_row_part(a, w, e1, e2, s1, s2, p1, p2, asin_c)
    even = turn * ((one - r) * angle + a * (y + z * u) / cosine)
    # sqrt(k1 k2) - 1/4, of k = (1/2 + e)^2
    h1, h2 = e1 * (one + e1), e2 * (one + e2)
    product = quarter * (h1 + h2) + h1 * h2
    excess = product / (quarter + (like(x, 0.5) + e1) * (like(x, 0.5) + e2))
    zero = like(x, 0.0)
    near = (row_part + move) * (i1 * i2)
    near = near if near > zero else zero
    far = (excess + quarter * r + even) * (i1 * i2)
    plus = near if near <= one else near - two
    minus = -far if far <= one else two - far
    return plus if is_parallel(x) else minus


@scalar
def _same_sinhc(a: Scalar, b: Scalar, i1: Scalar, i2: Scalar, g2: Scalar) -> Scalar:
    """Return ``1 - S(g) / sqrt(S(a) S(b))``, ``S(z) = sinh z / z``, ``g^2 = a b``.

    ``g^2 <= 1/16``. From the series of ``log S`` where ``a`` and ``b`` are close: its
    terms are squares.
    """
    one, half = like(a, 1.0), like(a, 0.5)
    gap, total = a - b, a + b
    square, both = total * total, a * a + (a * b + b * b)
    quads = (a * a + b * b) * total
    five = (a * a + b * b) * (a * a + b * b) + (a * b) * (both - (a * b + a * b))
    series = like(a, 1.0 / 6.0) - square * like(a, 1.0 / 180.0)
    series = series + (both * both) * like(a, 1.0 / 2835.0)
    series = series - (quads * quads) * like(a, 1.0 / 37800.0)
    series = series + (five * five) * like(a, 1.0 / 467775.0)
    power = half * (gap * gap) * series
    near = power * (one - half * power * (one - power * like(a, 1.0 / 3.0)))
    direct = one - (i1 * i2) * _sinhc(g2)
    return near if gap * gap < like(a, 4e-4) else direct


@scalar
def _sinhc(z2: Scalar) -> Scalar:
    """Return ``sinh(z)/z`` for ``z^2 <= 1/16``."""
    c = like(z2, 1.0 / 362880.0) + z2 * like(z2, 1.0 / 39916800.0)
    c = like(z2, 1.0 / 120.0) + z2 * (like(z2, 1.0 / 5040.0) + z2 * c)
    return like(z2, 1.0) + z2 * (like(z2, 1.0 / 6.0) + z2 * c)


@scalar
def _sinhc_rise(u: Scalar, v: Scalar) -> Scalar:
    """Return ``(S(sqrt u) - S(sqrt v)) / (u - v)``: sums of ``u^i v^k``."""
    p2 = u + v
    p3 = u * p2 + v * v
    p4 = u * p3 + v * (v * v)
    p5 = u * p4 + (v * v) * (v * v)
    c = p4 * like(u, 1.0 / 362880.0) + p5 * like(u, 1.0 / 39916800.0)
    c = p2 * like(u, 1.0 / 120.0) + (p3 * like(u, 1.0 / 5040.0) + c)
    return like(u, 1.0 / 6.0) + c


@scalar
def gabor_pair(
    x: Scalar,
    a1: Scalar,
    a2: Scalar,
    b1: Scalar,
    b2: Scalar,
    s1: Scalar,
    s2: Scalar,
    t1: Scalar,
    t2: Scalar,
    i1: Scalar,
    i2: Scalar,
    decay_c: Coefs,
) -> tuple[Scalar, Scalar]:
    """Return the complement after ``exp(-u^2) sin(u)``, and the derivative dual.

    The Gauss factors turn the covariance ``S`` into ``S (1 + 2 S)^-1``, in which the
    sine is closed. ``exp(2 h) = 1 + 4 q``, ``a = exp(h/2)``, ``b = 1/a``, ``s = sinh
    h``, ``t^2 = Q = q / (1 + 4 q)``, ``i = (sinh(Q)/Q)^(-1/2)``. Each
    factor of ``rho'`` keeps its complement.
    """
    one, two, half, eight = like(x, 1.0), like(x, 2.0), like(x, 0.5), like(x, 8.0)
    r = abs(x)
    turned = r * (two - r)
    apart = half_turn(a1, a2, b1, b2)
    gap = apart * apart
    y = two * gap + (s1 * s2) * turned
    total = one / (one + y)
    root = math.sqrt(one + y)
    tilt = y / ((one + y) + root)
    product = (t1 * t2) * (t1 * t2)
    z1, z2 = b1 * b1, b2 * b2
    squares = one + half * (z1 * z1 + z2 * z2)
    spread = product * turned * squares * ((a1 * a2) * (a1 * a2))
    spread = gap * (one + gap) * (z1 * z2) + spread
    rest, lost = decay(spread * total, decay_c)
    part = _same_sinhc(t1 * t1, t2 * t2, i1, i2, product)
    cosine = (one - r) * total
    inner = product * (cosine * cosine)
    size = _sinhc(inner)
    short = (r + y) * total  # 1 - cosine
    fall = product * (short * (one + cosine))  # product - inner
    rise = fall * _sinhc_rise(product, inner) / _sinhc(product)
    gap_x = joined(joined(tilt, lost), joined(part, rise))
    gap_x = joined(gap_x, short)
    g = (t1 * t2) * cosine
    sine = g * size
    m = half * (t1 * t1 + t2 * t2) + spread * total
    bend = g * math.sqrt(one + sine * sine) + (one - m) * sine
    slope = (z1 * z2) * math.sqrt(one + sine * sine)
    slope = slope + eight * ((t1 * t2) * (one - r)) * bend
    slope = slope * rest * (total / root)
    return math.copysign(gap_x if gap_x < one else one, x), slope
