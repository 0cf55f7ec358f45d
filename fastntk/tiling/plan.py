"""Which tiles a Gram matrix is cut into."""

import dataclasses
import math
from collections.abc import Iterator

from fastntk._errors import MemoryBudgetError

__all__ = ["Tile", "TilePlan", "plan_tiles"]

MAX_SIDE = 320  # tiles of 0.4 to 0.8 MiB, in the L2 cache; no power of two (cache sets)
TILES_PER_THREAD = 4  # at least, so that threads end together


@dataclasses.dataclass(frozen=True)
class Tile:
    """One block of the matrix; ``index`` is its place in the plan."""

    index: int
    rows: slice
    cols: slice
    is_symmetric: bool = False

    @property
    def is_diagonal(self) -> bool:
        """Whether it lies on the diagonal of a symmetric matrix."""
        return self.is_symmetric and self.rows == self.cols

    @property
    def n_entries(self) -> int:
        """Entries of the matrix that this tile settles, its mirror image included."""
        n: int = (self.rows.stop - self.rows.start) * (self.cols.stop - self.cols.start)
        return n if not self.is_symmetric or self.is_diagonal else 2 * n


@dataclasses.dataclass(frozen=True)
class TilePlan:
    """Square tiles over ``shape``; if symmetric, those on and below the diagonal.

    Attributes
    ----------
    shape : tuple of int
        Of the matrix.
    side : tuple of int
        Rows and columns of a full tile.
    is_symmetric : bool
        Only the lower triangle is walked.
    """

    shape: tuple[int, int]
    side: tuple[int, int]
    is_symmetric: bool

    def __len__(self) -> int:
        n_rows = math.ceil(self.shape[0] / self.side[0])
        n_cols = math.ceil(self.shape[1] / self.side[1])
        return n_rows * (n_rows + 1) // 2 if self.is_symmetric else n_rows * n_cols

    def __iter__(self) -> Iterator[Tile]:
        index = 0
        for i in range(0, self.shape[0], self.side[0]):
            stop = i + 1 if self.is_symmetric else self.shape[1]
            rows = slice(i, min(i + self.side[0], self.shape[0]))
            for j in range(0, stop, self.side[1]):
                cols = slice(j, min(j + self.side[1], self.shape[1]))
                yield Tile(index, rows, cols, self.is_symmetric)
                index += 1


def plan_tiles(
    shape: tuple[int, int],
    *,
    is_symmetric: bool,
    itemsize: int,
    n_kernels: int,
    threads: int,
    budget: int | None = None,
    step: int = 16,
    side: int | None = None,
    max_side: int = MAX_SIDE,
) -> TilePlan:
    """Choose a tile side.

    Parameters
    ----------
    shape : tuple of int
        Of the matrix.
    is_symmetric : bool
        Walk the lower triangle only.
    itemsize : int
        Bytes per entry of the compute dtype.
    n_kernels : int
        Kernels computed together; each has a tile of its own.
    threads : int
        Workers, each with tiles of its own.
    budget : int, optional
        Bytes that all workspaces together may take.
    step : int
        Sides are whole multiples of this, unless one tile covers everything.
    side : int, optional
        Take this side instead of choosing one (tests).
    max_side : int
        Largest side to choose.

    Returns
    -------
    TilePlan

    Raises
    ------
    MemoryBudgetError
        If not even the smallest tiles fit the budget.
    """
    if side is None:
        side = _best_side(shape, threads, is_symmetric, max_side)
        if budget is not None:
            side = _side_within(budget, side, itemsize * n_kernels * threads, step)
    sides = (min(side, shape[0]), min(side, shape[1]))
    return TilePlan(shape, sides, is_symmetric)


def _best_side(
    shape: tuple[int, int], threads: int, is_symmetric: bool, side: int
) -> int:
    """Return the largest side that fits the cache and keeps all threads busy."""
    entries = shape[0] * shape[1] // (2 if is_symmetric else 1)
    if threads > 1:
        fair = math.isqrt(max(1, entries // (TILES_PER_THREAD * threads)))
        side = min(side, max(64, _round_down(fair)))
    return side


def _side_within(budget: int, side: int, bytes_per_entry: int, step: int) -> int:
    possible = math.isqrt(max(0, budget) // bytes_per_entry) // step * step
    if possible == 0:
        raise MemoryBudgetError(
            f"max_memory leaves {max(0, budget):,} bytes for tiles; expected at least "
            f"{step**2 * bytes_per_entry:,}. Raise max_memory or use fewer threads"
        )
    return min(side, possible)


def _round_down(side: int) -> int:
    """Return a multiple of 64, a whole number of panels in every dtype."""
    return max(64, side // 64 * 64)
