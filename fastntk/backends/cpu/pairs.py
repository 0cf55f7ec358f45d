"""Tiles with sparse rows, and near pairs compared anew from the rows as given."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, InputMatrix, IntArray
from fastntk.backends.cpu.blocks import ENTRY_BYTES, PIECE_BYTES, floats, row_pieces
from fastntk.kernels.product.exact import refine_exact
from fastntk.kernels.product.sparse import refine_sparse

__all__ = ["refine_pairs", "sparse_correlations"]

DOUBLE = np.dtype(np.float64)


def sparse_correlations(
    block: AnyArray, unit1: InputMatrix, unit2: InputMatrix, rows: slice, cols: slice
) -> None:
    """Write ``A B^T`` of one tile, where one side or both are sparse unit rows."""
    if isinstance(unit1, np.ndarray):
        block, unit1, unit2, rows, cols = block.T, unit2, unit1, cols, rows
    for j in row_pieces(unit2, cols):
        other: Any = unit2[j].T
        if isinstance(unit2, np.ndarray):
            other = np.ascontiguousarray(other)
        else:
            other = other.tocsr()
        for i in row_pieces(unit1, rows):
            part: Any = unit1[i] @ other
            goal = block[
                i.start - rows.start : i.stop - rows.start,
                j.start - cols.start : j.stop - cols.start,
            ]
            goal[...] = part if isinstance(part, np.ndarray) else part.toarray()


def refine_pairs(
    block: AnyArray,
    raw1: InputMatrix,
    raw2: InputMatrix,
    rows: slice,
    cols: slice,
    limit: float,
) -> None:
    """Compute complements below ``limit`` to full relative accuracy, in float64.

    Only rows that have a near pair are read, a few at a time. Next to dense rows,
    sparse rows become dense.
    """
    is_sparse = not (isinstance(raw1, np.ndarray) or isinstance(raw2, np.ndarray))
    read = _sparse_rows if is_sparse else _dense_rows
    near = np.abs(block) < limit
    for i in _index_pieces(raw1, np.flatnonzero(near.any(axis=1)), rows.start):
        one: Any = read(raw1, rows.start + i)
        for j in _index_pieces(raw2, np.flatnonzero(near[i].any(axis=0)), cols.start):
            two: Any = read(raw2, cols.start + j)
            place = np.ix_(i, j)
            part = np.ascontiguousarray(block[place])
            if is_sparse:
                (a, ai, a0), (b, bi, b0) = one, two
                refine_sparse(part, a, ai, a0, b, bi, b0, part.dtype.type(limit))
            else:
                refine_exact(part, one, two, part.dtype.type(limit), False)
            block[place] = part


def _index_pieces(x: InputMatrix, index: IntArray, first: int) -> Iterator[IntArray]:
    """Cut row numbers into runs that take about `PIECE_BYTES`, were rows dense."""
    if isinstance(x, np.ndarray) or not index.size:
        row_bytes = 8 * x.shape[1]
    else:
        at = first + index
        row_bytes = ENTRY_BYTES * int((x.indptr[at + 1] - x.indptr[at]).max())
    step = max(1, PIECE_BYTES // max(1, row_bytes))
    for start in range(0, index.size, step):
        yield index[start : start + step]


def _dense_rows(x: InputMatrix, index: IntArray) -> AnyArray:
    """Return rows in float64."""
    part: Any = x[index]
    return floats(part if isinstance(x, np.ndarray) else part.toarray(), DOUBLE)


def _sparse_rows(x: InputMatrix, index: IntArray) -> tuple[AnyArray, ...]:
    """Return the entries of rows in float64, their columns and their starts."""
    part: Any = x[index]
    columns, starts = part.indices.astype(np.int64), part.indptr.astype(np.int64)
    return part.data.astype(DOUBLE, copy=False), columns, starts
