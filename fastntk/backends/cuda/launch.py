"""Kernels of one program, and how a block of pairs is launched on a stream."""

from typing import Any

import numpy as np

from fastntk.backends.cpu.backend import (
    NEAR_LIMIT,
    STEEP,
    STEEP_EXACT_LIMIT,
    STEEP_NEAR_LIMIT,
)
from fastntk.backends.cuda.memory import empty, numbers
from fastntk.backends.cuda.products import library_product
from fastntk.backends.cuda.rows import CudaRows
from fastntk.kernels.cuda import target as cuda_target
from fastntk.kernels.cuda.similarity import Plan
from fastntk.kernels.cuda.source import KernelSource, Step, kernel_source
from fastntk.program import Program
from fastntk.program.ops import ROW_OPS_ONLY, ZERO_ROW_OPS

__all__ = ["FUSED_FEATURES", "Launcher", "Target", "program_source"]

FUSED_FEATURES = 64  # up to here the product is part of the kernel, also beside cuBLAS
MICRO = {"float32": 4, "float64": 2}  # pairs of a thread along each side
SIMULATED = {
    "threads": 2,
    "micro": 2,
    "unrolled": 2,
}  # so that small inputs cross blocks
THREADS = 128  # of a block of kernels with one index


def program_source(
    program: Program,
    dtype: np.dtype[Any],
    source: str,
    *,
    has_zeros: bool = True,
    is_mirrored: bool = False,
    is_similarity: bool = False,
    is_simulated: bool = False,
) -> KernelSource:
    """Write the kernel of a program.

    Parameters
    ----------
    program : Program
        The steps; none of them a Python function.
    dtype : numpy dtype
        Compute dtype.
    source : {"product", "correlation", "complement"}
        What the kernel starts from.
    has_zeros : bool
        Whether some row has no variance.
    is_mirrored : bool
        Write a lower triangle with its mirror image.
    is_similarity : bool
        Stop at the complements.
    is_simulated : bool
        Write for the simulator.
    """
    shape = SIMULATED if is_simulated else {"micro": MICRO[dtype.name]}
    plan = Plan(source, is_mirrored, **shape)
    if is_similarity:
        return kernel_source(
            (),
            [(0, 0, 2)],
            dtype,
            plan,
            n_slots=1,
            n_tables=0,
            is_simulated=is_simulated,
        )
    left_out = ROW_OPS_ONLY if has_zeros else ROW_OPS_ONLY | ZERO_ROW_OPS
    steps = [
        Step(op.name, tuple(map(int, program.ints_of(op))), op.coefs)
        for op in program.ops
        if op.name not in left_out
    ]
    outputs = [program.output_of(name) for name in program.get]
    return kernel_source(
        steps,
        outputs,
        dtype,
        plan,
        n_slots=program.n_slots,
        n_tables=program.n_tables,
        is_simulated=is_simulated,
    )


class Target:
    """Device memory that a block of kernel values is written to.

    Parameters
    ----------
    outs : list of device array
        One per kernel, flat.
    stride : int
        Items from row to row.
    diagonals : list of device array, optional
        Exact diagonals, one per kernel: the matrix is symmetric, and what is below the
        diagonal is written to both sides.
    row, col : int
        Place of the block.
    """

    def __init__(
        self,
        outs: list[Any],
        stride: int,
        diagonals: list[Any] | None = None,
        row: int = 0,
        col: int = 0,
    ) -> None:
        self.outs, self.stride, self.diagonals = outs, stride, diagonals
        self.row, self.col = row, col


