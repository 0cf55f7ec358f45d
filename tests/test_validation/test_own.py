"""Whatever keeps arrays keeps its own: the caller's may change afterwards."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from fastntk import InputError, predict, solvers, stax, theory
from fastntk._validation import as_input, owned, owned_rows
from tests.test_operators.cases import RELU_NET as NET

N = 12
X = np.random.default_rng(0).standard_normal((N, 3))
Y = np.sin(X[:, 0])
NEW = np.random.default_rng(1).standard_normal((4, 3))
K = fastntk.gram(NET, X, get=("nngp", "ntk"))
CROSS = fastntk.gram(NET, NEW, X)


def _moved(values: Any) -> None:
    """Change the caller's numbers where they are."""
    (values.data if sp.issparse(values) else values)[...] += 3.0


def _linear(x1: Any, x2: Any, get: Any) -> Any:
    return x1 @ (x1 if x2 is None else x2).T


def _loaded(model: Any, folder: Path) -> Any:
    model.save(folder / "model")
    return fastntk.load_model(folder / "model").predict(NEW)


ROWS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Path], Any]]] = {
    "fit": (
        lambda x, y: fastntk.fit(NET, x, y, ridge=0.1),
        lambda m, _: m.predict(NEW),
    ),
    "fit, cg": (
        lambda x, y: fastntk.fit(NET, x, y, ridge=0.1, method="cg"),
        lambda m, _: m.predict(NEW),
    ),
    "fit, append": (
        lambda x, y: fastntk.fit(NET, x, y, ridge=0.1),
        lambda m, _: m.append(NEW, NEW[:, 0]).predict(NEW),
    ),
    "fit, save": (lambda x, y: fastntk.fit(NET, x, y, ridge=0.1), _loaded),
    "fit, other targets": (
        lambda x, y: fastntk.fit(NET, x, y, ridge=0.1, method="cg"),
        lambda m, _: m.with_targets(Y**2).predict(NEW),
    ),
    "Posterior.mean": (
        lambda x, y: predict.Posterior(NET, x, y, ridge=0.1),
        lambda p, _: p.mean(NEW),
    ),
    "Posterior.variance": (
        lambda x, y: predict.Posterior(NET, x, y, "ntk", ridge=0.1),
        lambda p, _: p.variance(NEW),
    ),
    "Posterior, operator": (
        lambda x, y: predict.Posterior(NET, x, y, ridge=0.1, method="operator"),
        lambda p, _: p.mean(NEW),
    ),
    "Posterior, ridge": (
        lambda x, y: predict.Posterior(NET, x, y, ridge=0.1),
        lambda p, _: p.with_ridge(0.2).mean(NEW),
    ),
    "Posterior, function": (
        lambda x, y: predict.Posterior(_linear, x, y, ridge=0.1),
        lambda p, _: p.mean(NEW),
    ),
    "GradientFlow": (
        lambda x, y: predict.GradientFlow(NET, x, y),
        lambda f, _: f.at([1.0, 3.0]).mean(NEW),
    ),
    "ensemble": (
        lambda x, y: predict.gradient_descent_mse_ensemble(NET, x, y, diag_reg=0.1),
        lambda e, _: e(2.0, NEW, "ntk"),
    ),
    "operator": (lambda x, y: fastntk.operator(NET, x), lambda o, _: o @ Y),
    "operator.block": (
        lambda x, y: fastntk.operator(NET, x),
        lambda o, _: o.block([1, 4], slice(2, 7)),
    ),
    "operator, two sides": (
        lambda x, y: fastntk.operator(NET, NEW, x),
        lambda o, _: o.block([1], [4, 2]),
    ),
    "operator.x1": (lambda x, y: fastntk.operator(NET, x), lambda o, _: _dense(o.x1)),
    "tiles": (
        lambda x, y: fastntk.tiles(NET, x, NEW),
        lambda t, _: np.concatenate([block.ravel() for _, _, block in t]),
    ),
}


def _dense(x: Any) -> Any:
    return x.toarray() if sp.issparse(x) else x


@pytest.mark.parametrize("kind", [np.array, sp.csr_matrix, sp.csr_array])
@pytest.mark.parametrize("what", ROWS)
def test_rows_and_targets_may_change(what: str, kind: Any, tmp_path: Path) -> None:
    if kind is not np.array and ("append" in what or "function" in what):
        pytest.skip("dense rows only")
    make, ask = ROWS[what]
    expected = ask(make(kind(X), Y.copy()), tmp_path)
    x, y = kind(X), Y.copy()
    thing = make(x, y)
    _moved(x)
    _moved(y)
    np.testing.assert_allclose(ask(thing, tmp_path), expected, rtol=1e-9, atol=1e-12)


def test_near_rows_of_an_operator_may_change() -> None:
    x = np.concatenate([X, X * (1 + 1e-9)])  # their entries are computed from x itself
    operator = fastntk.operator(NET, x)
    expected = operator @ np.ones(2 * N)
    x[...] = 7.0
    np.testing.assert_array_equal(operator @ np.ones(2 * N), expected)


