"""Rows a few at a time, so that a conversion never holds a second copy of the inputs.

Inputs come in any numeric dtype and layout. Kernels are given contiguous float32 or
float64, read-only, so that each is compiled for one kind of argument.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, FloatArray, InputMatrix
from fastntk._validation import float_dtype
from fastntk.program import Program

__all__ = [
    "BLOCK_ROWS",
    "CONVERT_BYTES",
    "ENTRY_BYTES",
    "PIECE_BYTES",
    "floats",
    "keeps_tables",
    "mean_squares",
    "row_pieces",
    "side_bytes",
    "table_stride",
]

BLOCK_ROWS = 2048  # rows whose state stays in the cache during the variance pass
TABLE_BYTES = 24 << 20  # tables larger than this are recomputed per tile
SERIES_BYTES = 128 << 20  # the same of programs with series, whose tables cost more
CONVERT_BYTES = 8 << 20  # float64 rows held together while a side is prepared
PIECE_BYTES = 2 << 20  # rows of one side held together while a tile is computed
LINE_BYTES = 64  # of a cache
ENTRY_BYTES = 16  # a stored entry of a sparse matrix: float64 and a column


def floats(part: AnyArray, dtype: np.dtype[Any] | None = None) -> FloatArray:
    """Return a contiguous, aligned, native and read-only view, or copy, of some rows.

    ``dtype`` is by default the narrowest of float32 and float64 that holds them.
    """
    kind = float_dtype(part.dtype) if dtype is None else dtype
    values: FloatArray = np.require(part, kind, ["C", "A"]).view()
    values.flags.writeable = False
    return values


def row_pieces(
    x: InputMatrix, rows: slice, n_bytes: int = PIECE_BYTES
) -> Iterator[slice]:
    """Cut rows into runs that take at most ``n_bytes`` as floats; at least one row."""
    start = rows.start
    while start < rows.stop:
        if isinstance(x, np.ndarray):
            stop = start + max(1, n_bytes // (8 * x.shape[1]))
        else:
            last = x.indptr[start] + n_bytes // ENTRY_BYTES
            stop = int(np.searchsorted(x.indptr, last, side="right")) - 1
        stop = min(max(stop, start + 1), rows.stop)
        yield slice(start, stop)
        start = stop


def keeps_tables(program: Program, n: int, dtype: np.dtype[Any]) -> bool:
    """Return whether the row tables of a side are kept for all tiles."""
    has_series = any(op.name == "expansion" for op in program.ops)
    limit = SERIES_BYTES if has_series else TABLE_BYTES
    return program.n_tables * table_stride(n, dtype) * dtype.itemsize <= limit


def table_stride(n: int, dtype: np.dtype[Any]) -> int:
    """Return the items from one row table of ``n`` rows to the next.

    An odd number of cache lines, so that the tables of a few rows, which are read
    together, lie in different sets of the caches.
    """
    items = LINE_BYTES // dtype.itemsize
    lines = -(-n // items) | 1
    return lines * items


def mean_squares(x: InputMatrix) -> FloatArray:
    """Return ``|x|^2 / d`` of all rows, to a few last bits; infinity if it is larger.

    `CpuRows.variance` is the same to the last bit, and comes later.
    """
    n, d = x.shape
    squares = np.empty(n)
    with np.errstate(over="ignore"):
        for rows in row_pieces(x, slice(0, n)):
            part = x[rows]
            if isinstance(part, np.ndarray):
                block = floats(part).astype(np.float64, copy=False)
                squares[rows] = np.einsum("ij,ij->i", block, block)
            else:
                square = part.astype(np.float64).power(2)
                squares[rows] = np.asarray(square.sum(axis=1)).reshape(-1)
    means: FloatArray = squares / d
    return means


def side_bytes(
    program: Program,
    x: InputMatrix,
    dtype: np.dtype[Any],
    *,
    is_sparse: bool,
    threads: int,
    width: int,
) -> int:
    """Return the bytes that one side takes while a matrix is computed.

    Its unit rows, what is known of every row, the largest block of rows on its way from
    another dtype or layout, and the pieces that threads copy from sparse rows.
    """
    n, d = map(int, x.shape)
    is_dense = isinstance(x, np.ndarray)
    n_entries = n * d if isinstance(x, np.ndarray) else x.nnz
    padded: int = n_entries if is_sparse else -(-n // width) * width * d
    known = 8 * n * (1 + len(program.get))
    if keeps_tables(program, n, dtype):
        known += program.n_tables * table_stride(n, dtype) * dtype.itemsize
    state = 8 * min(n, BLOCK_ROWS) * (program.n_tables + 3 * program.n_streams)
    largest = max(CONVERT_BYTES, 16 * d if is_dense else 0)
    convert = 0 if _is_ready(x) else min(8 * n_entries, largest)
    pieces = 3 * min(ENTRY_BYTES * n_entries, PIECE_BYTES) if is_sparse else 0
    return padded * dtype.itemsize + known + max(state, convert) + threads * pieces


def _is_ready(x: InputMatrix) -> bool:
    """Say whether kernels read a matrix as it is."""
    data = x if isinstance(x, np.ndarray) else x.data
    flags = data.flags
    is_float = data.dtype in (np.float32, np.float64)
    return bool(is_float and flags.c_contiguous and flags.aligned)
