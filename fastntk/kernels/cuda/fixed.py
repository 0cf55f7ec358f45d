"""CUDA kernels that do not depend on the network: rows, near pairs, products.

They compute in float64: what they make is per row, or for the few pairs whose angle
needs all digits. i = row, j = column, k = feature.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import cuda

__all__ = ["LANES", "multiply_block", "refine_exact", "unit_rows"]

LANES = 128  # most threads that work on a row


def unit_rows(  # noqa: C901 - the compiler must see one function
    x: Any, unit: Any, mean_square: Any
) -> None:
    """Write ``x / |x|`` and ``|x|^2 / d``, one block of threads per row.

    ``x`` is a matrix with any strides, ``unit`` flat. Rows of zeros stay zero, rows
    that are not finite have no mean square (NaN). A sum has one order for every block
    size of a launch, so equal rows have equal results.
    """
    i = cuda.blockIdx.x
    lane = cuda.threadIdx.x
    width = cuda.blockDim.x
    sums = cuda.shared.array(128, np.float64)
    d = x.shape[1]
    scale, total = 1.0, 0.0
    # the sum of squares; if it leaves the range, the largest entry, and once more
    for attempt in range(3):
        part = 0.0
        for k in range(lane, d, width):
            value = abs(np.float64(x[i, k])) / scale
            if attempt == 1:
                part = max(part, value)
            else:
                part += value * value
        sums[lane] = part
        cuda.syncthreads()
        step = width // 2
        while step > 0:
            if lane < step:
                if attempt == 1:
                    sums[lane] = max(sums[lane], sums[lane + step])
                else:
                    sums[lane] = sums[lane] + sums[lane + step]
            cuda.syncthreads()
            step //= 2
        total = sums[0]
        cuda.syncthreads()
        if attempt == 0 and (total != total or 1e-280 < total < 1e280):
            break
        if attempt == 1:
            if total == 0.0:
                break
            scale = total
    norm = math.sqrt(total)
    inverse = 1.0 / norm if norm > 0.0 else 0.0
    for k in range(lane, d, width):
        unit[i * d + k] = (np.float64(x[i, k]) / scale) * inverse
    if lane == 0:
        mean_square[i] = (norm * scale) * (norm * scale / d)


def refine_exact(
    block: Any,
    x1: Any,
    x2: Any,
    limit: Any,
    n1: int,
    n2: int,
    i0: int,
    j0: int,
    is_lower: int,
) -> None:
    """Compute complements below ``limit`` from the rows as given, one thread a pair.

    As `fastntk.kernels.product.exact`: by the part of one row orthogonal to the other.
    Of rows that are parallel but for rounding that part is what rounding left, so it is
    fused here, and not where the assembler likes to.
    ``x1`` and ``x2`` are matrices from whose rows ``i0`` and ``j0`` the block starts.
    ``is_lower``: what is above the diagonal is left out, and may not be written yet.
    """
    place = cuda.grid(1)
    if place >= n1 * n2:
        return
    i, j = i0 + place // n2, j0 + place % n2
    if is_lower and i < j:
        return
    x = block[place]
    if not abs(x) < limit:
        return
    d = x1.shape[1]
    aa, ab, bb = 0.0, 0.0, 0.0
    for k in range(d):
        a, b = np.float64(x1[i, k]), np.float64(x2[j, k])
        aa += a * a
        ab += a * b
        bb += b * b
    if not (1e-250 < aa < 1e250 and 1e-250 < bb < 1e250):
        return
    s = ab / aa
    ra = 0.0
    for k in range(d):
        a, b = np.float64(x1[i, k]), np.float64(x2[j, k])
        ra += cuda.fma(-s, a, b) * a
    rest = ra / aa
    rr = 0.0
    for k in range(d):
        a, b = np.float64(x1[i, k]), np.float64(x2[j, k])
        gap = cuda.fma(-rest, a, cuda.fma(-s, a, b))
        rr += gap * gap
    sine2 = rr / bb
    r = sine2 / (1.0 + math.sqrt(1.0 - sine2)) if sine2 >= 1e-58 else 0.0
    block[place] = math.copysign(r, x)


def multiply_block(
    block: Any, v: Any, out: Any, n1: int, n2: int, n_columns: int, is_transposed: int
) -> None:
    """Add ``block @ v`` or ``block.T @ v`` to ``out``, one thread a number.

    All flat, rows of ``v`` and ``out`` side by side; summed in float64.
    """
    place = cuda.grid(1)
    n_rows, n_inner = (n2, n1) if is_transposed else (n1, n2)
    if place >= n_rows * n_columns:
        return
    i, c = place // n_columns, place % n_columns
    total = 0.0
    for k in range(n_inner):
        entry = block[k * n2 + i] if is_transposed else block[i * n2 + k]
        total += np.float64(entry) * v[k * n_columns + c]
    out[place] += total
