"""`fastntk.solve`: choice of method, duplicates, precision, and what it refuses."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import ConditionWarning, ConvergenceError, InputError, stax
from fastntk.solvers import Status
from fastntk.solvers.choose import choose
from fastntk.solvers.direct.duplicates import merge

N = 160
NET = stax.serial(
    stax.Dense(1, W_std=1.5, b_std=0.3),
    stax.Relu(),
    stax.Dense(1, W_std=1.5, b_std=0.3),
)


@pytest.fixture
def x() -> Any:
    return np.random.default_rng(0).standard_normal((N, 3))


@pytest.fixture
def y() -> Any:
    return np.random.default_rng(1).standard_normal((N, 2))


METHODS = ("auto", "cholesky", "eigh", "pinv", "cg", "askotch")


@pytest.mark.parametrize("get", ["ntk", "nngp"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_solves_the_same_system(
    method: str, get: str, x: Any, y: Any
) -> None:
    shifted = fastntk.gram(NET, x, get=get) + 0.1 * np.eye(N)
    result = fastntk.solve(NET, x, y, get=get, ridge=0.1, method=method, rtol=1e-8)
    assert result.status is Status.CONVERGED
    left = np.linalg.norm(y - shifted @ result.x, axis=0) / np.linalg.norm(y, axis=0)
    assert (left <= 1.01e-8).all()
    assert result.reason
    assert result.ridge == 0.1


def test_falkon_returns_coefficients_of_centers(x: Any, y: Any) -> None:
    result = fastntk.solve(NET, x, y, ridge=0.1, method="falkon", centers=50)
    assert result.x.shape == (50, 2)
    assert result.status is Status.APPROXIMATED


@pytest.mark.parametrize("precision", ["mixed", "float64"])
def test_residuals_are_those_of_float64(precision: str, x: Any, y: Any) -> None:
    shifted = fastntk.gram(NET, x) + 0.1 * np.eye(N)
    result = fastntk.solve(
        NET, x, y, ridge=0.1, method="cg", precision=precision, rtol=1e-9
    )
    left = np.linalg.norm(y - shifted @ result.x, axis=0) / np.linalg.norm(y, axis=0)
    assert (left <= 1.01e-9).all()


def test_float32_is_the_float32_matrix(x: Any, y: Any) -> None:
    matrix = fastntk.gram(NET, x, dtype="float32").astype(np.float64)
    result = fastntk.solve(NET, x, y, ridge=0.1, precision="float32", rtol=1e-10)
    np.testing.assert_allclose(
        result.x, np.linalg.solve(matrix + 0.1 * np.eye(N), y), atol=1e-8
    )


# --- which method ---------------------------------------------------------------------


def test_the_choice_and_its_reason() -> None:
    gib = 2**30
    assert choose("auto", 1_000, 0.1, 8 * gib).method == "cholesky"
    assert choose("auto", 40_000, 0.1, 24 * gib).method == "cholesky"
    assert choose("auto", 40_000, 0.1, 8 * gib).method == "cg"
    assert choose("auto", 40_001, 0.1, 999 * gib).method == "cg"
    assert "minutes" in choose("auto", 100_000, 0.1, None).reason
    assert "11.9 GiB" in choose("auto", 40_000, 0.1, 8 * gib).reason
    assert "no ridge" in choose("auto", 1_000, 0.0, 8 * gib).reason
    assert choose("eigh", 1_000, 0.0, 8 * gib).reason == "asked for"


def test_methods_that_do_not_fit_are_refused(x: Any, y: Any) -> None:
    with pytest.raises(fastntk.MemoryBudgetError, match="Take method='cg'"):
        choose("eigh", 20_000, 0.1, 8 * 2**30)
    with pytest.raises(fastntk.MemoryBudgetError, match="needs 2"):
        fastntk.solve(NET, x, y, ridge=0.1, method="cholesky", max_memory="100MiB")


def test_little_memory_means_cg(x: Any, y: Any) -> None:
    words = r"max_memory: found 1,000 bytes; .* the operator's max_memory is 62 bytes"
    with pytest.raises(fastntk.MemoryBudgetError, match=words):
        fastntk.solve(NET, x, y, ridge=0.1, method="cg", max_memory=1000)
    result = fastntk.solve(NET, x, y, ridge=0.1, max_memory="128MiB")
    assert result.method == "cg"
    assert "are there" in result.reason


def test_a_singular_matrix_goes_to_the_pseudoinverse(y: Any) -> None:
    x = np.random.default_rng(3).standard_normal((N, 3))
    linear = stax.serial(stax.Dense(1))  # rank 3
    with pytest.warns(ConditionWarning, match="least-squares.*relative residual"):
        result = fastntk.solve(linear, x, y)
    assert result.method == "pinv"
    assert result.rank == 3
    assert "singular" in result.reason
    wanted = np.linalg.pinv(fastntk.gram(linear, x)) @ y
    np.testing.assert_allclose(result.x, wanted, atol=1e-9)
    consistent = fastntk.solve(linear, x, x @ np.ones((3, 1)))
    assert consistent.status is Status.CONVERGED


# --- equal rows -----------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_duplicates_with_consistent_labels(method: str, x: Any, y: Any) -> None:
    rows, labels = np.vstack([x[:90], x[:30]]), np.vstack([y[:90], y[:30]])
    result = fastntk.solve(NET, rows, labels, method=method, rtol=1e-8, max_iter=20_000)
    assert result.status is Status.CONVERGED
    matrix = fastntk.gram(NET, rows)
    left = np.linalg.norm(labels - matrix @ result.x) / np.linalg.norm(labels)
    assert left <= 1e-8
    wanted = fastntk.solve(NET, rows, labels, method="pinv").x
    np.testing.assert_allclose(result.x, wanted, atol=1e-5)


@pytest.mark.parametrize("method", ["auto", "cg"])
def test_duplicates_with_other_labels_are_averaged(method: str, x: Any, y: Any) -> None:
    rows, labels = np.vstack([x[:90], x[:30]]), np.vstack([y[:90], y[30:60]])
    with pytest.warns(ConditionWarning, match="Give a ridge"):
        result = fastntk.solve(NET, rows, labels, method=method)
    assert result.status is Status.LEAST_SQUARES
    matrix = fastntk.gram(NET, rows)
    norms = np.linalg.norm(labels, axis=0)
    left = np.linalg.norm(labels - matrix @ result.x, axis=0) / norms
    np.testing.assert_allclose(result.residuals, left, rtol=1e-6)
    wanted = fastntk.solve(NET, rows, labels, method="pinv").x
    np.testing.assert_allclose(result.x, wanted, atol=1e-4)
    assert "30 of 120 rows repeat others" in result.notes[-1]


def test_groups_of_equal_rows() -> None:
    rows = np.array([[0.0, 1.0], [2.0, 3.0], [-0.0, 1.0], [2.0, 3.0], [5.0, 5.0]])
    groups = merge(rows)
    assert groups is not None
    assert groups.first.tolist() == [0, 1, 4]
    assert groups.group.tolist() == [0, 1, 0, 1, 2]
    assert groups.counts.tolist() == [2, 2, 1]
    means = groups.means(np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]))
    assert means.ravel().tolist() == [2.0, 3.0, 5.0]
    assert merge(rows[[0, 1, 4]]) is None


# --- failures -------------------------------------------------------------------------


def test_unconverged_answers_are_raised_or_asked_for(x: Any, y: Any) -> None:
    options: dict[str, Any] = {
        "ridge": 1e-6,
        "method": "cg",
        "max_iter": 2,
        "preconditioner": "none",
    }
    with pytest.raises(ConvergenceError, match="used up before") as info:
        fastntk.solve(NET, x, y, **options)
    result = fastntk.solve(NET, x, y, strict=False, **options)
    assert result.status is Status.MAX_ITERATIONS
    found: Any = info.value.result
    np.testing.assert_array_equal(found.x, result.x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "lu"}, "method: found 'lu'; expected one of auto, cholesky"),
        ({"precision": "half"}, "precision: found 'half'"),
        ({"get": ("nngp", "ntk")}, "a system has one matrix"),
        ({"ridge": -0.1}, "ridge: found -0.1"),
        ({"rtol": 0}, "rtol: found 0"),
        ({"max_memory": "lots"}, "max_memory: found 'lots'"),
        ({"method": "falkon"}, "ridge: found 0; expected a number > 0"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str, x: Any, y: Any) -> None:
    with pytest.raises(InputError, match=message):
        fastntk.solve(NET, x, y, **options)


def test_bad_data(x: Any, y: Any) -> None:
    with pytest.raises(InputError, match="y: found 159 rows; expected 160"):
        fastntk.solve(NET, x, y[1:])
    y[3, 1] = np.nan
    with pytest.raises(InputError, match="y: found nan in row 3, column 1"):
        fastntk.solve(NET, x, y)
    x[2, 2] = np.inf
    with pytest.raises(InputError, match="x: found inf"):
        fastntk.solve(NET, x, y)


def test_networks_on_whole_matrices_are_solved_too(y: Any) -> None:
    images = np.random.default_rng(5).standard_normal((30, 4, 2))
    net = stax.serial(stax.Dense(1), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1))
    matrix = fastntk.gram(net, images)
    for method in ("auto", "cg"):
        result = fastntk.solve(net, images, y[:30], ridge=0.1, method=method)
        np.testing.assert_allclose(
            result.x, np.linalg.solve(matrix + 0.1 * np.eye(30), y[:30]), atol=1e-4
        )
