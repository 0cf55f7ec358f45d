"""Products with some rows of a kernel matrix, a slab of columns at a time."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.solvers.protocol import KernelOperator

__all__ = ["rows_times", "slabs"]

SLAB_BYTES = 64 << 20


def slabs(n: int, others: int) -> Iterator[slice]:
    """Yield slices of n whose blocks with ``others`` rows take 64 MiB in float64."""
    step = max(64, SLAB_BYTES // (8 * max(1, others)))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def rows_times(operator: KernelOperator, rows: Any, v: FloatArray) -> FloatArray:
    """Return ``K[rows] @ v`` in float64 for ``v`` of shape (n, s)."""
    result = np.zeros((len(rows), v.shape[1]))
    for cols in slabs(operator.shape[1], len(rows)):
        block = np.asarray(operator.block(rows, cols), dtype=np.float64)
        result += block @ v[cols]
    return result
