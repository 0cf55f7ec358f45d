"""One side of a Gram matrix on the device: unit rows, row tables, raw rows."""

from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import AnyArray, FloatArray, InputMatrix
from fastntk.backends.cpu.blocks import BLOCK_ROWS, CONVERT_BYTES, floats, row_pieces
from fastntk.backends.cpu.rows import CpuRows
from fastntk.backends.cuda.memory import (
    current_device,
    empty,
    is_out_of_memory,
    refuse_memory,
    to_device,
)
from fastntk.kernels.cuda import target as cuda_target
from fastntk.program import Program
from fastntk.program.collapse import Collapsed

__all__ = ["CudaRows"]

SIMULATED_LANES = 2


class CudaRows(CpuRows):
    """Rows of one side, ready for kernels.

    The mean squares are computed on the device, in float64; the recursion on them is
    that of the CPU, O(n), and its tables are copied to the device.

    Parameters
    ----------
    program, x, dtype
        As for `CpuRows`; ``x`` may also be a device array
        (`fastntk.backends.cuda.arrays`).

    Attributes
    ----------
    unit : device array
        Unit rows in the compute dtype, flat, one after the other.
    device : int or None
        Number of the device that holds them.
    """

    def __init__(
        self,
        program: Program,
        x: Any,
        dtype: np.dtype[Any],
        *,
        is_sparse: bool = False,
    ) -> None:
        self._on_device: dict[Any, tuple[Program, Any, int]] = {}
        self._raw_on_device: Any = None
        self.device = current_device()
        try:
            super().__init__(program, x, dtype, is_sparse=False)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            refuse_memory(self.device_bytes(program), f"one side of {x.shape[0]} rows")

    def device_bytes(self, program: Program) -> int:
        """Return the device memory that this side takes."""
        per_row = self.n_features + program.n_tables
        return int(self.n * (per_row * self.dtype.itemsize + 8))

    # --- what CpuRows does with the inputs ----------------------------------------

    def _unit_dense(self, x: Any, width: int) -> Any:
        return self._normalised(x)

    def _unit_sparse(self, x: Any) -> Any:
        return self._normalised(x)

    def _normalised(self, x: Any) -> Any:
        """Return unit rows on the device, and take the mean squares from there."""
        n, d = x.shape
        unit, variance = empty(n * d, self.dtype), empty(n, np.float64)
        if is_device_matrix(x):
            self._launch(x, unit, variance)
        else:
            for part in row_pieces(x, slice(0, n), CONVERT_BYTES):
                rows: Any = x[part]
                values = floats(rows if isinstance(x, np.ndarray) else rows.toarray())
                goal = unit[part.start * d : part.stop * d]
                self._launch(to_device(values), goal, variance[part.start : part.stop])
        self.variance[:] = variance.copy_to_host()
        return unit

    def _launch(self, x: Any, unit: Any, variance: Any) -> None:
        from fastntk.kernels.cuda.fixed import LANES, unit_rows

        n, d = x.shape
        lanes = SIMULATED_LANES
        if not cuda_target.is_simulated():
            lanes = 32
            while lanes < min(d, LANES):
                lanes *= 2
        kernel = cuda_target.fixed(unit_rows)
        cuda_target.configured(kernel, n, lanes)(x, unit, variance)

    def _check_variance(self) -> None:
        """Refuse NaN and infinity in rows of the device, which nobody has looked at."""
        if is_device_matrix(self.raw):
            for i in np.flatnonzero(~np.isfinite(self.variance)):
                row = self._entries(int(i))
                where = np.flatnonzero(~np.isfinite(row))
                if where.size:
                    column = int(where[0])
                    raise InputError(
                        f"x: found {row[column]} in row {i}, column {column} of an "
                        "array on the device; expected finite numbers. Drop or repair "
                        "the row"
                    )
        super()._check_variance()

    def _entries(self, i: int) -> FloatArray:
        if not is_device_matrix(self.raw):
            return super()._entries(i)
        return floats(self.raw[i : i + 1].copy_to_host()[0])

    # --- what kernels read --------------------------------------------------------

    def device_tables(self, program: Program, used: tuple[int, ...]) -> tuple[Any, int]:
        """Return some row tables of a program on the device, flat, and their stride."""
        key = (id(program), used)
        if key not in self._on_device:
            flat, stride = self._host_tables(program)
            chosen = flat.reshape(-1, stride)[list(used)].reshape(-1)
            tables = to_device(chosen) if used else empty(1, self.dtype)
            self._on_device[key] = (program, tables, stride)
        _, tables, stride = self._on_device[key]
        return tables, stride

    def _host_tables(self, program: Program) -> tuple[AnyArray, int]:
        everything = slice(0, self.n)
        if isinstance(program, Collapsed) or self._keeps_tables:
            return super().tables(everything, program)
        tables = np.empty((program.n_tables, self.n), self.dtype)
        for start in range(0, self.n, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, self.n)
            tables[:, start:stop] = self._pass(start, stop, None)
        return tables.reshape(-1), self.n

    def device_raw(self) -> Any:
        """Return the rows as given on the device, shape (n, d); copied once."""
        if is_device_matrix(self.raw):
            return self.raw
        if self._raw_on_device is None:
            rows: Any = self.raw
            values = floats(rows if isinstance(rows, np.ndarray) else rows.toarray())
            self._raw_on_device = to_device(values)
        return self._raw_on_device


def is_device_matrix(x: InputMatrix | Any) -> bool:
    """Return whether a matrix lies on the device already, as Numba's own array."""
    return hasattr(x, "copy_to_host")
