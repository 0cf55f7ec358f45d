"""The CPU backend: a packed product for the similarity of a tile, then the ops."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, InputMatrix
from fastntk.backends.base import Worker
from fastntk.backends.cpu_rows import CpuRows
from fastntk.kernels.abi import COLS_STRIDE, N_COEFS, N_DIMS, N_INTS, ROWS_STRIDE
from fastntk.kernels.cpu_ops import OPS
from fastntk.kernels.cpu_tile import run_program
from fastntk.kernels.polynomials import constants
from fastntk.kernels.product import (
    complement_rows,
    packed_product,
    refine_exact,
    refine_near,
)
from fastntk.kernels.product_sparse import refine_sparse
from fastntk.kernels.vector_ir import GROUP_ROWS, panel_width
from fastntk.program import Op, Program

__all__ = ["CpuBackend", "CpuWorker"]

# 1 -+ rho below which the product's rounding matters and the rows are compared anew
NEAR_LIMIT = {np.dtype(np.float64): 1e-3, np.dtype(np.float32): 1e-2}
# above this variance erf is so steep in the angle that the rounding of unit rows shows
STEEP_VARIANCE = {np.dtype(np.float64): 1e5, np.dtype(np.float32): 30.0}
STEEP_NEAR_LIMIT = {np.dtype(np.float64): 1e-3, np.dtype(np.float32): 5e-2}
STEEP_EXACT_LIMIT = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 5e-2}
PANEL_ROWS = 8
PANEL_BYTES = 24 << 10


@dataclasses.dataclass(frozen=True)
class CompiledProgram:
    """A program as the arrays that `run_program` walks."""

    addresses: AnyArray
    ints: AnyArray
    coefs: AnyArray
    constants: AnyArray
    shape: AnyArray
    outputs: AnyArray

    @classmethod
    def compile(
        cls, program: Program, dtype: np.dtype[Any], *, has_zero_rows: bool = True
    ) -> "CompiledProgram":
        """Compile (or load) the ops of a program, and lay out its numbers."""
        ops = [op for op in program.ops if op.name != "mask" or has_zero_rows]
        coefs = np.zeros((len(ops), N_COEFS), dtype)
        for k, op in enumerate(ops):
            coefs[k, : len(op.coefs)] = op.coefs
        addresses = [OPS[op.name].address(dtype) for op in ops]
        ints = np.array([_ints(program, op) for op in ops], np.int64)
        shape = np.array(_panel_shape(program, dtype), np.int64)
        return cls(
            np.array(addresses, np.int64),
            ints.reshape(len(ops), N_INTS),
            coefs,
            constants(dtype),
            shape,
            np.array([_output(program, name) for name in program.get], np.int64),
        )


def _ints(program: Program, op: Op) -> list[int]:
    return [
        *program.slots_of(op.stream),
        *program.slots_of(op.other),
        op.table,
        op.flags,
    ]


def _output(program: Program, name: str) -> tuple[int, int, int]:
    rho, tau = program.slots_of(program.stream)
    if name == "nngp":
        return rho, program.n_tables - 2, 0
    return tau, program.n_tables - 1, 1


def _panel_shape(program: Program, dtype: np.dtype[Any]) -> tuple[int, int, int]:
    """Return rows, columns and slots of a panel that stays in the L1 cache."""
    strip = PANEL_BYTES // (program.n_slots * PANEL_ROWS * dtype.itemsize)
    return PANEL_ROWS, min(512, max(64, strip // 64 * 64)), program.n_slots


class CpuBackend:
    """Runs programs on the CPU."""

    name = "cpu"

    def prepare(
        self,
        program: Program,
        x: InputMatrix,
        dtype: np.dtype[Any],
        *,
        is_sparse: bool = False,
    ) -> CpuRows:
        """Normalise the rows and run the variance pass."""
        return CpuRows(program, x, dtype, is_sparse=is_sparse)

    def tile_step(self, dtype: np.dtype[Any]) -> int:
        """Return what tile sides are whole multiples of."""
        return panel_width(dtype)

    def worker(self, rows1: CpuRows, rows2: CpuRows, tile: tuple[int, int]) -> Worker:
        """Return the workspace of one thread."""
        return CpuWorker(rows1, rows2, tile)


class CpuWorker:
    """Workspace of one thread: the tile, a second one, and a panel.

    Parameters
    ----------
    rows1, rows2 : CpuRows
        Both sides; the same object for a symmetric Gram matrix.
    tile : tuple of int
        Largest tile shape.
    """

    def __init__(self, rows1: CpuRows, rows2: CpuRows, tile: tuple[int, int]) -> None:
        program, dtype = rows1.program, rows1.dtype
        self.rows1, self.rows2 = rows1, rows2
        self.compiled = CompiledProgram.compile(
            program, dtype, has_zero_rows=rows1.has_zero_rows or rows2.has_zero_rows
        )
        steepness = max(rows1.steepness, rows2.steepness)
        self.is_steep = steepness > STEEP_VARIANCE[dtype]
        limit = STEEP_NEAR_LIMIT if self.is_steep else NEAR_LIMIT
        self.limit = dtype.type(limit[dtype])
        n_blocks = len(program.get)
        self._blocks = np.empty((n_blocks, tile[0] * tile[1]), dtype)
        self._panel = np.empty(int(np.prod(self.compiled.shape)), dtype)
        self._dims = np.zeros(N_DIMS, np.int64)
        self._width = panel_width(dtype)
        self._scratch = np.empty(GROUP_ROWS * self._width, dtype)

    def run(
        self, rows: slice, cols: slice, *, is_diagonal: bool = False
    ) -> tuple[AnyArray, ...]:
        """Return one finished tile per kernel, valid until the next call.

        ``is_diagonal``: the tile lies on the diagonal of a symmetric Gram matrix, and
        what is above the diagonal may be left unfinished.
        """
        shape = (rows.stop - rows.start, cols.stop - cols.start)
        blocks = [b[: shape[0] * shape[1]].reshape(shape) for b in self._blocks]
        self._similarity(blocks[0], rows, cols, is_diagonal)
        tables1, stride1 = self.rows1.tables(rows)
        tables2, stride2 = self.rows2.tables(cols)
        self._dims[ROWS_STRIDE], self._dims[COLS_STRIDE] = stride1, stride2
        c = self.compiled
        run_program(
            blocks[0],
            blocks[-1],
            tables1,
            tables2,
            self._dims,
            c.addresses,
            c.ints,
            c.coefs,
            c.constants,
            self._panel,
            c.shape,
            c.outputs,
            is_diagonal,
        )
        return tuple(blocks)

    def _similarity(
        self, block: AnyArray, rows: slice, cols: slice, is_lower: bool
    ) -> None:
        """Write the signed complements of all pairs of a tile."""
        if self.rows1.is_sparse:
            self._sparse_similarity(block, rows, cols)
            return
        sides = (self.rows1.unit, rows.start, self.rows2.unit, cols.start)
        shape = (self.rows1.n_features, self._width, self._scratch)
        packed_product(block, *sides, *shape, is_lower)
        if not complement_rows(block, self.limit, is_lower):
            return
        refine_near(block, *sides, *shape, self.limit, is_lower)
        if self.is_steep:
            limit = block.dtype.type(STEEP_EXACT_LIMIT[block.dtype])
            raw1 = np.ascontiguousarray(self.rows1.raw[rows])
            raw2 = np.ascontiguousarray(self.rows2.raw[cols])
            refine_exact(block, raw1, raw2, limit, is_lower)

    def _sparse_similarity(self, block: AnyArray, rows: slice, cols: slice) -> None:
        a, b = self.rows1.unit[rows], self.rows2.unit[cols]
        (a @ b.T).toarray(out=block)
        if complement_rows(block, self.limit, False):
            a, b = self.rows1.raw[rows], self.rows2.raw[cols]
            parts = (a.data, a.indices, a.indptr, b.data, b.indices, b.indptr)
            refine_sparse(block, *parts, self.limit)
