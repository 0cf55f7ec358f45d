"""Centres that need not be training rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

import fastntk
from fastntk import InputError, stax
from fastntk.solvers import falkon, load_model

N, M, RIDGE = 150, 25, 0.1
NET = stax.serial(
    stax.Dense(1, W_std=1.5, b_std=0.3),
    stax.Relu(),
    stax.Dense(1, W_std=1.5, b_std=0.3),
)
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((N, 3)), RNG.standard_normal((N, 2))
CENTERS, NEW = RNG.standard_normal((M, 3)), RNG.standard_normal((7, 3))


def direct(centers: Any, y: Any = Y, jitter: float = 1e-12) -> Any:
    """Predict as subset of regressors, by least squares of NumPy."""
    cross, small = fastntk.gram(NET, X, centers), fastntk.gram(NET, centers)
    root = np.linalg.cholesky(small + jitter * np.eye(len(small)))
    stacked = np.vstack([cross, np.sqrt(RIDGE) * root.T])
    targets = np.vstack([y, np.zeros((len(small), y.shape[1]))])
    found = np.linalg.lstsq(stacked, targets, rcond=None)[0]
    return fastntk.gram(NET, NEW, centers) @ found


@pytest.mark.parametrize("make", [np.array, list, csr_matrix], ids=["a", "list", "csr"])
@pytest.mark.parametrize("rows", [np.array, csr_matrix], ids=["dense", "sparse"])
def test_centres_of_ones_own(make: Any, rows: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"method": "falkon", "ridge": RIDGE, "rtol": 1e-9}
    model = fastntk.fit(NET, rows(X), Y, centers=make(CENTERS), **options)
    np.testing.assert_allclose(model.predict(NEW), direct(CENTERS), atol=1e-7)
    assert model.x.shape == CENTERS.shape
    assert "25 centres of 3 features" in repr(model)
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict(NEW), model.predict(NEW))
    assert "25 centres of 3 features" in repr(loaded)


def test_other_targets_and_further_rows_keep_them() -> None:
    options: dict[str, Any] = {"method": "falkon", "ridge": RIDGE, "rtol": 1e-9}
    model = fastntk.fit(NET, X[:140], Y[:140], centers=CENTERS, **options)
    more = model.append(X[140:], Y[140:])
    np.testing.assert_allclose(more.predict(NEW), direct(CENTERS), atol=1e-7)
    other = more.with_targets(Y[::-1])
    wanted = direct(CENTERS, y=Y[::-1])
    np.testing.assert_allclose(other.predict(NEW), wanted, atol=1e-7)


def test_centres_are_copied() -> None:
    mine = CENTERS.copy()
    model = fastntk.fit(NET, X, Y, ridge=RIDGE, method="falkon", centers=mine)
    before = model.predict(NEW)
    mine[:] = 0.0
    np.testing.assert_array_equal(model.predict(NEW), before)


def test_training_rows_as_rows_are_the_same_centres() -> None:
    options: dict[str, Any] = {"method": "falkon", "ridge": RIDGE, "rtol": 1e-9}
    rows = fastntk.solve(NET, X, Y, centers=X[[3, 9, 20]], **options)
    which = fastntk.solve(NET, X, Y, centers=[3, 9, 20], **options)
    np.testing.assert_allclose(rows.x, which.x, atol=1e-10)
    np.testing.assert_array_equal(rows.centers, X[[3, 9, 20]])


@pytest.mark.parametrize("precision", ["float64", "mixed", "float32"])
def test_precisions(precision: str) -> None:
    options: dict[str, Any] = {
        "method": "falkon",
        "ridge": RIDGE,
        "precision": precision,
    }
    model = fastntk.fit(NET, X, Y, centers=CENTERS, rtol=1e-5, **options)
    assert model.result is not None
    wanted = direct(CENTERS, jitter=model.result.jitter)
    np.testing.assert_allclose(model.predict(NEW), wanted, atol=1e-3)


def test_networks_on_whole_matrices() -> None:
    net = stax.serial(stax.Flatten(), NET)
    x, centers = X.reshape(N, 3, 1), CENTERS.reshape(M, 3, 1)
    options: dict[str, Any] = {"method": "falkon", "ridge": RIDGE, "rtol": 1e-9}
    result = fastntk.solve(net, x, Y, centers=centers, **options)
    found = fastntk.gram(NET, NEW, CENTERS) @ result.x
    np.testing.assert_allclose(found, direct(CENTERS), atol=1e-7)


def test_an_operator_knows_its_rows_and_a_matrix_does_not() -> None:
    result = falkon(fastntk.operator(NET, X), Y, RIDGE, centers=CENTERS, rtol=1e-9)
    found = fastntk.gram(NET, NEW, CENTERS) @ result.x
    np.testing.assert_allclose(found, direct(CENTERS), atol=1e-7)
    cross = fastntk.gram(NET, X, CENTERS)
    left = np.linalg.norm(cross @ result.x - Y, axis=0) / np.linalg.norm(Y, axis=0)
    np.testing.assert_allclose(result.details["training_residuals"], left, rtol=1e-6)
    with pytest.raises(
        InputError, match="a kernel that is a ndarray and does not know"
    ):
        falkon(fastntk.gram(NET, X), Y, RIDGE, centers=CENTERS)


@pytest.mark.parametrize(
    ("centers", "message"),
    [
        (CENTERS[:, :2], "centers: found 2 features; expected 3, as in the training"),
        (np.full((2, 3), np.nan), "centers: found nan at row 0, column 0"),
        (np.ma.masked_array(CENTERS, CENTERS > 1), "centers: found a masked array"),
        (np.ma.masked_array([1, 2], [True, False]), "centers: found a masked array"),
        ([0.5, 1.0], "centers: found 2 numbers of dtype float64; expected indices"),
        ([], "centers: found 0 numbers"),
        ([[1.0, 2.0, 3.0], [3.0]], "centers: found a list that is no array"),
        (CENTERS.astype(complex), "centers: found dtype complex128"),
        (np.ones((2, 3, 3)), "centers: found 3 dimensions"),
        ("many", r"centres of shape \(m, d\), or 'auto'"),
        (None, "centers: found None"),
    ],
)
def test_centres_that_do_not_fit(centers: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fastntk.solve(NET, X, Y, ridge=RIDGE, method="falkon", centers=centers)
