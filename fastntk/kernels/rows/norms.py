"""Row norms and unit rows: what a pair's angle starts from."""

from __future__ import annotations

import math

import numpy as np

from fastntk._jit import cpu_kernel
from fastntk._typing import AnyArray, IntArray

__all__ = ["unit_rows", "unit_rows_sparse"]


@cpu_kernel
def _largest(row: AnyArray) -> float:
    """Return the largest magnitude in a row."""
    largest = 0.0
    for k in range(len(row)):
        largest = max(largest, abs(np.float64(row[k])))
    return largest


@cpu_kernel
def _norm(row: AnyArray) -> tuple[float, float]:
    """Return a scale and the norm of ``row / scale``, safe from over- and underflow."""
    total = 0.0
    for k in range(len(row)):
        value = np.float64(row[k])
        total += value * value
    if 1e-280 < total < 1e280:
        return 1.0, math.sqrt(total)
    scale = _largest(row)
    if scale == 0.0:
        return 1.0, 0.0
    total = 0.0
    for k in range(len(row)):
        value = np.float64(row[k]) / scale
        total += value * value
    return scale, math.sqrt(total)


@cpu_kernel
def unit_rows(x: AnyArray, packed: AnyArray, width: int, mean_square: AnyArray) -> None:
    """Pack ``x / |x|`` and write ``|x|^2 / d``; rows of zeros stay zero.

    ``packed`` starts at the panel of the first row, see
    `fastntk.kernels.product.packed`; rows that fill up the last panel are zero.
    """
    n, d = x.shape
    scales = np.ones(width)
    inverses = np.zeros(width)
    for first in range(0, n, width):
        n_rows = min(width, n - first)
        inverses[:] = 0.0
        for r in range(n_rows):
            scale, norm = _norm(x[first + r])
            scales[r] = scale
            inverses[r] = 1.0 / norm if norm > 0.0 else 0.0
            mean_square[first + r] = (norm * scale) * (norm * scale / d)
        for k in range(d):
            goal = packed[first * d + k * width : first * d + (k + 1) * width]
            for r in range(n_rows):
                goal[r] = (np.float64(x[first + r, k]) / scales[r]) * inverses[r]
            for r in range(n_rows, width):
                goal[r] = 0.0


@cpu_kernel
def unit_rows_sparse(
    data: AnyArray,
    start: IntArray,
    unit: AnyArray,
    mean_square: AnyArray,
    n_features: float,
) -> None:
    """Do what `unit_rows` does on the stored entries of a CSR matrix."""
    for i in range(len(start) - 1):
        row = data[start[i] : start[i + 1]]
        goal = unit[start[i] : start[i + 1]]
        scale, norm = _norm(row)
        inverse = 1.0 / norm if norm > 0.0 else 0.0
        for k in range(len(row)):
            goal[k] = (np.float64(row[k]) / scale) * inverse
        mean_square[i] = (norm * scale) * (norm * scale / n_features)
