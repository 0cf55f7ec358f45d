"""Functions that are no activations, and networks whose variances leave the range."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import (
    InputError,
    NetworkError,
    RangeError,
    ToleranceNotReached,
    spec,
    stax,
)

X = np.random.default_rng(3).standard_normal((4, 5))


def kernel(layer: Any, W_std: float = 1.0) -> Any:
    net = stax.serial(stax.Dense(8, W_std), layer, stax.Dense(1))
    return fastntk.gram(net, X)


def scalar_only(u: Any) -> Any:
    return u if u > 0 else 0.0


BAD: dict[str, tuple[Any, str]] = {
    "nan": (
        lambda u: np.where(u > 1, np.nan, u),
        r"Elementwise\(fn=<lambda>\) at layer 1: fn\(1\.25\) is NaN; expected a number",
    ),
    "root of a negative number": (np.sqrt, r"fn=sqrt.*fn\(-4\) is NaN"),
    "infinite": (lambda u: 1 / u, r"fn\(0\) is infinite; expected finite numbers"),
    "shape": (
        lambda u: u[:3],
        r"fn returned shape \(3,\) for an array of shape \(35,\); expected one value",
    ),
    "a number": (lambda u: 1.0, r"fn returned shape \(\) for an array"),
    "not vectorised": (
        scalar_only,
        r"fn=scalar_only.*fn raised ValueError.*numpy.vectorize",
    ),
    "complex": (
        lambda u: u + 1j,
        r"fn returned complex numbers \(complex128\); expected real ones",
    ),
    "text": (lambda u: "tanh", r"fn returned str of dtype <U4; expected an array"),
    "zero": (np.zeros_like, r"fn is 0 at 4001 points between -40 and 40"),
    "growth": (
        lambda u: np.exp(u * u),
        r"fn grows faster than a normal variable of variance .* can tame",
    ),
    "float32": (
        lambda u: np.tanh(u).astype(np.float32),
        r"fn returned float32, whose rounding is no smooth function; expected float64",
    ),
    "kinks without end": (
        lambda u: np.abs(np.mod(u, 0.5) - 0.25) * np.tanh(u),
        r"fn has \d+ kinks between .*; expected at most 32",
    ),
    "noise": (
        lambda u: np.mod(u * 12345.678, 1.0),
        r"fn is smooth on none of 20000 panels",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_function_is_refused_in_words(name: str) -> None:
    fn, message = BAD[name]
    with pytest.raises(NetworkError, match=message):
        kernel(stax.Elementwise(fn))


def test_dual_activation_refuses_them_too() -> None:
    with pytest.raises(NetworkError, match=r"Elementwise\(fn=scalar_only\): fn raised"):
        fastntk.dual_activation(stax.Elementwise(scalar_only), 1.0, 0.5, 1.0)


def test_a_wrong_derivative_is_found() -> None:
    with pytest.raises(NetworkError, match=r"df\(.*\) is .* where the slope of fn is"):
        kernel(stax.Elementwise(np.tanh, df=np.cos))


def test_variances_that_explode_name_the_layer() -> None:
    layers = [stax.Dense(8, 30.0), stax.Elementwise(np.sinh)] * 3
    with pytest.raises((RangeError, NetworkError), match=r"Elementwise\(fn=sinh\) at"):
        fastntk.gram(stax.serial(*layers, stax.Dense(1)), X)


def test_a_tolerance_that_cannot_be_met_is_an_error_with_the_bound() -> None:
    cusp = stax.Elementwise(lambda u: np.sqrt(np.abs(u - 1.2345)))
    message = r"the bound on the error is .*expected at most tol = 1e-12"
    with pytest.raises(ToleranceNotReached, match=message):
        fastntk.dual_activation(cusp, 1.0, 0.5, 1.0)


def test_a_narrow_spike_is_refused_before_all_pairs_are_computed() -> None:
    spike = stax.Elementwise(lambda u: np.exp(-(((u - 0.7) / 1e-3) ** 2)))
    message = r"Elementwise\(fn=<lambda>\) at layer 1: the error of its dual may be"
    with pytest.raises(ToleranceNotReached, match=message):
        kernel(spike)


def test_a_series_that_does_not_converge_is_an_error() -> None:
    layer = stax.Elu(method="series")
    with pytest.raises(
        ToleranceNotReached, match=r"Elu.*has not converged.*2048 terms"
    ):
        kernel(layer)
    with pytest.raises(ToleranceNotReached, match=r"by series"):
        fastntk.dual_activation(layer, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("moments", "message"),
    [
        (
            (1.0, 2.0, 1.0),
            r"q12: found 2 with q11 = 1 and q22 = 1; expected \|q12\| <=",
        ),
        ((-1.0, 0.0, 1.0), r"q11: found -1; expected variances >= 0"),
        ((1.0, 0.0, -2.0), r"q22: found -2; expected variances >= 0"),
        ((1.0, np.nan, 1.0), r"q12: found NaN or infinity"),
        (("a", 0.0, 1.0), r"q11: found dtype <U1; expected real numbers"),
    ],
)
def test_moments_that_are_none(moments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fastntk.dual_activation(stax.Tanh(), *moments)


def test_layers_that_are_no_activations() -> None:
    with pytest.raises(NetworkError, match=r"Dense\(3\): found Dense; expected one"):
        fastntk.dual_activation(stax.Dense(3), 1.0, 0.5, 1.0)


def test_an_infinite_dual_is_an_error() -> None:
    with pytest.raises(RangeError, match=r"Gaussian.*its dual is infinite at q11 = 1"):
        fastntk.dual_activation(stax.Gaussian(1, 1), 1.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tol": 0.0}, r"tol is 0.0; expected a number from 1e-14 to 0.1"),
        ({"tol": "a"}, r"tol is 'a'; expected a real number"),
        ({"method": "exact"}, r"method is 'exact'; expected one of 'auto', 'series'"),
    ],
)
def test_arguments_of_ready_made_layers(arguments: Any, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        stax.Tanh(**arguments)
    with pytest.raises(NetworkError, match=message):
        stax.Elementwise(np.tanh, **arguments)


def test_other_arguments() -> None:
    with pytest.raises(NetworkError, match=r"alpha is -1.0; expected a number > 0"):
        stax.Elu(-1)
    with pytest.raises(NetworkError, match=r"kinks\[1\] is 'a'; expected a real"):
        stax.Elementwise(np.abs, kinks=(0.0, "a"))  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match=r"df is 3; expected a function or None"):
        stax.Elementwise(np.abs, df=3)  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match=r"found df or kinks without fn"):
        spec.Elementwise(nngp_fn=np.multiply, kinks=(0.0,))
    with pytest.raises(NetworkError, match=r"deg is 0; expected an integer >= 1"):
        stax.ElementwiseNumerical(np.tanh, 0)
    with pytest.raises(NetworkError, match=r"fn is None; expected a function"):
        stax.ElementwiseNumerical(None, 3)  # type: ignore[arg-type]
