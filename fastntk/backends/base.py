"""What the tile driver needs of a backend: interfaces, and nothing that has them."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from fastntk._typing import AnyArray, InputMatrix
from fastntk.program import Program

__all__ = ["Backend", "Worker"]


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
