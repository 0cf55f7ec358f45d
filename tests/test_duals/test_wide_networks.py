"""Gram entries against the kernels of wide random networks of two hidden layers.

Given a layer's outputs ``H``, the next layer's pre-activations are independent normal
vectors with the covariance ``W_std^2 H^T H / width + b_std^2``, and its weights given
these are normal too, so that a finite network's kernels are drawn by their exact law
without a matrix of weights. An interval of six standard errors holds the entry, and
neither 2 % more nor less.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import fastntk
from fastntk import stax

WIDTH, NETWORKS, AT_ONCE = 4096, 512, 16
W, B = 1.3, 0.2
SIGMAS, FACTOR, PERCENT = 6.0, 1.02, 0.01
Function = Callable[[np.ndarray], np.ndarray]
WIDE: dict[str, tuple[Any, Function, Function]] = {
    "relu": (stax.Relu(), lambda u: np.maximum(u, 0), lambda u: 1.0 * (u > 0)),
    "erf": (
        stax.Erf(),
        special.erf,
        lambda u: 2 / np.sqrt(np.pi) * np.exp(-u * u),
    ),
    "tanh": (stax.Tanh(), np.tanh, lambda u: 1 - np.tanh(u) ** 2),
    "elu": (
        stax.Elu(),
        lambda u: np.where(u > 0, u, np.expm1(np.minimum(u, 0))),
        lambda u: np.where(u > 0, 1.0, np.exp(np.minimum(u, 0))),
    ),
    "hard-tanh": (
        stax.HardTanh(),
        lambda u: np.clip(u, -1, 1),
        lambda u: 1.0 * (np.abs(u) < 1),
    ),
    "own": (stax.Elementwise(np.arctan), np.arctan, lambda u: 1 / (1 + u * u)),
}


def normals(rng: np.random.Generator, covariance: np.ndarray) -> np.ndarray:
    """Return WIDTH normal vectors with each covariance."""
    root = np.linalg.cholesky(covariance)
    z = rng.standard_normal((AT_ONCE, WIDTH, len(covariance[-1])))
    return np.asarray(z @ np.swapaxes(root, -1, -2))


def means(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the means of products over the units."""
    return np.asarray(np.swapaxes(a, -1, -2) @ b / WIDTH)


def kernels(
    rng: np.random.Generator, fn: Function, slope: Function, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return NNGP and tangent kernels of some networks, those of their gradients."""
    first = W**2 * x @ x.T / x.shape[1] + B**2
    u = normals(rng, first)
    h = fn(u)
    gram = means(h, h)
    g = normals(rng, W**2 * gram)
    u2 = g + B * rng.standard_normal((AT_ONCE, WIDTH, 1))
    a = rng.standard_normal((AT_ONCE, WIDTH, 1)) * slope(u2)
    nngp = W**2 * means(fn(u2), fn(u2)) + B**2
    second = W**2 * means(a, a)
    # sum_j V_ji a_j over the weights V behind, given g = W V h / sqrt(width)
    inverse = np.linalg.inv(gram)
    z = normals(rng, means(a, a))
    z -= h @ (inverse @ means(h, z))
    back = W**2 * (z + h @ (inverse @ means(g, a)) / W) * slope(u)
    return nngp, nngp + second * (W**2 * gram + B**2) + means(back, back) * first


@pytest.mark.parametrize("name", WIDE)
@settings(max_examples=1, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**20))
def test_gram_entries_are_those_of_wide_networks(name: str, seed: int) -> None:
    layer, fn, slope = WIDE[name]
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(8) + 0.5 * rng.standard_normal((3, 8))
    x *= rng.uniform(0.8, 1.4, (3, 1)) * 8**0.5 / np.linalg.norm(x, axis=1)[:, None]
    net = stax.serial(*[stax.Dense(WIDTH, W, B), layer] * 2, stax.Dense(1, W, B))
    exact = fastntk.gram(net, x, get=("nngp", "ntk"))
    draws = [kernels(rng, fn, slope, x) for _ in range(NETWORKS // AT_ONCE)]
    for k, value in enumerate((exact.nngp, exact.ntk)):
        samples = np.concatenate([draw[k] for draw in draws])
        mean, error = samples.mean(axis=0), samples.std(axis=0) / NETWORKS**0.5
        diagonal = np.sqrt(np.outer(np.diag(value), np.diag(value)))
        assert (error <= PERCENT * diagonal).all()
        assert (np.abs(mean - value) <= SIGMAS * error).all()
        for wrong in (FACTOR * value, value / FACTOR):
            assert (np.abs(mean - wrong) > SIGMAS * error).all()
