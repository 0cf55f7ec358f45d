"""Products of a kernel matrix with columns on the device; the matrix is never held."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.backends.cuda.launch import Launcher, Target
from fastntk.backends.cuda.memory import (
    empty,
    is_out_of_memory,
    on_device,
    refuse_memory,
    to_device,
)
from fastntk.backends.cuda.products import as_stream, cupy_module
from fastntk.backends.cuda.rows import CudaRows
from fastntk.kernels.cuda.target import configured, cuda, fixed, is_simulated
from fastntk.program import Program

__all__ = ["Products"]

SIDE = 8192  # of blocks: 256 MiB in float32, so that launches are a small part
MIN_SIDE = 256
HEADROOM = 14  # 2^-14: sums along a block stay below its largest entry
Block = tuple[slice, slice]


class Products:
    """``K X`` and ``K^T X``, block by block; only columns and sums leave the device.

    Parameters
    ----------
    program : Program
        Of one kernel: that of the rows, or its collapsed form.
    rows1, rows2 : CudaRows
        Both sides; the same object for a symmetric matrix.
    side : int
        Most rows and columns of a block.

    Notes
    -----
    Blocks below the diagonal of a symmetric matrix are computed once and used for both
    halves. One stream, one order: results are reproducible to the last bit. Within a
    block, CuPy's product sums in the compute dtype; sums of blocks are float64. Kernels
    and memory of a block are kept for the next product; products at the same time take
    turns.
    """

    def __init__(
        self, program: Program, rows1: CudaRows, rows2: CudaRows, *, side: int = SIDE
    ) -> None:
        self._sides = (program, rows1, rows2)
        self._side = side
        self._lock = threading.Lock()
        self._room: _Room | None = None

    def __call__(
        self,
        x: FloatArray,
        *,
        is_transposed: bool = False,
        done: Callable[[int], None] | None = None,
    ) -> FloatArray:
        """Return a product.

        Parameters
        ----------
        x : ndarray of shape (n2, columns), or (n1, columns)
            Real.
        is_transposed : bool
            Multiply with the transpose.
        done : callable, optional
            Told the entries of every block that was launched.

        Returns
        -------
        ndarray of shape (n1, columns), or (n2, columns)
            float64.

        Raises
        ------
        MemoryBudgetError
            If the device has no room for a block of 256 x 256 and one column.
        """
        with self._lock, on_device(self._sides[1].device):
            return self._multiply(x, is_transposed, done)

    def _multiply(
        self, x: FloatArray, is_transposed: bool, done: Callable[[int], None] | None
    ) -> FloatArray:
        """Multiply; where memory is short, by smaller blocks, then fewer columns."""
        while True:
            try:
                if self._room is None:
                    self._room = _Room(*self._sides, self._side)
                return self._room.multiply(x, is_transposed, done)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            self._room = None
            if self._side > MIN_SIDE:
                self._side //= 2
            elif x.shape[1] > 1:
                half = x.shape[1] // 2
                parts = (x[:, :half], x[:, half:])
                return np.hstack(
                    [self._multiply(p, is_transposed, None) for p in parts]
                )
            else:
                rows = self._sides[1]
                needed = 2 * self._side**2 * rows.dtype.itemsize + 24 * rows.n
                refuse_memory(needed, f"a product by blocks of {self._side} rows")


class _Room:
    """Kernels and memory for the blocks of products."""

    def __init__(
        self, program: Program, rows1: CudaRows, rows2: CudaRows, side: int
    ) -> None:
        self.rows1, self.rows2 = rows1, rows2
        self.is_symmetric = rows1 is rows2
        self.shape = (min(side, rows1.n), min(side, rows2.n))
        self.launcher = Launcher(program, rows1, rows2, self.shape)
        self.diagonal_launcher = self.launcher
        if self.is_symmetric:
            room = self.launcher.block
            self.diagonal_launcher = Launcher(
                program, rows1, rows2, self.shape, is_mirrored=True, block=room
            )
        self.block = empty(self.shape[0] * self.shape[1], rows1.dtype)
        self.stream = cuda().stream()
        self.diagonals: list[Any] | None = None
        if self.is_symmetric:
            (name,) = program.get
            self.diagonals = [to_device(rows1.diagonal(name).astype(rows1.dtype))]

    def multiply(
        self, x: FloatArray, is_transposed: bool, done: Callable[[int], None] | None
    ) -> FloatArray:
        """Walk the blocks; columns and sums are let go when the device is done."""
        try:
            return self._walk(x, is_transposed, done)
        finally:
            self.stream.synchronize()

    def _walk(
        self, x: FloatArray, is_transposed: bool, done: Callable[[int], None] | None
    ) -> FloatArray:
        is_turned = is_transposed and not self.is_symmetric
        n_out = self.rows2.n if is_turned else self.rows1.n
        sums = _Sums(x, n_out, self.block, self.rows1.dtype, self.stream)
        for rows, cols in self._blocks():
            is_diagonal = self.is_symmetric and rows == cols
            launcher = self.diagonal_launcher if is_diagonal else self.launcher
            diagonals = self.diagonals if is_diagonal else None
            target = Target([self.block], cols.stop - cols.start, diagonals)
            launcher.run(rows, cols, target, self.stream, is_lower=is_diagonal)
            if not is_turned:
                sums.add((rows, cols), is_turned=False)
            is_mirrored = self.is_symmetric and not is_diagonal
            if is_turned or is_mirrored:
                sums.add((rows, cols), is_turned=True)
            if done is not None:
                count = (rows.stop - rows.start) * (cols.stop - cols.start)
                done(count * (2 if is_mirrored else 1))
        return sums.result()

    def _blocks(self) -> Iterator[Block]:
        """Yield the blocks of the matrix, or of its lower triangle."""
        for i in range(0, self.rows1.n, self.shape[0]):
            rows = slice(i, min(i + self.shape[0], self.rows1.n))
            stop = i + 1 if self.is_symmetric else self.rows2.n
            for j in range(0, stop, self.shape[1]):
                yield rows, slice(j, min(j + self.shape[1], self.rows2.n))


class _Sums:
    """Columns on the device, and the sums of their products.

    CuPy's views of all memory are made once: making one waits for the stream.
    """

    def __init__(
        self, x: FloatArray, n_out: int, block: Any, dtype: np.dtype[Any], stream: Any
    ) -> None:
        self.n_columns = c = int(x.shape[1])
        self.n_out, self.stream, self.block = n_out, stream, block
        self.scales = _scales(x) if dtype == np.float32 else np.ones(c)
        self.cupy = cupy_module()
        kind = np.dtype(np.float64) if self.cupy is None else dtype
        values = np.divide(x, self.scales, dtype=np.float64)
        # kept: the device may read them after the call
        self._columns = np.ascontiguousarray(values, kind).reshape(-1)
        self.v = to_device(self._columns, stream)
        if self.cupy is None:
            self._zeros = np.zeros(n_out * c)
            self.out = to_device(self._zeros, stream)
            return
        self.out = empty(n_out * c, np.float64)
        with as_stream(self.cupy, stream):
            self.flat = self.cupy.asarray(block)
            self.columns = self.cupy.asarray(self.v).reshape(-1, c)
            self.goal = self.cupy.asarray(self.out).reshape(n_out, c)
            self.goal.fill(0.0)

    def add(self, place: Block, *, is_turned: bool) -> None:
        """Add the product of the block, or of its transpose."""
        n1, n2 = (part.stop - part.start for part in place)
        goal, source = place[::-1] if is_turned else place
        if self.cupy is not None:
            with as_stream(self.cupy, self.stream):
                block = self.flat[: n1 * n2].reshape(n1, n2)
                product = (block.T if is_turned else block) @ self.columns[source]
                sums = self.goal[goal]  # a view: += on an item would copy it once more
                sums += product
            return
        from fastntk.kernels.cuda.fixed import multiply_block

        c, threads = self.n_columns, 4 if is_simulated() else 128
        out = self.out[goal.start * c : goal.stop * c]
        v = self.v[source.start * c : source.stop * c]
        grid = -(-(goal.stop - goal.start) * c // threads)
        launch = configured(fixed(multiply_block), grid, threads, self.stream)
        launch(self.block, v, out, n1, n2, c, int(is_turned))

    def result(self) -> FloatArray:
        """Return the sums in host memory."""
        found = self.out.copy_to_host(stream=self.stream)
        self.stream.synchronize()
        values: FloatArray = found.reshape(self.n_out, self.n_columns) * self.scales
        return values


def _scales(x: FloatArray) -> FloatArray:
    """Return a power of two for every column, above its largest entry."""
    with np.errstate(invalid="ignore"):
        largest = np.abs(x).max(axis=0, initial=0).astype(np.float64)
    is_usable = np.isfinite(largest) & (largest > 0)
    exponents = np.frexp(np.where(is_usable, largest, 1.0))[1] + HEADROOM
    scales: FloatArray = np.ldexp(1.0, np.clip(exponents, -1000, 1000))
    return scales
