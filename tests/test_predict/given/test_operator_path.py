"""Conjugate gradients and block Lanczos say what factorisations say, to 1e-6."""

import warnings
from typing import Any

import numpy as np
import pytest

from fastntk import predict, stax
from fastntk._errors import ConditionWarning, InputError, MemoryBudgetError
from fastntk.operators import operator as operator_of
from fastntk.predict.given import method as ways
from tests.test_predict.problems import BOTH, NET

RNG = np.random.default_rng(5)
X, X_TEST = RNG.standard_normal((130, 6)), RNG.standard_normal((7, 6))
Y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], axis=1)
FACTOR = np.array([[1.0, 0.6], [0.6, 2.0]])
TIMES = np.array([0.0, 3.0, 200.0, 1e4, np.inf])


def assert_same(found: Any, expected: Any, rtol: float = 1e-6) -> None:
    """Assert equality relative to the largest value."""
    assert np.shape(found) == np.shape(expected)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * scale)


def pair(kind: Any, **options: Any) -> tuple[Any, Any]:
    """Return the same object, dense and by operator."""
    return tuple(kind(NET, X, Y, method=m, **options) for m in ("dense", "operator"))


@pytest.mark.parametrize("factor", [None, FACTOR], ids=["identity", "factor"])
@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize("get", ["nngp", "ntk", "ntkgp"])
def test_posteriors(get: str, ridge: float, factor: Any) -> None:
    dense, operator = pair(
        predict.Posterior, get=get, ridge=ridge, output_factor=factor
    )
    for name in ("mean", "variance", "covariance"):
        assert_same(getattr(operator, name)(X_TEST), getattr(dense, name)(X_TEST))
    assert_same(operator.mean(), dense.mean())
    assert operator.report.status == "cg"
    assert operator.report.residual <= 1e-8
    assert "never formed (as asked): conjugate gradients" in str(operator.report)
    assert operator.method.name == "operator"
    draws = [p.sample(X_TEST, 3, seed=1) for p in (operator, dense)]
    assert draws[0].shape == draws[1].shape


@pytest.mark.parametrize("factor", [None, FACTOR], ids=["identity", "factor"])
@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize("get", BOTH)
def test_flows(get: str, ridge: float, factor: Any) -> None:
    flows = pair(predict.GradientFlow, get=get, ridge=ridge, output_factor=factor)
    dense, operator = (flow.at(TIMES) for flow in flows)
    for name in ("mean", "variance", "covariance"):
        assert_same(getattr(operator, name)(X_TEST), getattr(dense, name)(X_TEST))
    assert_same(operator.mean(), dense.mean())
    assert_same(operator.at(50.0).mean(X_TEST), dense.at(50.0).mean(X_TEST))
    assert operator.report.status in ("lanczos", "cg")
    assert (operator.variance(X[:20]) >= 0).all()


def test_variances_on_the_training_set() -> None:
    dense, operator = pair(predict.Posterior, ridge=0.1)
    assert_same(operator.variance(), dense.variance())


def test_many_times() -> None:
    times = np.logspace(-1, 4, 300)
    dense, operator = (f.at(times) for f in pair(predict.GradientFlow))
    assert_same(operator.mean(X_TEST), dense.mean(X_TEST))
    assert_same(operator.variance(X_TEST), dense.variance(X_TEST))


@pytest.mark.parametrize("ridge", [0.0, 1e-3])
def test_ensembles(ridge: float) -> None:
    dense, operator = (
        predict.gradient_descent_mse_ensemble(NET, X, Y, 0.5, ridge, method=m)
        for m in ("dense", "operator")
    )
    for t in (None, 5.0, TIMES[:4]):
        both = [e(t, X_TEST, None, True) for e in (operator, dense)]
        for get in BOTH:
            found, expected = (getattr(one, get) for one in both)
            assert_same(found.mean, expected.mean)
            assert_same(found.covariance, expected.covariance)
    assert_same(operator(TIMES[:4], None, "ntk"), dense(TIMES[:4], None, "ntk"))
    with pytest.raises(MemoryBudgetError, match="found no test points"):
        operator(1.0, None, "ntk", True)


def test_kernels_given_as_operators() -> None:
    cross = NET.kernel_fn(X_TEST, X, BOTH)
    prior = NET.kernel_fn(X_TEST, None, BOTH)
    whole = NET.kernel_fn(X, None, BOTH)
    operators = {name: operator_of(NET, X, get=name) for name in BOTH}
    found = predict.gp_inference(operators, Y, 1e-3)(None, cross, prior)
    expected = predict.gp_inference(whole, Y, 1e-3)(None, cross, prior)
    for get in BOTH:
        assert_same(getattr(found, get).mean, getattr(expected, get).mean)
        assert_same(getattr(found, get).covariance, getattr(expected, get).covariance)
    between = operator_of(NET, X_TEST, X)
    flow = predict.gradient_descent_mse(operators["ntk"], Y)
    train, test = flow([1.0, 50.0], 0.1, 0.2, between)
    known = predict.gradient_descent_mse(whole.ntk, Y)([1.0, 50.0], 0.1, 0.2, cross.ntk)
    assert_same(train, known[0])
    assert_same(test, known[1])
    assert flow.reports["ntk"].status == "lanczos"


