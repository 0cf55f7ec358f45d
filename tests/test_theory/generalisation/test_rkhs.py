"""Norms of targets, and the bound on the test error that follows from them."""

import math

import numpy as np
import pytest

import fastntk
from fastntk import stax, theory
from fastntk._errors import InputError
from tests.test_theory.spectra import random_kernel


def test_rkhs_norm_and_bound(rng: np.random.Generator) -> None:
    kernel, y = random_kernel(rng, 40, 1e-3), rng.normal(size=40)
    spectrum = theory.decompose(kernel, y)
    exact = math.sqrt(y @ np.linalg.solve(kernel, y))
    np.testing.assert_allclose(theory.rkhs_norm(spectrum), exact, rtol=1e-8)
    a = np.linalg.solve(kernel + 0.1 * np.eye(40), y)
    found = theory.rkhs_norm(spectrum, 0.1)
    np.testing.assert_allclose(found, math.sqrt(a @ kernel @ a), rtol=1e-8)
    two = theory.decompose(kernel, np.stack([y, y], axis=1))
    np.testing.assert_allclose(theory.rkhs_norm(two), exact * 2**0.5, rtol=1e-8)


def test_bound_holds_on_new_rows() -> None:
    rng = np.random.default_rng(0)
    net = stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))
    x = rng.normal(size=(1500, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.maximum(x[:, 0], 0.0) * 0.5
    k = fastntk.gram(net, x)
    train, test = slice(0, 1000), slice(1000, None)
    ridge = 1e-3
    result = theory.generalisation_bound(
        theory.decompose(k[train, train], y[train]), ridge, confidence=0.99
    )
    a = np.linalg.solve(k[train, train] + ridge * np.eye(1000), y[train])
    error = np.minimum(np.abs(k[test, train] @ a - y[test]), 1.0).mean()
    assert error <= result.bound < 1.0
    parts = result.train_error + result.complexity + result.deviation
    np.testing.assert_allclose(result.bound, parts)
    with pytest.raises(InputError, match="probability below 1"):
        theory.generalisation_bound(theory.decompose(np.eye(2), [1, 2]), confidence=1)
    with pytest.raises(InputError, match="found 2 outputs; expected one"):
        theory.generalisation_bound(theory.decompose(np.eye(2), np.eye(2)))
