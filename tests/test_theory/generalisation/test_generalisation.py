"""Predictions of the test error against kernel ridge regression on new rows."""

import dataclasses
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax, theory
from fastntk._errors import InputError
from tests.test_theory.simulation import (
    RIDGES,
    Targets,
    deviations,
    network,
    ridge_errors,
    sphere_rows,
)


def test_kare_and_eigenlearning_match_simulation() -> None:
    found = deviations(seed=0, n=500, n_test=2000, n_outputs=20)
    assert np.abs(found.kare).max() < 0.1
    assert np.abs(found.eigenlearning).max() < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n", "allowed"),
    [
        ("relu", 500, 0.1),
        ("relu", 1000, 0.1),
        ("erf", 500, 0.1),
        ("erf", 1000, 0.1),
    ],
)
def test_worst_case_over_seeds(name: str, n: int, allowed: float) -> None:
    runs = [deviations(seed, n, 6000, 20, name=name) for seed in range(10)]
    worst_kare = np.abs([run.kare for run in runs]).max()
    worst_eigen = np.abs([run.eigenlearning for run in runs]).max()
    report = f"{name}, n={n}: KARE {worst_kare:.1%}, eigenlearning {worst_eigen:.1%}"
    print(report)  # noqa: T201
    assert worst_kare < allowed, report
    assert worst_eigen < 0.1, report


def test_single_target_stays_within_the_error_given() -> None:
    rng = np.random.default_rng(3)
    x, x_test = sphere_rows(rng, 500, 10), sphere_rows(rng, 2000, 10)
    targets = Targets.draw(rng, 30, 10)
    y, y_test = targets(x), targets(x_test)  # without noise
    k, k_test = fastntk.gram(network(), x), fastntk.gram(network(), x_test, x)
    spectrum, pulls = theory.decompose(k, y), []
    for column in range(30):
        one = slice(column, column + 1)
        single = dataclasses.replace(
            spectrum, coefficients=spectrum.coefficients[:, one]
        )
        result = theory.kare(single, 0.1)
        measured = ridge_errors(k, y[:, one], k_test, y_test[:, one], [0.1])[0]
        pulls.append((result.test_mse / measured - 1.0) / result.relative_error)
    assert 0.4 < np.sqrt(np.mean(np.square(pulls))) < 2.5


