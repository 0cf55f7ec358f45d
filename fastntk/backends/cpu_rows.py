"""The variance pass on the CPU: unit rows, row tables and diagonals of one side."""

from typing import Any, cast

import numpy as np

from fastntk._errors import RangeError
from fastntk._typing import AnyArray, CSRMatrix, FloatArray, InputMatrix
from fastntk.backends.row_trace import RowTrace
from fastntk.kernels.row_ops import ROW_OPS
from fastntk.kernels.rows import unit_rows, unit_rows_sparse
from fastntk.kernels.vector import panel_width
from fastntk.program import Program
from fastntk.program.collapse import Collapsed

__all__ = ["CpuRows", "row_pass"]

BLOCK_ROWS = 2048  # rows whose state stays in the cache during the pass
TABLE_BYTES = 24 << 20  # tables larger than this are recomputed per tile


class CpuRows:
    """Rows of one side of a Gram matrix, ready for tiles.

    Parameters
    ----------
    program : Program
        The steps.
    x : ndarray or CSR matrix of shape (n, d)
        Checked inputs; not modified.
    dtype : numpy dtype
        Compute dtype, float32 or float64.

    Notes
    -----
    Memory: one copy of ``x`` in the compute dtype, the variances and the diagonals in
    float64, and at most 24 MiB of row tables; larger tables are recomputed per tile.
    Time: O(n d) once, and O(n) per op.
    """

    def __init__(
        self,
        program: Program,
        x: InputMatrix,
        dtype: np.dtype[Any],
        *,
        is_sparse: bool = False,
    ) -> None:
        self.program = program
        self.dtype = dtype
        self.n, self.n_features = x.shape
        self.is_sparse = is_sparse
        self.raw: Any = x
        self.variance = np.empty(self.n)
        self.unit: Any = (
            self._unit_sparse(x)
            if self.is_sparse
            else self._unit_dense(cast("FloatArray", x))
        )
        self._check_variance(x)
        self._diagonals = {name: np.empty(self.n) for name in program.get}
        n_bytes = program.n_tables * self.n * dtype.itemsize
        keep = n_bytes <= TABLE_BYTES
        self._tables = np.empty((program.n_tables, self.n), dtype) if keep else None
        trace = RowTrace(program)
        for start in range(0, self.n, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, self.n)
            tables = self._pass(start, stop, trace)
            if self._tables is not None:
                with np.errstate(over="ignore"):  # the trace reports it, with a layer
                    self._tables[:, start:stop] = tables
        trace.check(program.get, dtype)
        self.steepness = trace.steepness
        self.has_zero_variance = trace.has_zero_variance

    def diagonal(self, name: str) -> FloatArray:
        """Return ``k(x, x)`` of every row in float64, shape (n,)."""
        return self._diagonals[name]

    def tables(self, rows: slice, program: Program) -> tuple[AnyArray, int]:
        """Return the row tables of a block as a flat view, and its stride."""
        if isinstance(program, Collapsed):
            scales = program.row_scales(self.variance[rows]).astype(self.dtype)
            return scales.reshape(-1), scales.shape[1]
        if self._tables is not None:
            return self._tables.reshape(-1)[rows.start :], self.n
        tables = self._pass(rows.start, rows.stop, None).astype(self.dtype, copy=False)
        return tables.reshape(-1), rows.stop - rows.start

    def _unit_dense(self, x: FloatArray) -> FloatArray:
        """Return unit rows, packed in panels."""
        width = panel_width(self.dtype)
        n_rows = -(-self.n // width) * width
        packed = np.empty(n_rows * self.n_features, self.dtype)
        for start in range(0, self.n, BLOCK_ROWS):
            part = slice(start, min(start + BLOCK_ROWS, self.n))
            block = np.ascontiguousarray(x[part])
            goal = packed[start * self.n_features :]
            unit_rows(block, goal, width, self.variance[part])
        return packed

    def _unit_sparse(self, x: InputMatrix) -> CSRMatrix:
        import scipy.sparse

        raw: Any = scipy.sparse.csr_matrix(x)
        self.raw = raw if raw.has_sorted_indices else raw.sorted_indices()
        unit: Any = self.raw.copy()
        values = np.empty(unit.data.shape, self.dtype)
        n_features = float(self.n_features)
        unit_rows_sparse(unit.data, unit.indptr, values, self.variance, n_features)
        unit.data = values
        return cast("CSRMatrix", unit)

    def _check_variance(self, x: InputMatrix) -> None:
        """Refuse rows whose mean square leaves the range of float64."""
        tiny = np.finfo(np.float64).smallest_normal
        doubtful = ~np.isfinite(self.variance) | (self.variance < tiny)
        for i in np.flatnonzero(doubtful):
            row = x[i]
            largest = abs(row).max() if self.n_features else 0.0
            if largest > 0.0:
                raise RangeError(
                    f"input: the mean square of row {i} (largest entry {largest:.3g}) "
                    "is outside the range of float64; rescale the inputs"
                )

    def _pass(self, start: int, stop: int, trace: RowTrace | None) -> FloatArray:
        """Run the row bodies on a block; return its tables, shape (n_tables, rows)."""
        tables, state = row_pass(self.program, self.variance[start:stop], trace)
        q, t, _ = state[self.program.stream]
        for name in self._diagonals:
            self._diagonals[name][start:stop] = q if name == "nngp" else t
        return tables


def row_pass(
    program: Program, variance: FloatArray, trace: RowTrace | None = None
) -> tuple[FloatArray, FloatArray]:
    """Run the row bodies of a program in float64.

    Parameters
    ----------
    program : Program
        The steps.
    variance : ndarray of shape (n,)
        Mean squares of the rows.
    trace : RowTrace, optional
        Told of the variances before and after every op; `RangeError` if they leave
        float64.

    Returns
    -------
    tables : ndarray of shape (n_tables, n)
        Row tables of all ops, then the two of the output.
    state : ndarray of shape (n_streams, 3, n)
        Variance, tangent diagonal and tangent scale of every stream at the end.
    """
    n = variance.size
    state = np.zeros((program.n_streams, 3, n))
    state[0, 0] = variance
    tables = np.empty((program.n_tables, n))
    if trace is not None:
        trace.begin(n)
    with np.errstate(all="ignore"):
        for k, op in enumerate(program.ops):
            q, t, s = state[op.stream]
            part = tables[op.table : op.table + op.cost.tables]
            coefs = np.array(op.row_coefs or (0.0,))
            q2, t2, s2 = state[max(op.other, 0)]
            if trace is not None:
                trace.before(op, q, q2)
            ROW_OPS[op.name](q, t, s, q2, t2, s2, part, coefs)
            if trace is not None:
                trace.after(k, q, t)
    q, _, s = state[program.stream]
    np.sqrt(q, out=tables[-2])
    tables[-1] = s
    return tables, state
