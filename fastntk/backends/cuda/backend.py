"""The CUDA backend: tiles of a matrix in host memory, computed on a GPU.

A worker of the walk is a stream: while one copies its tile to pinned host memory and
the sink takes it from there, the others compute. Products with columns stay on the
device (`fastntk.backends.cuda.multiply`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastntk._errors import NotSupportedError
from fastntk._typing import AnyArray, InputMatrix
from fastntk.backends.base import Worker
from fastntk.backends.cpu.backend import CpuBackend
from fastntk.backends.cuda.info import describe, why_unusable
from fastntk.backends.cuda.launch import Launcher, Target
from fastntk.backends.cuda.memory import (
    current_device,
    empty,
    is_out_of_memory,
    on_device,
    pinned,
    refuse_memory,
)
from fastntk.backends.cuda.multiply import Products
from fastntk.backends.cuda.rows import CudaRows
from fastntk.kernels.cuda.target import cuda, is_simulated, require_cuda
from fastntk.program import Program
from fastntk.program.collapse import Collapsed

__all__ = ["CudaBackend", "CudaWorker", "describe", "why_unusable"]

MAX_SIDE = 4096  # of tiles: 64 MiB in float32
MIN_SIDE = 256  # below it a launch costs more than its pairs
WORKERS = 3  # one computes, one copies, one is read by the sink
MAX_SERIES = 128  # coefficients that a kernel takes as arguments
CPU_OPS = ("host", "numerical")  # Python functions


class CudaBackend:
    """Runs programs on a CUDA device, or on Numba's simulator.

    The device is the one that was current when the backend was made, also in threads
    and in later calls.
    """

    name = "cuda"
    max_side = MAX_SIDE

    def __init__(self) -> None:
        require_cuda()
        self._cpu = CpuBackend()
        self._device = current_device()

    def prepare(
        self,
        program: Program,
        x: InputMatrix,
        dtype: np.dtype[Any],
        *,
        is_sparse: bool = False,
    ) -> CudaRows:
        """Copy the rows to the device, normalise them, and run the variance pass."""
        check_program(program)
        with on_device(self._device):
            return CudaRows(program, x, dtype)

    def suits(self, program: Program, sides: Sequence[InputMatrix]) -> bool:
        """Return whether "auto" may run a program here.

        Not if it stops for Python functions or has outputs at taps, nor with sparse
        rows, which would become dense.
        """
        is_dense = all(isinstance(x, np.ndarray) for x in sides)
        is_compiled = not any(op.name in CPU_OPS for op in program.ops)
        return is_dense and is_compiled and not program.taps

    def side_bytes(
        self,
        program: Program,
        x: InputMatrix,
        dtype: np.dtype[Any],
        *,
        is_sparse: bool,
        threads: int,
    ) -> int:
        """Return the bytes of host memory that one side takes."""
        n = int(x.shape[0])
        tables = (8 + dtype.itemsize) * program.n_tables * n
        return 8 * n * (1 + len(program.get)) + tables

    def specialise(
        self, program: Program, sides: Sequence[InputMatrix], dtype: np.dtype[Any]
    ) -> Program:
        """Choose the coefficients of numerical activations for these rows."""
        return self._cpu.specialise(program, sides, dtype)

    def tile_step(self, dtype: np.dtype[Any]) -> int:
        """Return what tile sides are whole multiples of."""
        return 1 if is_simulated() else 64

    def workers(self, threads: int) -> int:
        """Return the number of workers, each with a stream and buffers."""
        return min(threads, WORKERS)

    def optimise(self, program: Program, rows1: CudaRows, rows2: CudaRows) -> Program:
        """Return a cheaper program with the same result, if there is one."""
        found = self._cpu.optimise(program, rows1, rows2)
        is_long = sum(len(op.coefs) for op in found.ops) > MAX_SERIES
        return program if isinstance(found, Collapsed) and is_long else found

    def worker(
        self, program: Program, rows1: CudaRows, rows2: CudaRows, tile: tuple[int, int]
    ) -> Worker:
        """Return the workspace of one stream."""
        with on_device(self._device):
            return CudaWorker(program, rows1, rows2, tile)

    def products(self, program: Program, rows1: CudaRows, rows2: CudaRows) -> Products:
        """Return what multiplies the kernel matrix with columns, on the device."""
        return Products(program, rows1, rows2)


def check_program(program: Program) -> None:
    """Refuse programs that stop for Python functions, or have outputs at taps.

    Raises
    ------
    NotSupportedError
        With the layer.
    """
    if program.taps:
        raise NotSupportedError(
            f"outputs: found {', '.join(repr(name) for name, _ in program.taps)} and "
            "backend='cuda'; kernels at taps are computed on the CPU only. Use "
            "backend='cpu', with rows in host memory"
        )
    for op in program.ops:
        if op.name in CPU_OPS:
            raise NotSupportedError(
                f"{op.layer}: its kernel is a Python function, which runs on the CPU "
                "only; found backend='cuda'. Use backend='cpu'"
            )


class CudaWorker:
    """Workspace of one stream: device and pinned memory for a tile of each kernel.

    If the device has no room for a whole tile, it is computed in smaller blocks.

    Parameters
    ----------
    program : Program
        What to run: that of the rows, or its collapsed form.
    rows1, rows2 : CudaRows
        Both sides; the same object for a symmetric Gram matrix.
    tile : tuple of int
        Largest tile shape.
    """

    def __init__(
        self, program: Program, rows1: CudaRows, rows2: CudaRows, tile: tuple[int, int]
    ) -> None:
        self.dtype = rows1.dtype
        self._device = rows1.device  # run() is in a thread
        self.stream = cuda().stream()
        self.side = self._allocate(program, rows1, rows2, tile)
        n_kernels = len(program.get)
        self._host = [pinned(tile[0] * tile[1], self.dtype) for _ in range(n_kernels)]
        self._part: AnyArray | None = None
        if self.side != tile:
            self._part = pinned(self.side[0] * self.side[1], self.dtype)

    def _allocate(
        self, program: Program, rows1: CudaRows, rows2: CudaRows, tile: tuple[int, int]
    ) -> tuple[int, int]:
        """Take device memory for a tile, or for the largest part that fits."""
        side = tile
        n_blocks = len(program.get)
        while True:
            self._launcher: Any = None  # what a larger tile took is free again
            self._outs: list[Any] = []
            try:
                self._launcher = Launcher(program, rows1, rows2, side)
                self._outs = [
                    empty(side[0] * side[1], self.dtype) for _ in range(n_blocks)
                ]
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            else:
                return side
            if max(side) <= MIN_SIDE:
                needed = (n_blocks + 1) * side[0] * side[1] * self.dtype.itemsize
                refuse_memory(needed, f"a tile of {side[0]} x {side[1]}")
            side = (-(-side[0] // 2), -(-side[1] // 2))

    def run(
        self, rows: slice, cols: slice, *, is_diagonal: bool = False
    ) -> tuple[AnyArray, ...]:
        """Return one finished tile per kernel, valid until the next call."""
        with on_device(self._device):
            return self._run(rows, cols, is_diagonal)

    def _run(self, rows: slice, cols: slice, is_diagonal: bool) -> tuple[AnyArray, ...]:
        n1, n2 = rows.stop - rows.start, cols.stop - cols.start
        blocks = [values[: n1 * n2].reshape(n1, n2) for values in self._host]
        for i in range(0, n1, self.side[0]):
            for j in range(0, n2, self.side[1]):
                part1 = slice(
                    rows.start + i, min(rows.start + i + self.side[0], rows.stop)
                )
                part2 = slice(
                    cols.start + j, min(cols.start + j + self.side[1], cols.stop)
                )
                if not (is_diagonal and part2.start >= part1.stop):
                    self._run_part(part1, part2, blocks, (i, j), is_diagonal)
        return tuple(blocks)

    def _run_part(
        self,
        rows: slice,
        cols: slice,
        blocks: list[AnyArray],
        place: tuple[int, int],
        is_lower: bool,
    ) -> None:
        """Compute a block, and copy it to its place in the tile."""
        n1, n2 = rows.stop - rows.start, cols.stop - cols.start
        target = Target(self._outs, n2)
        self._launcher.run(rows, cols, target, self.stream, is_lower=is_lower)
        for out, block in zip(self._outs, blocks, strict=True):
            is_whole = (n1, n2) == block.shape
            host = block.reshape(-1) if is_whole else self._part
            assert host is not None
            out[: n1 * n2].copy_to_host(host[: n1 * n2], stream=self.stream)
            if not is_whole:
                self.stream.synchronize()
                i, j = place
                block[i : i + n1, j : j + n2] = host[: n1 * n2].reshape(n1, n2)
        self.stream.synchronize()
