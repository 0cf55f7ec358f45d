"""Kernels with output axes, factors of the outputs, and Theta (x) I."""

from typing import Any

import numpy as np
import pytest

from fastntk import predict
from tests.test_predict.problems import BOTH, NET, assert_close, problem

P = problem()
EYE = np.eye(3)
B = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, -0.3], [0.0, -0.3, 0.7]])


def full(kernel: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return Theta (x) factor in the shape (n1, n2, k, k)."""
    return np.asarray(np.einsum("ij,ab->ijab", kernel, factor))


@pytest.mark.parametrize("diag_reg", [0.0, 0.05])
@pytest.mark.parametrize("factor", [EYE, B], ids=["I", "B"])
@pytest.mark.parametrize("t", [None, 2.0, [0.0, 1.0, 9.0]])
def test_mse_of_full_kernels(factor: np.ndarray, diag_reg: float, t: object) -> None:
    options: dict[str, Any] = {"learning_rate": 0.7, "diag_reg": diag_reg}
    whole = predict.gradient_descent_mse(
        full(P.dd.ntk, factor), P.y, trace_axes=(), **options
    )(t, 0.1, 0.2, full(P.td.ntk, factor))
    given = None if factor is EYE else factor
    short = predict.gradient_descent_mse(P.dd.ntk, P.y, output_factor=given, **options)(
        t, 0.1, 0.2, P.td.ntk
    )
    for one, two in zip(whole, short, strict=True):
        assert_close(one, two)


@pytest.mark.parametrize("diag_reg", [0.0, 0.05])
@pytest.mark.parametrize("factor", [EYE, B], ids=["I", "B"])
def test_posterior_of_full_kernels(factor: np.ndarray, diag_reg: float) -> None:
    kernels = [
        {name: full(getattr(kernel, name), factor) for name in BOTH}
        for kernel in (P.dd, P.td, P.tt)
    ]
    regimes = ("nngp", "ntk", "ntkgp")
    whole = predict.gp_inference(kernels[0], P.y, diag_reg, trace_axes=())(
        regimes, *kernels[1:]
    )
    short = predict.gp_inference(P.dd, P.y, diag_reg, output_factor=factor)(
        regimes, P.td, P.tt
    )
    for one, two in zip(whole, short, strict=True):
        assert_close(one.mean, two.mean)
        assert_close(one.covariance, two.covariance)


@pytest.mark.parametrize("t", [1.0, [0.5, 8.0]])
@pytest.mark.parametrize("get", BOTH)
def test_ensembles_of_full_kernels(get: str, t: object) -> None:
    def kernel_fn(x1: Any, x2: Any, names: Any) -> Any:
        found = NET.kernel_fn(x1, x2, names)
        if isinstance(found, np.ndarray):
            return full(found, B)
        return {name: full(kernel, B) for name, kernel in found._asdict().items()}

    options: dict[str, Any] = {"diag_reg": 0.02, "learning_rate": 2.0}
    whole = predict.gradient_descent_mse_ensemble(
        kernel_fn, P.x, P.y, trace_axes=(), **options
    )
    short = predict.gradient_descent_mse_ensemble(
        NET, P.x, P.y, output_factor=B, **options
    )
    for x in (P.x_test, None):
        one, two = whole(t, x, get, True), short(t, x, get, True)
        assert_close(one.mean, two.mean)
        assert_close(one.covariance, two.covariance)


def test_any_loss_of_full_kernels() -> None:
    y = np.eye(3)[np.arange(14) % 3]
    whole = predict.gradient_descent(
        "cross_entropy", full(P.dd.ntk, EYE), y, trace_axes=()
    )(5.0, 0.0, 0.0, full(P.td.ntk, EYE))
    short = predict.gradient_descent("cross_entropy", P.dd.ntk, y)(
        5.0, 0.0, 0.0, P.td.ntk
    )
    for one, two in zip(whole, short, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-8)


def test_several_output_axes() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal((14, 2, 3))
    kernel = np.einsum("ij,ab->ijab", P.dd.ntk, B[:2, :2])
    cross = np.einsum("ij,ab->ijab", P.td.ntk, B[:2, :2])
    flow = predict.gradient_descent_mse(kernel, y, trace_axes=-1)
    train, test = flow([1.0, 2.0], 0.0, 0.0, cross)
    assert train.shape == (2, 14, 2, 3) and test.shape == (2, 6, 2, 3)
    swapped = predict.gradient_descent_mse(kernel, y.swapaxes(1, 2), trace_axes=1)
    _, other = swapped([1.0, 2.0], 0.0, 0.0, cross)
    assert_close(other.swapaxes(-1, -2), test)
    both = predict.gradient_descent_mse(P.dd.ntk, y, trace_axes=(1, 2))
    flat = predict.gradient_descent_mse(P.dd.ntk, y.reshape(14, 6))
    assert_close(
        both(3.0, None, 0.0, P.td.ntk), flat(3.0, None, 0.0, P.td.ntk).reshape(6, 2, 3)
    )


def test_learning_rate_of_full_kernels() -> None:
    whole = predict.max_learning_rate(full(P.dd.ntk, EYE))
    np.testing.assert_allclose(whole, predict.max_learning_rate(P.dd.ntk, 42))


def test_descent_on_full_kernels() -> None:
    whole = predict.kernel_gradient_descent(
        full(P.dd.ntk, EYE), P.y, 1.0, 20, batch_size=5, trace_axes=()
    )
    short = predict.kernel_gradient_descent(P.dd.ntk, P.y, 1.0, 20, batch_size=5)
    assert_close(whole.fx_train, short.fx_train)
    assert_close(whole.predict(full(P.td.ntk, EYE)), short.predict(P.td.ntk))
