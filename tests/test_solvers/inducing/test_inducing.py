"""Inducing points and block coordinates: the options for many rows."""

from typing import Any

import numpy as np
import pytest

from fastntk._errors import IndefiniteError, InputError
from fastntk.solvers import CGStep, Status, askotch, falkon

N = 300


@pytest.fixture
def kernel() -> Any:
    x = np.random.default_rng(0).uniform(size=(N, 2))
    return np.exp(-4 * ((x[:, None] - x) ** 2).sum(-1))


@pytest.fixture
def y() -> Any:
    return np.random.default_rng(1).standard_normal((N, 2))


def test_falkon_solves_the_reduced_problem(kernel: Any, y: Any) -> None:
    result = falkon(kernel, y, 0.1, centers=40, rtol=1e-9)
    rows = result.centers
    assert result.status is Status.APPROXIMATED
    assert result.x.shape == (40, 2)
    cross, small = kernel[:, rows], kernel[np.ix_(rows, rows)]
    root = np.linalg.cholesky(small + 1e-12 * np.eye(40))
    stacked = np.vstack([cross, np.sqrt(0.1) * root.T])
    wanted = np.linalg.lstsq(stacked, np.vstack([y, np.zeros((40, 2))]), rcond=None)[0]
    np.testing.assert_allclose(cross @ result.x, cross @ wanted, atol=1e-5)
    left = np.linalg.norm(cross @ result.x - y, axis=0) / np.linalg.norm(y, axis=0)
    np.testing.assert_allclose(result.details["training_residuals"], left, rtol=1e-9)


def test_all_rows_as_centers_are_the_whole_problem(kernel: Any, y: Any) -> None:
    result = falkon(kernel, y, 1.0, centers=np.arange(N), rtol=1e-10)
    wanted = kernel @ np.linalg.solve(kernel + np.eye(N), y)
    np.testing.assert_allclose(kernel @ result.x, wanted, atol=1e-6)


def test_falkon_says_when_it_stopped_early(kernel: Any, y: Any) -> None:
    result = falkon(kernel, y, 1e-6, centers=60, rtol=1e-12, max_iter=2)
    assert result.status is Status.MAX_ITERATIONS
    assert not result.is_success
    assert result.residuals.max() > 1e-12


def test_duplicate_centers_are_taken_once(kernel: Any, y: Any) -> None:
    result = falkon(np.tile(kernel, (2, 2)), np.vstack([y, y]), 0.1, centers=500)
    assert result.status is Status.APPROXIMATED
    assert result.jitter > 0
    assert falkon(kernel, y, 0.1, centers=[3, 3, 9]).centers.tolist() == [3, 9]


def test_askotch_solves_the_whole_problem(kernel: Any, y: Any) -> None:
    result = askotch(kernel, y, 0.1, block_size=60, max_epochs=500)
    assert result.status is Status.CONVERGED
    wanted = np.linalg.solve(kernel + 0.1 * np.eye(N), y)
    np.testing.assert_allclose(result.x, wanted, atol=2e-5)
    assert result.details["block_size"] == 60


def test_askotch_says_when_it_stopped_early(kernel: Any, y: Any) -> None:
    result = askotch(kernel, y, 1e-6, block_size=30, max_epochs=2)
    assert result.status is Status.MAX_ITERATIONS
    found = y - kernel @ result.x - 1e-6 * result.x
    true = np.linalg.norm(found, axis=0) / np.linalg.norm(y, axis=0)
    np.testing.assert_allclose(result.residuals, true, rtol=1e-6)


def test_askotch_can_be_stopped(kernel: Any, y: Any) -> None:
    steps: list[CGStep] = []

    def callback(step: CGStep) -> bool:
        steps.append(step)
        return len(steps) == 3

    result = askotch(kernel, y, 1e-6, callback=callback)
    assert result.status is Status.STOPPED
    assert [step.iteration for step in steps] == [1, 2, 3]


def test_bad_arguments_are_named(kernel: Any, y: Any) -> None:
    with pytest.raises(InputError, match="ridge: found 0; expected a number > 0"):
        falkon(kernel, y, 0.0)
    with pytest.raises(InputError, match="centers: found 0"):
        falkon(kernel, y, 0.1, centers=0)
    with pytest.raises(InputError, match="centers: found 'many'"):
        falkon(kernel, y, 0.1, centers="many")
    with pytest.raises(InputError, match="rows outside of 0 to 299"):
        falkon(kernel, y, 0.1, centers=[0, 300])
    with pytest.raises(InputError, match="block_size: found 301"):
        askotch(kernel, y, 0.1, block_size=301)
    with pytest.raises(IndefiniteError, match="quadratic form"):
        askotch(kernel - 3 * np.eye(N), y, 0.1)
