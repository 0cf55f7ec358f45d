"""The angle of two rows to all digits, and near pairs compared anew by it.

Sums run in lanes, side by side, which the compiler packs; it must not choose the order
of a sum by itself, because the residuals below are what rounding left elsewhere.
"""

from __future__ import annotations

import math

import numpy as np

from fastntk._jit import cpu_kernel, scalar, scratch
from fastntk._typing import AnyArray, Scalar, Strip
from fastntk.kernels.formulas.pairs import is_parallel

__all__ = ["refine_exact"]

LANES = 32


@scalar
def _clear(lanes: Strip) -> None:
    for k in range(LANES):
        lanes[k] = 0.0


@scalar
def _total(lanes: Strip) -> float:
    """Return the sum of all lanes, by halves."""
    n = LANES
    while n > 1:
        n //= 2
        for k in range(n):
            lanes[k] += lanes[n + k]
    return float(lanes[0])


@scalar
def _dot(a: Strip, b: Strip, s: float, rest: float, lanes: Strip) -> float:
    """Return ``<b - s a - rest a, a>``."""
    _clear(lanes)
    whole = len(a) // LANES * LANES
    for start in range(0, whole, LANES):
        for k in range(LANES):
            p = a[start + k]
            lanes[k] += ((b[start + k] - s * p) - rest * p) * p
    for k in range(whole, len(a)):
        lanes[0] += ((b[k] - s * a[k]) - rest * a[k]) * a[k]
    return _total(lanes)


@scalar
def _square(a: Strip, b: Strip, s: float, rest: float, lanes: Strip) -> float:
    """Return ``|b - s a - rest a|^2``."""
    _clear(lanes)
    whole = len(a) // LANES * LANES
    for start in range(0, whole, LANES):
        for k in range(LANES):
            p = a[start + k]
            gap = (b[start + k] - s * p) - rest * p
            lanes[k] += gap * gap
    for k in range(whole, len(a)):
        gap = (b[k] - s * a[k]) - rest * a[k]
        lanes[0] += gap * gap
    return _total(lanes)


@scalar
def _complement(a: Strip, b: Strip, aa: float, bb: float, lanes: Strip) -> float:
    """Return ``1 - |cos|`` of two rows by the part of one orthogonal to the other.

    ``sin^2 = |b - s a - t a|^2 / |b|^2`` with ``s = <a, b> / |a|^2`` and ``t = <b - s
    a, a> / |a|^2``, the part along ``a`` that rounding ``s`` left. Negative if the
    squares leave the range of float64. A sine below 1e-29 is what rounding leaves of
    parallel rows.
    """
    if not (1e-250 < aa < 1e250 and 1e-250 < bb < 1e250):
        return -1.0
    s = _dot(a, b, 0.0, 0.0, lanes) / aa
    rest = _dot(a, b, s, 0.0, lanes) / aa
    sine2 = _square(a, b, s, rest, lanes) / bb
    if sine2 < 1e-58:
        return 0.0
    return sine2 / (1.0 + math.sqrt(1.0 - sine2))


@cpu_kernel
def refine_exact(
    block: AnyArray, x1: AnyArray, x2: AnyArray, limit: Scalar, is_lower: bool
) -> None:
    """Compute complements below ``limit`` to full relative accuracy, in float64.

    From the rows as given, not from unit rows, whose rounding alone turns an angle by
    an ulp of 1. Needed where a kernel is steep in the angle, such as that of erf at
    large variances. ``x1`` and ``x2`` are float64.
    """
    lanes = scratch(x1[0], LANES)
    squares = np.empty(len(x2))
    for j in range(len(x2)):
        squares[j] = _square(x2[j], x2[j], 0.0, 0.0, lanes)
    for i in range(block.shape[0]):
        aa = _square(x1[i], x1[i], 0.0, 0.0, lanes)
        for j in range(i if is_lower else block.shape[1]):
            if abs(block[i, j]) < limit:
                r = _complement(x1[i], x2[j], aa, squares[j], lanes)
                if r >= 0.0:
                    end = 1.0 if is_parallel(block[i, j]) else -1.0
                    block[i, j] = end * r
