"""Models: predict, other targets, more rows, files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

import fastntk
from fastntk import ConvergenceError, InputError, NotSupportedError, stax
from fastntk.solvers import fit, load_model

N = 120
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


def _direct(x: Any, y: Any, x_new: Any, ridge: float) -> Any:
    matrix = fastntk.gram(NET, x) + ridge * np.eye(len(x))
    return fastntk.gram(NET, x_new, x) @ np.linalg.solve(matrix, y)


@pytest.mark.parametrize("method", ["auto", "eigh", "cg"])
def test_predictions_are_those_of_the_matrices(method: str, x: Any, y: Any) -> None:
    model = fit(NET, x, y, ridge=0.1, method=method, rtol=1e-9)
    x_new = np.random.default_rng(2).standard_normal((17, 3))
    found = model.predict(x_new)
    np.testing.assert_allclose(found, _direct(x, y, x_new, 0.1), atol=1e-6)
    one = fit(NET, x, y[:, 0], ridge=0.1, method=method, rtol=1e-9)
    np.testing.assert_allclose(one.predict(x_new), found[:, 0], atol=1e-6)
    assert "120 rows of 3 features, 2 outputs" in repr(model)


def test_falkon_predicts_from_its_centers(x: Any, y: Any) -> None:
    model = fit(NET, x, y, ridge=0.5, method="falkon", centers=N)
    assert model.x.shape == (N, 3)
    few = fit(NET, x, y, ridge=0.5, method="falkon", centers=30)
    assert few.x.shape == (30, 3)
    np.testing.assert_allclose(
        model.predict(x[:5]), _direct(x, y, x[:5], 0.5), atol=1e-4
    )


@pytest.mark.parametrize("method", ["cholesky", "eigh", "pinv", "cg", "askotch"])
def test_other_targets_reuse_what_is_there(method: str, x: Any, y: Any) -> None:
    model = fit(NET, x, y, ridge=0.1, method=method, rtol=1e-9)
    other = model.with_targets(3 * y)
    np.testing.assert_allclose(other.coefficients, 3 * model.coefficients, atol=1e-6)
    assert other.result is not None
    assert "factorise" not in other.result.seconds
    assert "kernel" not in other.result.seconds
    if method == "cg":
        built = other.result.details["preconditioner"]
        assert model.result is not None
        assert built is model.result.details["preconditioner"]


@pytest.mark.parametrize("method", ["cholesky", "eigh", "cg"])
def test_rows_are_appended(method: str, x: Any, y: Any) -> None:
    model = fit(NET, x[:100], y[:100], ridge=0.1, method=method, rtol=1e-9)
    grown = model.append(x[100:], y[100:])
    whole = fit(NET, x, y, ridge=0.1, method=method, rtol=1e-9)
    np.testing.assert_allclose(grown.coefficients, whole.coefficients, atol=1e-6)
    assert grown.result is not None
    assert (grown.result.reason == "the factor was extended by rows") == (
        method == "cholesky"
    )
    twice = grown.append(x[:2] + 1.0, y[:2])
    assert twice.coefficients.shape == (N + 2, 2)


def test_appending_to_merged_rows(x: Any, y: Any) -> None:
    rows, labels = np.vstack([x[:50], x[:10]]), np.vstack([y[:50], y[:10]])
    grown = fit(NET, rows, labels).append(x[60:70], y[60:70])
    whole = fit(NET, np.vstack([rows, x[60:70]]), np.vstack([labels, y[60:70]]))
    np.testing.assert_allclose(grown.coefficients, whole.coefficients, atol=1e-7)


def test_a_vector_stays_a_vector(x: Any, y: Any) -> None:
    model = fit(NET, x[:100], y[:100, 0], ridge=0.1)
    assert model.append(x[100:], y[100:, 0]).coefficients.shape == (N,)
    assert model.with_targets(y[:100, 1]).predict(x[:3]).shape == (3,)


def test_bad_rows_are_refused(x: Any, y: Any) -> None:
    model = fit(NET, x, y, ridge=0.1)
    with pytest.raises(InputError, match="x_new: found 2 features; expected 3"):
        model.append(x[:, :2], y)
    with pytest.raises(InputError, match="y_new: found 1 outputs; expected 2"):
        model.append(x[:2], y[:2, 0])
    with pytest.raises(InputError, match="y_new: found 3 rows; expected 2"):
        model.append(x[:2], y[:3])
    with pytest.raises(InputError, match="3 features|features"):
        model.predict(x[:, :2])
    with pytest.raises(TypeError, match="rigde"):
        fit(NET, x, y, rigde=0.1)
    with pytest.raises(ConvergenceError):
        fit(NET, x, y, ridge=1e-6, method="cg", preconditioner="none", max_iter=1)


# --- files ----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", ".npz", ".json"])
def test_saved_models_predict_the_same(
    ending: str, x: Any, y: Any, tmp_path: Path
) -> None:
    model = fit(NET, x, y, ridge=0.1)
    paths = model.save(tmp_path / f"my.model{ending}")
    assert [p.name for p in paths] == ["my.model.npz", "my.model.json"]
    loaded = load_model(tmp_path / f"my.model{ending}")
    np.testing.assert_array_equal(loaded.predict(x[:9]), model.predict(x[:9]))
    assert loaded.get == "ntk"
    assert loaded.ridge == 0.1
    assert loaded.result is None
    assert loaded.facts["status"] == "CONVERGED"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "my.model.json",
        "my.model.npz",
    ]
    again = loaded.save(tmp_path / "again")
    np.testing.assert_array_equal(
        load_model(again[1]).predict(x[:9]), model.predict(x[:9])
    )


def test_sparse_rows_are_saved(x: Any, y: Any, tmp_path: Path) -> None:
    rows = csr_matrix(np.where(np.abs(x) > 0.7, x, 0.0))
    model = fit(NET, rows, y, ridge=0.1)
    model.save(tmp_path / "sparse")
    loaded = load_model(tmp_path / "sparse")
    np.testing.assert_array_equal(loaded.predict(rows[:5]), model.predict(rows[:5]))


@pytest.mark.parametrize("method", ["cholesky", "cg", "eigh"])
@pytest.mark.parametrize("are_new_sparse", [True, False])
@pytest.mark.parametrize("are_sparse", [True, False])
def test_rows_are_appended_sparse_or_not(
    are_sparse: bool, are_new_sparse: bool, method: str, x: Any, y: Any
) -> None:
    dense = np.where(np.abs(x) > 0.7, x, 0.0)
    new = np.where(np.abs(x[:5]) > 0.7, x[:5], 0.0) + 1.0
    model = fit(
        NET,
        csr_matrix(dense) if are_sparse else dense,
        y,
        ridge=0.1,
        method=method,
        rtol=1e-9,
    )
    more = model.append(csr_matrix(new) if are_new_sparse else new, y[:5])
    rows, targets = np.concatenate([dense, new]), np.concatenate([y, y[:5]])
    np.testing.assert_allclose(
        more.predict(new), _direct(rows, targets, new, 0.1), atol=1e-6
    )
    assert more.x.shape == rows.shape
    assert isinstance(more.x, np.ndarray) is not are_sparse
    assert model.x.shape == dense.shape
    with pytest.raises(InputError, match="x_new: found 2 features; expected 3"):
        model.append(new[:, :2], y[:5])


def test_loaded_models_say_what_they_lack(x: Any, y: Any, tmp_path: Path) -> None:
    fit(NET, x, y, ridge=0.1).save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    with pytest.raises(NotSupportedError, match="with_targets: this model was loaded"):
        loaded.with_targets(y)
    with pytest.raises(NotSupportedError, match="append: this model was loaded"):
        loaded.append(x, y)


def test_damaged_files_are_refused(x: Any, y: Any, tmp_path: Path) -> None:
    model = fit(NET, x, y, ridge=0.1)
    arrays, words = model.save(tmp_path / "m")
    good, text = arrays.read_bytes(), words.read_text()
    arrays.write_bytes(good[:-100])
    with pytest.raises(InputError, match="contents are not those that m.json"):
        load_model(tmp_path / "m")
    arrays.write_bytes(good)
    for bad in ("{}", "[]", "not json", text.replace('"ridge"', '"rigde"')):
        words.write_text(bad)
        with pytest.raises(InputError, match="no model saved by fastntk"):
            load_model(tmp_path / "m")
    later = json.loads(text) | {"fastntk_model": 99}
    words.write_text(json.dumps(later))
    with pytest.raises(InputError, match="found format 99; expected 1"):
        load_model(tmp_path / "m")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "absent")


def test_nothing_is_left_where_a_model_cannot_be_written(
    x: Any, y: Any, tmp_path: Path
) -> None:
    model = fit(NET, x, y, ridge=0.1)
    with pytest.raises(OSError, match="No such file"):
        model.save(tmp_path / "no" / "m")
    assert not list(tmp_path.iterdir())


def test_appending_rows_that_are_there_already(x: Any, y: Any) -> None:
    model = fit(NET, x, y, method="cholesky").append(x[:3], y[:3])
    np.testing.assert_allclose(model.predict(x), y, atol=1e-6)
