"""Gradient flow on any loss, with and without momentum."""

from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import approx_fprime

from fastntk import predict
from tests.test_predict.problems import problem

P = problem()
SIGNS = np.where(P.y > 0, 1.0, -1.0)
ONE_HOT = np.eye(3)[np.arange(14) % 3]
LOSSES: list[tuple[Any, np.ndarray]] = [
    (predict.MeanSquared(), P.y),
    (predict.CrossEntropy(), ONE_HOT),
    (predict.CrossEntropy(), np.abs(P.y)),
    (predict.Logistic(), SIGNS),
    (predict.Huber(0.7), P.y),
]


@pytest.mark.parametrize(("loss", "y"), LOSSES)
def test_gradients_and_hessians(loss: Any, y: np.ndarray) -> None:
    fx = np.random.default_rng(0).standard_normal(y.shape)
    gradient = loss.gradient(fx, y)
    numeric = approx_fprime(fx.ravel(), lambda f: loss.value(f.reshape(y.shape), y))
    np.testing.assert_allclose(gradient.ravel(), numeric, atol=1e-6)
    hessian = loss.hessian(fx, y)
    columns = [
        (loss.gradient(fx + step, y) - loss.gradient(fx - step, y)).ravel() / 2e-6
        for step in 1e-6 * np.eye(y.size).reshape(-1, *y.shape)
    ]
    np.testing.assert_allclose(hessian, np.array(columns), atol=1e-8)
    assert np.linalg.eigvalsh(hessian)[-1] <= loss.curvature(y) * (1 + 1e-12)


def test_squared_error_equals_the_closed_form() -> None:
    times = [30.0, 0.0, 2.0, 2.0]
    start = 0.3 * P.y
    flow = predict.gradient_descent("mse", P.dd.ntk, P.y, 0.7)
    closed = predict.gradient_descent_mse(P.dd.ntk, P.y, 0.7)
    for one, two in zip(
        flow(times, start, 0.2, P.td.ntk),
        closed(times, start, 0.2, P.td.ntk),
        strict=True,
    ):
        np.testing.assert_allclose(one, two, atol=1e-8)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_is_a_damped_oscillator(momentum: float) -> None:
    n, rate, t = 14, 0.4, 9.0
    friction = (momentum - 1) / np.sqrt(rate)
    eye = np.eye(n)
    system = np.block([[0 * eye, eye], [-P.dd.ntk / P.y.size, friction * eye]])
    state = expm(system * np.sqrt(rate) * t) @ np.concatenate([-P.y, 0 * P.y])
    flow = predict.gradient_descent("mse", P.dd.ntk, P.y, rate, momentum)
    np.testing.assert_allclose(flow(t), P.y + state[:n], atol=1e-8)


@pytest.mark.parametrize("momentum", [None, 0.8])
def test_training_goes_on_from_a_state(momentum: float | None) -> None:
    flow = predict.gradient_descent("logistic", P.dd.ntk, SIGNS, 0.3, momentum)
    start = predict.ODEState(0.1 * P.y, 0.0)
    middle = flow(4.0, start, None, P.td.ntk)
    end = flow(6.0, middle, None, P.td.ntk)
    whole = flow(10.0, start, None, P.td.ntk)
    for one, two in zip(end, whole, strict=True):
        if one is None:
            assert two is None and momentum is None
        else:
            np.testing.assert_allclose(one, two, atol=1e-7)


@pytest.mark.parametrize(("loss", "y"), LOSSES)
def test_implicit_and_explicit_methods_agree(loss: Any, y: np.ndarray) -> None:
    found = [
        predict.gradient_descent(loss, P.dd.ntk, y, method=method)(
            [1.0, 20.0], 0.0, 0.0, P.td.ntk
        )
        for method in ("DOP853", "Radau")
    ]
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(one, two, atol=2e-7)


def test_stiff_problems_take_the_implicit_method() -> None:
    flow = predict.gradient_descent("cross_entropy", P.dd.ntk, ONE_HOT)
    outputs = flow(1e6)
    assert (outputs.argmax(1) == ONE_HOT.argmax(1)).all()
    assert predict.CrossEntropy().value(outputs, ONE_HOT) < 1e-4
    with_momentum = predict.gradient_descent("huber", P.dd.ntk, P.y, 1e-3, 0.9)(1e7)
    np.testing.assert_allclose(with_momentum, P.y, atol=1e-6)


def test_a_loss_of_ones_own() -> None:
    class Quartic:
        def value(self, fx: np.ndarray, y: np.ndarray) -> float:
            return float(np.mean((fx - y) ** 4))

        def gradient(self, fx: np.ndarray, y: np.ndarray) -> np.ndarray:
            return np.asarray(4 * (fx - y) ** 3 / y.size)

    quartic = Quartic()
    flow = predict.gradient_descent(quartic, P.dd.ntk, P.y)
    values = [quartic.value(flow(t), P.y) for t in (0.0, 1.0, 10.0)]
    assert values[0] > values[1] > values[2]
    implicit = predict.gradient_descent(quartic, P.dd.ntk, P.y, method="LSODA")
    np.testing.assert_allclose(implicit(10.0), flow(10.0), atol=1e-6)


def test_losses_decrease_along_the_flow() -> None:
    times = np.linspace(0, 30, 12)
    for loss, y in LOSSES:
        path = predict.gradient_descent(loss, P.dd.ntk, y)(times)
        values = [loss.value(outputs, y) for outputs in path]
        assert (np.diff(values) < 0).all()


def test_only_test_outputs() -> None:
    flow = predict.gradient_descent("mse", P.dd.ntk, P.y)
    both = flow(3.0, 0.0, 0.0, P.td.ntk)
    np.testing.assert_array_equal(flow(3.0, None, 0.0, P.td.ntk), both[1])
    np.testing.assert_array_equal(flow(3.0), both[0])
