"""A program as the arrays that the compiled loop over panels walks."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastntk._typing import AnyArray
from fastntk.kernels.abi import COLS_STRIDE, N_DIMS, N_INTS, ROWS_STRIDE
from fastntk.kernels.cpu.ops import OPS
from fastntk.kernels.cpu.tile import run_program
from fastntk.kernels.formulas.polynomials import constants
from fastntk.program import Program
from fastntk.program.ops import ROW_OPS_ONLY, ZERO_ROW_OPS

__all__ = ["CompiledProgram", "run_tile"]

PANEL_ROWS = 8
PANEL_BYTES = 24 << 10
MIN_STRIP = 192


@dataclasses.dataclass(frozen=True)
class CompiledProgram:
    """Addresses, slots and coefficients of all ops, and the panel's shape."""

    addresses: AnyArray
    ints: AnyArray
    coefs: AnyArray
    constants: AnyArray
    shape: AnyArray
    outputs: AnyArray

    @classmethod
    def compile(
        cls, program: Program, dtype: np.dtype[Any], *, has_zeros: bool = True
    ) -> "CompiledProgram":
        """Compile (or load) the ops of a program, and lay out its numbers."""
        left_out = ROW_OPS_ONLY if has_zeros else ROW_OPS_ONLY | ZERO_ROW_OPS
        ops = [op for op in program.ops if op.name not in left_out]
        n_coefs = max([len(op.coefs) for op in ops] + [1])
        coefs = np.zeros((len(ops), n_coefs), dtype)
        for k, op in enumerate(ops):
            coefs[k, : len(op.coefs)] = op.coefs
        addresses = [OPS[op.name].address(dtype) for op in ops]
        ints = np.array([program.ints_of(op) for op in ops], np.int64)
        return cls(
            np.array(addresses, np.int64),
            ints.reshape(len(ops), N_INTS),
            coefs,
            constants(dtype),
            np.array(_panel_shape(program, dtype), np.int64),
            np.array([program.output_of(name) for name in program.get], np.int64),
        )

    def new_panel(self) -> AnyArray:
        """Return the memory of one panel."""
        return np.empty(int(np.prod(self.shape)), self.coefs.dtype)


def _panel_shape(program: Program, dtype: np.dtype[Any]) -> tuple[int, int, int]:
    """Return rows, columns and slots of a panel that stays in the L1 cache.

    Several rows share what is read of the column tables; long strips share the cost of
    a loop's beginning and end.
    """
    n_rows, strip = PANEL_ROWS, 0
    while True:
        strip = PANEL_BYTES // (program.n_slots * n_rows * dtype.itemsize) // 64 * 64
        if strip >= MIN_STRIP or n_rows == 1:
            return n_rows, min(512, max(64, strip)), program.n_slots
        n_rows //= 2


def run_tile(
    compiled: CompiledProgram,
    blocks: Sequence[AnyArray],
    rows: tuple[AnyArray, int],
    cols: tuple[AnyArray, int],
    *,
    more: AnyArray | None = None,
    panel: AnyArray | None = None,
    is_lower: bool = False,
) -> None:
    """Turn a tile of complements, ``blocks[0]``, into kernel values in place.

    A second output goes to ``blocks[1]``, all others to ``more``, one below the other.

    ``rows`` and ``cols`` are flat row tables and their strides; ``is_lower`` leaves out
    panels above the diagonal.
    """
    dims = np.zeros(N_DIMS, np.int64)
    dims[ROWS_STRIDE], dims[COLS_STRIDE] = rows[1], cols[1]
    run_program(
        blocks[0],
        blocks[min(1, len(blocks) - 1)],
        blocks[0][:0] if more is None else more,
        rows[0],
        cols[0],
        dims,
        compiled.addresses,
        compiled.ints,
        compiled.coefs,
        compiled.constants,
        compiled.new_panel() if panel is None else panel,
        compiled.shape,
        compiled.outputs,
        is_lower,
    )
