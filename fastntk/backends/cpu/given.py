"""Tiles of a kernel that continues from numbers instead of from inputs."""

from typing import Any

import numpy as np

from fastntk._typing import AnyArray, FloatArray
from fastntk.backends.cpu.row_trace import RowTrace
from fastntk.backends.cpu.rows import row_pass
from fastntk.backends.cpu.staged import StagedProgram
from fastntk.program import Program

__all__ = ["GivenRows", "GivenWorker"]


class GivenRows:
    """Variances and tangent scales of one side, and what the program makes of them.

    Parameters
    ----------
    program : Program
        The steps that follow.
    variance : ndarray of shape (n,)
        NNGP variances.
    tangent : ndarray of shape (n,)
        NTK diagonal, or where it is unknown any bound of the size of the rows.
    dtype : numpy dtype
        Compute dtype.

    Attributes
    ----------
    nngp, ntk : ndarray of shape (n,)
        The diagonals at the end.
    """

    def __init__(
        self,
        program: Program,
        variance: FloatArray,
        tangent: FloatArray,
        dtype: np.dtype[Any],
    ) -> None:
        trace = RowTrace(program)
        tables, state = row_pass(program, variance, trace, tangent)
        trace.check(program, dtype)
        trace.warn()
        with np.errstate(over="ignore"):
            self._tables = np.ascontiguousarray(tables, dtype)
        self.dtype = dtype
        self.nngp, self.ntk = state[program.stream, 0], state[program.stream, 1]
        self.variance, self.scale = variance, np.sqrt(tangent)

    def tables(self, rows: slice) -> tuple[AnyArray, int]:
        """Return the row tables of a block as a flat view, and its stride."""
        return self._tables.reshape(-1)[rows.start :], self._tables.shape[1]


class GivenWorker:
    """Workspace of one thread.

    Parameters
    ----------
    program : Program
        The steps that follow.
    nngp : ndarray of shape (n1, n2)
        Where to start.
    ntk : ndarray of shape (n1, n2) or None
        None if the program has no tangent.
    rows1, rows2 : GivenRows
        Both sides.
    """

    def __init__(
        self,
        program: Program,
        nngp: AnyArray,
        ntk: AnyArray | None,
        rows1: GivenRows,
        rows2: GivenRows,
    ) -> None:
        self.program = program
        self.nngp, self.ntk = nngp, ntk
        self.rows1, self.rows2 = rows1, rows2
        has_zeros = any(bool((r.variance == 0).any()) for r in (rows1, rows2))
        self._dtype = rows1.dtype
        self._staged = StagedProgram(program, self._dtype, has_zeros=has_zeros)
        self._panel = self._staged.new_panel()

    def run(
        self, rows: slice, cols: slice, *, is_diagonal: bool = False
    ) -> tuple[AnyArray, ...]:
        """Return one finished tile per kernel."""
        shape = (rows.stop - rows.start, cols.stop - cols.start)
        state = np.zeros((self.program.n_slots, *shape), self._dtype)
        sides = self.rows1.variance[rows], self.rows2.variance[cols]
        rho = _correlation(self.nngp[rows, cols], *sides)
        np.clip(rho, -1.0, 1.0, out=rho)
        state[0] = np.copysign(1.0 - np.abs(rho), rho)
        if self.program.has_tangent and self.ntk is not None:
            sides = self.rows1.scale[rows], self.rows2.scale[cols]
            state[1] = _ratio(self.ntk[rows, cols], *sides)
        tables = self.rows1.tables(rows), self.rows2.tables(cols)
        self._staged.run(state, *tables, self._panel)
        blocks = [np.empty(shape, self._dtype) for _ in self.program.get]
        self._staged.store(state, blocks, *tables)
        return tuple(blocks)


def _correlation(c: AnyArray, q1: FloatArray, q2: FloatArray) -> FloatArray:
    """Return ``c / sqrt(q1 q2)``: exactly +-1 for parallel rows."""
    with np.errstate(over="ignore"):
        square = q1[:, None] * q2[None, :]
    is_normal = (square > 1e-290) & (square < np.inf)
    size = np.sqrt(np.where(is_normal, square, 1.0))
    roots = np.sqrt(q1)[:, None] * np.sqrt(q2)[None, :]
    size = np.where(is_normal, size, roots)
    given = np.asarray(c, np.float64)
    rho = np.divide(given, size, out=np.zeros(size.shape), where=size > 0)
    # what sums in another order leave of equal rows
    noise = 4 * np.finfo(np.asarray(c).dtype).eps
    return np.where(np.abs(np.abs(rho) - 1.0) < noise, np.sign(rho), rho)


def _ratio(values: AnyArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """Divide by the sides' scales; 0 where there is none."""
    size = left[:, None] * right[None, :]
    given = np.asarray(values, np.float64)
    return np.divide(given, size, out=np.zeros(size.shape), where=size > 0)
