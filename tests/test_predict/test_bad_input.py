"""Every message: what was found, what was expected, what to do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastntk import predict
from fastntk._errors import InputError
from tests.test_predict.problems import NET, problem

P = problem()
K, Y = P.dd.ntk, P.y
NAN = np.where(np.arange(42).reshape(14, 3) == 4, np.nan, Y)

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "gp_inference": lambda k=K, y=Y, **o: predict.gp_inference(k, y, **o)(
        "ntk", P.td.ntk
    ),
    "mse": lambda k=K, y=Y, t=1.0, **o: predict.gradient_descent_mse(k, y, **o)(t),
    "ensemble": lambda f=NET, y=Y, t=1.0, **o: predict.gradient_descent_mse_ensemble(
        f, P.x, y, **o
    )(t, P.x_test, "ntk", True),
    "flow": lambda loss="mse", k=K, y=Y, t=1.0, **o: predict.gradient_descent(
        loss, k, y, **o
    )(t),
    "descent": lambda k=K, y=Y, **o: predict.kernel_gradient_descent(k, y, **o),
    "posterior": lambda f=NET, y=Y, **o: predict.Posterior(f, P.x, y, **o).mean(),
    "gradient_flow": lambda f=NET, y=Y, t=1.0, **o: (
        predict.GradientFlow(f, P.x, y, **o).at(t).mean()
    ),
    "max_rate": lambda k=K, **o: predict.max_learning_rate(k, **o),
}

BIG = np.full_like(Y, 1e200)
WITH_TARGETS = [name for name in FUNCTIONS if name != "max_rate"]
WITH_TIMES = ["mse", "ensemble", "flow", "gradient_flow"]
WITH_RATE = [*WITH_TIMES, "descent"]
WITH_NUMBERS = ["gp_inference", "mse", "flow", "descent"]


def refuse(name: str, match: str, **options: Any) -> None:
    with pytest.raises(InputError, match=match):
        FUNCTIONS[name](**options)


@pytest.mark.parametrize("name", WITH_TARGETS)
def test_targets(name: str) -> None:
    refuse(name, r"y_train: found nan at index \(1, 1\); expected finite", y=NAN)
    refuse(name, "y_train: found dtype <U3; expected real", y=np.array([["cat"]]))
    refuse(name, r"y_train: found shape \(0,\); expected \(n_samples", y=[])
    refuse(name, "y_train: found a list that is no array", y=[[1.0], [1.0, 2.0]])
    match = "x_train and y_train: found 14 and 3 samples; expected one target per input"
    if name in (*WITH_NUMBERS, "mse"):
        match = r"expected \(3, 3\) for targets of shape \(3, 1\)"
    refuse(name, match, y=np.ones((3, 1)))


def test_targets_whose_squares_overflow() -> None:
    refuse("descent", "y_train: found 1e[+]200 .*; expected at most 1e[+]140", y=BIG)


@pytest.mark.parametrize("name", WITH_TIMES)
def test_times(name: str) -> None:
    refuse(name, r"t: found -1.0; expected times >= 0", t=[2.0, -1.0])
    refuse(name, "t: found nan; expected times >= 0", t=np.nan)
    refuse(name, "t: found 'soon'; expected a number of steps", t="soon")
    refuse(name, "t: found no times", t=[])


@pytest.mark.parametrize("name", WITH_RATE)
@pytest.mark.parametrize("rate", [0.0, -1.0, np.nan, np.inf, "fast", True])
def test_learning_rates(name: str, rate: Any) -> None:
    refuse(
        name,
        "learning_rate: found .*; expected a finite number > 0",
        learning_rate=rate,
    )


@pytest.mark.parametrize("name", ["gp_inference", "mse", "ensemble"])
@pytest.mark.parametrize("value", [-1e-3, np.nan, np.inf, None])
def test_regularisation(name: str, value: Any) -> None:
    refuse(name, "diag_reg: found .*; expected a finite number >= 0", diag_reg=value)
    refuse("posterior", "found .*; expected a finite number >= 0", ridge=value)


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_kernels(name: str) -> None:
    refuse(
        name, r"k_train_train: found shape \(13, 13\); expected \(14, 14\)", k=K[1:, 1:]
    )
    refuse(name, r"found shape \(14, 13\); expected \(14, 14\)", k=K[:, 1:])
    refuse(name, r"found shape \(14,\); expected \(n1, n2\)", k=K[0])
    refuse(name, "found nan at index", k=np.full_like(K, np.nan))
    refuse(name, "differs from its transpose by", k=np.triu(K))
    refuse(name, r"trace_axes=\(1,\)", k=np.ones((14, 14, 3, 3)))
    refuse(name, "trace_axes: found axis 5", trace_axes=(5,))
    refuse(name, "trace_axes: found .* expected axes of outputs", trace_axes=(0,))
    refuse(name, "trace_axes: found .* each axis once", trace_axes=(1, -1))
    refuse(name, "trace_axes: found 'last'; expected axes", trace_axes=("last",))


def test_test_kernels() -> None:
    with pytest.raises(
        InputError, match=r"expected \(m, 14\): one row per test sample"
    ):
        predict.gp_inference(K, Y)("ntk", K[:3, :4])
    with pytest.raises(InputError, match="k_test_test: .*fits k_test_train"):
        predict.gp_inference(P.dd, Y)("ntk", P.td, np.eye(3))
    with pytest.raises(InputError, match="k_train_train: found no 'nngp' kernel"):
        predict.gp_inference({"ntk": K}, Y)("ntk", P.td, P.tt)
    with pytest.raises(InputError, match="k_test_train: found no 'nngp' kernel"):
        predict.gp_inference(P.dd, Y)("ntk", {"ntk": P.td.ntk}, P.tt)


@pytest.mark.parametrize("get", ["NTKK", ("ntk", "ntk"), (), 3, ("ntk", 1)])
def test_regimes(get: Any) -> None:
    with pytest.raises(InputError, match="get: found"):
        predict.gp_inference(P.dd, Y)(get, P.td)
    with pytest.raises(InputError, match="get: found"):
        predict.Posterior(NET, P.x, Y, get)
    with pytest.raises(InputError, match="get: found"):
        predict.gradient_descent_mse_ensemble(NET, P.x, Y)(1.0, None, get)


def test_one_regime_for_one_object() -> None:
    with pytest.raises(InputError, match="Make an object for each"):
        FUNCTIONS["gradient_flow"](get=("nngp", "ntk"))


def test_initial_outputs() -> None:
    for flow in (
        predict.gradient_descent_mse(K, Y),
        predict.gradient_descent("mse", K, Y),
    ):
        with pytest.raises(InputError, match="found None for both"):
            flow(1.0, None)
        with pytest.raises(InputError, match="k_test_train: found None with fx_test_0"):
            flow(1.0, 0.0, 0.0)
        with pytest.raises(InputError, match=r"fx_train_0: found shape \(5,\)"):
            flow(1.0, np.zeros(5))
        with pytest.raises(InputError, match=r"fx_test_0: found shape \(14, 3\)"):
            flow(1.0, 0.0, np.zeros((14, 3)), P.td.ntk)


def test_losses() -> None:
    refuse(
        "flow", "loss: found 'hinge'; expected one of mse, cross_entropy", loss="hinge"
    )
    refuse("flow", "no automatic differentiation", loss=lambda f, y: 0.0)
    refuse("flow", "labels other than -1 and 1", loss="logistic")
    refuse(
        "flow", r"found shape \(14, 1\) for the cross", loss="cross_entropy", y=Y[:, :1]
    )
    refuse("flow", "method: found 'Euler'; expected one of auto", method="Euler")
    with pytest.raises(InputError, match="Huber: delta: found 0"):
        predict.Huber(0)


def test_infinite_time_of_any_loss() -> None:
    refuse("flow", "t: found infinite time; .* use gradient_descent_mse", t=None)
    refuse("flow", "t: found infinite time", t=[1.0, np.inf])


@pytest.mark.parametrize("momentum", [-0.1, 1.0, 2, np.nan, "heavy"])
def test_momentum(momentum: Any) -> None:
    refuse(
        "flow", r"momentum: found .*; expected a number in \[0, 1\)", momentum=momentum
    )
    refuse("descent", "momentum: found", momentum=momentum)
    refuse("max_rate", "momentum: found", momentum=momentum)


def test_momentum_beyond_the_linear_regime() -> None:
    edge = predict.max_learning_rate(K, Y.size, 0.9)
    with pytest.warns(UserWarning, match="steps are stable up to .* at any t"):
        predict.gradient_descent("mse", K, Y, 1.1 * edge, 0.9)
    predict.gradient_descent("mse", K, Y, 0.9 * edge, 0.9)


def test_states() -> None:
    flow = predict.gradient_descent("mse", K, Y)
    with pytest.raises(InputError, match="velocities without momentum"):
        flow(1.0, predict.ODEState(0.0, None, 0.0))
    with pytest.raises(InputError, match="test outputs are in the state"):
        flow(1.0, predict.ODEState(0.0), 0.0, P.td.ntk)


def test_kernel_functions() -> None:
    refuse("ensemble", "kernel_fn: found a ndarray; expected a network", f=K)
    refuse("posterior", "kernel_fn: found a ndarray", f=K)
    with pytest.raises(InputError, match="x_train: found no 'nngp' kernel"):
        predict.gradient_descent_mse_ensemble(lambda *_: {"ntk": K}, P.x, Y)(
            1.0, None, None
        )
    predictor = predict.gradient_descent_mse_ensemble(NET, P.x, Y)
    with pytest.raises(InputError, match="mask: found as an argument for the test"):
        predictor(1.0, P.x_test, "ntk", mask=3)
    named = predict.gradient_descent_mse_ensemble(
        lambda a, b, get, pos: NET.kernel_fn(a, b, get), P.x, Y, pos=1
    )
    with pytest.raises(InputError, match="pos: found 2 .* and 1 for the training set"):
        named(1.0, P.x_test, "ntk", pos=2)


@pytest.mark.parametrize("name", ["gp_inference", "mse", "ensemble", "posterior"])
def test_factors_of_the_outputs(name: str) -> None:
    refuse(name, r"found shape \(2, 2\); expected \(3, 3\)", output_factor=np.eye(2))
    refuse(name, "not symmetric", output_factor=np.triu(np.ones((3, 3))))
    refuse(name, "eigenvalue -1; expected", output_factor=np.diag([1.0, 1.0, -1.0]))
    refuse(name, "that is not 0", output_factor=np.zeros((3, 3)))


def test_samples() -> None:
    flow = predict.GradientFlow(NET, P.x, Y)
    counts: list[Any] = [0, -1, 1.5, True]
    for n in counts:
        with pytest.raises(InputError, match="n: found .*; expected a number of draws"):
            flow.sample(P.x_test, n)
    with pytest.raises(InputError, match=r"sample: found times of shape \(2,\)"):
        flow.at([1.0, 2.0]).sample(P.x_test)


def test_descent() -> None:
    refuse(
        "descent",
        "batch_size: found 15; expected an integer from 1 to 14",
        batch_size=15,
    )
    refuse("descent", "batch_size: found 0", batch_size=0)
    refuse("descent", "batch_size: found 2.5", batch_size=2.5)
    refuse("descent", "n_steps: found -1; expected an integer >= 0", n_steps=-1)
    refuse("descent", "rtol: found -1", rtol=-1)


def test_learning_rate_of_no_square() -> None:
    refuse("max_rate", "expected the kernel of one set with itself", k=P.td.ntk)
    refuse("max_rate", "y_train_size: found 0", y_train_size=0)
