"""Every activation against sampled Gaussian variables, at moments of hypothesis.

An interval of six standard errors, each at most 1 % of the diagonal, holds the value of
`dual_activation`, and not the value scaled by 1.02 where that moves it by more than the
interval is wide.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import fastntk
from fastntk import NetworkError, spec, stax
from fastntk.duals.sources import functions as f

SAMPLES = 400_000
MANY = 4_000_000  # see 2 %
SIGMAS = 6.0
FACTOR = 1.02
PERCENT = 0.01  # largest standard error, of the diagonal
Function = Callable[[np.ndarray], np.ndarray]


def _elu(alpha: float, scale: float) -> Function:
    return lambda u: scale * np.where(u > 0, u, alpha * np.expm1(np.minimum(u, 0)))


UNIT = 0.0  # holds for variance 1 only
# a kernel that is that of no function of one variable
NO_FUNCTION = {"ExpNormalized"}
# layer, function, largest variance: fast-growing functions spread too far beyond
ACTIVATIONS: dict[str, tuple[Any, Function, float]] = {
    "identity": (stax.Identity(), lambda u: u, 9.0),
    "relu": (stax.Relu(), lambda u: np.maximum(u, 0), 9.0),
    "leaky": (stax.LeakyRelu(0.1), lambda u: np.maximum(u, 0.1 * u), 9.0),
    "abrelu": (stax.ABRelu(-0.4, 1.1), lambda u: np.where(u < 0, -0.4 * u, 1.1 * u), 9),
    "abs": (stax.Abs(), np.abs, 9.0),
    "sign": (stax.Sign(), np.sign, 9.0),
    "erf": (stax.Erf(1.5, 0.7, 0.3), lambda u: 1.5 * special.erf(0.7 * u) + 0.3, 9.0),
    "gelu": (stax.Gelu(), lambda u: u * special.ndtr(u), 9.0),
    "sin": (stax.Sin(1.3, 0.8, 0.4), lambda u: 1.3 * np.sin(0.8 * u + 0.4), 4.0),
    "cos": (stax.Cos(), np.cos, 4.0),
    "rbf": (
        stax.Rbf(0.3),
        lambda u: np.sqrt(2) * np.sin(np.sqrt(0.6) * u + np.pi / 4),
        4,
    ),
    "exp": (stax.Exp(1, 0.5), lambda u: np.exp(0.5 * u), 1.0),
    "gaussian": (stax.Gaussian(), lambda u: np.exp(-u * u), 4.0),
    "gabor": (stax.Gabor(), lambda u: np.exp(-u * u) * np.sin(u), 4.0),
    "polynomial": (stax.Polynomial((1, 1, 0.5)), lambda u: 1 + u + 0.5 * u * u, 2.0),
    "monomial": (stax.Monomial(2), np.square, 2.0),
    "hermite": (stax.Hermite(2), lambda u: (u * u - 1) / np.sqrt(2), UNIT),
    "rectified": (stax.RectifiedMonomial(2), lambda u: np.maximum(u, 0) ** 2, 2.0),
    "tanh": (stax.Tanh(), np.tanh, 9.0),
    "sigmoid": (stax.Sigmoid(), special.expit, 9.0),
    "softplus": (stax.Softplus(), lambda u: np.logaddexp(0, u), 9.0),
    "silu": (stax.Silu(), lambda u: u * special.expit(u), 9.0),
    "mish": (stax.Mish(), lambda u: u * np.tanh(np.logaddexp(0, u)), 9.0),
    "elu": (stax.Elu(0.7), _elu(0.7, 1.0), 9.0),
    "selu": (stax.Selu(), _elu(f.SELU_ALPHA, f.SELU_SCALE), 9.0),
    "celu": (stax.Celu(0.5), lambda u: np.where(u > 0, u, np.expm1(2 * u) / 2), 9.0),
    "softsign": (stax.Softsign(), lambda u: u / (1 + np.abs(u)), 9.0),
    "hard-tanh": (stax.HardTanh(), lambda u: np.clip(u, -1, 1), 9.0),
    "relu6": (stax.Relu6(), lambda u: np.clip(u, 0, 6), 9.0),
    "hard-swish": (stax.HardSwish(), lambda u: u * np.clip(u + 3, 0, 6) / 6, 9.0),
    "gelu-tanh": (
        stax.GeluTanh(),
        lambda u: u * (1 + np.tanh(np.sqrt(2 / np.pi) * (u + 0.044715 * u**3))) / 2,
        9.0,
    ),
    "log-cosh": (stax.LogCosh(), lambda u: np.log(np.cosh(u)), 9.0),
    "arctan": (stax.Arctan(), np.arctan, 9.0),
    "own": (
        stax.Elementwise(lambda u: np.tanh(u) + np.maximum(u - 0.5, 0)),
        lambda u: np.tanh(u) + np.maximum(u - 0.5, 0),
        4.0,
    ),
    "numerical": (stax.ElementwiseNumerical(np.arctan, 25), np.arctan, 9.0),
}


def test_every_activation_is_drawn() -> None:
    found = {type(layer.spec).__name__ for layer, _, _ in ACTIVATIONS.values()}
    known = {name for name in spec.known_layers() if _is_activation(name)}
    assert known - found == NO_FUNCTION


def _is_activation(name: str) -> bool:
    """Return whether a layer without parameters of its own has a dual."""
    layer = getattr(spec, name)
    examples = {"LeakyRelu": (0.1,), "ABRelu": (0, 1), "Polynomial": ((1,),)}
    degrees = {"Hermite", "Monomial", "RectifiedMonomial"}
    arguments = (2,) if name in degrees else examples.get(name, ())
    try:
        fastntk.dual_activation(layer(*arguments), 1.0, 0.5, 1.0)
    except (TypeError, NetworkError):
        return name in {"Elementwise", "ElementwiseNumerical"}
    return True


@cache
def normals() -> np.ndarray:
    return np.random.default_rng(71).standard_normal((2, MANY))


def sampled(
    function: Function, q1: float, q2: float, rho: float, n: int = SAMPLES
) -> tuple[float, float, float]:
    """Return a mean, its standard error and the diagonal."""
    u, w = normals()[:, :n]
    one = function(np.sqrt(q1) * u)
    two = function(np.sqrt(q2) * (rho * u + np.sqrt(1 - rho * rho) * w))
    product = one * two
    diagonal = np.sqrt((one * one).mean() * (two * two).mean())
    return float(product.mean()), float(product.std() / n**0.5), float(diagonal)


@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.data())
def test_the_dual_is_the_mean_over_samples(name: str, data: st.DataObject) -> None:
    layer, function, largest = ACTIVATIONS[name]
    sizes = st.floats(np.log(0.05), np.log(largest)) if largest else st.just(0.0)
    q1, q2 = (float(np.exp(data.draw(sizes))) for _ in range(2))
    rho = data.draw(st.floats(-0.98, 0.98))
    mean, error, diagonal = sampled(function, q1, q2, rho)
    assert error <= PERCENT * diagonal
    value = float(fastntk.dual_activation(layer, q1, rho * np.sqrt(q1 * q2), q2).kappa)
    assert abs(value - mean) <= SIGMAS * error
    if (FACTOR - 1) * abs(value) > 2 * SIGMAS * error:
        assert abs(FACTOR * value - mean) > SIGMAS * error


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_value_that_is_off_by_two_percent_is_seen(name: str) -> None:
    layer, function, largest = ACTIVATIONS[name]
    q = min(0.75, largest) or 1.0
    mean, error, diagonal = sampled(function, q, q, 0.95, MANY)
    assert error <= PERCENT * diagonal
    value = float(fastntk.dual_activation(layer, q, 0.95 * q, q).kappa)
    assert abs(value - mean) <= SIGMAS * error
    assert abs(FACTOR * value - mean) > SIGMAS * error
