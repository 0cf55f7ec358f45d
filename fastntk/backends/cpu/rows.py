"""The variance pass on the CPU: unit rows, row tables and diagonals of one side."""

import copy
import threading
from typing import Any

import numpy as np

from fastntk._errors import RangeError
from fastntk._typing import AnyArray, CSRMatrix, FloatArray, InputMatrix
from fastntk.backends.cpu.blocks import (
    BLOCK_ROWS,
    CONVERT_BYTES,
    floats,
    keeps_tables,
    row_pieces,
    table_stride,
)
from fastntk.backends.cpu.host import host_rows
from fastntk.backends.cpu.one_norm import interpolated, one_variance
from fastntk.backends.cpu.row_trace import RowTrace
from fastntk.kernels.rows.norms import unit_rows, unit_rows_sparse
from fastntk.kernels.rows.ops import ROW_OPS
from fastntk.kernels.vector.chosen import panel_width
from fastntk.program import Program
from fastntk.program.collapse import Collapsed
from fastntk.program.ops import split_output
from fastntk.spec import END

__all__ = ["CpuRows", "row_pass"]

MANY_ROWS = 256  # of one norm: their diagonals are interpolated


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
    is_sparse : bool
        Whether this side or the other one is sparse.

    Attributes
    ----------
    raw : ndarray or CSR matrix of shape (n, d)
        ``x`` itself.
    unit : ndarray or CSR matrix
        Unit rows in the compute dtype. Dense ones are packed in panels, or a matrix if
        the other side is sparse; sparse ones share their columns with ``raw``.

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
        self.unit: Any
        if not isinstance(x, np.ndarray):
            self.unit = self._unit_sparse(x)
        elif is_sparse:
            self.unit = self._unit_dense(x, 1).reshape(x.shape)
        else:
            self.unit = self._unit_dense(x, panel_width(dtype))
        self._check_variance()
        self._diagonals: dict[str, FloatArray] = {
            name: np.empty(self.n) for name in program.get
        }
        self._keeps_tables = keeps_tables(program, self.n, dtype)
        self._stride = table_stride(self.n, dtype)
        self._tables: AnyArray | None = None
        self._lock = threading.Lock()
        trace = RowTrace(program)
        is_many = self.n >= MANY_ROWS
        if is_many and one_variance((self.variance,), dtype) is not None:
            self._diagonals_of_one_norm(trace)
        else:
            self._run(trace)
        trace.check(program, dtype)
        trace.warn()
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
        if self._keeps_tables:
            with self._lock:
                if self._tables is None:
                    self._run(None)
            assert self._tables is not None
            return self._tables[rows.start :], self._stride
        n = rows.stop - rows.start
        stride = table_stride(n, self.dtype)
        tables = np.empty((self.program.n_tables, stride), self.dtype)
        tables[:, :n] = self._pass(rows.start, rows.stop, None)
        return tables.reshape(-1), stride

    def _run(self, trace: RowTrace | None) -> None:
        """Run the row bodies on all rows, block by block."""
        tables = None
        if self._keeps_tables:
            room = self.program.n_tables * self._stride
            tables = np.empty(room, self.dtype).reshape(-1, self._stride)
        for start in range(0, self.n, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, self.n)
            found = self._pass(start, stop, trace)
            if tables is not None:
                with np.errstate(over="ignore"):  # the trace reports it, with a layer
                    tables[:, start:stop] = found
        self._tables = None if tables is None else tables.reshape(-1)

    def _diagonals_of_one_norm(self, trace: RowTrace) -> None:
        """Run the row bodies on the two extremes; tables wait until a tile asks."""
        ends = float(self.variance.min()), float(self.variance.max())
        _, state = row_pass(self.program, np.array(ends), trace)
        for name in self._diagonals:
            values = _diagonal_of(self.program, state, name)
            self._diagonals[name] = interpolated(self.variance, ends, values)

    def _unit_dense(self, x: AnyArray, width: int) -> FloatArray:
        """Return unit rows, packed in panels of ``width``."""
        n, d = x.shape
        packed: FloatArray = np.empty(-(-n // width) * width * d, self.dtype)
        step = min(BLOCK_ROWS, CONVERT_BYTES // (8 * d)) // width * width
        if step == 0:
            self._unit_wide(x, packed.reshape(-1, d, width))
            return packed
        for start in range(0, n, step):
            part = slice(start, min(start + step, n))
            goal = packed[start * d :]
            unit_rows(floats(x[part]), goal, width, self.variance[part])
        return packed

    def _unit_wide(self, x: AnyArray, packed: FloatArray) -> None:
        """Pack one row at a time: a panel of them is too large to convert at once."""
        n, d = x.shape
        width = packed.shape[2]
        row = np.empty(d, self.dtype)
        for i in range(n):
            unit_rows(floats(x[i : i + 1]), row, 1, self.variance[i : i + 1])
            packed[i // width, :, i % width] = row
        if n % width:
            packed[-1, :, n % width :] = 0.0

    def _unit_sparse(self, x: CSRMatrix) -> CSRMatrix:
        """Return unit rows, which share their columns with those given."""
        values: FloatArray = np.empty(x.data.shape, self.dtype)
        for part in row_pieces(x, slice(0, self.n), CONVERT_BYTES):
            first, last = x.indptr[part.start], x.indptr[part.stop]
            starts = (x.indptr[part.start : part.stop + 1] - first).astype(np.int64)
            data, goal = floats(x.data[first:last]), values[first:last]
            variance = self.variance[part]
            unit_rows_sparse(data, starts, goal, variance, float(self.n_features))
        unit = copy.copy(x)
        unit.data = values
        return unit

    def _check_variance(self) -> None:
        """Refuse rows whose mean square leaves the range of float64."""
        tiny = np.finfo(np.float64).smallest_normal
        doubtful = ~np.isfinite(self.variance) | (self.variance < tiny)
        for i in np.flatnonzero(doubtful):
            largest = float(abs(self._entries(int(i))).max(initial=0.0))
            if largest != 0.0:  # NaN too
                raise RangeError(
                    f"input: the mean square of row {i} (largest entry {largest:.3g}) "
                    "is outside the range of float64; rescale the inputs"
                )

    def _entries(self, i: int) -> FloatArray:
        """Return what is stored of a row."""
        x = self.raw
        if isinstance(x, np.ndarray):
            return floats(x[i])
        return floats(x.data[x.indptr[i] : x.indptr[i + 1]])

    def _pass(self, start: int, stop: int, trace: RowTrace | None) -> FloatArray:
        """Run the row bodies on a block; return its tables, shape (n_tables, rows)."""
        tables, state = row_pass(self.program, self.variance[start:stop], trace)
        for name, diagonal in self._diagonals.items():
            diagonal[start:stop] = _diagonal_of(self.program, state, name)
        return tables


def _diagonal_of(program: Program, state: FloatArray, name: str) -> FloatArray:
    """Return the diagonal of an output from the state of all streams."""
    kernel, place = split_output(name)
    values: FloatArray = state[program.stream_of(place), int(kernel == "ntk")]
    return values


def row_pass(
    program: Program,
    variance: FloatArray,
    trace: RowTrace | None = None,
    tangent: FloatArray | None = None,
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
    tangent : ndarray of shape (n,), optional
        Tangent diagonals to start from; by default 0, those of inputs.

    Returns
    -------
    tables : ndarray of shape (n_tables, n)
        Row tables of all ops, then two of each output.
    state : ndarray of shape (n_streams, 3, n)
        Variance, tangent diagonal and tangent scale of every stream at the end.
    """
    n = variance.size
    state = np.zeros((program.n_streams, 3, n))
    state[0, 0] = variance
    if tangent is not None:
        state[0, 1], state[0, 2] = tangent, np.sqrt(tangent)
    tables = np.empty((program.n_tables, n))
    if trace is not None:
        trace.begin(n)
    with np.errstate(all="ignore"):
        for k, op in enumerate(program.ops):
            q, t, s = state[op.stream]
            part = tables[op.table : op.table + op.n_tables]
            coefs = np.array(op.row_coefs or (0.0,))
            q2, t2, s2 = state[max(op.other, 0)]
            if trace is not None:
                trace.before(op, q, t, q2)
            if op.name == "host":
                host_rows(op, q, t, s, part, has_tangent=program.has_tangent)
            else:
                ROW_OPS[op.name](q, t, s, q2, t2, s2, part, coefs)
            if trace is not None:
                trace.after(k, op, q, t, part)
    for place in (*dict(program.taps), END):
        k, (q, _, s) = program.output_table(place), state[program.stream_of(place)]
        np.sqrt(q, out=tables[k])
        tables[k + 1] = s
    return tables, state
