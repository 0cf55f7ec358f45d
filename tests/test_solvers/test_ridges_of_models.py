"""Models with ridges per row and per target: targets, rows, files, equal rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import InputError
from fastntk.solvers import Status, load_model
from tests.test_solvers.test_ridges import (
    BY_ROW,
    BY_TARGET,
    MATRIX,
    NET,
    NEW,
    Y_NEW,
    N,
    X,
    Y,
    direct,
)


@pytest.mark.parametrize("precision", ["float64", "mixed"])
@pytest.mark.parametrize("ridge", [BY_ROW, BY_TARGET])
@pytest.mark.parametrize("method", ["auto", "cholesky", "cg"])
def test_models(method: str, ridge: Any, precision: str, tmp_path: Path) -> None:
    model = fastntk.fit(
        NET, X, Y, ridge=ridge, method=method, precision=precision, rtol=1e-9
    )
    cross = fastntk.gram(NET, NEW, X)
    np.testing.assert_allclose(
        model.predict(NEW), cross @ direct(MATRIX, Y, ridge), atol=1e-6
    )
    kind = "row" if ridge.ndim == 1 else "target"
    assert f"(one per {kind})" in repr(model)
    other = model.with_targets(Y[::-1])
    np.testing.assert_allclose(
        other.predict(NEW), cross @ direct(MATRIX, Y[::-1], ridge), atol=1e-6
    )
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    np.testing.assert_array_equal(loaded.ridge, ridge)
    np.testing.assert_array_equal(loaded.predict(NEW), model.predict(NEW))
    assert repr(loaded) == repr(model)


@pytest.mark.parametrize("method", ["cholesky", "cg"])
def test_further_rows_bring_their_ridges(method: str) -> None:
    rows, targets = np.concatenate([X, NEW]), np.concatenate([Y, Y_NEW])
    whole = fastntk.gram(NET, rows)
    cross = whole[:N]
    fresh = np.linspace(0.1, 1.0, 7)
    options: dict[str, Any] = {"method": method, "rtol": 1e-9}
    model = fastntk.fit(NET, X, Y, ridge=BY_ROW, **options)
    for given, joint in (
        (fresh, np.concatenate([BY_ROW, fresh])),
        (0.5, np.concatenate([BY_ROW, np.full(7, 0.5)])),
    ):
        more = model.append(NEW, Y_NEW, ridge=given)
        wanted = cross @ direct(whole, targets, joint)
        np.testing.assert_allclose(more.predict(X), wanted, atol=1e-5)
        np.testing.assert_array_equal(more.ridge, joint)
    scalar = fastntk.fit(NET, X, Y, ridge=0.1, **options)
    assert scalar.append(NEW, Y_NEW).ridge == 0.1
    more = scalar.append(NEW, Y_NEW, ridge=fresh)
    joint = np.concatenate([np.full(N, 0.1), fresh])
    wanted = cross @ direct(whole, targets, joint)
    np.testing.assert_allclose(more.predict(X), wanted, atol=1e-6)
    by_target = fastntk.fit(NET, X, Y, ridge=BY_TARGET, **options)
    more = by_target.append(NEW, Y_NEW)
    wanted = cross @ direct(whole, targets, BY_TARGET)
    np.testing.assert_allclose(more.predict(X), wanted, atol=1e-6)


def test_further_rows_with_ridges_that_do_not_fit() -> None:
    model = fastntk.fit(NET, X, Y, ridge=BY_ROW)
    with pytest.raises(InputError, match="ridge: found none for 7 further rows"):
        model.append(NEW, Y_NEW)
    with pytest.raises(InputError, match=r"found shape \(2,\); expected.*\(7,\)"):
        model.append(NEW, Y_NEW, ridge=[1.0, 2.0])
    with pytest.raises(InputError, match=r"found shape \(1, 3\)"):
        model.append(NEW, Y_NEW, ridge=BY_TARGET)
    by_target = fastntk.fit(NET, X, Y, ridge=BY_TARGET)
    with pytest.raises(InputError, match="a model with one per target"):
        by_target.append(NEW, Y_NEW, ridge=1.0)
    with pytest.raises(InputError, match=r"found shape \(1, 3\)"):
        by_target.with_targets(Y[:, 0])


@pytest.mark.parametrize("method", ["auto", "cholesky", "cg", "pinv"])
@pytest.mark.filterwarnings("ignore::fastntk.ConditionWarning")
def test_equal_rows_without_a_ridge_are_merged(method: str) -> None:
    x = X.copy()
    x[5], x[17], x[30] = x[6], x[6], x[40]
    matrix = fastntk.gram(NET, x)
    by_target = np.array([[0.0, 1.0, 0.1]])
    found = fastntk.solve(NET, x, Y, ridge=by_target, method=method, rtol=1e-8)
    np.testing.assert_allclose(found.x, direct(matrix, Y, by_target), atol=1e-6)
    if method == "pinv":
        return
    by_row = BY_ROW.copy()
    by_row[[5, 6, 9]] = 0.0  # 17 has noise, 30 and 40 too
    found = fastntk.solve(NET, x, Y, ridge=by_row, method=method, rtol=1e-8)
    np.testing.assert_allclose(found.x, direct(matrix, Y, by_row), atol=1e-5)
    assert found.status is Status.LEAST_SQUARES
    zero = fastntk.solve(NET, x, Y, ridge=np.zeros(N), method=method)
    np.testing.assert_array_equal(
        zero.x, fastntk.solve(NET, x, Y, ridge=0.0, method=method).x
    )


def test_the_ridge_is_the_callers() -> None:
    ridge = BY_ROW.copy()
    model = fastntk.fit(NET, X, Y, ridge=ridge)
    ridge[:] = 7.0
    np.testing.assert_array_equal(model.ridge, BY_ROW)
    np.testing.assert_allclose(
        model.with_targets(Y).coefficients, direct(MATRIX, Y, BY_ROW), atol=1e-8
    )
