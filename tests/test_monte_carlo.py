"""Closed forms against averages over sampled Gaussian variables.

The dual of an activation and of its derivative come from networks of one hidden layer:
without a readout the NNGP is E[phi(u) phi(v)]; with one of unit weights the tangent
kernel adds c E[phi'(u) phi'(v)].
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import special

import fastntk
from tests.networks import ABRELU, ABS, ERF, LEAKY, RELU, SIGN, build, dense

SAMPLES = 4_000_000
SIGMAS = 6.0
FACTOR = 1.02  # a formula wrong by this much must not pass
Function = Callable[[np.ndarray], np.ndarray]


def _slopes(a: float, b: float) -> tuple[Function, Function]:
    return lambda u: np.where(u < 0, a * u, b * u), lambda u: np.where(u < 0, a, b)


def _erf(a: float, b: float, c: float) -> tuple[Function, Function]:
    def derivative(u: np.ndarray) -> np.ndarray:
        return np.asarray(2 * a * b / np.sqrt(np.pi) * np.exp(-((b * u) ** 2)))

    return lambda u: a * special.erf(b * u) + c, derivative


ACTIVATIONS: dict[str, tuple[list[Any], tuple[Function, Function]]] = {
    "relu": (RELU, _slopes(0.0, 1.0)),
    "leaky": (LEAKY, _slopes(0.1, 1.0)),
    "abrelu": (ABRELU, _slopes(-0.4, 1.1)),
    "abs": (ABS, _slopes(-1.0, 1.0)),
    "sign": (SIGN, (np.sign, np.zeros_like)),
    "erf": (ERF, _erf(1.0, 1.0, 0.0)),
    "scaled-erf": (["Erf", {"a": 1.5, "b": 0.7, "c": 0.3}], _erf(1.5, 0.7, 0.3)),
}
# (q1, q2, rho): no quantity is small beside its spread, so that 2 % of it can be seen
COVARIANCES = [(1.0, 1.0, 0.8), (0.5, 2.0, 0.6), (3.0, 0.7, -0.9)]
# Relu of almost opposite variables almost vanishes.
OF_RELU = [*COVARIANCES[:2], (3.0, 0.7, -0.3)]
QUANTITIES = ["value", "derivative"]


class Estimate(NamedTuple):
    mean: float
    standard_error: float
    diagonal: float  # sqrt(E[f(u)^2] E[f(v)^2])

    def admits(self, value: float) -> bool:
        """Return whether ``value`` lies in the interval of six standard errors."""
        return abs(value - self.mean) <= SIGMAS * self.standard_error


@functools.cache
def normals() -> tuple[np.ndarray, np.ndarray]:
    """Return two independent samples, the same for every case."""
    u, v = np.random.default_rng(20_240).standard_normal((2, SAMPLES))
    return u, v


def sample(
    function: Function, q1: float, q2: float, rho: float, n: int = SAMPLES
) -> Estimate:
    u, independent = (values[:n] for values in normals())
    v = rho * u + np.sqrt(1 - rho**2) * independent
    fu, fv = function(np.sqrt(q1) * u), function(np.sqrt(q2) * v)
    product = fu * fv
    error = product.std() / np.sqrt(n)
    diagonal = np.sqrt((fu * fu).mean() * (fv * fv).mean())
    return Estimate(float(product.mean()), float(error), float(diagonal))


def rows(q1: float, q2: float, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two rows with these variances after ``Dense(W_std=1)``."""
    x = np.sqrt(2 * q1) * np.array([[1.0, 0.0]])
    return x, np.sqrt(2 * q2) * np.array([[rho, np.sqrt(1 - rho**2)]])


def dual(activation: list[Any], q1: float, q2: float, rho: float) -> dict[str, float]:
    x, y = rows(q1, q2, rho)
    hidden = ["serial", dense(1.0), activation]
    value = fastntk.gram(build(hidden), x, y, "nngp")[0, 0]
    both = fastntk.gram(build([*hidden, dense(1.0)]), x, y, ("nngp", "ntk"))
    covariance = rho * np.sqrt(q1 * q2)
    return {
        "value": float(value),
        "derivative": float((both.ntk - both.nngp)[0, 0] / covariance),
    }


CASES = [
    pytest.param(name, what, q, id=f"{name}-{what}-{q[2]}")
    for name in ACTIVATIONS
    for what in QUANTITIES
    for q in (OF_RELU if name == "relu" else COVARIANCES)
    if (name, what) != ("sign", "derivative")
]


@pytest.mark.parametrize(("name", "what", "q"), CASES)
def test_closed_form_lies_within_six_standard_errors(
    name: str, what: str, q: tuple[float, float, float]
) -> None:
    layer, functions = ACTIVATIONS[name]
    estimate = sample(functions[QUANTITIES.index(what)], *q)
    value = dual(layer, *q)[what]
    assert estimate.standard_error <= 0.01 * estimate.diagonal
    assert estimate.standard_error <= 0.002 * abs(value)
    assert estimate.admits(value)
    assert not estimate.admits(FACTOR * value)
    assert not estimate.admits(value / FACTOR)


@pytest.mark.parametrize("q", COVARIANCES)
def test_sign_contributes_nothing_to_the_tangent_kernel(
    q: tuple[float, float, float],
) -> None:
    assert dual(SIGN, *q)["derivative"] == 0.0


def test_the_interval_is_neither_empty_nor_everything() -> None:
    estimate = Estimate(mean=1.0, standard_error=0.003, diagonal=1.0)
    assert estimate.admits(1.017)
    assert not estimate.admits(1.02)
    assert not estimate.admits(0.98)
    assert not estimate.admits(float("nan"))
