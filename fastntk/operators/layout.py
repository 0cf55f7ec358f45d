"""How an operator shares its memory: tile side, threads, columns, tiles kept.

The side depends on the matrix and the budget alone, never on the threads: the sums of
a product are then the same for every number of threads. Where memory is short, first
fewer threads run, then tiles become smaller.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from fastntk._errors import MemoryBudgetError
from fastntk.kernels.vector.chosen import GROUP_ROWS, panel_width
from fastntk.operators.product_sink import product_bytes
from fastntk.operators.vectors import MAX_COLUMNS
from fastntk.tiling.plan import MAX_SIDE, TilePlan, plan_tiles
from fastntk.tiling.setup import SPARSE_TILES, Setup

__all__ = ["Layout", "choose_layout"]

FAIR_TILES = 16  # of a small matrix: enough for some threads to end together


@dataclasses.dataclass(frozen=True)
class Layout:
    """What `choose_layout` found.

    Attributes
    ----------
    plan : TilePlan
        The tiles.
    threads : int
        Workers that fit, at most those asked for.
    budget : int or None
        Bytes for products and kept tiles, beside inputs and workers; None: no limit.
    dtype : numpy dtype
        Of the tiles.
    """

    plan: TilePlan
    threads: int
    budget: int | None
    dtype: np.dtype[Any]

    def product_bytes(self, n_columns: int) -> int:
        """Return the bytes that a product of some columns takes."""
        return product_bytes(
            max(self.plan.shape),
            n_columns,
            max(self.plan.side),
            self.threads,
            self.dtype,
        )

    def columns(self) -> int:
        """Return how many columns one walk may multiply: as many as fit."""
        if self.budget is None:
            return MAX_COLUMNS
        width = panel_width(self.dtype)
        panels = range(MAX_COLUMNS, 0, -width)
        groups = range(width - GROUP_ROWS, 0, -GROUP_ROWS)
        for n in (*panels, *groups):
            if self.product_bytes(n) <= self.budget:
                return int(n)
        return 1

    def spare(self, n_columns: int) -> int | None:
        """Return the bytes left for kept tiles beside a product of some columns."""
        if self.budget is None:
            return None
        return max(0, self.budget - self.product_bytes(n_columns))


def choose_layout(setup: Setup) -> Layout:
    """Choose tile side and threads within the budget of a setup.

    Raises
    ------
    MemoryBudgetError
        If not even one thread with the smallest tiles fits.
    """
    step = setup.backend.tile_step(setup.dtype)
    entries = setup.shape[0] * setup.shape[1] // (1 + (setup.x2 is None))
    fair = math.isqrt(max(1, entries // FAIR_TILES)) // 64 * 64
    side, threads = min(MAX_SIDE, max(64, fair)), setup.threads
    if setup.budget is not None:
        while threads > 1 and _needed(setup, side, threads) > setup.budget:
            threads -= 1
        while side > step and _needed(setup, side, threads) > setup.budget:
            side = max(step, (side - 1) // step * step)
        needed = _needed(setup, side, threads)
        if needed > setup.budget:
            raise MemoryBudgetError(
                f"max_memory is {setup.budget:,} bytes; an operator of shape "
                f"{setup.shape} needs at least {needed:,}: {setup.input_bytes:,} for a "
                "copy of the inputs, the rest to multiply with one vector. Raise "
                "max_memory"
            )
    plan = plan_tiles(
        setup.shape,
        is_symmetric=setup.x2 is None,
        itemsize=setup.dtype.itemsize,
        n_kernels=1,
        threads=threads,
        side=side,
    )
    budget = None
    if setup.budget is not None:
        budget = setup.budget - setup.input_bytes - _worker_bytes(setup, side, threads)
    return Layout(plan, threads, budget, setup.dtype)


def _needed(setup: Setup, side: int, threads: int) -> int:
    """Return the bytes of inputs, workers and the narrowest product."""
    product = product_bytes(max(setup.shape), 1, side, threads, setup.dtype)
    return setup.input_bytes + _worker_bytes(setup, side, threads) + product


def _worker_bytes(setup: Setup, side: int, threads: int) -> int:
    """Return the bytes of tiles that threads work in."""
    entries = min(side, setup.shape[0]) * min(side, setup.shape[1])
    tiles = 2 + SPARSE_TILES * setup.is_sparse  # one from the disk
    return threads * tiles * entries * setup.dtype.itemsize
