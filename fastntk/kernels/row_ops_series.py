"""Row bodies of Hermite series and rectified powers; see `fastntk.kernels.row_ops`."""

from __future__ import annotations

import math

from fastntk._jit import cpu_kernel
from fastntk._typing import FloatArray

__all__ = ["mehler", "rectified"]


@cpu_kernel
def mehler(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: n, m, then the n x m matrix M of ``a_k = q^(k/2) sum_j M[k, j] q^j``.

    Tables: ``a_k`` of the activation, then those of its derivative, ``sqrt(k + 1)
    a_(k+1) / sqrt(q)``; both normalised.
    """
    n, m = int(coefs[0]), int(coefs[1])
    for i in range(len(q)):
        size, steep, power, before = 0.0, 0.0, 1.0, 1.0
        root = math.sqrt(q[i])
        for k in range(n):
            a = 0.0
            for j in range(m - 1, -1, -1):
                a = a * q[i] + coefs[2 + k * m + j]
            tables[k, i] = a * power
            size += (a * power) ** 2
            if k > 0:
                slope = math.sqrt(1.0 * k) * (a * before)
                tables[n + k - 1, i] = slope
                steep += slope * slope
            before = power
            power *= root
        tables[2 * n - 1, i] = 0.0
        inverse = 1.0 / math.sqrt(size) if size > 0.0 else 0.0
        flat = 1.0 / math.sqrt(steep) if steep > 0.0 else 0.0
        for k in range(n):
            tables[k, i] *= inverse
            tables[n + k, i] *= flat
        q[i] = size
        t[i] *= steep
        s[i] *= math.sqrt(steep)


@cpu_kernel
def rectified(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """coefs: the degree ``d``: ``q' = (2d-1)!! q^d / 2``."""
    degree = coefs[0]
    half = 0.5
    for k in range(1, int(degree)):
        half *= 2.0 * k - 1.0
    slope, size = half * degree * degree, half * (2.0 * degree - 1.0)
    for i in range(len(q)):
        power = q[i] ** (degree - 1.0)
        s[i] *= math.sqrt(slope * power)
        t[i] *= slope * power
        q[i] *= size * power
