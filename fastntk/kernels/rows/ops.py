"""CPU op bodies, ``row_forward`` kind: the recursion on the diagonal, in float64.

A row's state is its variance ``q = S(x, x)``, its tangent diagonal ``t = T(x, x)`` and
the row scale ``s`` by which the pair's ``tau = T / (s1 s2)`` is divided. Each body
updates them in place and fills the tables that the ``forward`` body reads. All have one
signature: ``(q, t, s, q2, t2, s2, tables, coefs)``; ``*2`` is the second operand.
"""

from __future__ import annotations

import math

from fastntk._jit import cpu_kernel, scalar
from fastntk._typing import FloatArray
from fastntk.kernels.rows import series as row_ops_series
from fastntk.kernels.rows import smooth as row_ops_smooth
from fastntk.kernels.rows import structure as row_ops_structure

__all__ = ["ROW_OPS"]


@cpu_kernel
def abrelu(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: E[phi^2]/q, E[phi'^2], the same at a zero row (angle pi/2)."""
    root = math.sqrt(coefs[1])
    for i in range(len(q)):
        t[i] *= coefs[1] if q[i] > 0.0 else coefs[2]
        s[i] *= root
        q[i] *= coefs[0]


@cpu_kernel
def sign(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """Variance 1 (0 at a zero row), no tangent."""
    for i in range(len(q)):
        q[i] = 1.0 if q[i] > 0.0 else 0.0
        t[i] = 0.0
        s[i] = 0.0


@cpu_kernel
def erf(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: a, b of ``a erf(b u)``; tables as in `fastntk.kernels.cpu.ops`."""
    a2, b2 = coefs[0] * coefs[0], coefs[1] * coefs[1]
    for i in range(len(q)):
        twice = 2.0 * b2 * q[i]
        u = 1.0 / (1.0 + twice)
        v2 = twice * u
        cosine = math.sqrt(u * (1.0 + v2))
        angle = math.atan2(v2, cosine)
        tables[0, i] = math.sqrt(v2)
        tables[1, i] = u
        tables[2, i] = 1.0 / math.sqrt(angle) if angle > 0.0 else 0.0
        tables[3, i] = math.sqrt(angle)
        tables[4, i] = math.atan2(cosine, v2)
        slope = 4.0 / math.pi * a2 * b2
        s[i] *= math.sqrt(slope * u)
        t[i] *= slope * u / cosine
        q[i] = 2.0 / math.pi * a2 * angle


@scalar
def _half_angle(x: float, y: float) -> tuple[float, float]:
    """Return sine and cosine of half the angle of ``(x, y)``, for ``x, y >= 0``."""
    radius = math.hypot(x, y)
    if radius == 0.0:
        return 0.0, 1.0
    if x == 0.0:  # equal to the last bit, so that the cosine of the angle is 0
        return math.sqrt(0.5), math.sqrt(0.5)
    cosine = math.sqrt(0.5 * (1.0 + x / radius))
    return 0.5 * (y / radius) / cosine, cosine


@cpu_kernel
def affine(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: W^2, b^2, f, b_T of ``S' = W^2 S + b^2, T' = W^2 T + f S + b_T``.

    Then 1 if ``f S + b_T = S'``: the tangent takes one table instead of two.
    """
    w2, b2, f, bt = coefs[0], coefs[1], coefs[2], coefs[3]
    for i in range(len(q)):
        new_q = w2 * q[i] + b2
        new_t = w2 * t[i] + (f * q[i] + bt)
        scale = math.sqrt(new_t)
        inverse = 1.0 / scale if scale > 0.0 else 0.0
        tables[0, i] = math.sqrt(w2) * s[i] * inverse
        if coefs[4] > 0.0:
            tables[1, i] = math.sqrt(new_q) * inverse
        else:
            tables[1, i] = math.sqrt(f) * math.sqrt(q[i]) * inverse
        tables[2, i] = math.sqrt(bt) * inverse
        tables[3, i], tables[4, i] = _half_angle(
            math.sqrt(w2) * math.sqrt(q[i]), math.sqrt(b2)
        )
        q[i] = new_q
        t[i] = new_t
        s[i] = scale


@cpu_kernel
def mask(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """Table: 1 where there is a variance, 0 at rows of zeros."""
    for i in range(len(q)):
        tables[0, i] = 1.0 if q[i] > 0.0 else 0.0


@cpu_kernel
def copy(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """Copy the state to the second operand."""
    for i in range(len(q)):
        q2[i] = q[i]
        t2[i] = t[i]
        s2[i] = s[i]


@cpu_kernel
def add(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """Add the second operand's feature map, independent of the first."""
    for i in range(len(q)):
        new_q = q[i] + q2[i]
        new_t = t[i] + t2[i]
        scale = math.sqrt(new_t)
        inverse = 1.0 / scale if scale > 0.0 else 0.0
        tables[0, i] = s[i] * inverse
        tables[1, i] = s2[i] * inverse
        tables[2, i], tables[3, i] = _half_angle(math.sqrt(q[i]), math.sqrt(q2[i]))
        q[i] = new_q
        t[i] = new_t
        s[i] = scale


ROW_OPS = {
    body.__name__: body
    for body in (
        abrelu,
        sign,
        erf,
        affine,
        mask,
        copy,
        add,
        row_ops_series.mehler,
        row_ops_series.expansion,
        row_ops_series.rectified,
        row_ops_smooth.exp,
        row_ops_smooth.sin,
        row_ops_smooth.cos,
        row_ops_smooth.gaussian,
        row_ops_smooth.gelu,
        row_ops_smooth.gabor,
        row_ops_structure.scale,
        row_ops_structure.layernorm,
        row_ops_structure.dropout,
        row_ops_structure.multiply,
        row_ops_structure.floor,
    )
}