def test_functions_that_are_no_networks() -> None:
    def kernel_fn(x1: Any, x2: Any, get: Any) -> Any:
        return NET.kernel_fn(np.asarray(x1), x2, get)

    dense = predict.Posterior(NET, X, Y, "ntk", ridge=0.1)
    other = predict.Posterior(kernel_fn, X, Y, "ntk", ridge=0.1, method="operator")
    assert_same(other.mean(X_TEST), dense.mean(X_TEST))
    assert_same(other.variance(X_TEST), dense.variance(X_TEST))


def test_duplicate_rows_without_a_ridge() -> None:
    x, y = np.concatenate([X, X[:9]]), np.concatenate([Y, Y[:9] + 1.0])
    operator = predict.Posterior(NET, x, y, "ntk", method="operator")
    with pytest.warns(ConditionWarning):
        expected = predict.Posterior(NET, x, y, "ntk", method="dense").mean(X_TEST)
    assert_same(operator.mean(X_TEST), expected)
    fitted = operator.mean()
    np.testing.assert_allclose(fitted[:9], Y[:9] + 0.5, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("get", ["nngp", "ntk"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_duplicate_rows_are_solved_for_once(get: str, sign: float) -> None:
    hidden = [stax.Dense(64, W_std=1.3, b_std=0.2), stax.Relu()]
    net = stax.serial(*hidden, stax.Dense(64, b_std=0.1), stax.Erf(), stax.Dense(1))
    rng = np.random.default_rng(5)
    x, x_test = rng.normal(size=(60, 3)), rng.normal(size=(17, 3))
    y = rng.normal(size=(60, 2))
    labels = np.concatenate([(y[:10] + sign * y[:10]) / 2, y[10:]])
    single = predict.Posterior(net, x, labels, get, method="dense")
    double = predict.Posterior(
        net, np.concatenate([x, x[:10]]), np.concatenate([y, sign * y[:10]]), get,
        method="operator",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean, variance = double.mean(x_test), double.variance(x_test)
    assert_same(mean, single.mean(x_test))
    assert_same(variance, single.variance(x_test))


def test_ridges_share_the_operator() -> None:
    first = predict.Posterior(NET, X, Y, method="operator", ridge=0.5)
    other = first.with_ridge(0.01)
    expected = predict.Posterior(NET, X, Y, ridge=0.01)
    assert_same(other.mean(X_TEST), expected.mean(X_TEST))
    kernels: list[Any] = [p._field.kernels for p in (first, other)]
    assert kernels[0].operator("nngp") is kernels[1].operator("nngp")


def test_the_way_is_chosen_by_rows_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(n: int, is_flow: bool, memory: Any = "1TB") -> tuple[str, str]:
        way = ways.choose_method("auto", n, is_flow, memory)
        return way.name, way.reason

    assert chosen(2000, True) == ("dense", "matrices take 0.179 GiB")
    assert chosen(10_001, True)[0] == "operator"
    assert chosen(10_001, False)[0] == "dense"
    assert "Cholesky" in chosen(40_001, False)[1]
    assert chosen(5000, False, "100MB") == (
        "operator",
        "matrices would need 0.745 GiB",
    )
    monkeypatch.setattr(ways, "available_memory", lambda: 10**6)
    flow = predict.GradientFlow(NET, X, Y)
    assert flow.method.name == "operator" and "would need" in flow.method.reason


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="method: found 'fast'; expected one of auto"):
        predict.Posterior(NET, X, Y, method="fast")
    with pytest.raises(MemoryBudgetError, match="Take method='operator'"):
        predict.Posterior(NET, X, Y, method="dense", max_memory="100KB")
    with pytest.raises(InputError, match="whose outputs are not independent"):
        predict.Posterior(NET, X, np.ones((130, 2, 2)), method="operator")
    whole = NET.kernel_fn(X, None, BOTH)
    mixed = {"ntk": operator_of(NET, X), "nngp": whole.nngp}
    with pytest.raises(InputError, match="found operators and arrays"):
        predict.gp_inference(mixed, Y)
    with pytest.raises(InputError, match=r"operator of shape \(130, 130\); expected"):
        predict.gradient_descent_mse(mixed["ntk"], Y[:5])


def test_unfinished_spaces_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastntk.predict.training import krylov

    monkeypatch.setattr(krylov, "_MEMORY", 8 * 130 * 2 * 3)
    flow = predict.GradientFlow(NET, X, Y, method="operator").at(1e4)
    with pytest.warns(ConditionWarning, match="block Lanczos stopped after 3 products"):
        flow.mean(X_TEST)


def test_no_matrix_is_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    net = stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))
    asked: list[tuple[int, ...]] = []

    def watched(x1: Any, x2: Any, get: Any) -> Any:
        asked.append((len(x1), len(x1 if x2 is None else x2)))
        return net.kernel_fn(x1, x2, get)

    monkeypatch.setattr("fastntk.predict.given.function_operator._ENTRIES", 130 * 11)
    monkeypatch.setattr("fastntk.predict.given.sources._BLOCK", 11)
    flow = predict.GradientFlow(watched, X, Y, method="operator", ridge=0.1)
    flow.at([1.0, 5.0]).variance(X_TEST)
    flow.mean(X_TEST)
    assert max(min(shape) for shape in asked) <= 11
