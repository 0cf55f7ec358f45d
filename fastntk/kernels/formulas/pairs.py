"""Scalar formulas of the pair recursion, written once for every compiler.

A pair of rows is carried as two numbers of the compute dtype:

``x``
    the *signed complement* of its correlation ``rho``: ``+(1 - rho)`` where ``rho``
    is nearer to 1, ``-(1 + rho)`` where it is nearer to -1. So ``|x| <= 1``, and the
    sign of a zero tells parallel from antiparallel rows. Its square root is an angle,
    accurate to the last bits near both ends, where ``arccos(rho)`` keeps half of them.
``tau``
    the tangent kernel divided by a row scale at either side.

With ``r = |x|`` and ``theta`` the angle to the nearer end, ``cos(theta) = 1 - r``.
"""

from __future__ import annotations

import math

from fastntk._jit import like, scalar
from fastntk._typing import Coefs, Scalar
from fastntk.kernels.formulas.polynomials import polynomial

__all__ = [
    "abrelu_near_pair",
    "abrelu_pair",
    "complement",
    "correlation",
    "erf_near_pair",
    "erf_pair",
    "gap_of",
    "is_parallel",
    "mixed_near_pair",
    "mixed_pair",
    "sign_pair",
    "twice_angle",
    "twice_bent_angle",
]


@scalar
def is_parallel(x: Scalar) -> bool:
    """Return whether a complement is that to +1 (also where it is a zero)."""
    return bool(math.copysign(like(x, 1.0), x) > like(x, 0.0))


@scalar
def gap_of(s1: Scalar, s2: Scalar, c1: Scalar, c2: Scalar) -> Scalar:
    """Return ``s1 c2 - c1 s2``, exactly 0 for equal rows, fused or not."""
    return s1 * (c2 - c1) - c1 * (s2 - s1)


@scalar
def complement(rho: Scalar) -> Scalar:
    """Return the signed complement of a correlation in [-1, 1]."""
    r = like(rho, 1.0) - abs(rho)
    return math.copysign(r if r > like(rho, 0.0) else like(rho, 0.0), rho)


@scalar
def correlation(x: Scalar) -> Scalar:
    """Return ``rho`` from the signed complement."""
    return math.copysign(like(x, 1.0) - abs(x), x)


@scalar
def _turned(r: Scalar, asin_c: Coefs, excess_c: Coefs) -> tuple[Scalar, Scalar]:
    """Return ``theta`` and ``h(theta) = (2/pi)(sin theta - theta cos theta)``."""
    theta = math.sqrt(like(r, 2.0) * r) * polynomial(r, asin_c)
    square = theta * theta
    return theta, (theta * square) * polynomial(square, excess_c)


@scalar
def abrelu_pair(
    x: Scalar, beta: Scalar, two_over_pi_beta: Scalar, asin_c: Coefs, excess_c: Coefs
) -> tuple[Scalar, Scalar]:
    """Return the complement after ``a min(u,0) + b max(u,0)`` and its derivative dual.

    ``beta = (b - a)^2 / (2 (a^2 + b^2))``; the normalised dual activation is ``rho' =
    cos t + beta h(t)`` (Cho & Saul 2009, order 1, in the angle). The derivative dual is
    divided by ``(a^2 + b^2)/2``.
    """
    one, two = like(x, 1.0), like(x, 2.0)
    r = abs(x)
    theta, h = _turned(r, asin_c, excess_c)
    turn = two_over_pi_beta * theta
    h = beta * h
    slope = one - two * beta
    far_plus = (two * beta + slope * r) + h
    far_minus = ((two - two * beta) - slope * r) - h
    below = -far_plus if far_plus < one else far_minus
    is_near = is_parallel(x)
    return r - h if is_near else below, (one - turn if is_near else slope + turn)


@scalar
def abrelu_near_pair(
    r: Scalar, beta: Scalar, two_over_pi_beta: Scalar, asin_c: Coefs, excess_c: Coefs
) -> tuple[Scalar, Scalar]:
    """Return what `abrelu_pair` does where ``rho >= 0`` is known (``r = 1 - rho``)."""
    theta, h = _turned(r, asin_c, excess_c)
    return r - beta * h, like(r, 1.0) - two_over_pi_beta * theta


