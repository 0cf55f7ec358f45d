"""Leave-one-out error of kernel ridge regression, from one eigendecomposition."""

from typing import Any

import numpy as np

from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._typing import FloatArray
from fastntk.theory._checks import power_of_two, scalar_or_array
from fastntk.theory.training.spectrum import TrainingSpectrum, check_ridges

__all__ = ["leave_one_out", "squared_misses"]


@memory_told("leave_one_out", FEWER_ROWS)
def leave_one_out(spectrum: TrainingSpectrum, ridge: Any) -> Any:
    """Compute the mean squared error on each training row, fitted to the others.

    Parameters
    ----------
    spectrum : TrainingSpectrum
        From `decompose`.
    ridge : float or array-like
        Absolute ridges >= 0, in units of the kernel; O(n^2) each.

    Returns
    -------
    float or ndarray
        Of the shape of ``ridge``: mean over rows and outputs, squared output units.

    Raises
    ------
    InputError
        If a ridge is negative or not finite, or ``K + ridge I`` is numerically
        singular.

    Notes
    -----
    The error on row i is ``a_i / ((K + ridge I)^-1)_ii``, where ``a = (K + ridge I)^-1
    y`` [1]_. It assumes nothing on the distribution of the rows; `kare` returns it
    together with what else the training data tell.

    References
    ----------
    .. [1] C. E. Rasmussen, C. K. I. Williams, "Gaussian processes for machine
       learning", MIT Press 2006, equation 5.12.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import theory
    >>> spectrum = theory.decompose(np.diag([3.0, 1.0]), [2.0, 4.0])
    >>> round(theory.leave_one_out(spectrum, 1.0), 12)  # diagonal: nothing is learned
    10.0
    """
    ridges = check_ridges(spectrum, ridge)
    squared_vectors = spectrum.vectors**2
    errors = np.empty(ridges.shape)
    for index in np.ndindex(*ridges.shape):
        squares = _squares(spectrum, float(ridges[index]), squared_vectors)
        errors[index] = np.mean(squares)
    return scalar_or_array(errors)


def squared_misses(spectrum: TrainingSpectrum, ridge: float) -> FloatArray:
    """Return the squared error on each row, mean over outputs, fitted to the others."""
    squares = _squares(spectrum, ridge, spectrum.vectors**2)
    means: FloatArray = np.mean(squares, axis=1)
    return means


def _squares(
    spectrum: TrainingSpectrum, ridge: float, squared_vectors: FloatArray
) -> FloatArray:
    """Return squared errors of shape (n, n_outputs)."""
    shifted = spectrum.eigenvalues + ridge
    weights = power_of_two(shifted[-1]) / shifted  # of order 1 at any scale
    solution = spectrum.vectors @ (weights[:, None] * spectrum.coefficients)
    squares: FloatArray = (solution / (squared_vectors @ weights)[:, None]) ** 2
    return squares
