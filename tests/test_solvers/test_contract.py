"""What every solver promises, crossed with operators: adding one is a row here."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.operators import operator as gram_operator
from fastntk.solvers import (
    DenseOperator,
    SolveResult,
    Status,
    askotch,
    block_cg,
    cholesky,
    eigh,
    pinv,
    systems,
)
from fastntk.solvers.sub_operator import SubOperator
from tests.test_solvers.spectra import matrix_of, spectrum

N = 90
RIDGE = 0.5
EPS = float(np.finfo(np.float64).eps)

SOLVERS: dict[str, Callable[..., SolveResult]] = {
    "cholesky": cholesky,
    "eigh": eigh,
    "pinv": pinv,
    "cg": block_cg,
    "cg-nystrom": lambda *a, **k: block_cg(*a, preconditioner="nystrom", **k),
    "cg-none": lambda *a, **k: block_cg(*a, preconditioner="none", **k),
    "cg-narrow": lambda *a, **k: block_cg(*a, width=1, max_width=2, **k),
    "askotch": lambda *a, **k: askotch(*a, max_epochs=2000, block_size=30, **k),
}


def _dense(shape: str) -> Callable[[], Any]:
    return lambda: matrix_of(spectrum(shape, N), np.random.default_rng(3))


def _gram() -> Any:
    net = stax.serial(stax.Dense(1, W_std=1.5), stax.Relu(), stax.Dense(1))
    return gram_operator(net, np.random.default_rng(4).standard_normal((N, 3)))


def _reordered() -> Any:
    net = stax.serial(stax.Dense(1, W_std=1.5), stax.Relu(), stax.Dense(1))
    x = np.random.default_rng(4).standard_normal((N, 3))
    order = np.random.default_rng(6).permutation(N)
    return SubOperator(gram_operator(net, x[order]), np.argsort(order))


OPERATORS: dict[str, Callable[[], Any]] = {
    "flat": _dense("flat"),
    "decaying": _dense("decaying"),
    "clustered": _dense("clustered"),
    "singular": _dense("singular"),
    "operator": lambda: DenseOperator(_dense("decaying")()),
    "gram": _gram,
    "reordered": _reordered,
}


@pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_the_solution_is_that_of_numpy_and_residuals_are_true(
    solver: Callable[..., SolveResult], make: Callable[[], Any]
) -> None:
    operator = make()
    dense = (
        operator
        if isinstance(operator, np.ndarray)
        else operator.block(slice(None), slice(None))
    )
    shifted = dense + RIDGE * np.eye(N)
    b = np.random.default_rng(5).standard_normal((N, 3))
    b[:, 1] = 0.0
    before = b.copy()
    result = solver(operator, b, RIDGE, rtol=1e-8)
    assert result.status is Status.CONVERGED, result
    assert result.is_success
    np.testing.assert_allclose(result.x, np.linalg.solve(shifted, b), atol=2e-7)
    assert not result.x[:, 1].any()
    norms = np.where(np.linalg.norm(b, axis=0) > 0, np.linalg.norm(b, axis=0), 1.0)
    true = np.linalg.norm(b - shifted @ result.x, axis=0) / norms
    rounding = N * EPS * np.linalg.norm(shifted, 2) * np.linalg.norm(result.x, axis=0)
    assert (abs(result.residuals - true) <= 1e-2 * true + rounding / norms).all()
    assert (true <= 1e-8).all()
    np.testing.assert_array_equal(b, before)


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_a_vector_comes_back_as_a_vector(solver: Callable[..., SolveResult]) -> None:
    matrix = _dense("flat")()
    b = np.random.default_rng(6).standard_normal(N)
    one = solver(matrix, b, RIDGE)
    column = solver(matrix, b[:, None], RIDGE)
    assert one.x.shape == (N,)
    assert column.x.shape == (N, 1)
    np.testing.assert_allclose(one.x, column.x[:, 0], atol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_reports_are_complete(solver: Callable[..., SolveResult]) -> None:
    result = solver(_dense("decaying")(), np.ones((N, 2)), RIDGE)
    assert result.ridge == RIDGE
    assert result.rtol == 1e-6
    assert result.residuals.shape == (2,)
    assert result.seconds
    assert all(s >= 0 for s in result.seconds.values())
    assert result.total_seconds < 60
    assert result.peak_memory > 10_000_000
    assert result.method in str(result)
    text = repr(result)
    for word in (result.status.name, str(result.status), "peak memory", "90 x 2"):
        assert word in text


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_two_runs_give_the_same_bits(solver: Callable[..., SolveResult]) -> None:
    matrix = _dense("decaying")()
    b = np.random.default_rng(8).standard_normal((N, 2))
    first, second = solver(matrix, b, RIDGE), solver(matrix, b, RIDGE)
    np.testing.assert_array_equal(first.x, second.x)
    assert first.iterations == second.iterations


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny_systems(solver: Callable[..., SolveResult], n: int) -> None:
    if solver is SOLVERS["askotch"]:
        solver = askotch
    matrix = np.eye(n) + 0.1
    b = np.arange(1.0, n + 1)
    result = solver(matrix, b, 0.5)
    np.testing.assert_allclose(
        result.x, np.linalg.solve(matrix + 0.5 * np.eye(n), b), rtol=1e-5
    )


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_targets_of_zeros_have_the_solution_zero(
    solver: Callable[..., SolveResult],
) -> None:
    result = solver(_dense("flat")(), np.zeros((N, 2)), RIDGE)
    assert result.status is Status.CONVERGED
    assert not result.x.any()
    assert not result.residuals.any()


def test_another_order_of_rows_shows_the_same_matrix() -> None:
    known, reordered = _gram(), _reordered()
    v = np.random.default_rng(7).standard_normal((N, 4))
    some, others = np.array([5, 0, 77]), slice(3, 60, 4)
    np.testing.assert_allclose(reordered.matmat(v), known.matmat(v), rtol=1e-12)
    np.testing.assert_array_equal(reordered.diagonal(), known.diagonal())
    np.testing.assert_allclose(
        reordered.block(some, others), known.block(some, others), rtol=1e-12
    )


def test_large_systems_put_close_rows_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "MIXED_ROWS", 100)
    net = stax.serial(stax.Dense(1, W_std=1.5), stax.Relu(), stax.Dense(1))
    x = np.random.default_rng(4).standard_normal((300, 3))
    y = np.sin(x[:, 0])
    options: Any = {"ridge": 1e-2, "rtol": 1e-9}
    found = fastntk.solve(net, x, y, method="cg", precision="float64", **options)
    wanted = fastntk.solve(net, x, y, method="cholesky", **options)
    np.testing.assert_allclose(found.x, wanted.x, atol=1e-6)
    system = systems.System(net, x, "ntk", "float64", cache=0)
    fast, _ = system.operators(1e-2)
    assert isinstance(fast, SubOperator)
