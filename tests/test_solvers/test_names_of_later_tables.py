"""Names that come with centres, or with the first table that is appended."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import InputError, stax

pd = pytest.importorskip("pandas")

NET = stax.serial(stax.Dense(8, 1.5, 0.1), stax.Relu(), stax.Dense(1, 1.5, 0.1))
RNG = np.random.default_rng(0)
X, C, Z = (RNG.standard_normal((n, 4)) for n in (30, 10, 6))
Y = np.sin(X[:, 0])
NAMES = list("abcd")


def table(rows: np.ndarray, names: Any = NAMES) -> Any:
    return pd.DataFrame(rows, columns=names)


@pytest.mark.parametrize("x", [X, table(X)], ids=["array", "table"])
def test_centres_in_another_order_of_columns(x: Any) -> None:
    how: dict[str, Any] = {"ridge": 0.1, "method": "falkon"}
    wanted = fastntk.fit(NET, X, Y, centers=C, **how).predict(Z)
    centers = table(C)[list("dcba")] if x is not X else table(C)
    model = fastntk.fit(NET, x, Y, centers=centers, **how)
    found = model.predict(table(Z)[list("bacd")])
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    with pytest.raises(InputError, match=r"x_new: found a table whose columns are not"):
        model.predict(table(Z, list("abce")))


@pytest.mark.parametrize("method", ["auto", "cholesky", "eigh", "cg", "askotch"])
def test_rows_as_centres_are_refused_by_other_methods(method: str) -> None:
    with pytest.raises(InputError, match=rf"centers: found rows with method='{method}"):
        fastntk.fit(NET, X, Y, ridge=0.1, method=method, centers=C)


def test_names_of_the_first_table_that_is_appended() -> None:
    wanted = fastntk.fit(NET, X, Y, ridge=1e-3).predict(Z)
    model = fastntk.fit(NET, X[:20], Y[:20], ridge=1e-3).append(table(X[20:]), Y[20:])
    assert model.feature_names == tuple(NAMES)
    found = model.predict(table(Z)[list("dcba")])
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_numbers_as_names_are_names() -> None:
    model = fastntk.fit(NET, table(X, [1, 2, 3, 4]), Y, ridge=0.1)
    with pytest.raises(InputError, match=r"missing 4; unknown 0"):
        model.predict(table(Z, [0, 1, 2, 3]))
    named = fastntk.fit(NET, table(X), Y, ridge=0.1)
    by_place = named.predict(pd.DataFrame(Z))  # nobody named these
    np.testing.assert_array_equal(by_place, named.predict(Z))


def test_a_list_of_labelled_rows_is_no_table() -> None:
    rows = [table(Z).iloc[k] for k in range(3)]
    with pytest.raises(InputError, match=r"a list of Series, whose labels would"):
        fastntk.fit(NET, table(X), Y, ridge=0.1).predict(rows)


def test_columns_of_several_numbers_are_named() -> None:
    pl = pytest.importorskip("polars")
    pairs = pl.Series([[1.0, 2.0], [3.0, 4.0]], dtype=pl.Array(pl.Float64, 2))
    for column in (pairs, [{"u": 1.0}, {"u": 2.0}]):
        with pytest.raises(InputError, match=r"found columns that can't be used: 'a' "):
            fastntk.gram(NET, pl.DataFrame({"a": column, "b": [1.0, 2.0]}))
