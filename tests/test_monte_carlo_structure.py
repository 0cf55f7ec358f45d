"""Layers that normalise, drop and join, against averages over sampled features.

The features of a wide random layer are independent draws: a network of one hidden
layer with branches is sampled feature by feature. A formula wrong by 5 % must not pass.
"""

from typing import Any

import numpy as np
import pytest
from scipy import special

import fastntk
from fastntk import stax
from tests.test_monte_carlo import SIGMAS

SAMPLES = 2_000_000
FACTOR = 1.05
WIDE = stax.Dense(8, 1.3, 0.4)
X = np.array([[1.0, 0.2, -0.4]])
Y = np.array([[0.6, 0.9, 0.3]])


def draw(
    rng: np.random.Generator, W_std: float, b_std: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the outputs of a wide random Dense layer at X and Y."""
    weights = rng.standard_normal((SAMPLES, 3)) * (W_std / np.sqrt(3))
    bias = b_std * rng.standard_normal(SAMPLES)
    return (weights @ X[0]) + bias, (weights @ Y[0]) + bias


def relu(u: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(u, 0.0))


def assert_admits(products: np.ndarray, value: float) -> None:
    """Assert that the interval holds the value, and neither 5 % more nor less."""
    mean, error = products.mean(), products.std() / np.sqrt(products.size)
    assert abs(value - mean) <= SIGMAS * error
    for wrong in (FACTOR * value, value / FACTOR):
        assert abs(wrong - mean) > SIGMAS * error


def kernels(*layers: Any, x2: Any = Y) -> tuple[float, float]:
    """Return E[f(X) f(Y)] of the last features, and the tangent kernel behind them."""
    read_out = stax.Dense(1)
    value = fastntk.gram(stax.serial(*layers), X, x2, "nngp")
    both = fastntk.gram(stax.serial(*layers, read_out), X, x2, ("nngp", "ntk"))
    return float(value[0, 0]), float((both.ntk - both.nngp)[0, 0])


def test_product_of_branches() -> None:
    rng = np.random.default_rng(1)
    (u1, v1), (u2, v2) = draw(rng, 1.3, 0.4), draw(rng, 0.9, 0.7)
    one = stax.serial(WIDE, stax.Relu())
    two = stax.serial(stax.Dense(8, 0.9, 0.7), stax.Erf())
    net = stax.FanOut(2), stax.parallel(one, two), stax.FanInProd()
    value, tangent = kernels(*net)
    assert_admits(relu(u1) * special.erf(u2) * relu(v1) * special.erf(v2), value)
    c1, c2 = (1.3**2 * X @ Y.T / 3 + 0.4**2)[0, 0], (0.9**2 * X @ Y.T / 3 + 0.49)[0, 0]
    slopes = 4 / np.pi * np.exp(-(u2**2) - v2**2)
    first = c1 * (u1 > 0) * (v1 > 0) * special.erf(u2) * special.erf(v2)
    assert_admits(first + c2 * relu(u1) * relu(v1) * slopes, tangent)


def test_branches_side_by_side() -> None:
    rng = np.random.default_rng(2)
    (u1, v1), (u2, v2) = draw(rng, 1.3, 0.4), draw(rng, 0.9, 0.7)
    wide = stax.serial(stax.Dense(24, 1.3, 0.4), stax.Relu())
    narrow = stax.serial(stax.Dense(8, 0.9, 0.7), stax.Abs())
    net = stax.FanOut(2), stax.parallel(wide, narrow), stax.FanInConcat()
    value, tangent = kernels(*net)
    is_wide = rng.random(SAMPLES) < 0.75
    products = np.where(is_wide, relu(u1) * relu(v1), np.abs(u2) * np.abs(v2))
    assert_admits(products, value)
    c1, c2 = (1.3**2 * X @ Y.T / 3 + 0.4**2)[0, 0], (0.9**2 * X @ Y.T / 3 + 0.49)[0, 0]
    slopes = np.where(is_wide, c1 * (u1 > 0) * (v1 > 0), c2 * np.sign(u2 * v2))
    assert_admits(slopes, tangent)


def test_sum_of_branches_behind_an_activation() -> None:
    rng = np.random.default_rng(3)
    (u1, v1), (u2, v2) = draw(rng, 1.3, 0.4), draw(rng, 0.9, 0.7)
    branches = stax.parallel(WIDE, stax.Dense(8, 0.9, 0.7))
    net = stax.FanOut(2), branches, stax.FanInSum(), stax.Relu()
    value, tangent = kernels(*net)
    assert_admits(relu(u1 + u2) * relu(v1 + v2), value)
    c = (1.3**2 + 0.9**2) * (X @ Y.T)[0, 0] / 3 + 0.4**2 + 0.7**2
    assert_admits(c * (u1 + u2 > 0) * (v1 + v2 > 0), tangent)


@pytest.mark.parametrize("rate", [0.5, 0.8])
def test_dropout(rate: float) -> None:
    rng = np.random.default_rng(4)
    u, v = draw(rng, 1.3, 0.4)
    net = WIDE, stax.Relu(), stax.Dropout(rate)
    masks = (rng.random((2, SAMPLES)) < rate) / rate
    value, tangent = kernels(*net)
    assert_admits(masks[0] * relu(u) * masks[1] * relu(v), value)
    c = (1.3**2 * X @ Y.T / 3 + 0.4**2)[0, 0]
    assert_admits(c * masks[0] * (u > 0) * masks[1] * (v > 0), tangent)
    value, tangent = kernels(*net, x2=None)
    assert_admits((masks[0] * relu(u)) ** 2, value)
    q = (1.3**2 * X @ X.T / 3 + 0.4**2)[0, 0]
    assert_admits(q * (masks[0] * (u > 0)) ** 2, tangent)


def test_layer_norm() -> None:
    u, v = draw(np.random.default_rng(5), 1.3, 0.4)
    net = WIDE, stax.LayerNorm(eps=0.1), stax.Relu()
    value, tangent = kernels(*net)
    s1, s2 = np.sqrt((u * u).mean() + 0.1), np.sqrt((v * v).mean() + 0.1)
    assert_admits(relu(u / s1) * relu(v / s2), value)
    c = (1.3**2 * X @ Y.T / 3 + 0.4**2)[0, 0]
    assert_admits(c / (s1 * s2) * (u > 0) * (v > 0), tangent)


@pytest.mark.parametrize("b_std", [None, 0.0, 0.6])
@pytest.mark.parametrize("s", [(1, 1), (2, 4)])
def test_standard_parameterization(s: tuple[int, int], b_std: float | None) -> None:
    """Gradients of finite networks in standard parameterization, one hidden layer.

    ``f = sum_j v_j relu(w_j x + b_j) + c`` with ``w ~ W_std^2/d`` and ``v ~ W_std^2
    /width``, whose tangent kernel is the sum of all gradients' products.
    """
    width = 16
    rng = np.random.default_rng(6)
    bias = 0.0 if b_std is None else b_std
    u, v = draw(rng, 1.3, bias)
    options: dict[str, Any] = {"b_std": b_std, "parameterization": "standard"}
    net = stax.serial(
        stax.Dense(width, 1.3, s=(1, s[0]), **options),
        stax.Relu(),
        stax.Dense(1, 0.8, s=(s[0], 1), **options),
    )
    found = float(fastntk.gram(net, X, Y, "ntk")[0, 0])
    has_bias = b_std is not None
    hidden = 0.8**2 * (u > 0) * (v > 0) * ((X @ Y.T)[0, 0] + has_bias)
    assert_admits(width * relu(u) * relu(v) + hidden + has_bias, found)
