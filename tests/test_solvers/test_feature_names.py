"""Models that were fitted to tables: names of features, kept, matched and saved."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import InputError, stax
from tests.test_operators.cases import RELU_NET as NET

pd = pytest.importorskip("pandas")

X = np.random.default_rng(0).standard_normal((20, 3))
FRAME = pd.DataFrame(X, columns=["a", "b", 7])
OTHER = FRAME[[7, "a", "b"]]
Y = X[:, 0] + 10 * X[:, 1]


def _nothing(*_: Any) -> Any:
    return None


def _fit(x: Any = FRAME, **options: Any) -> Any:
    return fastntk.fit(NET, x, Y, ridge=0.01, **options)


@pytest.mark.parametrize("method", ["cholesky", "falkon"])
def test_predictions_match_columns_by_name(method: str) -> None:
    model, plain = _fit(method=method), _fit(X, method=method)
    assert type(model.x) is np.ndarray
    assert model.feature_names == ("a", "b", 7)
    assert plain.feature_names is None
    expected = plain.predict(X)
    for rows in (FRAME, OTHER, X, X.tolist()):
        np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-9)
    np.testing.assert_allclose(plain.predict(FRAME), expected, rtol=1e-9)


def test_other_columns_are_refused() -> None:
    model = _fit()
    message = (
        r"x_new: .* missing 7; unknown 'c'; expected 3 columns with the same names"
    )
    renamed = FRAME.rename(columns={7: "c"})
    with pytest.raises(InputError, match=message):
        model.predict(renamed)
    with pytest.raises(InputError, match=message):
        model.append(renamed, Y)
    with pytest.raises(InputError, match="missing 'b', 7"):
        model.predict(FRAME[["a"]])


def test_appended_rows_are_matched_too() -> None:
    more = FRAME.iloc[:4] + 0.5
    expected = _fit(X).append(X[:4] + 0.5, Y[:4]).predict(X)
    longer = _fit().append(more[[7, "b", "a"]], Y[:4])
    assert longer.feature_names == ("a", "b", 7)
    np.testing.assert_allclose(longer.predict(OTHER), expected, rtol=1e-9)
    assert longer.with_targets(np.r_[Y, Y[:4]]).feature_names == ("a", "b", 7)


def test_names_are_saved(tmp_path: Path) -> None:
    model = _fit()
    _, words = model.save(tmp_path / "model")
    assert json.loads(words.read_text())["feature_names"] == ["a", "b", 7]
    loaded = fastntk.load_model(words)
    assert loaded.feature_names == ("a", "b", 7)
    np.testing.assert_array_equal(loaded.predict(OTHER), model.predict(FRAME))
    with pytest.raises(InputError, match="missing 7"):
        loaded.predict(FRAME.rename(columns={7: "c"}))


def test_files_without_names_still_load(tmp_path: Path) -> None:
    _, words = _fit().save(tmp_path / "model")
    found = json.loads(words.read_text())
    del found["feature_names"]
    words.write_text(json.dumps(found))
    loaded = fastntk.load_model(words)
    assert loaded.feature_names is None
    np.testing.assert_array_equal(loaded.predict(FRAME), _fit().predict(X))


@pytest.mark.parametrize(
    ("names", "message"),
    [(["a"], "found 1 feature names for 3 features"), ("abc", "no model saved")],
)
def test_damaged_names_are_refused(names: Any, message: str, tmp_path: Path) -> None:
    _, words = _fit().save(tmp_path / "model")
    found = json.loads(words.read_text()) | {"feature_names": names}
    words.write_text(json.dumps(found))
    with pytest.raises(InputError, match=message):
        fastntk.load_model(words)


def test_targets_of_any_library() -> None:
    pl = pytest.importorskip("polars")
    expected = _fit(X).coefficients
    targets = (
        pd.Series(Y, dtype=object),
        pd.Series(Y, dtype="Float64"),
        pl.Series(Y),
        list(Y),
    )
    for y in targets:
        found = fastntk.fit(NET, X, y, ridge=0.01).coefficients
        np.testing.assert_array_equal(found, expected)
    both = fastntk.fit(NET, X, pd.DataFrame({"u": Y, "v": Y > 0}), ridge=0.01)
    np.testing.assert_allclose(both.coefficients[:, 0], expected, rtol=1e-9)
    with pytest.raises(InputError, match=r"y: .*'v' \(text\)"):
        fastntk.fit(NET, X, pd.DataFrame({"u": Y, "v": "w"}))


def test_float32_rows_are_appended_in_float64() -> None:
    x, more = X.astype(np.float32), (X[:4] + 0.5).astype(np.float32)
    longer: Any = fastntk.fit(NET, x, Y, ridge=1e-7).append(more, Y[:4])
    assert longer.result.reason == "the factor was extended by rows"
    whole = np.concatenate([x, more]).astype(float)
    expected = fastntk.fit(NET, whole, np.r_[Y, Y[:4]], ridge=1e-7)
    np.testing.assert_allclose(longer.predict(X), expected.predict(X), atol=1e-6)


def test_float32_rows_of_layers_by_a_user_are_solved_in_float64() -> None:
    def doubled(k: Any, **_: Any) -> Any:
        cov2 = None if k.cov2 is None else 2 * k.cov2
        return k.replace(nngp=2 * k.nngp, ntk=2 * k.ntk, cov1=2 * k.cov1, cov2=cov2)

    own = (_nothing, _nothing, doubled)
    net = stax.serial(stax.Dense(8, 1.5, 0.1), stax.Relu(), own, stax.Dense(1))
    x = X.astype(np.float32)
    found = fastntk.fit(net, x, Y, ridge=1e-6).predict(x)
    expected = fastntk.fit(net, x.astype(float), Y, ridge=1e-6).predict(x.astype(float))
    np.testing.assert_allclose(found, expected, rtol=1e-7)