@scalar
def twice_angle(x: Scalar, asin_c: Coefs) -> Scalar:
    """Return ``2 t`` with ``t = 2 theta/pi - 1`` in [-1, 1], theta in [0, pi]."""
    two = like(x, 2.0)
    r = abs(x)
    theta = math.sqrt(two * r) * polynomial(r, asin_c)
    t = like(x, 4.0 / math.pi) * theta - two
    return t if is_parallel(x) else -t


@scalar
def twice_bent_angle(x: Scalar, bend: Scalar, asin_c: Coefs) -> Scalar:
    """Return ``2 t`` with ``t = 2 w (1 + c)/(w + c) - 1``, ``w = theta/pi``, c = bend.

    Small angles take more of [-1, 1] than in `twice_angle`: deep networks move there.
    """
    one, two = like(x, 1.0), like(x, 2.0)
    r = abs(x)
    w = like(x, 1.0 / math.pi) * (math.sqrt(two * r) * polynomial(r, asin_c))
    w = w if is_parallel(x) else one - w
    return (like(x, 4.0) * (one + bend)) * (w / (w + bend)) - two


@scalar
def sign_pair(x: Scalar, asin_c: Coefs) -> Scalar:
    """Return the complement after ``sign``: ``rho' = (2/pi) asin(rho)``."""
    r = abs(x)
    theta = math.sqrt(like(x, 2.0) * r) * polynomial(r, asin_c)
    return math.copysign(like(x, 2.0 / math.pi) * theta, x)


@scalar
def mixed_pair(x: Scalar, s1: Scalar, s2: Scalar, c1: Scalar, c2: Scalar) -> Scalar:
    """Return the complement after adding a constant to a Gaussian feature map.

    Rows see the unit vector ``(cos p, sin p)`` in (old feature, constant); ``s, c`` are
    sine and cosine of ``p/2``. ``rho' = cos p1 cos p2 rho + sin p1 sin p2``, and both
    complements are sums of non-negative terms without cancellation.
    """
    two = like(x, 2.0)
    r = abs(x)
    is_near = is_parallel(x)
    w = ((c1 - s1) * (c1 + s1)) * ((c2 - s2) * (c2 + s2))
    apart = gap_of(s1, s2, c1, c2)
    along = s1 * c2 + c1 * s2
    near = w * (r if is_near else two - r) + two * (apart * apart)
    far = w * (two - r if is_near else r) + two * (along * along)
    return near if near <= far else -far


@scalar
def mixed_near_pair(
    r: Scalar, s1: Scalar, s2: Scalar, c1: Scalar, c2: Scalar
) -> Scalar:
    """Return what `mixed_pair` does where ``rho >= 0`` is known (``r = 1 - rho``)."""
    two = like(r, 2.0)
    w = ((c1 - s1) * (c1 + s1)) * ((c2 - s2) * (c2 + s2))
    apart = gap_of(s1, s2, c1, c2)
    return w * r + two * (apart * apart)


@scalar
def added_pair(
    x: Scalar, y: Scalar, s1: Scalar, s2: Scalar, c1: Scalar, c2: Scalar
) -> Scalar:
    """Return the complement of a sum of two independent Gaussian feature maps.

    ``s, c`` are those of `mixed_pair`, the second map taking the constant's place.
    """
    two = like(x, 2.0)
    rx, ry = abs(x), abs(y)
    x_near, y_near = is_parallel(x), is_parallel(y)
    wx = ((c1 - s1) * (c1 + s1)) * ((c2 - s2) * (c2 + s2))
    wy = (two * (s1 * c1)) * (two * (s2 * c2))
    apart = gap_of(s1, s2, c1, c2)
    gap = two * (apart * apart)
    near = (wx * (rx if x_near else two - rx) + gap) + wy * (ry if y_near else two - ry)
    far = (wx * (two - rx if x_near else rx) + gap) + wy * (two - ry if y_near else ry)
    return near if near <= far else -far


