"""Preconditioners that keep blocks of close rows besides a low rank."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastntk
from fastntk import stax
from fastntk.solvers import DenseOperator, block_cg, rpcholesky
from fastntk.solvers.cg import run as cycles
from fastntk.solvers.preconditioners.local import DiagonalPart, LocalBlocks
from fastntk.solvers.preconditioners.partition import partition
from tests.test_solvers.preconditioners.halves import check_halves

NET = stax.serial(
    stax.Dense(64, W_std=1.5, b_std=0.1), stax.Relu(), stax.Dense(1, W_std=1.5)
)


def _clusters(n: int, d: int = 3, n_clusters: int = 10) -> Any:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((n_clusters, d))
    return centres[rng.integers(0, n_clusters, n)] + 0.05 * rng.standard_normal((n, d))


def test_halves_inverses_and_numbers_agree() -> None:
    kernel = fastntk.gram(NET, _clusters(300), get="ntk")
    known = rpcholesky(kernel, 1e-3, rank=20, block_size=60)
    assert isinstance(known.local, LocalBlocks)
    whole = check_halves(known, 300, 1e-9, 1e-8)
    for rows in known.local.groups:  # exact there, but for the float32 of the blocks
        np.testing.assert_allclose(
            whole[np.ix_(rows, rows)],
            kernel[np.ix_(rows, rows)] + 1e-3 * np.eye(len(rows)),
            atol=1e-5,
        )


def test_close_rows_take_a_third_of_the_iterations() -> None:
    x = _clusters(2000)
    kernel, b = fastntk.gram(NET, x, get="ntk"), np.sin(x @ np.ones(3))
    found = [
        block_cg(
            kernel, b, 1e-3, preconditioner=rpcholesky(kernel, 1e-3, 40, block_size=k)
        )
        for k in (0, 250)
    ]
    assert all(result.is_success for result in found)
    assert found[1].iterations < found[0].iterations / 3


def test_independent_rows_keep_their_diagonal() -> None:
    x = np.random.default_rng(0).standard_normal((1500, 20))
    known = rpcholesky(fastntk.gram(NET, x, get="ntk"), 1e-3, rank=75)
    assert isinstance(known.local, DiagonalPart)


def test_equal_rows_without_a_ridge() -> None:
    x = np.repeat(_clusters(200), 2, axis=0)
    kernel = fastntk.gram(NET, x, get="ntk")
    known = rpcholesky(kernel, 0.0, rank=20, block_size=60)
    assert isinstance(known.local, LocalBlocks)
    solved = known.solve(np.ones((400, 1)))
    half = known.undo_left(np.eye(400))
    np.testing.assert_allclose(half @ (half.T @ solved), 1.0, atol=1e-6)


def test_memory_is_shared_between_rank_and_blocks() -> None:
    kernel = fastntk.gram(NET, _clusters(3000, n_clusters=30), get="ntk")
    budget = 5_000_000
    known = rpcholesky(kernel, 1e-3, max_memory=budget)
    assert isinstance(known.local, LocalBlocks)
    assert 0 < known.nbytes <= budget
    assert known.local.nbytes < 0.4 * budget


@given(
    st.integers(1, 200), st.integers(1, 50), st.integers(2, 30), st.integers(0, 2**16)
)
def test_every_row_is_in_one_group(n: int, rank: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, (n, rank)).astype(float)  # many equal ones
    groups = partition(rows, size, rng)
    assert max(len(group) for group in groups) <= size
    np.testing.assert_array_equal(np.sort(np.concatenate(groups)), np.arange(n))


def test_clusters_are_not_torn() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 30)
    rows = 10.0 * np.eye(4)[labels] + rng.standard_normal((120, 4)) / 10
    groups = partition(rows, 40, rng)
    assert [len(set(labels[group])) for group in groups] == [1, 1, 1, 1]


def test_cycles_end_where_rounding_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Iterating on beyond what a rounded matrix can give is work for nothing."""
    rng = np.random.default_rng(0)
    kernel = fastntk.gram(NET, _clusters(600), get="ntk")
    error = rng.standard_normal(kernel.shape) / np.sqrt(600)
    rounded = DenseOperator(kernel + 1e-4 * (error + error.T))
    b = rng.standard_normal(600)

    def solve() -> Any:
        known = rpcholesky(kernel, 1e-2, rank=10, block_size=0)
        return block_cg(rounded, b, 1e-2, accurate=kernel, preconditioner=known)

    looked = solve()
    monkeypatch.setattr(cycles, "GLANCE", 0.0)
    blind = solve()
    assert looked.is_success and blind.is_success
    assert looked.iterations < blind.iterations
