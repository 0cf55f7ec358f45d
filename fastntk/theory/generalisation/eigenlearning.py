"""Expected generalisation of kernel regression for a known spectrum."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.theory._checks import as_numbers, at_least, not_empty, scalar_or_array

__all__ = ["Eigenlearning", "eigenlearning"]


@dataclass(frozen=True, eq=False)
class Eigenlearning:
    """Expected errors of kernel ridge regression; floats, or arrays over n and ridge.

    Attributes
    ----------
    n_samples : float or ndarray
        Number of training rows.
    ridge : float or ndarray
        Absolute ridge, in units of the kernel.
    test_mse : float or ndarray
        Mean squared error on new rows, noise in their targets included; squared output
        units.
    train_mse : float or ndarray
        Mean squared residual on the training rows; squared output units.
    kappa : float or ndarray
        Effective ridge per sample: a mode of eigenvalue ``kappa`` is learned by half.
    learnability : ndarray of shape (..., n_levels)
        ``L = l / (l + kappa)`` of each level, from 0 to 1.
    overfitting : float or ndarray
        ``E0 = n / (n - sum L^2)``, >= 1: by how much noise is amplified.
    """

    n_samples: Any
    ridge: Any
    test_mse: Any
    train_mse: Any
    kappa: Any
    learnability: FloatArray
    overfitting: Any


def eigenlearning(
    eigenvalues: Any,
    power: Any,
    n_samples: Any,
    ridge: Any = 0.0,
    *,
    noise: float = 0.0,
    multiplicities: Any = None,
    tail: float = 0.0,
) -> Eigenlearning:
    """Predict the error of kernel ridge regression from eigenvalues and target.

    Parameters
    ----------
    eigenvalues : array-like of shape (n_levels,)
        Eigenvalues >= 0 of the kernel with respect to the distribution of the rows, so
        that their sum (with multiplicities and tail) is the mean of ``K(x, x)``.
    power : array-like of shape (n_levels,)
        Squared target coefficients, summed over the eigenfunctions of the level
        (mean square of that part of the target); squared output units.
    n_samples : float or array-like
        Numbers of training rows, > 0.
    ridge : float or array-like, default=0.0
        Absolute ridges >= 0 on the kernel matrix; broadcast with ``n_samples``.
    noise : float, default=0.0
        Variance of the noise on the targets; squared output units.
    multiplicities : array-like of shape (n_levels,), optional
        Eigenfunctions of each level, >= 1; 1 by default. For levels of a sphere they
        may be as large as 1e300.
    tail : float, default=0.0
        Sum of the eigenvalues not listed; each must be far below ``kappa``, so that
        together they act as a ridge.

    Returns
    -------
    Eigenlearning

    Raises
    ------
    InputError
        If shapes disagree, or a number is negative or not finite.

    Notes
    -----
    Equations of [1]_ ([2]_ has them for gradient flow and replicas), with L as above::

        sum_i m_i L_i + (ridge + tail) / kappa = n
        test = E0 (sum_i (1 - L_i)^2 power_i + noise)
        train = (ridge / (n kappa))^2 test

    At ridge 0 and fewer eigenfunctions than rows ``kappa`` is 0; with as many as rows
    the test error is infinite. Accurate to a few per cent from n of some hundred on.

    References
    ----------
    .. [1] J. B. Simon et al., "The eigenlearning framework: a conservation law
       perspective on kernel regression and wide neural networks", TMLR 2023,
       arXiv 2110.03922.
    .. [2] A. Canatar, B. Bordelon, C. Pehlevan, "Spectral bias and task-model
       alignment explain generalization in kernel regression and infinitely wide
       neural networks", Nature Communications 2021.

    Examples
    --------
    >>> from fastntk import theory
    >>> flat = theory.eigenlearning([0.01], [1.0], 50, multiplicities=[100])
    >>> round(flat.test_mse, 12)  # half of 100 equal modes, learned from 50 rows
    0.5
    >>> flat.learnability.round(12)
    array([0.5])
    """
    levels, powers, counts = _as_levels(eigenvalues, power, multiplicities)
    sigma2, rest = at_least(noise, "noise", 0.0), at_least(tail, "tail", 0.0)
    sizes, ridges = _as_cases(n_samples, ridge)
    kappa = np.empty(sizes.shape)
    for index in np.ndindex(*sizes.shape):
        d = float(ridges[index]) + rest
        kappa[index] = _solve_kappa(levels, counts, float(sizes[index]), d)
    with np.errstate(invalid="ignore", divide="ignore"):
        learned = np.where(levels > 0, levels / (levels + kappa[..., None]), 0.0)
        left = sizes - learned**2 @ counts
        overfitting = np.where(left > 1e-12 * sizes, sizes / left, np.inf)
        test = overfitting * ((1.0 - learned) ** 2 @ powers + sigma2)
        fraction = ridges / (sizes * kappa)
        train = np.where(ridges > 0, fraction**2 * test, 0.0)
    return Eigenlearning(
        n_samples=scalar_or_array(sizes.copy()),
        ridge=scalar_or_array(ridges.copy()),
        test_mse=scalar_or_array(np.asarray(test)),
        train_mse=scalar_or_array(train),
        kappa=scalar_or_array(kappa),
        learnability=learned,
        overfitting=scalar_or_array(overfitting),
    )


def _as_cases(n_samples: Any, ridge: Any) -> tuple[FloatArray, FloatArray]:
    """Return sizes and ridges of one shape."""
    sizes = not_empty(as_numbers(n_samples, "n_samples"), "n_samples")
    ridges = not_empty(as_numbers(ridge, "ridge", 0.0), "ridge")
    if (sizes <= 0).any():
        raise InputError(f"n_samples: found {sizes.min()!r}; expected numbers > 0")
    try:
        found, shifts = np.broadcast_arrays(sizes, ridges)
    except ValueError:
        raise InputError(
            f"n_samples and ridge: found shapes {sizes.shape} and {ridges.shape}; "
            "expected shapes that broadcast: the same, or one number. For all pairs "
            "pass n_samples[:, None]"
        ) from None
    return found, shifts


def _as_levels(
    eigenvalues: Any, power: Any, multiplicities: Any
) -> tuple[FloatArray, FloatArray, FloatArray]:
    levels = as_numbers(eigenvalues, "eigenvalues", 0.0)
    powers = as_numbers(power, "power", 0.0)
    counts = np.ones_like(levels)
    if multiplicities is not None:
        counts = as_numbers(multiplicities, "multiplicities", 1.0)
    if levels.ndim != 1 or not levels.size:
        raise InputError(
            f"eigenvalues: found shape {levels.shape}; expected (n_levels,)"
        )
    for name, values in (("power", powers), ("multiplicities", counts)):
        if values.shape != levels.shape:
            raise InputError(
                f"{name}: found shape {values.shape}; expected {levels.shape}, one "
                "number per eigenvalue"
            )
    with np.errstate(over="ignore"):
        total = float(levels @ counts)
    if not math.isfinite(total):
        raise InputError(
            f"eigenvalues: found up to {levels.max():.3g}, whose sum with "
            "multiplicities overflows; expected a finite mean of K(x, x). Divide the "
            "eigenvalues and the ridge by a constant"
        )
    return levels, powers, counts


def _solve_kappa(
    levels: FloatArray, counts: FloatArray, n: float, ridge: float
) -> float:
    """Solve ``sum m l / (l + kappa) + ridge / kappa = n``; 0 if nothing is left."""
    total = float(levels @ counts) + ridge
    rank = float(counts[levels > 0].sum())
    if total == 0.0 or (ridge == 0.0 and rank <= n):
        return 0.0

    def excess(u: float) -> float:
        kappa = math.exp(u)
        return float(counts @ (levels / (levels + kappa))) + ridge / kappa - n

    high = math.log(total / n) + 1e-9
    low = high - 1.0
    while excess(low) < 0.0:
        low -= 2.0 * (high - low)
    return math.exp(brentq(excess, low, high, xtol=1e-14, rtol=1e-14))
