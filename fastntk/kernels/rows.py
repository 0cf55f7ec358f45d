"""Row norms and unit rows: what a pair's angle starts from."""

from __future__ import annotations

import math

from fastntk._jit import cpu_kernel

__all__ = ["unit_rows", "unit_rows_sparse"]


@cpu_kernel
def unit_rows(x, unit, mean_square):
    """Write ``x / |x|`` and ``|x|^2 / d``; rows of zeros stay zero.

    Norms are float64 and scaled by the largest entry where squares could leave its
    range. A row with NaN or inf gets a NaN or inf mean square.
    """
    n, d = x.shape
    for i in range(n):
        row, goal = x[i], unit[i]
        total = 0.0
        for k in range(d):
            value = float(row[k])
            total += value * value
        scale = 1.0
        if not 1e-280 < total < 1e280 and total == total:
            scale = _largest(row)
            if scale == 0.0 or math.isinf(scale):
                scale = 1.0
            total = 0.0
            for k in range(d):
                value = float(row[k]) / scale
                total += value * value
        norm = math.sqrt(total)
        inverse = 1.0 / norm if norm > 0.0 else 0.0
        for k in range(d):
            goal[k] = (float(row[k]) / scale) * inverse
        mean_square[i] = (norm * scale) * (norm * scale / d)


@cpu_kernel
def _largest(row):
    """Return the largest magnitude in a row."""
    largest = 0.0
    for k in range(len(row)):
        largest = max(largest, abs(float(row[k])))
    return largest


@cpu_kernel
def unit_rows_sparse(data, start, unit, mean_square, n_features):
    """Do what `unit_rows` does on the stored entries of a CSR matrix."""
    for i in range(len(start) - 1):
        row = data[start[i] : start[i + 1]]
        goal = unit[start[i] : start[i + 1]]
        scale = _largest(row)
        if scale == 0.0:
            scale = 1.0
        total = 0.0
        for k in range(len(row)):
            value = float(row[k]) / scale
            total += value * value
        norm = math.sqrt(total)
        inverse = 1.0 / norm if norm > 0.0 else 0.0
        for k in range(len(row)):
            goal[k] = (float(row[k]) / scale) * inverse
        mean_square[i] = (norm * scale) * (norm * scale / n_features)
