"""Some rows and columns of a kernel matrix, as an array."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, IntArray
from fastntk._validation import as_index
from fastntk.request.progress import Progress
from fastntk.tiling.driver import walk
from fastntk.tiling.setup import Setup
from fastntk.tiling.sinks import DenseSink

__all__ = ["compute_block"]


def compute_block(setup: Setup, rows: Any, cols: Any) -> AnyArray:
    """Return ``K[rows][:, cols]`` in the compute dtype.

    Entries of a row with itself in a symmetric matrix come from the variances. The
    rows of a whole side are not prepared again.
    """
    n1, n2 = setup.shape
    first, second = as_index(rows, n1, "rows"), as_index(cols, n2, "cols")
    i, j = _numbers(first, n1), _numbers(second, n2)
    out = np.empty((len(i), len(j)), setup.dtype)
    if out.size == 0:
        return out
    is_symmetric = setup.x2 is None
    is_same = is_symmetric and np.array_equal(i, j)
    other = setup.x1 if setup.x2 is None else setup.x2
    part = dataclasses.replace(
        setup,
        x1=_take(setup.x1, first),
        x2=None if is_same else _take(other, second),
        options=setup.options.replace(max_memory=None),
    )
    part.rows1 = _side(setup, setup.rows1, first, n1)
    part.rows2 = part.rows1 if is_same else _side(setup, setup.rows2, second, n2)
    exact = part.rows1.diagonal(setup.get[0])
    plan = part.plan()
    walk(
        plan,
        lambda: part.new_worker(plan),
        DenseSink((out,), (exact,) if is_same else None),
        threads=part.threads,
        progress=Progress(out.size),
    )
    if is_symmetric:
        order = np.argsort(j, kind="stable")
        low = np.searchsorted(j[order], i, "left")
        high = np.searchsorted(j[order], i, "right")
        for p in np.flatnonzero(high > low):
            out[p, order[low[p] : high[p]]] = exact[p]
    return out


def _numbers(index: slice | IntArray, n: int) -> IntArray:
    return np.arange(index.start, index.stop) if isinstance(index, slice) else index


def _take(x: Any, index: slice | IntArray) -> Any:
    """Return some rows of a side: a view if they are neighbours."""
    return x[index]


def _side(setup: Setup, side: Any, index: slice | IntArray, n: int) -> Any:
    """Return the prepared rows: those of the whole side as they are."""
    if isinstance(index, slice) and (index.start, index.stop) == (0, n):
        return side
    x = _take(side.raw, index)
    return setup.backend.prepare(
        setup.program, x, setup.dtype, is_sparse=setup.is_sparse
    )
