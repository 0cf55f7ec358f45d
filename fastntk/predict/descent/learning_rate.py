"""The largest stable learning rate: `max_learning_rate`."""

from typing import Any

import numpy as np
from scipy.sparse.linalg import ArpackError, eigsh

from fastntk._errors import InputError
from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._typing import FloatArray
from fastntk.predict.given.checks import (
    check_momentum,
    check_positive,
    check_semidefinite,
)
from fastntk.predict.given.layout import check_symmetric, kernel_matrix
from fastntk.solvers.direct.lapack import eigenvalues

__all__ = ["largest_eigenvalue", "max_learning_rate", "outlying_scale"]

_ITERATIVE = 300  # matrices from this size on have their largest eigenvalue by Lanczos


@memory_told("max_learning_rate", PREDICT_LESS)
def max_learning_rate(
    ntk_train_train: Any,
    y_train_size: int | None = None,
    momentum: float = 0.0,
    eps: float = 1e-12,
) -> float:
    r"""Compute the largest learning rate at which gradient descent is stable.

    Parameters
    ----------
    ntk_train_train : array-like of shape (n, n) or (n, n, k, k)
        NTK of the training set.
    y_train_size : int, optional
        Numbers in the targets, n times outputs. None: rows of the kernel's matrix.
    momentum : float, default=0.0
        Momentum of the optimiser.
    eps : float, default=1e-12
        Added to the eigenvalue, against division by zero.

    Returns
    -------
    float
        ``2 (1 + momentum) y_train_size / (lambda_max + eps)``.

    Raises
    ------
    InputError
        If the kernel is not square and symmetric, has a negative eigenvalue, or a
        number is out of range.

    Notes
    -----
    For the loss ``0.5 mean((f - y)^2)``; with momentum from [1]_.  The largest
    eigenvalue of a large matrix is found by the Lanczos method, O(n^2).

    References
    ----------
    .. [1] G. Goh, "Why momentum really works", Distill, 2017.

    Examples
    --------
    >>> from fastntk import predict
    >>> round(predict.max_learning_rate([[2.0, 1.0], [1.0, 2.0]]), 6)
    1.333333
    """
    matrix, rows, columns = kernel_matrix(ntk_train_train, "ntk_train_train")
    if rows != columns:
        raise InputError(
            f"ntk_train_train: found shape {np.shape(ntk_train_train)}; expected the "
            "kernel of one set with itself. Compute it with x2=None"
        )
    check_symmetric(matrix, "ntk_train_train")
    check_semidefinite(matrix, "ntk_train_train")
    size = len(matrix) if y_train_size is None else y_train_size
    factor = 1.0 + check_momentum(momentum)
    return (
        2
        * factor
        * check_positive(size, "y_train_size")
        / (largest_eigenvalue(matrix) + check_positive(eps, "eps"))
    )


def largest_eigenvalue(matrix: FloatArray) -> float:
    """Return the largest eigenvalue of a symmetric matrix."""
    n = len(matrix)
    if n >= _ITERATIVE:
        start = np.random.default_rng(0).random(n) + 0.5
        try:
            found = eigsh(matrix, 1, which="LA", v0=start, return_eigenvectors=False)
            return float(found[0])
        except ArpackError:
            pass
    return float(eigenvalues(matrix)[-1])


def outlying_scale(matrix: FloatArray) -> float:
    """Return the size of a kernel whose squares over- or underflow, 1 for all others.

    A power of four: division by it, and by its root, is exact.
    """
    exponent = int(np.frexp(np.abs(matrix).max())[1]) // 2
    return float(np.ldexp(1.0, 2 * exponent)) if abs(exponent) > 50 else 1.0
