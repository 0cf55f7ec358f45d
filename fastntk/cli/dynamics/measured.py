"""Test errors of kernel ridge regression with fewer training rows, measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from fastntk._errors import FastntkError
from fastntk.calls import gram
from fastntk.cli.dynamics.problem import Array, Problem
from fastntk.stax import Network

__all__ = ["measured_curve"]

N_REPEATS = 5  # random training sets of every size
N_SIZES = 6


def measured_curve(
    net: Network, problem: Problem, kernel: Array, ridge: float, seed: int
) -> tuple[NDArray[np.intp], Array]:
    """Return sizes of training sets, and test errors of random ones of each size.

    Parameters
    ----------
    net : Network
        The network.
    problem : Problem
        Training and test set.
    kernel : ndarray of shape (n, n)
        Kernel of the training rows.
    ridge : float
        Added to its diagonal, at all sizes.
    seed : int
        Of the random training sets.

    Returns
    -------
    sizes : ndarray of shape (n_sizes,)
    errors : ndarray of shape (n_repeats, n_sizes)
        Mean squared errors on the test rows.

    Raises
    ------
    FastntkError
        If a kernel matrix is not positive definite.
    """
    cross = gram(net, problem.x_test, problem.x_train, get="ntk")
    cross = np.asarray(cross, dtype=np.float64)
    n = len(kernel)
    sizes = np.unique(np.geomspace(max(8, n // 32), n, N_SIZES).round().astype(np.intp))
    rng = np.random.default_rng(seed + 1)
    found = np.empty((N_REPEATS, len(sizes)))
    with threadpool_limits(limits=1, user_api="blas"):  # small matrices
        for i in range(N_REPEATS):
            order = rng.permutation(n)
            for j, size in enumerate(sizes):
                rows = order[:size]
                if size == n and i:
                    found[i, j] = found[0, j]  # all rows, whatever their order
                    continue
                error = _regress(kernel, cross, rows, problem.y_train, ridge)
                found[i, j] = np.mean((error - problem.y_test) ** 2)
    return sizes, found


def _regress(
    kernel: Array, cross: Array, rows: NDArray[np.intp], y: Array, ridge: float
) -> Array:
    """Return predictions of kernel ridge regression on some of the rows."""
    shifted = kernel[np.ix_(rows, rows)]
    shifted[np.diag_indices(len(rows))] += ridge
    try:
        factor = cho_factor(shifted, lower=True, overwrite_a=True)
    except LinAlgError:
        raise FastntkError(
            f"the kernel of {len(rows)} training rows is not positive definite to "
            "working precision. Take --diag-reg 1e-6 or more; rows may be duplicates"
        ) from None
    predicted: Array = cross[:, rows] @ cho_solve(factor, y[rows])
    return predicted
