"""Row bodies of what scales, joins or drops features."""

from __future__ import annotations

import math

from fastntk._jit import cpu_kernel
from fastntk._typing import FloatArray

__all__ = ["dropout", "floor", "layernorm", "multiply", "scale"]


@cpu_kernel
def scale(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: the factor of both kernels."""
    for i in range(len(q)):
        q[i] *= coefs[0]
        t[i] *= coefs[0]
        s[i] *= math.sqrt(coefs[0])


@cpu_kernel
def layernorm(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: epsilon of ``q' = q / (q + eps)``; the tangent is divided alike."""
    for i in range(len(q)):
        size = q[i] + coefs[0]
        inverse = 1.0 / size if size > 0.0 else 0.0
        q[i] *= inverse
        t[i] *= inverse
        s[i] *= math.sqrt(inverse)


@cpu_kernel
def dropout(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: the rate that is kept: rows with themselves gain ``1/rate``."""
    for i in range(len(q)):
        q[i] /= coefs[0]
        t[i] /= coefs[0]
        s[i] /= math.sqrt(coefs[0])


@cpu_kernel
def multiply(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """Multiply by the second operand's features; tables: scales of both tangents."""
    for i in range(len(q)):
        new_t = t[i] * q2[i] + t2[i] * q[i]
        size = math.sqrt(new_t)
        inverse = 1.0 / size if size > 0.0 else 0.0
        tables[0, i] = s[i] * math.sqrt(q2[i]) * inverse
        tables[1, i] = s2[i] * math.sqrt(q[i]) * inverse
        q[i] *= q2[i]
        t[i] = new_t
        s[i] = size


@cpu_kernel
def floor(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: the covariance of a row of zeros with all rows, itself too.

    Tables: 1 where there is a variance, and ``sqrt(coefs[0] / q)``.
    """
    for i in range(len(q)):
        tables[0, i] = 1.0 if q[i] > 0.0 else 0.0
        q[i] = q[i] if q[i] > 0.0 else coefs[0]
        tables[1, i] = min(1.0, math.sqrt(coefs[0] / q[i])) if q[i] > 0.0 else 0.0
