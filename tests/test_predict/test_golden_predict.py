"""Prediction against neural-tangents' stored values."""

from typing import Any

import numpy as np
import pytest

from fastntk import predict
from tests.networks import build
from tests.test_predict.problems import golden_cases

CASES = golden_cases()


def run(case: dict[str, Any]) -> dict[str, Any]:
    args, call = dict(case["args"]), dict(case["call"])
    for options in (args, call):
        for name in ("get", "trace_axes"):
            if isinstance(options.get(name), list):
                options[name] = tuple(options[name])
    if "net" in args:
        args["kernel_fn"] = build(args.pop("net"))
    predictor = getattr(predict, case["fn"])(**args)
    if case["fn"] == "max_learning_rate":
        return {"lr": predictor}
    if case["fn"] == "gradient_descent":
        call["fx_train_or_state_0"] = call.pop("fx_train_0")
    result = predictor(**call)
    if case["fn"] in ("gradient_descent", "gradient_descent_mse"):
        both = result if isinstance(result, tuple) else (result,)
        return dict(zip(("fx_train", "fx_test"), both, strict=False))
    found = {}
    for name, value in result._asdict().items():
        if isinstance(value, predict.Gaussian):
            found |= {f"{name}_mean": value.mean, f"{name}_cov": value.covariance}
        else:
            found[f"{name}_mean"] = value
    return found


def test_every_function_has_cases() -> None:
    assert len(CASES) == 54
    assert {case["fn"] for case in CASES} == {
        "gp_inference",
        "gradient_descent",
        "gradient_descent_mse",
        "gradient_descent_mse_ensemble",
        "max_learning_rate",
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_equals_neural_tangents(case: dict[str, Any]) -> None:
    found = run(case)
    assert set(found) == set(case["expect"])
    allowed = 1e-6 if case["fn"] == "gradient_descent" else 1e-9
    for name, expected in case["expect"].items():
        assert np.shape(found[name]) == np.shape(expected), name
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=allowed * scale)
