"""What the tile driver needs of a backend."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import AnyArray, InputMatrix
from fastntk.program import Program

__all__ = ["Backend", "Worker", "get_backend"]

CUDA_ENTRIES = 100_000_000  # of a matrix from which "auto" looks for a GPU


class Worker(Protocol):
    """Workspace of one thread."""

    def run(
        self, rows: slice, cols: slice, *, is_diagonal: bool = False
    ) -> tuple[AnyArray, ...]:
        """Return one finished tile per kernel, valid until the next call."""
        ...


class Backend(Protocol):
    """Runs a program on tiles."""

    name: str

    def prepare(
        self,
        program: Program,
        x: InputMatrix,
        dtype: np.dtype[Any],
        *,
        is_sparse: bool = False,
    ) -> Any:
        """Return one side: unit rows, and row tables and diagonals of any block."""
        ...

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
        ...

    def specialise(
        self,
        program: Program,
        sides: Sequence[InputMatrix],
        dtype: np.dtype[Any],
    ) -> Program:
        """Return the program with coefficients for these rows."""
        ...

    def tile_step(self, dtype: np.dtype[Any]) -> int:
        """Return what the sides of tiles must be whole multiples of."""
        ...

    def optimise(self, program: Program, rows1: Any, rows2: Any) -> Program:
        """Return a cheaper program with the same result for these rows, if any."""
        ...

    def worker(
        self, program: Program, rows1: Any, rows2: Any, tile: tuple[int, int]
    ) -> Worker:
        """Return a workspace for tiles of at most this shape."""
        ...


def get_backend(name: str, entries: int = 0) -> Backend:
    """Return a backend by name.

    Parameters
    ----------
    name : {"auto", "cpu", "cuda"}
        "auto" is the CPU, or CUDA where a GPU can be used and the matrix is large.
    entries : int, default=0
        Entries of the matrix, for "auto".

    Raises
    ------
    NotSupportedError
        For "cuda" where no GPU can be used; the message says why.
    InputError
        For any other name.
    """
    if name == "auto":
        name = "cuda" if entries >= CUDA_ENTRIES and _has_cuda() else "cpu"
    if name == "cpu":
        from fastntk.backends.cpu.backend import CpuBackend

        return CpuBackend()
    if name == "cuda":
        from fastntk.backends.cuda.backend import CudaBackend

        return CudaBackend()
    raise InputError(f"backend is {name!r}; expected 'auto', 'cpu' or 'cuda'")


def _has_cuda() -> bool:
    """Return whether a GPU can be used; the simulator is never chosen."""
    if not os.path.exists("/dev/nvidiactl"):
        return False
    from fastntk.backends.cuda.info import why_unusable
    from fastntk.kernels.cuda.target import is_simulated

    return why_unusable() is None and not is_simulated()
