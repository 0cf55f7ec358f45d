"""Extrapolated learning curves: floor, interval, and when nothing is told."""

import math
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax, theory
from fastntk.theory.generalisation.floor_law import FloorLaw, fit_floor_law
from fastntk.theory.generalisation.noise import noise_evidence
from fastntk.theory.generalisation.subsets import subset_errors

N = 150


def problem(noise: float, seed: int = 0, n: int = N, d: int = 4) -> Any:
    """Return the spectrum of a linear target with noise, and a ridge."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    y = x[:, 0] + math.sqrt(noise) * rng.standard_normal(n)
    hidden = stax.serial(stax.Dense(64, 1.5, 0.1), stax.Relu())
    kernel = fastntk.gram(stax.serial(hidden, hidden, stax.Dense(1, 1.5, 0.1)), x)
    spectrum = theory.decompose(kernel, y)
    return kernel, y, spectrum, 1e-2 * spectrum.trace / n


def test_the_curve_stays_above_the_noise() -> None:
    _, _, spectrum, ridge = problem(noise=1.0)
    curve = theory.learning_curve(spectrum, [N, 2 * N, 4 * N, 8 * N], ridge)
    assert curve.is_extrapolated[1:].all()
    assert (curve.test_mse[1:] > 0.85).all()
    assert curve.floor_low < curve.floor_mse < curve.floor_high
    assert (
        curve.floor_low < 1.3 and curve.floor_high > 1.0
    )  # the noise, and overfitting
    assert (np.diff(curve.test_mse[1:]) <= 0.0).all()


def test_without_noise_the_curve_falls() -> None:
    _, _, spectrum, ridge = problem(noise=0.0)
    curve = theory.learning_curve(spectrum, [N, 4 * N], ridge)
    assert curve.test_mse[1] < 0.5 * curve.test_mse[0]
    assert curve.floor_mse < 0.2 * curve.test_mse[0]


def test_fields_agree_with_each_other() -> None:
    _, _, spectrum, ridge = problem(noise=0.3)
    sizes = [10, 50, N, 2 * N, 4 * N, 1e6, 1e30]
    curve = theory.learning_curve(spectrum, sizes, ridge)
    assert (curve.test_mse_low < curve.test_mse).all()
    assert (curve.test_mse < curve.test_mse_high).all()
    far = np.asarray(curve.is_extrapolated)
    told = np.asarray(curve.is_told)
    assert told[~far].all()
    wide = curve.test_mse_high > 2.75 * curve.test_mse_low
    np.testing.assert_array_equal(told[far], ~wide[far])
    assert not told[-1]  # nobody knows
    widths = (curve.test_mse_high / curve.test_mse_low)[far]
    assert (np.diff(widths) > 0.0).all()
    again = theory.learning_curve(spectrum, sizes, ridge)
    np.testing.assert_array_equal(again.test_mse_low, curve.test_mse_low)


def test_known_sizes_need_no_law() -> None:
    _, _, spectrum, ridge = problem(noise=0.3)
    curve = theory.learning_curve(spectrum, [20, 60], ridge)
    assert not curve.is_extrapolated.any()
    assert math.isnan(curve.floor_mse) and math.isnan(curve.floor_high)


def test_too_few_rows_tell_nothing() -> None:
    spectrum = theory.decompose(np.diag([3.0, 2.0, 1.0]) + 1.0, [1.0, -1.0, 0.5])
    curve = theory.learning_curve(spectrum, [6, 12], 0.1)
    assert not curve.is_told.any()
    assert (curve.test_mse_low == 0.0).all() and np.isinf(curve.test_mse_high).all()
    expected = theory.leave_one_out(spectrum, 0.1)
    np.testing.assert_allclose(curve.test_mse, expected)


def test_targets_of_zeros_are_told() -> None:
    kernel, y, _, ridge = problem(noise=0.3)
    curve = theory.learning_curve(theory.decompose(kernel, 0.0 * y), [2 * N], ridge)
    assert curve.is_told.all()
    assert curve.test_mse_low[0] == curve.test_mse_high[0] == 0.0


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_intervals_have_the_units_of_the_targets(scale: float) -> None:
    kernel, y, spectrum, ridge = problem(noise=0.3)
    other = theory.decompose(1e100 * kernel, scale * y)
    one = theory.learning_curve(spectrum, [2 * N, 4 * N], ridge)
    two = theory.learning_curve(other, [2 * N, 4 * N], 1e100 * ridge)
    for name in ("test_mse", "test_mse_low", "test_mse_high"):
        found = getattr(two, name) / scale**2
        np.testing.assert_allclose(found, getattr(one, name), rtol=1e-6)


def test_errors_of_parts_are_those_of_ridge_regression() -> None:
    kernel, y, spectrum, ridge = problem(noise=0.3, n=60)
    found = subset_errors(spectrum, ridge)
    assert found.sizes[-1] == 59 and (np.diff(found.sizes) > 0).all()
    misses = []
    for i in range(60):
        others = np.delete(np.arange(60), i)
        shifted = kernel[np.ix_(others, others)] + ridge * np.eye(59)
        misses.append(y[i] - kernel[i, others] @ np.linalg.solve(shifted, y[others]))
    np.testing.assert_allclose(found.errors[-1], np.mean(np.square(misses)))
    squares = np.square(misses)
    relative = squares.var() / squares.mean() ** 2 / 60
    assert found.covariance[-1, -1] >= relative * (1 - 1e-9)
    size = int(found.sizes[-2])
    rng, errors = np.random.default_rng(5), []
    for _ in range(200):
        order = rng.permutation(60)
        some, rest = order[:size], order[size:]
        shifted = kernel[np.ix_(some, some)] + ridge * np.eye(size)
        predicted = kernel[np.ix_(rest, some)] @ np.linalg.solve(shifted, y[some])
        errors.append(np.mean((predicted - y[rest]) ** 2))
    np.testing.assert_allclose(found.errors[-2], np.mean(errors), rtol=0.15)


def test_evidence_finds_the_variance_of_the_noise() -> None:
    rng = np.random.default_rng(0)
    mu = np.sort(np.geomspace(1e-4, 1.0, 1500))
    coefficients = np.sqrt(0.2 + 30.0 * mu) * rng.standard_normal(1500)
    spectrum = theory.TrainingSpectrum(mu, coefficients[:, None], np.eye(1500))
    noises = np.geomspace(0.01, 2.0, 60)
    evidence = noise_evidence(spectrum, noises)
    likely = noises[evidence > -2.0]
    assert likely.min() < 0.2 < likely.max()
    assert likely.max() < 2.0 * likely.min()


def test_laws_that_are_known_give_their_quantiles() -> None:
    one = np.ones(1)
    law = FloorLaw(100.0, 0.5 * one, one, 0.0 * one, 0.0 * one, one, 0.1)
    low, middle, high = law.at_size(100.0)
    np.testing.assert_allclose(middle, 1.0, rtol=1e-3)
    np.testing.assert_allclose([low, high], np.exp([-0.1645, 0.1645]), rtol=1e-3)
    low, middle, high = law.at_size(200.0)
    np.testing.assert_allclose(middle, 0.75, rtol=1e-3)
    width = 1.645 * np.hypot(0.1, 0.06 * np.log(2.0))
    np.testing.assert_allclose(high / low, np.exp(2 * width), rtol=3e-3)
    np.testing.assert_allclose(law.floor()[1], 0.5, rtol=1e-3)


def test_a_law_is_found_again() -> None:
    _, _, spectrum, ridge = problem(noise=0.3)
    law = fit_floor_law(spectrum, ridge)
    assert law is not None
    np.testing.assert_allclose(law.weights.sum(), 1.0)
    known = theory.leave_one_out(spectrum, ridge)
    low, _, high = law.at_size(N - 1)
    assert low < known < high


@pytest.mark.slow
def test_intervals_hold_on_problems_not_seen_before() -> None:
    from bench.learning_curves.measure import runs, summary

    found = list(runs(range(20, 22), "second"))
    assert len({run.problem for run in found}) >= 12
    shares = summary(found)
    report = str(shares)
    assert shares.held >= 0.8, report
    assert shares.width <= 2.0, report
    assert summary(found, (0,)).drawn >= 0.5, report
