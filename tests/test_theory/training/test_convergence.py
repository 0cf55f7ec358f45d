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


def random_kernel(rng: np.random.Generator, n: int, lowest: float) -> np.ndarray:
    """Return a matrix with eigenvalues from `lowest` to 1."""
    basis, _ = np.linalg.qr(rng.normal(size=(n, n)))
    matrix = (basis * np.geomspace(lowest, 1.0, n)) @ basis.T
    return np.asarray((matrix + matrix.T) / 2)


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
