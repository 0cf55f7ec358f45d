"""Tables of pandas, polars and pyarrow as rows: dtypes, gaps, bad columns."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from fastntk import InputError
from fastntk._validation import as_input, is_frame, to_array

X = np.array([[1.0, -2.0], [3.0, 0.5], [-1.0, 2.0]])
WITH_FLAG = np.c_[X, [1.0, 0.0, 1.0]]


def _pandas() -> Any:
    return pytest.importorskip("pandas")


def _frame() -> Any:
    return _pandas().DataFrame(X, columns=["a", "b"])


def _objects(values: list[Any]) -> Any:
    return _pandas().Series(values, dtype=object)


def _arrow(frame: Any) -> Any:
    pytest.importorskip("pyarrow")
    return frame.astype("float64[pyarrow]")


def _polars(**columns: Any) -> Any:
    return pytest.importorskip("polars").DataFrame(columns)


def _table(**columns: Any) -> Any:
    return pytest.importorskip("pyarrow").table(columns)


GOOD: dict[str, tuple[Callable[[], Any], np.ndarray]] = {
    "one block": (_frame, X),
    "nullable": (lambda: _frame().convert_dtypes(), X),
    "Float32": (lambda: _frame().astype("Float32"), X),
    "Int64": (lambda: _frame().iloc[:, :1].astype("Int64"), X[:, :1]),
    "boolean": (
        lambda: _pandas().DataFrame({"a": [True, False]}, dtype="boolean"),
        np.array([[1.0], [0.0]]),
    ),
    "arrow": (lambda: _arrow(_frame()), X),
    "floats and bools": (lambda: _frame().assign(c=[True, False, True]), WITH_FLAG),
    "all kinds": (
        lambda: _arrow(_frame()).assign(c=_pandas().array([1, 0, 1], dtype="Int8")),
        WITH_FLAG,
    ),
    "objects": (lambda: _frame().astype(object), X),
    "sparse": (lambda: _frame().astype(_pandas().SparseDtype("float", 0.0)), X),
    "numbers of a category": (lambda: _frame().astype("category"), X),
    "polars": (lambda: _polars(a=X[:, 0], b=X[:, 1], c=[True, False, True]), WITH_FLAG),
    "decimals": (
        lambda: _polars(a=[Decimal("1.5"), Decimal("-2")]),
        np.array([[1.5], [-2.0]]),
    ),
    "pyarrow": (lambda: _table(a=X[:, 0], b=X[:, 1], c=[True, False, True]), WITH_FLAG),
}


@pytest.mark.parametrize("kind", GOOD)
def test_tables_without_gaps_are_taken(kind: str) -> None:
    make, expected = GOOD[kind]
    table = make()
    assert is_frame(table)
    found = as_input(table, "x")
    assert isinstance(found, np.ndarray)
    assert found.dtype.kind in "fiub"
    np.testing.assert_array_equal(found.astype(float), expected)


def test_one_block_of_pandas_is_not_copied() -> None:
    frame = _pandas().DataFrame(X)
    assert np.shares_memory(to_array(frame, "x"), frame.to_numpy())


def test_float32_and_booleans_stay_float32() -> None:
    frame = _frame().astype("float32").assign(c=True)
    assert to_array(frame, "x").dtype == np.float32


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "all at once": (
        lambda: _frame().assign(
            b=[1.0, np.nan, np.nan],
            city=list("uvw"),
            when=_pandas().Timestamp(2020, 1, 1),
        ),
        r"x: found columns that can't be used: 'b' \(2 gaps\), 'city' \(text\), 'when' "
        r"\(dates\); expected real, finite numbers",
    ),
    "nullable": (
        lambda: _frame().convert_dtypes().mask(_frame() > 2),
        r"'a' \(1 gap\);",
    ),
    "arrow": (lambda: _arrow(_frame().mask(_frame() > 2)), r"used: 'a' \(1 gap\);"),
    "boolean": (
        lambda: _pandas().DataFrame({"a": [True, None]}, dtype="boolean"),
        r"'a' \(1 gap\)",
    ),
    "NaN": (lambda: _frame().mask(_frame() > 2), r"used: 'a' \(1 gap\);"),
    "infinity": (lambda: _frame().replace(3.0, np.inf), r"'a' \(1 infinity\);"),
    "complex": (lambda: _frame().astype(complex), r"'a' \(complex numbers\), 'b'"),
    "categories": (
        lambda: _frame().assign(c=_pandas().Categorical(list("uvu"))),
        r"'c' \(text\);",
    ),
    "lists": (lambda: _frame().assign(c=[[1], [2], [3]]), r"'c' \(objects: list\)"),
    "huge": (
        lambda: _frame().assign(c=_objects([10**400] * 3)),
        r"'c' \(integers beyond float64",
    ),
    "polars": (
        lambda: _polars(
            a=[1, None], b=["u", "v"], c=[datetime.date(2020, 1, 1)] * 2, d=[0.5, 1.5]
        ),
        r"used: 'a' \(1 gap\), 'b' \(text\), 'c' \(dates\);",
    ),
    "pyarrow": (
        lambda: _table(a=[1.0, None], b=["u", "v"]),
        r"'a' \(1 gap\), 'b' \(text",
    ),
    "wide": (
        lambda: _pandas().DataFrame({f"c{k}": ["u"] for k in range(30)}),
        r"'c9' \(text\) and 20 more;",
    ),
    "empty": (lambda: _frame().iloc[:0], r"found an empty array of shape \(0, 2\)"),
    "no columns": (lambda: _frame()[[]], r"found an empty array of shape \(3, 0\)"),
    "lazy": (lambda: _polars(a=[1.0]).lazy(), r"x: found a LazyFrame.*Pass x\.collect"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_columns_are_named(kind: str) -> None:
    make, message = BAD[kind]
    with pytest.raises(InputError, match=message):
        as_input(make(), "x")
