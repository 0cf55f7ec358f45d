"""Near pairs of sparse rows, compared anew."""

from __future__ import annotations

import math

import numpy as np

from fastntk._jit import cpu_kernel
from fastntk._typing import AnyArray, IntArray, Scalar
from fastntk.kernels.formulas.pairs import is_parallel

__all__ = ["refine_sparse"]


@cpu_kernel
def refine_sparse(
    block: AnyArray,
    data1: AnyArray,
    index1: IntArray,
    start1: IntArray,
    data2: AnyArray,
    index2: IntArray,
    start2: IntArray,
    limit: Scalar,
) -> None:
    """Do what `fastntk.kernels.product.exact.refine_exact` does for CSR rows.

    Indices are sorted within each row.
    """
    for i in range(block.shape[0]):
        a, ai = data1[start1[i] : start1[i + 1]], index1[start1[i] : start1[i + 1]]
        for j in range(block.shape[1]):
            if abs(block[i, j]) < limit:
                b = data2[start2[j] : start2[j + 1]]
                bi = index2[start2[j] : start2[j + 1]]
                r = exact_complement_sparse(a, ai, b, bi)
                if r >= 0.0:
                    end = 1.0 if is_parallel(block[i, j]) else -1.0
                    block[i, j] = end * r


@cpu_kernel
def exact_complement_sparse(
    a: AnyArray, ai: IntArray, b: AnyArray, bi: IntArray
) -> float:
    """Return ``1 - |cos|`` of two sparse rows, see `fastntk.kernels.product.exact`."""
    aa, _, ab, bb = _sums(a, ai, b, bi, 0.0, 0.0)
    if not (1e-250 < aa < 1e250 and 1e-250 < bb < 1e250):
        return -1.0
    _, _, ra, _ = _sums(a, ai, b, bi, ab / aa, 0.0)
    _, rr, _, _ = _sums(a, ai, b, bi, ab / aa, ra / aa)
    sine2 = rr / bb
    if sine2 < 1e-58:
        return 0.0
    return sine2 / (1.0 + math.sqrt(1.0 - sine2))


@cpu_kernel
def _sums(
    a: AnyArray, ai: IntArray, b: AnyArray, bi: IntArray, s: float, rest: float
) -> tuple[float, float, float, float]:
    """Return ``<a, a>, <g, g>, <g, a>, <b, b>`` with ``g = b - s a - rest a``."""
    aa, gg, ga, bb = 0.0, 0.0, 0.0, 0.0
    p, q = 0, 0
    while p < len(a) or q < len(b):
        x, y = 0.0, 0.0
        takes_a = p < len(a) and (q >= len(b) or ai[p] <= bi[q])
        takes_b = q < len(b) and (p >= len(a) or bi[q] <= ai[p])
        if takes_a:
            x = np.float64(a[p])
            p += 1
        if takes_b:
            y = np.float64(b[q])
            q += 1
        gap = (y - s * x) - rest * x
        aa += x * x
        gg += gap * gap
        ga += gap * x
        bb += y * y
    return aa, gg, ga, bb
