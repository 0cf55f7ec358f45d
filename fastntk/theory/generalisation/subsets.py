"""Errors measured within a training set: parts of it learned, the rest predicted."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from fastntk._typing import FloatArray
from fastntk.theory.generalisation.leave_one_out import squared_misses
from fastntk.theory.training.spectrum import TrainingSpectrum

__all__ = ["SubsetErrors", "subset_errors"]

_SHARES = 2.0 ** (-0.5 * np.arange(1, 8))  # of the rows: 0.71 to 0.09
_WORK = 8.0  # rows learned at each share together, in units of n
_LEAST = 8  # rows that are learned


@dataclass(frozen=True)
class SubsetErrors:
    """Mean squared errors after learning fewer rows, with their sampling errors.

    Attributes
    ----------
    sizes : ndarray of shape (k,)
        Rows learned, ascending; the last is all but one (leave-one-out).
    errors : ndarray of shape (k,)
        Mean squared errors; squared output units.
    covariance : ndarray of shape (k, k)
        Of the logarithms of the errors: rows that happen to be known are shared by all
        sizes, sets that happen to be drawn are not.
    """

    sizes: FloatArray
    errors: FloatArray
    covariance: FloatArray


def subset_errors(spectrum: TrainingSpectrum, ridge: float) -> SubsetErrors:
    """Learn parts of the rows and predict the others, and each from all others.

    Every row is predicted equally often at a size. The draws are the same in each call.
    The kernel is put together from its eigenvectors; all takes about half as long as
    its decomposition did.
    """
    n = spectrum.n_samples
    vectors = spectrum.vectors
    kernel = (vectors * spectrum.eigenvalues) @ vectors.T
    targets = vectors @ spectrum.coefficients
    rng = np.random.default_rng(0)
    sizes: list[int] = []
    rows: list[FloatArray] = []
    drawn: list[float] = []
    for share in _SHARES[::-1]:
        size = round(share * n)
        if size < _LEAST or (sizes and size == sizes[-1]):
            continue
        found, means = _held_out(kernel, targets, ridge, size, rng)
        sizes.append(size)
        rows.append(found)
        drawn.append(float(np.var(np.log(means), ddof=1)) / len(means))
    sizes.append(n - 1)
    rows.append(squared_misses(spectrum, ridge))
    drawn.append(2.0 * drawn[-1] if drawn else 0.0)  # one set, most of it in the others
    squares = np.array(rows)
    errors = squares.mean(axis=1)
    relative = squares / errors[:, None] - 1.0
    covariance = relative @ relative.T / n**2 + np.diag(drawn)
    return SubsetErrors(np.array(sizes, dtype=np.float64), errors, covariance)


def _held_out(
    kernel: FloatArray,
    targets: FloatArray,
    ridge: float,
    size: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return the mean squared error of each row, and that of each set learned."""
    n = len(kernel)
    n_sets = max(4, round(_WORK * n / size))
    order = rng.permutation(n)
    sums, counts, means = np.zeros(n), np.zeros(n), np.empty(n_sets)
    for i in range(n_sets):
        turned = np.roll(order, -(i * n) // n_sets)
        learned, others = turned[:size], turned[size:]
        shifted = kernel[np.ix_(learned, learned)]
        shifted[np.diag_indices(size)] += ridge
        solution = cho_solve(cho_factor(shifted, lower=True), targets[learned])
        misses = targets[others] - kernel[np.ix_(others, learned)] @ solution
        squares = np.mean(misses**2, axis=1)
        sums[others] += squares
        counts[others] += 1.0
        means[i] = squares.mean()
    return sums / counts, means
