"""Certificates, eigenvalues, rates and times against direct computation."""

import importlib
import math

import numpy as np
import pytest
import scipy.linalg
from scipy.sparse.linalg import aslinearoperator

import fastntk
from fastntk import stax, theory
from fastntk._errors import InputError
from tests.test_theory.spectra import random_kernel


@pytest.mark.parametrize("lowest", [1e-2, 1e-6, 1e-10])
def test_certificate_is_a_tight_lower_bound(
    rng: np.random.Generator, lowest: float
) -> None:
    matrix = random_kernel(rng, 60, lowest)
    true = float(np.linalg.eigvalsh(matrix)[0])
    proof = theory.certify_positive_definite(matrix, guess=true)
    assert proof.is_certified
    assert 0.4 * true < proof.lower_bound <= true
    blind = theory.certify_positive_definite(matrix)
    assert blind.is_certified
    assert 0.0 < blind.lower_bound <= true


def test_no_certificate_for_singular_or_indefinite(rng: np.random.Generator) -> None:
    vectors = rng.normal(size=(50, 20))
    singular = vectors @ vectors.T
    assert not theory.certify_positive_definite(singular).is_certified
    indefinite = random_kernel(rng, 50, 1e-3) - 0.01 * np.eye(50)
    assert not theory.certify_positive_definite(indefinite, 0.5).is_certified
    assert not theory.certify_positive_definite(np.zeros((3, 3))).is_certified


def test_certificate_of_an_ntk_of_distinct_rows() -> None:
    net = stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))
    x = np.random.default_rng(0).normal(size=(100, 5))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    assert theory.convergence(fastntk.gram(net, x)).certified > 0.0
    doubled = fastntk.gram(net, np.concatenate([x, x[:1]]))
    assert theory.convergence(doubled).certified == 0.0


def test_extreme_eigenvalues_by_lanczos(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = random_kernel(rng, 80, 1e-4)
    module = importlib.import_module("fastntk.theory.training.extreme_eigenvalues")
    monkeypatch.setattr(module, "_DENSE", 10)
    low, high = theory.extreme_eigenvalues(matrix)
    np.testing.assert_allclose([low, high], [1e-4, 1.0], rtol=1e-8)
    shifted = matrix - 0.5 * np.eye(80)  # no Cholesky factor
    low, high = theory.extreme_eigenvalues(shifted)
    np.testing.assert_allclose([low, high], [1e-4 - 0.5, 0.5], rtol=1e-8)
    spread = random_kernel(rng, 80, 0.5)
    low, high = theory.extreme_eigenvalues(aslinearoperator(spread))
    np.testing.assert_allclose([low, high], [0.5, 1.0], rtol=1e-6)


def test_rate_bounds_the_flow(rng: np.random.Generator) -> None:
    kernel, y = random_kernel(rng, 30, 1e-2), rng.normal(size=(30, 2))
    facts = theory.convergence(kernel, n_outputs=2)
    start = float(np.mean(y**2)) / 2
    for t in (1.0, 100.0, 5000.0):
        residual = scipy.linalg.expm(-kernel * t * 0.3 / 60) @ y
        loss = float(np.mean(residual**2)) / 2
        assert loss <= facts.loss_bound(t, start, learning_rate=0.3) * (1 + 1e-9)
    np.testing.assert_allclose(facts.condition_number, 100.0, rtol=1e-6)


def test_largest_step_is_where_descent_stops_converging(
    rng: np.random.Generator,
) -> None:
    kernel, y = random_kernel(rng, 20, 1e-1), rng.normal(size=(20, 1))
    limit = theory.convergence(kernel).largest_stable_step
    norms = []
    for step in (0.99 * limit, 1.01 * limit):
        f = np.zeros_like(y)
        for _ in range(2000):
            f = f - step * kernel @ (f - y) / 20
        norms.append(np.abs(f - y).max())
    assert norms[0] < 1e-6
    assert norms[1] > 1e6


def test_time_and_steps_to_a_loss(rng: np.random.Generator) -> None:
    kernel, y = random_kernel(rng, 25, 1e-3), rng.normal(size=(25, 2))
    spectrum = theory.decompose(kernel, y)
    t = theory.time_to_loss(spectrum, 0.05, learning_rate=0.7)
    residual = scipy.linalg.expm(-kernel * t * 0.7 / 50) @ y
    np.testing.assert_allclose(np.mean(residual**2) / 2, 0.05, rtol=1e-8)
    steps = theory.steps_to_loss(spectrum, 0.05, learning_rate=20.0)
    f, count = np.zeros_like(y), 0
    while np.mean((f - y) ** 2) / 2 > 0.05:
        f, count = f - 20.0 * kernel @ (f - y) / 50, count + 1
    assert steps == count
    assert theory.time_to_loss(spectrum, 100.0) == 0.0


def test_loss_out_of_reach_takes_for_ever() -> None:
    spectrum = theory.decompose(np.ones((2, 2)), [1.0, -1.0])
    assert theory.time_to_loss(spectrum, 0.1) == math.inf
    assert theory.steps_to_loss(spectrum, 0.1, 0.5) == math.inf


def test_one_step_at_the_best_rate() -> None:
    spectrum = theory.decompose(2.0 * np.eye(4), np.ones(4))
    assert theory.steps_to_loss(spectrum, 1e-9, learning_rate=2.0) == 1.0


def test_refusals() -> None:
    spectrum = theory.decompose(np.eye(2), [1.0, 2.0])
    with pytest.raises(InputError, match="expected less than 4, the largest step"):
        theory.steps_to_loss(spectrum, 0.1, learning_rate=4.5)
    with pytest.raises(InputError, match="loss: found 0.0; expected a number > 0"):
        theory.time_to_loss(spectrum, 0.0)
    with pytest.raises(InputError, match="learning_rate: found -1.0"):
        theory.time_to_loss(spectrum, 0.1, learning_rate=-1.0)
    with pytest.raises(InputError, match="n_outputs: found 1.5"):
        theory.convergence(np.eye(2), n_outputs=1.5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="not zero"):
        theory.convergence(np.zeros((2, 2)))
    with pytest.raises(InputError, match="t: found -1.0"):
        theory.convergence(np.eye(2)).loss_bound(-1.0, 1.0)
    with pytest.raises(InputError, match="guess"):
        theory.certify_positive_definite(np.eye(2), guess=-1.0)
