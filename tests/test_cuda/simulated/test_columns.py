"""Operators and solvers given columns and targets on the device; simulated."""

import pickle
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import solvers
from tests.test_cuda.nets import rows
from tests.test_cuda.simulated.simulator import SIMULATED, device
from tests.test_cuda.simulated.test_networks import RELU

pytestmark = SIMULATED
N = 9
RIDGES = np.arange(float(N))
SQUARE: dict[str, Any] = {  # the operator made of A, and its matrix made of K
    "A": (lambda a: a, lambda k: k),
    "A.T": (lambda a: a.T, lambda k: k),
    "A.H": (lambda a: a.H, lambda k: k),
    "shifted": (lambda a: a.shifted(0.1), lambda k: k + 0.1 * np.eye(N)),
    "shifted by rows": (lambda a: a.shifted(RIDGES), lambda k: k + np.diag(RIDGES)),
    "shifted twice": (
        lambda a: a.shifted(0.1).shifted(device(RIDGES)),
        lambda k: k + 0.1 * np.eye(N) + np.diag(RIDGES),
    ),
    "shifted.T": (lambda a: a.shifted(0.1).T, lambda k: k + 0.1 * np.eye(N)),
    "sum": (lambda a: a + a.shifted(1.0), lambda k: 2 * k + np.eye(N)),
    "difference": (lambda a: 3 * a - a, lambda k: 2 * k),
    "negative": (lambda a: -a, lambda k: -k),
    "multiple": (lambda a: (2 * a) * 0.25, lambda k: k / 2),
    "quotient": (lambda a: a / 4.0, lambda k: k / 4),
    "product": (lambda a: (a @ a).T, lambda k: k @ k),
    "power": (lambda a: (a**2).H, lambda k: k @ k),
    "by a number there": (lambda a: a @ device(np.array(2.0)), lambda k: 2 * k),
}


def check(found: Any, expected: np.ndarray) -> None:
    assert hasattr(found, "copy_to_host")
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.copy_to_host(), expected, rtol=1e-10, atol=1e-12)


def columns(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(shape)


@pytest.mark.parametrize("name", sorted(SQUARE))
def test_all_that_is_made_of_an_operator(name: str) -> None:
    x, (make, matrix) = rows(), SQUARE[name]
    k, v = matrix(fastntk.gram(RELU, x)), columns((N, 3))
    a = make(fastntk.operator(RELU, x, backend="cpu"))
    given, one = device(v), device(v[:, 0].copy())
    check(a @ given, k @ v)
    check(a @ one, k @ v[:, 0])
    check(a.matmat(given), k @ v)
    check(a.rmatmat(given), k.T @ v)
    check(a.matvec(one), k @ v[:, 0])
    check(a.rmatvec(one), k.T @ v[:, 0])
    check(device(v.T.copy()) @ a, v.T @ k)
    np.testing.assert_allclose(a @ v, k @ v, rtol=1e-10, atol=1e-12)


def test_two_sides_of_an_operator_on_the_device() -> None:
    x, v = rows(), columns((N, 2))
    k = fastntk.gram(RELU, x, x[:4])
    a = fastntk.operator(RELU, device(x), device(x[:4]))
    for turned in (a.T, a.H, pickle.loads(pickle.dumps(a)).T):
        check(turned @ device(v), k.T @ v)
    check(a.T.T @ device(v[:4]), k @ v[:4])
    check((a.T @ a) @ device(v[:4]), k.T @ (k @ v[:4]))


def test_columns_of_every_kind() -> None:
    x, v = rows(), columns((N, 4))
    k, a = fastntk.gram(RELU, x), fastntk.operator(RELU, x, backend="cuda")
    for given in (
        v + 1j,
        np.asfortranarray(v),
        v[:, :0],
        np.ones((N, 2), int),
        v[:, :1].copy(),
    ):
        check(a @ device(given), k @ given)
    check(a @ device(v)[:, ::2], k @ v[:, ::2])
    check(a @ device(v)[::-1], k @ v[::-1])
    chosen = a.block(device(np.array([1, 2])), slice(None))
    np.testing.assert_allclose(chosen, k[[1, 2]], rtol=1e-10, atol=1e-12)
    for operator in (a, a.shifted(0.1)):
        for array in (v[:, :, None], device(v[:, :, None].copy())):
            with pytest.raises(
                fastntk.InputError, match=r"shape \(9, 4, 1\); expected"
            ):
                operator @ array
        with pytest.raises(fastntk.InputError, match=r"shape \(4, 4\); expected"):
            operator @ device(v[:4])


# --- solvers --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["cholesky", "eigh", "cg", "askotch"])
def test_solutions_lie_beside_their_targets(method: str) -> None:
    x = rows()
    y = np.sin(x[:, :2])
    options: Any = {"ridge": 0.1, "method": method, "rtol": 1e-8, "strict": False}
    for targets in (y, y[:, 0].copy()):
        expected = fastntk.solve(RELU, x, targets, **options).x
        for given in (x, device(x)):
            found = fastntk.solve(RELU, given, device(targets), **options)
            solution: Any = found.x
            assert solution.shape == expected.shape
            assert "float64" in repr(found)
            there = solution.copy_to_host()
            np.testing.assert_allclose(there, expected, rtol=1e-5, atol=1e-6)
    assert isinstance(fastntk.solve(RELU, device(x), y, **options).x, np.ndarray)


def test_an_unfinished_solution_lies_there_too() -> None:
    x = rows()
    with pytest.raises(fastntk.ConvergenceError) as caught:
        fastntk.solve(RELU, x, device(x[:, 0].copy()), ridge=0.1, rtol=1e-20)
    result: Any = caught.value.result
    assert hasattr(result.x, "copy_to_host")


def test_models_of_arrays_on_the_device() -> None:
    x = rows()
    y = np.sin(x[:, 0])
    model = fastntk.fit(RELU, device(x), device(y), ridge=device(np.array(0.1)))
    known = fastntk.fit(RELU, x, y, ridge=0.1)
    assert isinstance(model.coefficients, np.ndarray)
    np.testing.assert_allclose(model.coefficients, known.coefficients, rtol=1e-8)
    check(model.predict(device(x[:3].copy())), known.predict(x[:3]))
    np.testing.assert_allclose(model.predict(x[:3]), known.predict(x[:3]), rtol=1e-8)
    other = model.with_targets(device(2 * y))
    np.testing.assert_allclose(other.coefficients, 2 * known.coefficients, rtol=1e-8)
    more = model.append(device(x[:2] + 0.5), device(y[:2].copy()))
    expected = known.append(x[:2] + 0.5, y[:2]).coefficients
    np.testing.assert_allclose(more.coefficients, expected, rtol=1e-7)


def test_methods_take_matrices_and_targets_of_the_device() -> None:
    x = rows()
    k, y = fastntk.gram(RELU, x), np.sin(x[:, 0])
    expected = np.linalg.solve(k + 0.1 * np.eye(N), y)
    for matrix in (device(k), fastntk.operator(RELU, device(x))):
        found = solvers.cholesky(matrix, device(y), ridge=0.1).x
        np.testing.assert_allclose(found, expected, rtol=1e-8)