KERNELS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any], Any]]] = {
    "gp_inference": (
        lambda k, y: predict.gp_inference(k, y, 0.1),
        lambda p: p("ntk", CROSS),
    ),
    "gp_inference, both": (
        lambda k, y: predict.gp_inference({"nngp": k, "ntk": k}, y, 0.1),
        lambda p: (
            p("nngp", {"nngp": CROSS, "ntk": CROSS}, {"nngp": K.nngp[:4, :4]}).mean
        ),
    ),
    "mse": (
        lambda k, y: predict.gradient_descent_mse(k, y, diag_reg=0.1),
        lambda p: p(2.0, 0.0, 0.0, CROSS)[1],
    ),
    "descent": (
        lambda k, y: predict.gradient_descent("huber", k, y),
        lambda p: p(2.0, 0.0, 0.0, CROSS)[1],
    ),
    "DenseOperator": (
        lambda k, y: solvers.DenseOperator(k),
        lambda o: o.matmat(Y[:, None]),
    ),
    "DenseOperator in gp_inference": (
        lambda k, y: predict.gp_inference(solvers.DenseOperator(k), y, 0.1),
        lambda p: p("ntk", CROSS),
    ),
    "CholeskyFactor": (
        lambda k, y: solvers.CholeskyFactor.of(k, 0.1),
        lambda f: f.solve(Y),
    ),
    "EighFactor": (lambda k, y: solvers.EighFactor.of(k), lambda f: f.solve(Y, 0.1)),
    "rpcholesky": (
        lambda k, y: solvers.rpcholesky(k, ridge=0.1),
        lambda p: p.apply(Y[:, None]) if hasattr(p, "apply") else p.left(Y[:, None]),
    ),
    "shifted": (
        lambda k, y: fastntk.operator(NET, X).shifted(y),
        lambda o: o @ np.ones(N),
    ),
    "decompose": (
        theory.decompose,
        lambda s: theory.kare(s, 0.1).test_mse,
    ),
}


@pytest.mark.parametrize("what", KERNELS)
def test_kernels_and_targets_may_change(what: str) -> None:
    make, ask = KERNELS[what]
    y = Y**2
    expected = ask(make(K.ntk.copy(), y.copy()))
    kernel = K.ntk.copy()
    thing = make(kernel, y)
    kernel[...] = 5.0
    y += 2.0
    np.testing.assert_allclose(ask(thing), expected, rtol=1e-9, atol=1e-12)


def test_numbers_of_theory_may_change() -> None:
    sizes, ridges = np.array([5.0, 20.0]), np.array([0.1, 0.2])
    curve = theory.learning_curve(theory.decompose(K.ntk, Y), sizes, 0.1)
    diagram = theory.phase_diagram(stax.Relu(), ridges, [0.0])
    sizes += 1.0
    ridges += 1.0
    np.testing.assert_array_equal(curve.n_samples, [5.0, 20.0])
    np.testing.assert_array_equal(diagram.W_std, [0.1, 0.2])


def test_copies_can_be_left_out() -> None:
    assert fastntk.fit(NET, X, Y, ridge=0.1, copy=False).x is X
    assert fastntk.operator(NET, X, copy=False).x1 is X
    model = fastntk.fit(NET, X, Y, ridge=0.1)
    assert not np.shares_memory(model.x, X)
    with pytest.raises(InputError, match="copy: found 'no'; expected True or False"):
        fastntk.fit(NET, X, Y, copy="no")  # type: ignore[arg-type]
    x, kernel = X.copy(), K.ntk.copy()
    posterior = predict.Posterior(NET, x, Y, ridge=0.1, copy=False)
    inference: Any = predict.gp_inference(kernel, Y, 0.1, copy=False)
    shared = [posterior._points.x_train, inference._field.dense.matrix("ntk")]
    assert shared[0] is x
    assert np.shares_memory(shared[1], kernel)


@pytest.mark.parametrize(
    "given", [X.tolist(), X[::2], np.asfortranarray(X), X[:, ::-1]]
)
def test_rows_are_copied_once(given: Any) -> None:
    rows: Any = as_input(given, "x")
    kept = owned_rows(rows, given)
    assert (kept is rows) == isinstance(given, list)
    assert owned_rows(rows, given, copy=False) is rows
    np.testing.assert_array_equal(kept, rows)


def test_sparse_rows_are_copied_once() -> None:
    csr = sp.csr_matrix(X)
    for given in (csr.tocsc(), csr.tocoo(), csr.tolil()):
        rows: Any = as_input(given, "x")
        assert owned_rows(rows, given) is rows
    kept: Any = owned_rows(as_input(csr, "x"), csr)
    parts = ("data", "indices", "indptr")
    assert not any(np.shares_memory(getattr(kept, p), getattr(csr, p)) for p in parts)


def test_arguments_of_any_kind_are_copied() -> None:
    nested = [[1.0, 2.0]]
    copy = owned({"a": nested, "b": X})
    assert copy["a"] == nested
    assert copy["a"] is not nested
    assert not np.shares_memory(copy["b"], X)
    assert owned("text") == "text"
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X.copy())
    kept = owned(frame)
    frame.iloc[0, 0] = 9.0
    assert kept.iloc[0, 0] == X[0, 0]
