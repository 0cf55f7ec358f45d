"""Tile plans cover the matrix, fit the budget, and keep all threads busy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastntk
from fastntk.tiling.plan import TilePlan, plan_tiles

pytestmark = pytest.mark.jit_off

SIZES = st.integers(1, 60)


@given(SIZES, SIZES, st.integers(1, 70), st.integers(1, 70))
def test_rectangular_plans_cover_every_entry_once(
    n1: int, n2: int, a: int, b: int
) -> None:
    plan = TilePlan((n1, n2), (a, b), is_symmetric=False)
    count = np.zeros((n1, n2), int)
    tiles = list(plan)
    for tile in tiles:
        count[tile.rows, tile.cols] += 1
    assert (count == 1).all()
    assert len(tiles) == len(plan)
    assert [tile.index for tile in tiles] == list(range(len(tiles)))


@given(SIZES, st.integers(1, 70))
def test_symmetric_plans_cover_the_lower_triangle(n: int, side: int) -> None:
    plan = TilePlan((n, n), (side, side), is_symmetric=True)
    count = np.zeros((n, n), int)
    tiles = list(plan)
    for tile in tiles:
        count[tile.rows, tile.cols] += 1
        if not tile.is_diagonal:
            count[tile.cols, tile.rows] += 1
    assert (count == 1).all()
    assert len(tiles) == len(plan)
    assert sum(tile.n_entries for tile in tiles) == n * n


def options(**changes: object) -> dict[str, Any]:
    defaults = {"is_symmetric": True, "itemsize": 8, "n_kernels": 1, "threads": 2}
    return defaults | changes


@pytest.mark.parametrize("n", [200, 1000, 5000, 100_000])
@pytest.mark.parametrize("threads", [1, 2, 8, 64])
def test_there_are_enough_tiles_for_the_threads(n: int, threads: int) -> None:
    plan = plan_tiles((n, n), **options(threads=threads))
    possible = (n // 64) ** 2 // 2
    assert len(plan) >= (1 if threads == 1 else min(2 * threads, possible))


@pytest.mark.parametrize("budget", [10**5, 10**6, 10**8])
def test_workspaces_fit_the_budget(budget: int) -> None:
    plan = plan_tiles((5000, 5000), **options(n_kernels=2, budget=budget))
    assert plan.side[0] * plan.side[1] * 8 * 2 * 2 <= budget


def test_a_hopeless_budget_is_refused() -> None:
    with pytest.raises(
        fastntk.MemoryBudgetError, match="max_memory leaves 100 bytes for tiles"
    ):
        plan_tiles((5000, 5000), **options(budget=100))
