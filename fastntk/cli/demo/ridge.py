"""Kernel ridge regression whose ridge is chosen by leave-one-out, by Cholesky."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.lapack import dpotri
from threadpoolctl import threadpool_limits

from fastntk._errors import FastntkError

__all__ = ["RidgeFit", "fit_ridge"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RidgeFit:
    """Solution of ``(K + ridge * I) coefficients = targets``."""

    coefficients: Array
    ridge: float
    loo_error: float


def _fit(gram: Array, targets: Array, ridge: float) -> RidgeFit:
    """Solve for one ridge; the leave-one-out residual is ``c_i / (A^-1)_ii``."""
    shifted = gram + ridge * np.eye(len(gram))
    factor, lower = cho_factor(shifted, lower=True, overwrite_a=True)
    coefficients = cho_solve((factor, lower), targets)
    inverse, _ = dpotri(factor, lower=1)
    residuals = coefficients / np.diag(inverse)[:, None]
    return RidgeFit(coefficients, ridge, float(np.mean(residuals**2)))


def fit_ridge(
    gram: Array, targets: Array, relative_ridges: Sequence[float]
) -> RidgeFit:
    """Fit with the ridge of least leave-one-out squared error.

    Parameters
    ----------
    gram : ndarray of shape (n, n)
        Kernel matrix of the training rows, float64. Not modified.
    targets : ndarray of shape (n, n_outputs)
        Values to fit.
    relative_ridges : sequence of float
        Candidates, in units of the mean diagonal of `gram`.

    Returns
    -------
    RidgeFit
        Its ``ridge`` is absolute.

    Raises
    ------
    FastntkError
        If no candidate makes the matrix numerically positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> fit = fit_ridge(np.eye(4), np.ones((4, 1)), [0.5])
    >>> round(float(fit.coefficients[0, 0]), 12)
    0.666666666667
    """
    scale = float(np.mean(np.diag(gram)))
    fits = []
    # one thread: matrices of this size gain little from more, and lose much where
    # other processes keep a core busy
    with threadpool_limits(limits=1, user_api="blas"):
        for relative in relative_ridges:
            try:
                fits.append(_fit(gram, targets, relative * scale))
            except LinAlgError:  # too small a ridge for the precision of the kernel
                continue
    if not fits:
        raise FastntkError(
            f"the kernel matrix plus {max(relative_ridges):g} times its mean diagonal "
            "is not positive definite; take float64, or larger ridges"
        )
    return min(fits, key=lambda fit: fit.loo_error)