class Digits:
    """Handwritten digits: each half of a split learned, and measured on the other."""

    def __init__(self, net: stax.Network | None = None) -> None:
        from fastntk.cli.demo.job import load_digits
        from fastntk.cli.demo.job import network as demo_network

        digits = load_digits()
        self.y = np.eye(10)[digits.labels]
        self.kernel = fastntk.gram(net or demo_network(), digits.images)

    def compare(self, seed: int) -> np.ndarray:
        """Return KARE, its published form, measured, and that one's standard error.

        Both halves together: the error of every row, each after learning the other
        half. Shape (4, number of ridges).
        """
        order = np.random.default_rng(seed).permutation(len(self.y))
        halves = np.array_split(order, 2)
        pairs = [self._learn(halves[i], halves[1 - i]) for i in (0, 1)]
        estimates = np.mean([estimate for estimate, _ in pairs], axis=0)
        errors = np.concatenate([error for _, error in pairs], axis=1)
        standard_error = errors.std(axis=1, ddof=1) / np.sqrt(errors.shape[1])
        return np.array([*estimates, errors.mean(axis=1), standard_error])

    def _learn(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return both estimates at every ridge, and the errors of the test rows."""
        k = self.kernel[np.ix_(train, train)]
        ridges = np.array(RIDGES) * np.trace(k) / len(k)
        spectrum = theory.decompose(k, self.y[train])
        features = self.kernel[np.ix_(test, train)] @ spectrum.vectors
        errors = []
        for ridge in ridges:
            scaled = spectrum.coefficients / (spectrum.eigenvalues + ridge)[:, None]
            errors.append(np.mean((features @ scaled - self.y[test]) ** 2, axis=1))
        own = theory.kare(spectrum, ridges).test_mse
        published = theory.kare(spectrum, ridges, leverages="mean").test_mse
        return np.array([own, published]), np.array(errors)


def test_kare_on_digits() -> None:
    kare, published, measured, standard_error = Digits().compare(seed=0)
    assert np.abs(kare / measured - 1.0).max() < 0.15
    assert np.all(np.abs(kare - measured) < 4.0 * standard_error)
    assert published[0] / measured[0] < 0.8  # a constant diagonal is not enough


@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "activation"), [(2, "erf"), (3, "relu"), (5, "relu")]
)
def test_digits_over_splits_and_networks(depth: int, activation: str) -> None:
    layer = stax.Relu() if activation == "relu" else stax.Erf()
    hidden = depth * [stax.Dense(1, W_std=1.5, b_std=0.2), layer]
    digits = Digits(stax.serial(*hidden, stax.Dense(1)))
    runs = np.array([digits.compare(seed) for seed in range(10)])
    kare, published, measured, standard_error = runs.transpose(1, 0, 2)
    off = kare / measured - 1.0
    report = (
        f"{depth} x {activation}: worst split {np.abs(off).max(0).round(3)}, mean "
        f"{off.mean(0).round(3)}, standard error of the measurement "
        f"{(standard_error / measured).mean(0).round(3)}, published form "
        f"{(published / measured - 1.0).mean(0).round(3)}"
    )
    print(report)  # noqa: T201
    assert np.abs(off).max() < 0.15, report


def test_leave_one_out_against_refitting() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 40))
    k, y = x @ x.T, rng.normal(size=(30, 2))
    errors = []
    for i in range(30):
        rest = np.delete(np.arange(30), i)
        inner = k[np.ix_(rest, rest)] + 0.7 * np.eye(29)
        errors.append(k[i, rest] @ np.linalg.solve(inner, y[rest]) - y[i])
    found = theory.leave_one_out(theory.decompose(k, y), [0.7, 1.0])
    np.testing.assert_allclose(found[0], np.mean(np.square(errors)), rtol=1e-10)


def test_learning_curve_below_the_sample_matches_eigenlearning() -> None:
    rng = np.random.default_rng(1)
    x = sphere_rows(rng, 800, 10)
    targets = Targets.draw(rng, 20, 10)
    y = targets(x) + np.sqrt(0.02) * rng.normal(size=(800, 20))
    spectrum = theory.decompose(fastntk.gram(network(), x), y)
    levels = theory.sphere_spectrum(network(), 10, 24)
    power = np.zeros(24)
    power[:5] = targets.power().mean(axis=1)
    sizes = [100, 200, 400, 800, 1500]
    for ridge in (0.01, 1.0):
        curve = theory.learning_curve(spectrum, sizes, ridge)
        expected = theory.eigenlearning(
            levels.eigenvalues,
            power,
            np.array(sizes, dtype=float),
            ridge,
            noise=0.02,
            multiplicities=levels.multiplicities,
            tail=levels.tail,
        )
        np.testing.assert_allclose(curve.test_mse[:4], expected.test_mse[:4], rtol=0.1)
        np.testing.assert_allclose(curve.test_mse[4], expected.test_mse[4], rtol=0.3)
        np.testing.assert_allclose(curve.kappa[:4], expected.kappa[:4], rtol=0.1)


def test_learning_curve_at_its_own_size_is_kare() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 40))
    spectrum = theory.decompose(x @ x.T + 0.1 * np.eye(200), rng.normal(size=200))
    one = theory.kare(spectrum, 1.0)
    curve = theory.learning_curve(spectrum, 200, 1.0)
    np.testing.assert_allclose(curve.test_mse[0], one.test_mse, rtol=1e-9)
    np.testing.assert_allclose(curve.train_mse[0], one.train_mse, rtol=1e-9)
    assert not curve.is_extrapolated[0]


def test_eigenlearning_conserves_learnability() -> None:
    levels = 1.0 / np.arange(1.0, 500.0) ** 2
    found = theory.eigenlearning(levels, levels, [10, 100, 400], 0.0)
    np.testing.assert_allclose(found.learnability.sum(-1), [10, 100, 400], rtol=1e-9)
    np.testing.assert_allclose(found.train_mse, 0.0)


def test_eigenlearning_limits() -> None:
    one = theory.eigenlearning([1.0], [1.0], 10, 0.0, noise=0.5)  # rank 1 < 10 rows
    assert one.kappa == 0.0
    np.testing.assert_allclose(one.test_mse, 0.5 * 10 / 9)
    peak = theory.eigenlearning([1.0, 1.0], [1.0, 1.0], 2, 0.0, noise=0.1)
    assert peak.test_mse == np.inf
    huge = theory.eigenlearning([1e-300], [1.0], 10, 0.1, multiplicities=[1e300])
    np.testing.assert_allclose(huge.learnability, 0.0, atol=1e-200)
    split = theory.eigenlearning([2.0, 0.1], [1, 1], 20, 0.5, multiplicities=[3, 40])
    flat = theory.eigenlearning(
        [2.0] * 3 + [0.1] * 40, [1 / 3] * 3 + [1 / 40] * 40, 20, 0.5
    )
    np.testing.assert_allclose(split.test_mse, flat.test_mse)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1.0, -1.0], [1, 1], 5), "eigenvalues: found -1.0; expected .*>= 0"),
        (([1.0], [1, 1], 5), "power: found shape .*expected"),
        (([1.0], [1.0], 0), "n_samples: found .*> 0"),
        (([1.0], [1.0], 5, -1.0), "ridge: found -1.0"),
        (([1.0], [np.nan], 5), "power: found nan"),
        ((["a"], [1.0], 5), "eigenvalues: found .*expected numbers"),
    ],
)
def test_eigenlearning_refuses(arguments: tuple[Any, ...], match: str) -> None:
    with pytest.raises(InputError, match=match):
        theory.eigenlearning(*arguments)


@pytest.mark.parametrize(
    ("kernel", "y", "match"),
    [
        (np.ones((2, 3)), [1, 2], "square kernel matrix"),
        ([[1.0, 2.0], [0.0, 1.0]], [1, 2], "symmetric"),
        (-np.eye(2), [1, 2], "positive semi-definite"),
        (np.eye(2), [1, 2, 3], "found 3 rows; expected 2"),
        (np.eye(2), [1, np.nan], "y: found nan"),
        (np.eye(2), ["a", "b"], "one-hot"),
        ([[1.0, np.inf], [np.inf, 1.0]], [1, 2], "kernel: found inf"),
    ],
)
def test_decompose_refuses(kernel: object, y: object, match: str) -> None:
    with pytest.raises(InputError, match=match):
        theory.decompose(kernel, y)


def test_singular_kernel_needs_a_ridge() -> None:
    spectrum = theory.decompose(np.ones((3, 3)), [1.0, 1.0, 1.0])
    with pytest.raises(InputError, match="numerically singular"):
        theory.kare(spectrum, 0.0)
    with pytest.raises(InputError, match="numerically singular"):
        theory.rkhs_norm(spectrum)
    assert np.isfinite(theory.kare(spectrum, 0.1).test_mse)
    with pytest.raises(InputError, match="TrainingSpectrum"):
        theory.kare(np.eye(3), 0.1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="n_samples: found 0"):
        theory.learning_curve(spectrum, 0, 0.1)