class Launcher:
    """Launches the kernels of a program for blocks of two sides.

    Parameters
    ----------
    program : Program
        That of the rows, or its collapsed form.
    rows1, rows2 : CudaRows
        Both sides.
    side : tuple of int
        Most rows and columns of a block.
    is_mirrored : bool
        Whether blocks below the diagonal are written to both sides.
    block : device array, optional
        Room for the similarities of a block, where they are needed: of another one.
    """

    def __init__(
        self,
        program: Program,
        rows1: CudaRows,
        rows2: CudaRows,
        side: tuple[int, int],
        *,
        is_mirrored: bool = False,
        block: Any = None,
    ) -> None:
        self.program, self.rows1, self.rows2 = program, rows1, rows2
        self.dtype = dtype = rows1.dtype
        self.is_mirrored = is_mirrored
        steepness = max(rows1.steepness, rows2.steepness)
        self.is_steep = steepness > STEEP[dtype]
        limits = STEEP_NEAR_LIMIT if self.is_steep else NEAR_LIMIT
        self.limit = dtype.type(limits[dtype])
        self.product = None
        if rows1.n_features > FUSED_FEATURES:
            self.product = library_product()
        source = "product" if self.product is None else "correlation"
        self._kernels: list[tuple[Any, KernelSource]] = []
        if self.is_steep:
            self._add(source, is_similarity=True)
            source = "complement"
        self._add(source, is_similarity=False)
        self.block = block
        is_needed = self.product is not None or self.is_steep
        if is_needed and block is None:
            self.block = empty(side[0] * side[1], dtype)
        self._nothing = empty(1, dtype)
        used = self._kernels[-1][1].tables
        self._tables = [rows.device_tables(program, used) for rows in (rows1, rows2)]
        coefs = [c for op in self._steps() for c in op.coefs]
        self._coefs = tuple(dtype.type(c) for c in coefs or [0.0])

    def _steps(self) -> list[Any]:
        left_out = ROW_OPS_ONLY if self.has_zeros else ROW_OPS_ONLY | ZERO_ROW_OPS
        return [op for op in self.program.ops if op.name not in left_out]

    @property
    def has_zeros(self) -> bool:
        """Whether some row has no variance."""
        return self.rows1.has_zero_variance or self.rows2.has_zero_variance

    def _add(self, source: str, *, is_similarity: bool) -> None:
        text = program_source(
            self.program,
            self.dtype,
            source,
            has_zeros=self.has_zeros,
            is_mirrored=self.is_mirrored and not is_similarity,
            is_similarity=is_similarity,
            is_simulated=cuda_target.is_simulated(),
        )
        self._kernels.append((cuda_target.compiled(text), text))

    def run(
        self, rows: slice, cols: slice, target: Target, stream: Any, *, is_lower: bool
    ) -> None:
        """Compute one block.

        ``is_lower``: tiles above the diagonal of the whole matrix are left out.
        """
        shape = (rows.stop - rows.start, cols.stop - cols.start)
        d = self.rows1.n_features
        units = [
            side.unit[part.start * d : part.stop * d]
            for side, part in ((self.rows1, rows), (self.rows2, cols))
        ]
        if self.product is not None:
            self.product(*units, self.block, shape, d, stream)
        if self.is_steep:
            inner = Target([self.block], shape[1])
            self._launch(0, units, rows, cols, inner, stream, is_lower)
            self._refine(rows, cols, stream, is_lower)
        self._launch(-1, units, rows, cols, target, stream, is_lower)

    def _launch(
        self,
        which: int,
        units: list[Any],
        rows: slice,
        cols: slice,
        target: Target,
        stream: Any,
        is_lower: bool,
    ) -> None:
        """Launch one of the kernels."""
        kernel, source = self._kernels[which]
        n1, n2 = rows.stop - rows.start, cols.stop - cols.start
        tables = [
            table[part.start :] if table.size > 1 else table
            for (table, _), part in zip(self._tables, (rows, cols), strict=True)
        ]
        diagonals = [self._nothing] * len(target.outs)
        if target.diagonals is not None and source.plan.is_mirrored:
            diagonals = [values[rows.start :] for values in target.diagonals]
        side = source.plan.side
        grid = (-(-n2 // side), -(-n1 // side))
        is_similarity = source.n_coefs == 1 and which == 0 and len(self._kernels) > 1
        coefs = self._coefs[:1] if is_similarity else self._coefs
        block = self._nothing if self.block is None else self.block
        threads = (source.plan.threads, source.plan.threads)
        cuda_target.configured(kernel, grid, threads, stream)(
            *units,
            block,
            *tables,
            coefs,
            self.limit,
            *_two(target.outs, self._nothing),
            *_two(diagonals, self._nothing),
            *numbers(n1, n2, self.rows1.n_features, rows.start, cols.start),
            *numbers(target.row, target.col, target.stride),
            *numbers(*(stride for _, stride in self._tables), is_lower),
        )

    def _refine(self, rows: slice, cols: slice, stream: Any, is_lower: bool) -> None:
        """Compare near pairs of a block from the rows as given."""
        from fastntk.kernels.cuda.fixed import refine_exact

        n1, n2 = rows.stop - rows.start, cols.stop - cols.start
        limit = STEEP_EXACT_LIMIT[self.dtype]
        threads = 2 if cuda_target.is_simulated() else THREADS
        grid = -(-n1 * n2 // threads)
        kernel = cuda_target.fixed(refine_exact)
        cuda_target.configured(kernel, grid, threads, stream)(
            self.block,
            self.rows1.device_raw(),
            self.rows2.device_raw(),
            limit,
            *(n1, n2, rows.start, cols.start, int(is_lower)),
        )


def _two(arrays: list[Any], nothing: Any) -> list[Any]:
    """Return two arrays: kernels have one argument per possible output."""
    return [*arrays, nothing][:2]
