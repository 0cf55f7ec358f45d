"""Row bodies of smooth activations; see `fastntk.kernels.rows.ops`."""

from __future__ import annotations

import math

from fastntk._jit import cpu_kernel
from fastntk._typing import FloatArray

__all__ = ["cos", "exp", "gabor", "gaussian", "gelu", "sin"]


@cpu_kernel
def exp(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: A, m, B, C, D, E, E0: ``q' = A q^m e^(B q)``, ``E[phi'^2] = E e^(B q)``.

    At rows of zeros E0; table: ``sqrt(C q + D)``.
    """
    for i in range(len(q)):
        power = coefs[2] * q[i]
        growth = math.exp(power) if power < 709.0 else math.inf
        tables[0, i] = math.sqrt(coefs[3] * q[i] + coefs[4])
        s[i] *= math.sqrt(coefs[5] * growth)
        t[i] *= coefs[5] * growth if q[i] > 0.0 else coefs[6]
        q[i] = coefs[0] * growth * (q[i] if coefs[1] > 0.0 else 1.0)


@cpu_kernel
def sin(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: a, b of ``a sin(b u)``; tables as in `fastntk.kernels.cpu.smooth`."""
    a2, b2 = coefs[0] * coefs[0], coefs[1] * coefs[1]
    for i in range(len(q)):
        z = b2 * q[i]
        root = math.sqrt(-math.expm1(-2.0 * z))
        tables[0, i] = math.sqrt(z)
        tables[1, i] = 1.0 / root if root > 0.0 else 0.0
        tables[2, i] = root
        tables[3, i] = math.exp(-z)
        s[i] *= math.sqrt(a2 * b2)
        t[i] *= 0.5 * a2 * b2 * (1.0 + math.exp(-2.0 * z))
        q[i] = 0.5 * a2 * root * root


@cpu_kernel
def cos(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: a, b of ``a cos(b u)``; tables as in `fastntk.kernels.cpu.smooth`."""
    a2, b2 = coefs[0] * coefs[0], coefs[1] * coefs[1]
    for i in range(len(q)):
        z = b2 * q[i]
        sine = math.sqrt(-math.expm1(-2.0 * z))
        root = math.sqrt(1.0 + math.exp(-2.0 * z))
        tables[0, i] = math.sqrt(z)
        tables[1, i] = 1.0 / root
        tables[2, i] = root
        tables[3, i] = math.exp(-z)
        tables[4, i] = 1.0 / sine if sine > 0.0 else 0.0
        s[i] *= math.sqrt(0.5 * a2 * b2) * sine
        t[i] *= 0.5 * a2 * b2 * sine * sine
        q[i] = 0.5 * a2 * root * root


@cpu_kernel
def gaussian(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: a, b of ``a exp(b u^2)``; tables: ``exp(h/2)``, ``exp(-h/2)``, ``sinh h``.

    ``exp(2 h) = 1 - 4 b q`` has to be positive: there is no variance else (infinite).
    """
    a, b = coefs[0], coefs[1]
    for i in range(len(q)):
        power = 1.0 - 4.0 * b * q[i]
        if not power > 0.0:
            q[i] = math.inf
            tables[0, i], tables[1, i], tables[2, i] = 1.0, 1.0, 0.0
            continue
        h = 0.5 * math.log1p(-4.0 * b * q[i])
        tables[0, i], tables[1, i] = math.exp(0.5 * h), math.exp(-0.5 * h)
        tables[2, i] = math.sinh(h)
        norm = 1.0 / math.sqrt(power)
        slope = 2.0 * a * b * math.sqrt(q[i]) * math.sqrt(norm) ** 3
        s[i] *= abs(slope)
        t[i] *= slope * slope
        q[i] = a * a * norm


@cpu_kernel
def gelu(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """Tables: v, u, i, e, s, p of `fastntk.kernels.formulas.gelu.gelu_near_pair`."""
    for i in range(len(q)):
        u = 1.0 / (1.0 + q[i])
        sine = q[i] * u
        cosine = math.sqrt(u * (1.0 + sine))
        m = math.atan2(sine, cosine)
        excess = (0.5 * m + sine * u / cosine) / math.pi
        size = math.sqrt(0.25 + excess)
        tables[0, i] = math.sqrt(sine)
        tables[1, i] = u
        tables[2, i] = 1.0 / size
        tables[3, i] = excess / (0.5 + size)
        tables[4, i] = math.sin(0.5 * m)
        tables[5, i] = math.sqrt(2.0) * math.sin(0.5 * math.atan2(cosine, sine))
        w = u * (1.0 + sine)
        bend = 2.0 * w * u + u * u
        slope = m + sine * bend / (cosine * cosine * cosine)
        t[i] *= 0.25 + 0.5 / math.pi * slope
        q[i] *= 0.25 + excess


@cpu_kernel
def gabor(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """Tables: a, b, s, t, i of `fastntk.kernels.formulas.gelu.gabor_pair`."""
    for i in range(len(q)):
        h = 0.5 * math.log1p(4.0 * q[i])
        z = math.exp(-h)
        inner = q[i] * (z * z)
        ratio = math.sinh(inner) / inner if inner > 0.0 else 1.0
        tables[0, i], tables[1, i] = math.exp(0.5 * h), math.exp(-0.5 * h)
        tables[2, i] = math.sinh(h)
        tables[3, i] = math.sqrt(inner)
        tables[4, i] = 1.0 / math.sqrt(ratio)
        damp = math.exp(-inner)
        sine = inner * ratio
        bend = inner * math.cosh(inner) + (1.0 - inner) * sine
        slope = z * z * math.cosh(inner) + 8.0 * inner * bend
        s[i] *= math.sqrt(z * damp)
        t[i] *= z * damp * slope
        q[i] = z * damp * sine
