"""Programs that stop between ops, for Python functions, or start from a kernel.

The slots of a whole tile are kept, and pass through the panels once per segment.
"""

import dataclasses
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, FloatArray
from fastntk.backends.cpu.compiled import CompiledProgram
from fastntk.backends.cpu.host import host_pairs
from fastntk.kernels.abi import COLS_STRIDE, N_DIMS, ROWS_STRIDE
from fastntk.kernels.cpu.tile import run_segment
from fastntk.program import Op, Program

__all__ = ["StagedProgram"]


class StagedProgram:
    """The segments of a program, and the host ops between them.

    Parameters
    ----------
    program : Program
        The steps.
    dtype : numpy dtype
        Compute dtype.
    has_zeros : bool
        Whether some row has no variance.
    """

    def __init__(
        self, program: Program, dtype: np.dtype[Any], *, has_zeros: bool
    ) -> None:
        self.program = program
        self._parts: list[tuple[CompiledProgram, Op | None]] = []
        ops: list[Op] = []
        for op in (*program.ops, None):
            if op is not None and op.name != "host":
                ops.append(op)
                continue
            part = dataclasses.replace(program, ops=tuple(ops))
            compiled = CompiledProgram.compile(part, dtype, has_zeros=has_zeros)
            self._parts.append((compiled, op))
            ops = []

    def run(
        self,
        state: AnyArray,
        rows: tuple[AnyArray, int],
        cols: tuple[AnyArray, int],
        panel: AnyArray,
    ) -> None:
        """Run all ops in place.

        Parameters
        ----------
        state : ndarray of shape (n_slots, n1, n2)
            The slots of a tile.
        rows, cols : tuple of ndarray and int
            Flat row tables and their strides.
        panel : ndarray
            Room for one panel, of `CompiledProgram.new_panel`.
        """
        dims = np.zeros(N_DIMS, np.int64)
        dims[ROWS_STRIDE], dims[COLS_STRIDE] = rows[1], cols[1]
        for compiled, host in self._parts:
            run_segment(
                state,
                rows[0],
                cols[0],
                dims,
                compiled.addresses,
                compiled.ints,
                compiled.coefs,
                compiled.constants,
                panel,
                compiled.shape,
            )
            if host is not None:
                rho, tau = self.program.slots_of(host.stream)
                n1, n2 = state.shape[1:]
                host_pairs(
                    host,
                    state[rho],
                    state[tau] if tau >= 0 else None,
                    _tables(host, rows, n1),
                    _tables(host, cols, n2),
                )

    def new_panel(self) -> AnyArray:
        """Return the memory of one panel."""
        return self._parts[0][0].new_panel()

    def store(
        self,
        state: AnyArray,
        blocks: list[AnyArray],
        rows: tuple[AnyArray, int],
        cols: tuple[AnyArray, int],
    ) -> None:
        """Scale the slots of the result and write them to the blocks."""
        n1, n2 = state.shape[1:]
        for name, block in zip(self.program.get, blocks, strict=True):
            slot, table, kind = self.program.output_of(name)
            value = state[slot]
            if kind == 0:
                value = np.copysign(1 - np.abs(value), value)
            left, right = _table(table, rows, n1), _table(table, cols, n2)
            block[...] = (value * left[:, None]) * right[None, :]


def _table(k: int, tables: tuple[AnyArray, int], n: int) -> FloatArray:
    """Return row table ``k`` of ``n`` rows."""
    flat, stride = tables
    part: FloatArray = flat[k * stride : k * stride + n]
    return part


def _tables(op: Op, tables: tuple[AnyArray, int], n: int) -> FloatArray:
    """Return the tables of an op, shape (n_tables, n)."""
    return np.stack([_table(op.table + k, tables, n) for k in range(op.n_tables)])
