"""Kernels of any scale: what follows from them scales, or does not, as it should."""

import warnings

import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

import fastntk
from fastntk import stax, theory
from fastntk._errors import InputError
from fastntk._typing import FloatArray

SCALES = [1e160, 1e-160, 1e300, 1e-300]


@pytest.fixture(scope="module")
def problem() -> tuple[FloatArray, ...]:
    rng = np.random.default_rng(0)
    net = stax.serial(stax.Dense(64, b_std=0.3), stax.Relu(), stax.Dense(1))
    x = rng.normal(size=(24, 3))
    return fastntk.gram(net, x), np.stack([x[:, 0], x[:, 1] ** 2], axis=1)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_errors_do_not_depend_on_the_scale_of_the_kernel(
    problem: tuple[FloatArray, ...], scale: float, ridge: float
) -> None:
    kernel, y = problem

    def figures(s: float) -> list[float]:
        spectrum = theory.decompose(s * kernel, y)
        found = []
        for leverages in ("rows", "mean"):
            facts = theory.kare(spectrum, ridge * s, leverages=leverages)
            found += [facts.test_mse, facts.train_mse, facts.kappa / s]
            found += [facts.degrees_of_freedom, facts.relative_error]
        curve = theory.learning_curve(spectrum, [5, 12, 24, 100], ridge * s)
        found += [*curve.test_mse, *curve.train_mse, *(curve.kappa / s)]
        found.append(theory.leave_one_out(spectrum, ridge * s))
        return [*found, theory.rkhs_norm(spectrum, ridge * s) * np.sqrt(s)]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = figures(scale)
        alone = theory.decompose(scale * kernel, y[:, 0])
        bound = theory.generalisation_bound(alone, ridge * scale)
    np.testing.assert_allclose(found, figures(1.0), rtol=1e-7, atol=1e-12)
    assert np.isfinite(bound.bound)


@pytest.mark.parametrize("scale", SCALES)
def test_extreme_eigenvalues_of_an_operator_at_any_scale(
    problem: tuple[FloatArray, ...], scale: float
) -> None:
    kernel, _ = problem
    found = theory.extreme_eigenvalues(aslinearoperator(scale * kernel))
    expected = np.linalg.eigvalsh(kernel)[[0, -1]]
    np.testing.assert_allclose(np.array(found) / scale, expected, rtol=1e-9)


@pytest.mark.parametrize("scale", SCALES)
def test_extreme_eigenvalues_of_a_large_matrix_at_any_scale(scale: float) -> None:
    values = np.linspace(1.0, 2.0, 1600)
    values[-1] = 5.0
    found = theory.extreme_eigenvalues(np.diag(scale * values))
    np.testing.assert_allclose(np.array(found) / scale, [1.0, 5.0], rtol=1e-4)


@pytest.mark.parametrize("size", [1e160, 1e-160])
def test_targets_whose_squares_cannot_be_held_are_refused(
    problem: tuple[FloatArray, ...], size: float
) -> None:
    kernel, y = problem
    with pytest.raises(InputError, match=r"y: found targets as large as .* units"):
        theory.decompose(kernel, size * y)


def test_sums_that_overflow_are_refused() -> None:
    with pytest.raises(InputError, match="kernel: found entries .* trace overflows"):
        theory.decompose(8e307 * np.array([[2.0, 1.0], [1.0, 2.0]]), [1.0, 1.0])
    with pytest.raises(InputError, match="eigenvalues: found up to .* overflows"):
        theory.eigenlearning([1e308, 1e308], [1.0, 1.0], 1)


def test_learning_curve_of_a_ridge_far_above_the_kernel() -> None:
    spectrum = theory.decompose([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0])
    curve = theory.learning_curve(spectrum, [5], 1e200)
    np.testing.assert_allclose(curve.test_mse, 1.0, rtol=0.5)
