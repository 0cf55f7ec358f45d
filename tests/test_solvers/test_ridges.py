"""Ridges per row and per target: the numbers of NumPy, messages, models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import InputError, stax
from fastntk.solvers import (
    CGStep,
    CholeskyFactor,
    EighFactor,
    SolveInterrupted,
    SolveResult,
    Status,
    askotch,
    block_cg,
    cholesky,
    eigh,
    falkon,
    nystrom,
    pinv,
    rpcholesky,
)

N, K = 90, 3
NET = stax.serial(
    stax.Dense(1, W_std=1.5, b_std=0.3),
    stax.Relu(),
    stax.Dense(1, W_std=1.5, b_std=0.3),
)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, 3))
Y = RNG.standard_normal((N, K))
NEW, Y_NEW = RNG.standard_normal((7, 3)), RNG.standard_normal((7, K))
MATRIX = fastntk.gram(NET, X)
BY_ROW = 10.0 ** RNG.uniform(-3, 1, N)
BY_TARGET = np.array([[0.1, 2.0, 1e-2]])

SOLVERS: dict[str, Callable[..., SolveResult]] = {
    "cholesky": cholesky,
    "eigh": eigh,
    "pinv": pinv,
    "cg": block_cg,
    "cg-nystrom": lambda *a, **k: block_cg(*a, preconditioner="nystrom", **k),
    "cg-none": lambda *a, **k: block_cg(*a, preconditioner="none", **k),
    "cg-narrow": lambda *a, **k: block_cg(*a, width=1, max_width=2, **k),
    "cg-mixed": lambda a, *b, **k: block_cg(
        a.astype(np.float32), *b, accurate=a, max_width=2, **k
    ),
}
BOTH = [name for name in SOLVERS if name not in ("eigh", "pinv")]


def direct(matrix: Any, y: Any, ridge: Any) -> Any:
    """Solve by NumPy; the pseudoinverse where there is no ridge."""
    if np.ndim(ridge) < 2:
        d = np.diag(np.broadcast_to(ridge, len(matrix)))
        return np.linalg.pinv(matrix + d) @ y
    parts = [
        np.linalg.pinv(matrix + r * np.eye(len(matrix))) @ y[:, j]
        for j, r in enumerate(ridge[0])
    ]
    return np.stack(parts, axis=1)


@pytest.mark.parametrize("ridge", [BY_TARGET, np.full((1, K), 0.3)])
@pytest.mark.parametrize("name", SOLVERS)
def test_one_ridge_per_target(name: str, ridge: Any) -> None:
    before = Y.copy()
    result = SOLVERS[name](MATRIX, Y, ridge, rtol=1e-9)
    assert result.status is Status.CONVERGED, result
    np.testing.assert_allclose(result.x, direct(MATRIX, Y, ridge), atol=1e-6)
    np.testing.assert_array_equal(result.ridge, ridge)
    assert "one per target" in repr(result)
    true = np.linalg.norm(Y - MATRIX @ result.x - ridge * result.x, axis=0)
    assert (true <= 1e-9 * np.linalg.norm(Y, axis=0)).all()
    assert result.residuals.shape == (K,)
    np.testing.assert_array_equal(Y, before)
    one = SOLVERS[name](MATRIX, Y[:, 0], ridge[:, :1], rtol=1e-9)
    np.testing.assert_allclose(one.x, result.x[:, 0], atol=1e-6)


@pytest.mark.parametrize("ridge", [BY_ROW, np.full(N, 0.3), list(BY_ROW)])
@pytest.mark.parametrize("name", BOTH)
def test_one_ridge_per_row(name: str, ridge: Any) -> None:
    result = SOLVERS[name](MATRIX, Y, ridge, rtol=1e-9)
    assert result.status is Status.CONVERGED, result
    np.testing.assert_allclose(result.x, direct(MATRIX, Y, ridge), atol=1e-5)
    left = Y - MATRIX @ result.x - np.asarray(ridge)[:, None] * result.x
    assert (np.linalg.norm(left, axis=0) <= 1e-9 * np.linalg.norm(Y, axis=0)).all()
    assert "one per row" in repr(result)


@pytest.mark.parametrize("ridge", [BY_ROW, BY_TARGET])
def test_float32_matrices_are_solved_as_they_are(ridge: Any) -> None:
    rounded = MATRIX.astype(np.float32)
    found = cholesky(rounded, Y, ridge)
    assert found.is_success
    np.testing.assert_allclose(found.x, direct(rounded.astype(float), Y, ridge), 1e-8)


@pytest.mark.parametrize("make", [rpcholesky, nystrom])
def test_preconditioners_hold_one_ridge_per_row(make: Any) -> None:
    known = make(MATRIX, BY_ROW, rank=N)
    shifted = MATRIX + np.diag(BY_ROW)
    close = np.linalg.eigvals(known.solve(shifted)).real
    assert close.min() > 0.5
    assert close.max() < 2.0


@pytest.mark.parametrize("ridge", [BY_ROW, BY_TARGET])
@pytest.mark.parametrize("solver", [falkon, askotch])
def test_methods_that_cannot_say_so(solver: Any, ridge: Any) -> None:
    kind = "row" if ridge.ndim == 1 else "target"
    with pytest.raises(InputError, match=f"ridge: found one per {kind} with method="):
        solver(MATRIX, Y, ridge)
    with pytest.raises(InputError, match="Take method='cholesky'"):
        fastntk.solve(NET, X, Y, ridge=ridge, method=solver.__name__)


@pytest.mark.parametrize("solver", [eigh, pinv])
def test_eigenvectors_are_those_of_one_matrix(solver: Any) -> None:
    with pytest.raises(InputError, match="ridge: found one per row.*'cholesky' or 'cg"):
        solver(MATRIX, Y, BY_ROW)
    with pytest.raises(InputError, match="one per row"):
        fastntk.solve(NET, X, Y, ridge=BY_ROW, method=solver.__name__)
    with pytest.raises(InputError, match="one per row"):
        EighFactor.of(MATRIX).solve(Y, BY_ROW)


def test_an_eigendecomposition_serves_one_ridge_per_target() -> None:
    factor = EighFactor.of(MATRIX)
    wanted = direct(MATRIX, Y, BY_TARGET)
    np.testing.assert_allclose(factor.solve(Y, BY_TARGET), wanted, atol=1e-9)
    path = factor.path(Y, BY_TARGET[0])
    for j in range(K):
        np.testing.assert_allclose(path[j, :, j], wanted[:, j], atol=1e-9)
    for several in (factor.path, factor.leave_one_out):
        with pytest.raises(InputError, match=r"ridges: found shape \(1, 3\); expected"):
            several(Y, BY_TARGET)


BAD = [
    (np.ones(K), r"shape \(3,\).*np.reshape\(ridge, \(1, -1\)\)"),
    (np.ones((N, K)), r"found shape \(90, 3\); expected a number, or shape \(90,\)"),
    (np.ones((N, 1)), r"np.ravel\(ridge\)"),
    (np.ones((1, 2)), r"found shape \(1, 2\).*\(1, 3\), one per target"),
    (np.where(np.arange(N) == 4, -1.0, 1.0), r"found -1.0 for row 4.*1 are not"),
    (np.array([[1.0, np.nan, 1.0]]), "found nan for target 1"),
    (np.full(N, np.inf), "found inf for row 0"),
    (np.ma.masked_array(np.ones(N), np.arange(N) == 2), "found a masked array"),
    (np.full(N, "a"), "found dtype <U1"),
    (np.ones(N, dtype=complex), "found dtype complex128"),
    (np.ones(N, dtype=bool), "found dtype bool"),
    ([[1.0], [1.0, 2.0]], "found a list that is no array"),
    ("many", "found 'many'"),
    (None, "found None"),
    (-0.1, "found -0.1"),
]


@pytest.mark.parametrize(("ridge", "message"), BAD, ids=range(len(BAD)))
@pytest.mark.parametrize("solver", [cholesky, eigh, block_cg, askotch, falkon])
def test_ridges_that_do_not_fit(solver: Any, ridge: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        solver(MATRIX, Y, ridge)


@pytest.mark.parametrize(("ridge", "message"), BAD, ids=range(len(BAD)))
def test_solve_refuses_them_before_it_computes(ridge: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fastntk.solve(NET, X, Y, ridge=ridge)


def test_n_equal_to_k_is_one_per_row() -> None:
    ridge, y = np.array([0.1, 2.0, 5.0]), Y[:3]
    found = fastntk.solve(NET, X[:3], y, ridge=ridge)
    np.testing.assert_allclose(found.x, direct(MATRIX[:3, :3], y, ridge))
    other = fastntk.solve(NET, X[:3], y, ridge=ridge[None])
    np.testing.assert_allclose(other.x, direct(MATRIX[:3, :3], y, ridge[None]))
    one = fastntk.solve(NET, X[:1], Y[:1], ridge=[0.5])
    np.testing.assert_allclose(one.x, Y[:1] / (MATRIX[0, 0] + 0.5))


def test_factors_hold_one_ridge_per_row() -> None:
    factor = CholeskyFactor.of(MATRIX, BY_ROW)
    shifted = MATRIX + np.diag(BY_ROW)
    assert factor.log_determinant() == pytest.approx(np.linalg.slogdet(shifted)[1])
    left_out = [
        MATRIX[i, keep] @ np.linalg.solve(shifted[np.ix_(keep, keep)], Y[keep])
        for i in range(5)
        for keep in [np.delete(np.arange(N), i)]
    ]
    np.testing.assert_allclose(factor.leave_one_out(Y)[:5], left_out, atol=1e-9)
    with pytest.raises(InputError, match="each ridge has a factor of its own"):
        CholeskyFactor.of(MATRIX, BY_TARGET)
    start = CholeskyFactor.of(MATRIX[:80, :80], BY_ROW[:80])
    cross, corner = MATRIX[80:, :80], MATRIX[80:, 80:]
    with pytest.raises(InputError, match="append: found no ridge for 10 further rows"):
        start.append(cross, corner)
    longer = start.append(cross, corner, BY_ROW[80:])
    np.testing.assert_allclose(longer.solve(Y), direct(MATRIX, Y, BY_ROW), atol=1e-9)
    scalar = CholeskyFactor.of(MATRIX[:80, :80], 0.1).append(cross, corner)
    assert scalar.ridge == 0.1


def test_many_ridges_take_one_eigendecomposition() -> None:
    y = np.random.default_rng(3).standard_normal((N, 25))
    ridge = np.linspace(0.1, 1.0, 25)[None]
    found = fastntk.solve(NET, X, y, ridge=ridge)
    assert found.method == "eigh"
    assert found.reason == "one eigendecomposition serves 25 different ridges"
    np.testing.assert_allclose(found.x, direct(MATRIX, y, ridge), atol=1e-9)
    assert fastntk.solve(NET, X, y, ridge=np.ones((1, 25))).method == "cholesky"


def test_callbacks_are_told_of_all_targets() -> None:
    steps: list[CGStep] = []
    block_cg(MATRIX, Y, BY_TARGET, callback=steps.append)
    assert all(step.residuals.shape == (K,) for step in steps)
    assert [step.iteration for step in steps] == list(range(1, len(steps) + 1))
    assert (steps[0].residuals == 1.0).sum() == 2
    assert (steps[-1].residuals <= 1e-6).all()
    seen: list[int] = []

    def stop(step: CGStep) -> bool:
        seen.append(step.iteration)
        return True

    result = block_cg(MATRIX, Y, BY_TARGET, callback=stop, preconditioner="none")
    assert seen == [1]
    assert result.status is Status.STOPPED
    assert not result.x[:, [0, 2]].any()
    np.testing.assert_array_equal(result.residuals[[0, 2]], 1.0)


def test_an_interrupt_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "solve.npz"

    def interrupt(step: CGStep) -> None:
        if step.residuals[0] < 0.5:  # the second ridge is at work
            raise KeyboardInterrupt

    options: dict[str, Any] = {"checkpoint": path, "preconditioner": "none"}
    with pytest.raises(SolveInterrupted) as caught:
        block_cg(MATRIX, Y, BY_TARGET, callback=interrupt, **options)
    part = caught.value.result
    assert part.status is Status.INTERRUPTED
    wanted = direct(MATRIX, Y, BY_TARGET)
    np.testing.assert_allclose(part.x[:, 1], wanted[:, 1], atol=1e-5)
    assert not part.x[:, 2].any()
    assert [p.name for p in sorted(tmp_path.iterdir())] == [
        "solve-1.npz",
        "solve-2.npz",
    ]
    result = block_cg(MATRIX, Y, BY_TARGET, **options)
    whole = block_cg(MATRIX, Y, BY_TARGET, preconditioner="none")
    np.testing.assert_array_equal(result.x, whole.x)
