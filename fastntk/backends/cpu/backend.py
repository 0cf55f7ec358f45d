"""The CPU backend: a packed product for the similarity of a tile, then the ops."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, InputMatrix
from fastntk.backends.base import Worker
from fastntk.backends.cpu.blocks import mean_squares, side_bytes
from fastntk.backends.cpu.collapse import collapsed_program
from fastntk.backends.cpu.compiled import CompiledProgram, run_tile
from fastntk.backends.cpu.numerical import specialise
from fastntk.backends.cpu.pairs import refine_pairs, sparse_correlations
from fastntk.backends.cpu.rows import CpuRows
from fastntk.backends.cpu.staged import StagedProgram
from fastntk.kernels.product.packed import complement_rows, packed_product, refine_near
from fastntk.kernels.vector.chosen import GROUP_ROWS, panel_width
from fastntk.program import Program

__all__ = ["CpuBackend", "CpuWorker"]

# 1 -+ rho below which the product's rounding matters and the rows are compared anew
NEAR_LIMIT = {np.dtype(np.float64): 1e-3, np.dtype(np.float32): 1e-2}
# above this steepness in the angle the rounding of unit rows shows: near pairs are then
# compared from the rows as given
STEEP = {np.dtype(np.float64): 1000.0, np.dtype(np.float32): 40.0}
STEEP_NEAR_LIMIT = {np.dtype(np.float64): 1e-3, np.dtype(np.float32): 5e-2}
STEEP_EXACT_LIMIT = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 5e-2}


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

    def side_bytes(
        self,
        program: Program,
        x: InputMatrix,
        dtype: np.dtype[Any],
        *,
        is_sparse: bool,
        threads: int,
    ) -> int:
        """Return the bytes that one side takes while a matrix is computed."""
        width = panel_width(dtype)
        return side_bytes(
            program, x, dtype, is_sparse=is_sparse, threads=threads, width=width
        )

    def specialise(
        self,
        program: Program,
        sides: Sequence[InputMatrix],
        dtype: np.dtype[Any],
    ) -> Program:
        """Choose the coefficients of numerical activations for these rows."""
        if not program.has_numerical_ops:
            return program
        return specialise(program, tuple(mean_squares(x) for x in sides), dtype)

    def tile_step(self, dtype: np.dtype[Any]) -> int:
        """Return what tile sides are whole multiples of."""
        return panel_width(dtype)

    def optimise(self, program: Program, rows1: CpuRows, rows2: CpuRows) -> Program:
        """Return a cheaper program with the same result, if there is one."""
        if rows1.has_zero_variance or rows2.has_zero_variance:
            return program
        variances = (rows1.variance, rows2.variance)
        return collapsed_program(program, variances, rows1.dtype) or program

    def worker(
        self, program: Program, rows1: CpuRows, rows2: CpuRows, tile: tuple[int, int]
    ) -> Worker:
        """Return the workspace of one thread."""
        return CpuWorker(program, rows1, rows2, tile)


class CpuWorker:
    """Workspace of one thread: the tile, a second one, and a panel.

    Parameters
    ----------
    program : Program
        What to run: that of the rows, or its collapsed form.
    rows1, rows2 : CpuRows
        Both sides; the same object for a symmetric Gram matrix.
    tile : tuple of int
        Largest tile shape.
    """

    def __init__(
        self, program: Program, rows1: CpuRows, rows2: CpuRows, tile: tuple[int, int]
    ) -> None:
        dtype = rows1.dtype
        self.program = program
        self.rows1, self.rows2 = rows1, rows2
        has_zeros = rows1.has_zero_variance or rows2.has_zero_variance
        self.staged: StagedProgram | None = None
        if program.has_host_ops:
            self.staged = StagedProgram(program, dtype, has_zeros=has_zeros)
            self._state = np.empty(program.n_slots * tile[0] * tile[1], dtype)
            self._panel = self.staged.new_panel()
        else:
            self.compiled = CompiledProgram.compile(program, dtype, has_zeros=has_zeros)
            self._panel = self.compiled.new_panel()
        steepness = max(rows1.steepness, rows2.steepness)
        self.is_steep = steepness > STEEP[dtype]
        limit = STEEP_NEAR_LIMIT if self.is_steep else NEAR_LIMIT
        self.limit = dtype.type(limit[dtype])
        self._blocks = np.empty((len(program.get), tile[0] * tile[1]), dtype)
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
        size = shape[0] * shape[1]
        blocks = [b[:size].reshape(shape) for b in self._blocks[:2]]
        n_more = len(self._blocks) - 2
        more = None
        if n_more > 0:  # outputs at taps, one below the other
            flat = self._blocks[2:].reshape(-1)[: n_more * size]
            more = flat.reshape(n_more * shape[0], shape[1])
            blocks += np.split(more, n_more)
        tables1 = self.rows1.tables(rows, self.program)
        tables2 = self.rows2.tables(cols, self.program)
        if self.staged is not None:
            n_slots = self.program.n_slots
            state = self._state[: n_slots * shape[0] * shape[1]].reshape(-1, *shape)
            state[1:] = 0.0
            self._similarity(state[0], rows, cols, False)
            self.staged.run(state, tables1, tables2, self._panel)
            self.staged.store(state, blocks, tables1, tables2)
            return tuple(blocks)
        self._similarity(blocks[0], rows, cols, is_diagonal)
        run_tile(
            self.compiled,
            blocks,
            tables1,
            tables2,
            more=more,
            panel=self._panel,
            is_lower=is_diagonal,
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
            limit = STEEP_EXACT_LIMIT[block.dtype]
            refine_pairs(block, self.rows1.raw, self.rows2.raw, rows, cols, limit)

    def _sparse_similarity(self, block: AnyArray, rows: slice, cols: slice) -> None:
        """Do what `_similarity` does where one side or both are sparse."""
        side1, side2 = self.rows1, self.rows2
        sparse_correlations(block, side1.unit, side2.unit, rows, cols)
        if complement_rows(block, self.limit, False):
            refine_pairs(block, side1.raw, side2.raw, rows, cols, self.limit)
