"""Points of predictors: one precision for all containers, names of their columns."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from fastntk import InputError, predict
from tests.test_operators.cases import RELU_NET as NET

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 3)).astype(np.float32)
NEW = rng.standard_normal((6, 3)).astype(np.float32)
Y = np.sign(rng.standard_normal(40))
NAMES = list("abc")


def _frame(x: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(x, columns=NAMES)


def _polars(x: Any) -> Any:
    return pytest.importorskip("polars").DataFrame(x, schema=NAMES)


KINDS: dict[str, Callable[[Any], Any]] = {
    "ndarray": lambda x: x,
    "float16": lambda x: x.astype(np.float16),
    "csr": sp.csr_matrix,
    "csc": sp.csc_array,
    "list of rows": list,
    "pandas": _frame,
    "Float32": lambda x: _frame(x).astype("Float32"),
    "polars": _polars,
}

ASKED: dict[str, Callable[[Any, Any], Any]] = {
    "Posterior.mean": lambda x, new: predict.Posterior(NET, x, Y, ridge=1e-5).mean(new),
    "Posterior.variance": lambda x, new: predict.Posterior(
        NET, x, Y, ridge=1e-5
    ).variance(new),
    "Posterior.covariance": lambda x, new: predict.Posterior(
        NET, x, Y, "ntk", ridge=1e-5
    ).covariance(new),
    "Posterior.sample": lambda x, new: predict.Posterior(NET, x, Y, ridge=1e-5).sample(
        new, 2, seed=0
    ),
    "Posterior, operator": lambda x, new: predict.Posterior(
        NET, x, Y, ridge=1e-5, method="operator"
    ).mean(new),
    "GradientFlow": lambda x, new: predict.GradientFlow(NET, x, Y).at(1e4).mean(new),
    "ensemble": lambda x, new: predict.gradient_descent_mse_ensemble(
        NET, x, Y, diag_reg=1e-5
    )(x_test=new, get="nngp"),
}


@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("kind", KINDS)
def test_float32_rows_are_solved_in_float64(kind: str, what: str) -> None:
    make, ask = KINDS[kind], ASKED[what]
    narrow = np.float16 if kind == "float16" else np.float32
    train, new = X.astype(narrow), NEW.astype(narrow)
    expected = ask(train.astype(np.float64), new.astype(np.float64))
    tolerance = 1e-5 if what == "Posterior.sample" else 1e-7
    np.testing.assert_allclose(ask(make(X), make(NEW)), expected, atol=tolerance)


@pytest.mark.parametrize("library", [_frame, _polars])
@pytest.mark.parametrize("what", ASKED)
def test_columns_are_matched_by_name(what: str, library: Any) -> None:
    ask = ASKED[what]
    expected = ask(X, NEW)
    found = ask(library(X), library(NEW)[["c", "a", "b"]])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    found = ask(library(X)[["b", "c", "a"]], library(NEW))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("what", ASKED)
def test_other_columns_are_refused(what: str) -> None:
    with pytest.raises(InputError, match=r"x(_test)?: found a table .*missing 'c'"):
        ASKED[what](_frame(X), _frame(NEW)[["a", "b"]])


def test_functions_get_tables_in_the_order_of_the_training_set() -> None:
    seen = []

    def kernel_fn(x1: Any, x2: Any, get: Any) -> Any:
        seen.append(list(x1.columns))
        other = x1 if x2 is None else x2
        return x1.to_numpy() @ other.to_numpy().T

    posterior = predict.Posterior(kernel_fn, _frame(X), Y, ridge=0.1)
    found = posterior.mean(_frame(NEW)[["c", "b", "a"]])
    assert all(columns == NAMES for columns in seen)
    np.testing.assert_allclose(found, posterior.mean(_frame(NEW)))


def test_bad_points_are_refused_where_they_are_given() -> None:
    frame = _frame(X).assign(city="u")
    with pytest.raises(InputError, match=r"x_train: .*'city' \(text\)"):
        predict.Posterior(NET, frame, Y)
    posterior = predict.Posterior(NET, _frame(X), Y, ridge=0.1)
    with pytest.raises(InputError, match=r"x: .*'b' \(6 gaps\)"):
        posterior.mean(_frame(NEW).assign(b=np.nan))


def test_full_kernels_of_float32_lists_have_the_rounding_of_float32() -> None:
    from fastntk import gram, theory

    kernel = gram(NET, X)
    frame = pytest.importorskip("pandas").DataFrame(kernel)
    expected = theory.decompose(kernel, Y).unit
    assert expected == np.finfo(np.float32).eps
    for given in (list(kernel), frame):
        assert theory.decompose(given, Y).unit == expected
