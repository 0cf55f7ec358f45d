"""Low-rank preconditioners: one contract, and what each of them captures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastntk._errors import InputError
from fastntk.solvers import (
    LowRankPreconditioner,
    block_cg,
    identity,
    nystrom,
    rpcholesky,
)
from fastntk.solvers.preconditioners.rank import RankRule, largest_rank
from tests.test_solvers.preconditioners.halves import check_halves
from tests.test_solvers.spectra import matrix_of, spectrum

N = 150


def _kernel() -> Any:
    x = np.random.default_rng(0).standard_normal((N, 2))
    return np.exp(-((x[:, None] - x) ** 2).sum(-1))


MAKERS: dict[str, Callable[[Any], LowRankPreconditioner]] = {
    "rpcholesky": lambda k: rpcholesky(k, 1e-4, rank=30),
    "rpcholesky-auto": lambda k: rpcholesky(k, 1e-4),
    "nystrom": lambda k: nystrom(k, 1e-4, rank=30),
    "none": lambda k: identity(N),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_halves_inverses_and_numbers_agree(
    make: Callable[[Any], LowRankPreconditioner],
) -> None:
    known = make(_kernel())
    check_halves(known, N, 1e-8, 1e-7)
    np.testing.assert_allclose(
        known.basis.T @ known.basis, np.eye(known.rank), atol=1e-10
    )


@pytest.mark.parametrize("name", ["rpcholesky", "nystrom"])
def test_the_factor_approaches_the_matrix(name: str) -> None:
    kernel = _kernel()
    known = MAKERS[name](kernel)
    half = known.undo_left(np.eye(N))
    error = np.linalg.norm(
        half @ half.T
        - known.shift * np.diag(known.local.times(np.ones((N, 1)))[:, 0] ** 2)
        - kernel,
        2,
    )
    best = np.sort(np.linalg.eigvalsh(kernel))[-31]
    assert error < 60 * best
    assert known.tail >= 0


def test_pivots_are_rows_once_each() -> None:
    known = rpcholesky(_kernel(), 1e-4, rank=40)
    assert len(set(known.pivots.tolist())) == known.rank == 40


def test_duplicates_are_taken_once() -> None:
    kernel = _kernel()[:50, :50]
    doubled = np.tile(kernel, (2, 2))
    known = rpcholesky(doubled, 0.0, rank=100)
    assert known.rank <= 50
    assert len({p % 50 for p in known.pivots.tolist()}) == known.rank


def test_it_stops_where_nothing_is_left() -> None:
    rng = np.random.default_rng(1)
    matrix = matrix_of(np.r_[np.zeros(N - 12), np.ones(12)], rng)
    assert rpcholesky(matrix, 0.0, rank=60).rank <= 14


def test_a_seed_gives_the_same_pivots() -> None:
    kernel = _kernel()
    first, second = (rpcholesky(kernel, 1e-3, rank=20, seed=s) for s in (3, 3))
    np.testing.assert_array_equal(first.pivots, second.pivots)
    other = rpcholesky(kernel, 1e-3, rank=20, seed=4)
    assert not np.array_equal(first.pivots, other.pivots)


def test_float32_factors_precondition_too() -> None:
    kernel = _kernel()
    b = np.random.default_rng(2).standard_normal(N)
    narrow, wide = (
        rpcholesky(kernel, 1e-2, rank=30, dtype=dtype) for dtype in (np.float32, float)
    )
    assert narrow.basis.dtype == np.float32
    result, known = (
        block_cg(kernel, b, 1e-2, preconditioner=factor) for factor in (narrow, wide)
    )
    assert result.is_success
    plain = block_cg(kernel, b, 1e-2, preconditioner="none")
    assert known.iterations < plain.iterations / 8
    assert result.iterations < plain.iterations / 5


def test_matrices_of_zeros_have_rank_zero() -> None:
    known = rpcholesky(np.zeros((5, 5)), 0.5)
    assert known.rank == 0
    np.testing.assert_allclose(known.solve(np.ones((5, 1))), 2.0)
    assert nystrom(np.zeros((5, 5)), 0.5, rank=2).shift == pytest.approx(0.5)


def test_a_large_ridge_needs_few_columns() -> None:
    kernel = _kernel()
    small, large = rpcholesky(kernel, 1e-6), rpcholesky(kernel, 100.0)
    assert large.rank < small.rank
    flat = rpcholesky(matrix_of(spectrum("flat", 600), np.random.default_rng(0)), 1.0)
    assert flat.rank <= 80


def test_the_rule_weighs_costs() -> None:
    cheap = RankRule(10_000, 1e-3, 16, 1.0, flops_per_entry=1.0)
    dear = RankRule(10_000, 1e-3, 16, 1.0, flops_per_entry=1e5)
    stops = []
    for rule in (cheap, dear):
        ranks = range(50, 5000, 50)
        found = (k for k in ranks if rule.is_enough(k, 0.1, 1e4 * k**-1.5))
        stops.append(next(found, 5000))
    assert stops[0] < stops[1]


def test_memory_limits_the_rank() -> None:
    assert largest_rank(100_000, 8, None) == 5000
    few = largest_rank(100_000, 8, 1 << 30)
    assert few < 1342
    assert few * 100_000 * 8 + 32 * few**2 <= 1 << 30
    known = rpcholesky(_kernel(), 1e-6, max_memory=N * 8 * 10)
    assert known.rank < 10


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InputError, match="rank: found -1"):
        rpcholesky(np.eye(3), 0.1, rank=-1)
    with pytest.raises(InputError, match="ridge: found -1"):
        nystrom(np.eye(3), -1.0)
    with pytest.raises(InputError, match="preconditioner: found 'ilu'"):
        block_cg(np.eye(3), np.ones(3), preconditioner="ilu")
    with pytest.raises(InputError, match="preconditioner: found one of 3 rows"):
        block_cg(np.eye(4), np.ones(4), preconditioner=identity(3))


@pytest.mark.parametrize(("entry", "ridge"), [(0.0, 0.0), (1.0, 0.0), (1.0, 1e-300)])
def test_nothing_overflows_where_rows_are_equal(entry: float, ridge: float) -> None:
    kernel, b = np.full((40, 40), entry), np.ones(40)
    result = block_cg(kernel, b, ridge)
    left = np.linalg.norm(b - kernel @ result.x - ridge * result.x)
    assert result.is_success is bool(left <= 1e-6 * np.linalg.norm(b))
