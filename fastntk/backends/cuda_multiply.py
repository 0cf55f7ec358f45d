"""Products of a kernel matrix with columns on the device; the matrix is never held."""

from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.backends.cuda_launch import Launcher, Target
from fastntk.backends.cuda_memory import (
    empty,
    is_out_of_memory,
    refuse_memory,
    to_device,
)
from fastntk.backends.cuda_products import as_stream, cupy_module
from fastntk.backends.cuda_rows import CudaRows
from fastntk.kernels.cuda_target import configured, cuda, fixed, is_simulated
from fastntk.program import Program

__all__ = ["multiply"]

SIDE = 4096  # of blocks
MIN_SIDE = 256


def multiply(
    program: Program,
    rows1: CudaRows,
    rows2: CudaRows,
    x: FloatArray,
    *,
    is_transposed: bool = False,
    side: int = SIDE,
) -> FloatArray:
    """Return ``K X`` (or ``K^T X``).

    Parameters
    ----------
    program : Program
        Of one kernel: that of the rows, or its collapsed form.
    rows1, rows2 : CudaRows
        Both sides; the same object for a symmetric matrix.
    x : ndarray of shape (n2, columns), or (n1, columns)
        float64.
    is_transposed : bool
        Multiply with the transpose.
    side : int
        Most rows and columns of a block.

    Returns
    -------
    ndarray of shape (n1, columns), or (n2, columns)
        float64.

    Raises
    ------
    MemoryBudgetError
        If the device has no room for a block of 256 x 256.

    Notes
    -----
    Blocks below the diagonal of a symmetric matrix are computed once and used for both
    halves. One stream, one order: results are reproducible to the last bit. Within a
    block, CuPy's product sums in the compute dtype; sums of blocks are float64.
    """
    while True:
        try:
            return _Products(program, rows1, rows2, x, is_transposed, side).run()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        if side <= MIN_SIDE:
            refuse_memory(2 * side**2 * rows1.dtype.itemsize, f"a block of {side} rows")
        side //= 2


class _Products:
    """One product."""

    def __init__(
        self,
        program: Program,
        rows1: CudaRows,
        rows2: CudaRows,
        x: FloatArray,
        is_transposed: bool,
        side: int,
    ) -> None:
        self.rows1, self.rows2 = rows1, rows2
        self.is_symmetric = rows1 is rows2
        self.is_transposed = is_transposed and not self.is_symmetric
        self.shape = (min(side, rows1.n), min(side, rows2.n))
        self.n_columns = int(x.shape[1])
        self.n_out = rows2.n if self.is_transposed else rows1.n
        self.launcher = Launcher(program, rows1, rows2, self.shape)
        self.diagonal_launcher = self.launcher
        if self.is_symmetric:
            room = self.launcher.block
            self.diagonal_launcher = Launcher(
                program, rows1, rows2, self.shape, is_mirrored=True, block=room
            )
        self.block = empty(self.shape[0] * self.shape[1], rows1.dtype)
        self.stream = cuda().stream()
        zeros = np.zeros(self.n_out * self.n_columns)
        self.out = to_device(zeros, self.stream)
        values = np.ascontiguousarray(x, np.float64).reshape(-1)
        self.v = to_device(values, self.stream)
        self.diagonals: list[Any] | None = None
        if self.is_symmetric:
            (name,) = program.get
            exact = rows1.diagonal(name).astype(rows1.dtype)
            self.diagonals = [to_device(exact, self.stream)]
        self.cupy = cupy_module()
        if self.cupy is not None:
            with as_stream(self.cupy, self.stream):
                self.narrow = self.cupy.asarray(self.v).astype(rows1.dtype)

    def run(self) -> FloatArray:
        """Walk the blocks."""
        for i in range(0, self.rows1.n, self.shape[0]):
            rows = slice(i, min(i + self.shape[0], self.rows1.n))
            stop = i + 1 if self.is_symmetric else self.rows2.n
            for j in range(0, stop, self.shape[1]):
                cols = slice(j, min(j + self.shape[1], self.rows2.n))
                self._block(rows, cols)
        result = self.out.copy_to_host(stream=self.stream)
        self.stream.synchronize()
        values: FloatArray = result.reshape(self.n_out, self.n_columns)
        return values

    def _block(self, rows: slice, cols: slice) -> None:
        """Compute a block, and add its products."""
        n2 = cols.stop - cols.start
        is_diagonal = self.is_symmetric and rows == cols
        target = Target([self.block], n2, self.diagonals if is_diagonal else None)
        launcher = self.diagonal_launcher if is_diagonal else self.launcher
        launcher.run(rows, cols, target, self.stream, is_lower=is_diagonal)
        if self.is_transposed:
            self._add(rows, cols, rows, cols, True)
            return
        self._add(rows, cols, cols, rows, False)
        if self.is_symmetric and not is_diagonal:
            self._add(rows, cols, rows, cols, True)

    def _add(
        self, rows: slice, cols: slice, source: slice, goal: slice, is_turned: bool
    ) -> None:
        """Add the product of the block, or of its transpose."""
        n1, n2, c = rows.stop - rows.start, cols.stop - cols.start, self.n_columns
        out = self.out[goal.start * c : goal.stop * c]
        if self.cupy is not None:
            with as_stream(self.cupy, self.stream):
                block = self.cupy.asarray(self.block)[: n1 * n2].reshape(n1, n2)
                v = self.narrow[source.start * c : source.stop * c].reshape(-1, c)
                goal_ = self.cupy.asarray(out).reshape(-1, c)
                goal_ += (block.T if is_turned else block) @ v
            return
        from fastntk.kernels.cuda_fixed import multiply_block

        threads = 4 if is_simulated() else 128
        v = self.v[source.start * c : source.stop * c]
        grid = -(-(goal.stop - goal.start) * c // threads)
        launch = configured(fixed(multiply_block), grid, threads, self.stream)
        launch(self.block, v, out, n1, n2, c, int(is_turned))