@scalar
def asin_by_parts(sine: Scalar, cosine: Scalar, asin_c: Coefs) -> tuple[Scalar, Scalar]:
    """Return the angle in [0, pi/2] and its complement from its sine and cosine."""
    z = sine if sine <= cosine else cosine
    angle = z * polynomial(like(z, 2.0) * (z * z), asin_c)
    other = like(z, math.pi / 2) - angle
    return (angle if sine <= cosine else other), (other if sine <= cosine else angle)


@scalar
def erf_pair(
    x: Scalar,
    v1: Scalar,
    v2: Scalar,
    u1: Scalar,
    u2: Scalar,
    i1: Scalar,
    i2: Scalar,
    asin_c: Coefs,
) -> tuple[Scalar, Scalar]:
    """Return the complement after erf, and the derivative dual without row factors.

    ``v^2 = 2 q / (1 + 2 q)``, ``u = 1 - v^2``, ``i = asin(v^2)^(-1/2)``:
    ``rho' = i1 i2 asin(v1 v2 rho)`` (Williams 1997), derivative
    ``1/sqrt(1 - (v1 v2 rho)^2)``. Accurate in the angle unless ``rho`` is close to
    +-1: see `erf_near_pair`.
    """
    one, two = like(x, 1.0), like(x, 2.0)
    r = abs(x)
    a = v1 * v2
    rest = (u1 + (v1 * v1) * u2) + (a * a) * (r * (two - r))
    cosine = math.sqrt(rest)
    angle, _ = asin_by_parts(a * (one - r), cosine, asin_c)
    return math.copysign(one - angle * (i1 * i2), x), one / cosine


@scalar
def erf_near_pair(
    x: Scalar,
    limit: Scalar,
    v1: Scalar,
    v2: Scalar,
    u1: Scalar,
    u2: Scalar,
    i1: Scalar,
    i2: Scalar,
    w1: Scalar,
    w2: Scalar,
    b1: Scalar,
    b2: Scalar,
    asin_c: Coefs,
    sinc_c: Coefs,
) -> Scalar:
    """Return the complement after erf without cancellation as ``rho`` goes to +-1.

    ``w = sqrt(asin(v^2))``, ``b = pi/2 - asin(v^2)``, ``m = w1 w2``, ``e = asin(v1 v2
    rho)``: ``sin(m - e) sin(m + e) = sin^2 m - sin^2 e``, where the row part ``sin^2 m
    - v1^2 v2^2 = D^2 [sinc^2 D - sinc P sinc Q]``, ``P, Q = (w1 +- w2)^2/2``, ``D =
    (b1 - b2)/2 = (w2^2 - w1^2)/2``, is summed from ``1 - sinc``. Where that sum cancels
    more than ``m - e`` itself (variances far apart), or ``|x| >= limit``, `erf_pair`
    holds.
    """
    one, two, half = like(x, 1.0), like(x, 2.0), like(x, 0.5)
    half_pi = like(x, math.pi / 2)
    r = abs(x)
    a2 = (v1 * v2) * (v1 * v2)
    move = a2 * (r * (two - r))
    cosine = math.sqrt((u1 + (v1 * v1) * u2) + move)
    angle, other = asin_by_parts((v1 * v2) * (one - r), cosine, asin_c)
    mid = w1 * w2
    mid_other = (half_pi * (b1 + b2) - b1 * b2) / (half_pi + mid)
    up, down = w1 + w2, w1 - w2
    p2, q2 = half * (up * up), half * (down * down)
    p2, q2 = p2 * p2, q2 * q2
    # of small variances b is no more than a rounded pi/2
    d2 = half * (up * down if b1 + b2 > half_pi else b1 - b2)
    d2 = d2 * d2
    p = p2 * polynomial(p2, sinc_c)
    q = q2 * polynomial(q2, sinc_c)
    e = d2 * polynomial(d2, sinc_c)
    row_part = d2 * ((p + q - p * q) - e * (two - e))
    low, high = mid + angle, mid_other + other
    turn = low if low <= high else high
    t2 = turn * turn
    sine = (row_part + move) / (turn * (one - t2 * polynomial(t2, sinc_c)))
    gap = (sine * polynomial(two * (sine * sine), asin_c)) * (i1 * i2)
    far = one - angle * (i1 * i2)
    gap = gap if d2 * p < turn * mid else far  # not at rows without variance
    return math.copysign(gap if r < limit else far, x)
