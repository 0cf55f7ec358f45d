"""Names of features: matched by name, or refused."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import InputError
from fastntk._validation import feature_names, match_features, to_array
from tests.test_operators.cases import RELU_NET

pd = pytest.importorskip("pandas")

X = np.random.default_rng(0).standard_normal((5, 3))
FRAME = pd.DataFrame(X, columns=list("abc"))
NAMES = ("a", "b", "c")


def _polars(frame: Any) -> Any:
    return pytest.importorskip("polars").DataFrame(frame.to_dict(orient="list"))


def _pyarrow(frame: Any) -> Any:
    return pytest.importorskip("pyarrow").table(frame.to_dict(orient="list"))


def test_only_tables_have_names() -> None:
    assert feature_names(FRAME) == NAMES
    assert feature_names(pd.DataFrame(X)) == (0, 1, 2)
    assert feature_names(X) is feature_names(X.tolist()) is feature_names(None) is None
    pairs = pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("b", 3)])
    found = feature_names(pd.DataFrame(X, columns=pairs))
    assert found == ("('a', 1)", "('b', 2)", "('b', 3)")


@pytest.mark.parametrize("library", [lambda f: f, _polars, _pyarrow])
def test_columns_in_another_order_are_put_in_order(library: Any) -> None:
    found = match_features(library(FRAME[["c", "a", "b"]]), NAMES, "x")
    assert feature_names(found) == NAMES
    np.testing.assert_array_equal(to_array(found, "x"), X)


def test_numbered_columns_are_matched_by_number_or_by_place() -> None:
    numbered = pd.DataFrame(X)
    found = match_features(numbered[[2, 0, 1]], (0, 1, 2), "x")
    np.testing.assert_array_equal(to_array(found, "x"), X)
    assert match_features(numbered, NAMES, "x") is numbered
    assert match_features(FRAME, (0, 1, 2), "x") is FRAME
    with pytest.raises(InputError, match=r"missing 'a', 'b', 'c'; unknown 2, 0, 1"):
        match_features(numbered[[2, 0, 1]], NAMES, "x")


def test_arrays_go_by_place() -> None:
    assert match_features(X, NAMES, "x") is X
    assert match_features(FRAME, None, "x") is FRAME


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (FRAME[["a", "b"]], r"x_new: .*those of the training rows: missing 'c';"),
        (FRAME.assign(d=1.0), r"unknown 'd'; expected 3 columns with the same names"),
        (FRAME.rename(columns={"c": "C"}), r"missing 'c'; unknown 'C';"),
        (FRAME[["a", "b", "b"]], r"missing 'c'; repeated 'b';"),
    ],
    ids=["missing", "extra", "renamed", "repeated"],
)
def test_other_names_are_refused(frame: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        match_features(frame, NAMES, "x_new")


def test_repeated_names_in_the_same_order_are_the_same() -> None:
    twice = FRAME[["a", "b", "b"]]
    assert match_features(twice, ("a", "b", "b"), "x") is twice
    with pytest.raises(InputError, match="repeated 'b'"):
        match_features(twice[["b", "a"]], ("a", "b", "b"), "x")


def test_two_tables_of_a_gram_matrix() -> None:
    expected = fastntk.gram(RELU_NET, X)
    other = FRAME[["c", "a", "b"]]
    found = fastntk.gram(RELU_NET, other, FRAME)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    found = RELU_NET.kernel_fn(other, FRAME, "ntk")
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    found = fastntk.operator(RELU_NET, other, FRAME) @ np.eye(5)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    blocks = np.zeros((5, 5))
    for rows, cols, block in fastntk.tiles(RELU_NET, other, FRAME):
        blocks[rows, cols] = block
    np.testing.assert_allclose(blocks, expected, rtol=1e-12)
    with pytest.raises(
        InputError, match=r"x2: .*those of x1: missing 'c'; unknown 'z'"
    ):
        fastntk.gram(RELU_NET, FRAME, FRAME.rename(columns={"c": "z"}))
