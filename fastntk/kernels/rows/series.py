"""Row bodies of Hermite series and rectified powers; see `fastntk.kernels.rows.ops`."""

from __future__ import annotations

import math

import numpy as np

from fastntk._jit import cpu_kernel, scalar
from fastntk._typing import FloatArray

TOGETHER = 16  # rows whose tables are written together
NO_ANGLE = 1e-18  # its square, and its inverse, are in the range of float32

__all__ = ["expansion", "mehler", "rectified"]


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

    Tables: ``a_k``, normalised and filled up with zeros; ``(sum k a_k^2)^(-1/2)``.
    """
    n, m = int(coefs[0]), int(coefs[1])
    values = np.zeros(tables.shape[0])
    for i in range(len(q)):
        size, steep, power, before = 0.0, 0.0, 1.0, 1.0
        root = math.sqrt(q[i])
        for k in range(n):
            a = 0.0
            for j in range(m - 1, -1, -1):
                a = a * q[i] + coefs[2 + k * m + j]
            values[k] = a * power
            size += (a * power) ** 2
            if k > 0:
                steep += k * (a * before) ** 2
            before = power
            power *= root
        slope_at_zero = coefs[2 + m] if n > 1 else 0.0
        _normalise(values, n, slope_at_zero if q[i] == 0.0 else 0.0)
        tables[:, i] = values
        q[i] = size
        t[i] *= steep
        s[i] *= math.sqrt(steep)


@scalar
def _normalise(a: FloatArray, n: int, slope_at_zero: float) -> None:
    """Scale the ``a_k`` of a row, and write ``f`` to the last item.

    At a row without variance ``f a_1`` stands for the sign of the slope there.
    """
    size, slopes = 0.0, 0.0
    for k in range(n):
        size += a[k] * a[k]
    inverse = 1.0 / math.sqrt(size) if size > 0.0 else 0.0
    for k in range(n):
        a[k] *= inverse
        slopes += k * (a[k] * a[k])
    if slope_at_zero != 0.0:
        a[1], slopes = math.copysign(NO_ANGLE, slope_at_zero), NO_ANGLE * NO_ANGLE
    a[-1] = 1.0 / math.sqrt(slopes) if slopes > 0.0 else 0.0


@scalar
def _chebyshev_sums(
    z: float, columns: FloatArray, n_rows: int, values: FloatArray
) -> None:
    """Sum ``n_rows`` rows of ``columns``, times Chebyshev polynomials of ``z``."""
    width = len(values)
    values[:] = 0.0
    now, after = 1.0, z
    for m in range(n_rows):
        row = columns[m * width : (m + 1) * width]
        for k in range(width):
            values[k] += now * row[k]
        now, after = after, 2.0 * z * after - now


@cpu_kernel
def expansion(
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    q2: FloatArray,
    t2: FloatArray,
    s2: FloatArray,
    tables: FloatArray,
    coefs: FloatArray,
) -> None:
    """Hermite coefficients of a numerical activation, interpolated in ``log q``.

    coefs: n, m, the lowest and the highest ``log q``, phi(0), phi'(0), then an m x (n +
    2) matrix of Chebyshev coefficients: ``a_k``, ``log E[phi^2]``, ``log E[phi'^2]``.
    Tables: as those of `mehler`.
    """
    n, m = int(coefs[0]), int(coefs[1])
    low, high = coefs[2], coefs[3]
    sums = np.empty(n + 2)
    block = np.zeros((TOGETHER, tables.shape[0]))
    for first in range(0, len(q), TOGETHER):
        n_rows = min(TOGETHER, len(q) - first)
        for r in range(n_rows):
            i, slope_at_zero = first + r, 0.0
            if q[i] > 0.0:
                z = 0.0
                if high > low:
                    z = (2.0 * math.log(q[i]) - low - high) / (high - low)
                _chebyshev_sums(z, coefs[6:], m, sums)
                size, steep = math.exp(sums[n]), math.exp(sums[n + 1])
                block[r, :n] = sums[:n]
            else:
                block[r, :n] = 0.0
                block[r, 0] = 1.0 if coefs[4] >= 0.0 else -1.0
                size, steep = coefs[4] * coefs[4], coefs[5] * coefs[5]
                slope_at_zero = coefs[5]
            _normalise(block[r], n, slope_at_zero)
            q[i] = size
            t[i] *= steep
            s[i] *= math.sqrt(steep)
        for k in range(tables.shape[0]):
            for r in range(n_rows):
                tables[k, first + r] = block[r, k]


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
