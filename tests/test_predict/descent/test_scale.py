"""Kernels of any scale, and learning rates of its inverse: the same outputs."""

import warnings
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import predict, stax
from fastntk._errors import InputError
from fastntk._typing import FloatArray

SCALES = [1e160, 1e-160, 1e300, 1e-300]


@pytest.fixture(scope="module")
def problem() -> tuple[FloatArray, ...]:
    rng = np.random.default_rng(0)
    net = stax.serial(stax.Dense(64, b_std=0.3), stax.Relu(), stax.Dense(1))
    x, other = rng.normal(size=(24, 3)), rng.normal(size=(5, 3))
    return fastntk.gram(net, x), fastntk.gram(net, other, x), np.sign(x[:, :1])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("momentum", [None, 0.9])
@pytest.mark.parametrize("loss", ["mse", "logistic", "huber"])
def test_flow_of_any_loss(
    problem: tuple[FloatArray, ...], scale: float, momentum: float | None, loss: str
) -> None:
    kernel, cross, y = problem

    def outputs(s: float) -> Any:
        flow = predict.gradient_descent(loss, s * kernel, y, 1 / s, momentum)
        return flow([1.0, 30.0], 0.0, 0.0, s * cross)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = outputs(scale)
    for one, expected in zip(found, outputs(1.0), strict=True):
        np.testing.assert_allclose(one, expected, atol=1e-7)


@pytest.mark.parametrize("scale", SCALES)
def test_flow_from_a_state_with_velocities(
    problem: tuple[FloatArray, ...], scale: float
) -> None:
    kernel, cross, y = problem

    def end(s: float) -> tuple[FloatArray, ...]:
        q = np.sqrt(s)  # derivatives by sqrt(learning_rate) t
        start = predict.ODEState(0.0, 0.0, q, q)
        flow = predict.gradient_descent("mse", s * kernel, y, 1 / s, 0.9)
        state = flow(20.0, start, None, s * cross)
        return state.fx_test, state.qx_test / q

    for one, expected in zip(end(scale), end(1.0), strict=True):
        np.testing.assert_allclose(one, expected, atol=1e-7)


def test_time_that_overflows_is_refused(problem: tuple[FloatArray, ...]) -> None:
    kernel, _, y = problem
    flow = predict.gradient_descent("mse", 1e300 * kernel, y)
    with pytest.raises(InputError, match="overflows"):
        flow(1e20)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("batch_size", [None, 5])
def test_steps_chosen_for_kernels_of_any_scale(
    problem: tuple[FloatArray, ...], scale: float, batch_size: int | None
) -> None:
    kernel, _, y = problem

    def outputs(s: float) -> Any:
        return predict.kernel_gradient_descent(
            s * kernel, y, n_steps=100, batch_size=batch_size
        ).fx_train

    np.testing.assert_allclose(outputs(scale), outputs(1.0), atol=1e-9)
