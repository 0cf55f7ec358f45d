"""Smallest and largest eigenvalue of a kernel."""

from typing import Any

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from fastntk._errors import InputError
from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._typing import FloatArray
from fastntk.solvers.direct.lapack import eigenvalues
from fastntk.solvers.direct.psd import cholesky_in_place
from fastntk.solvers.direct.triangular import solve_lower
from fastntk.theory._checks import as_kernel, power_of_two

__all__ = ["extreme_eigenvalues"]

_DENSE = 1500  # up to here all eigenvalues are as cheap as two by Lanczos


@memory_told("extreme_eigenvalues", FEWER_ROWS)
def extreme_eigenvalues(kernel: Any) -> tuple[float, float]:
    """Return the smallest and the largest eigenvalue of a kernel.

    Parameters
    ----------
    kernel : array-like or LinearOperator of shape (n, n)
        Symmetric. Of a `scipy.sparse.linalg.LinearOperator` only products are used.

    Returns
    -------
    lambda_min, lambda_max : float
        In units of the kernel.

    Raises
    ------
    InputError
        If the matrix is not square, symmetric and finite, or Lanczos does not find the
        smallest eigenvalue of an operator.

    Notes
    -----
    Up to n = 1,500 by LAPACK; beyond, by Lanczos (ARPACK), the smallest with the
    Cholesky factor as inverse. An operator has no inverse: its smallest eigenvalue
    takes Lanczos many products when the spectrum crowds at 0.

    Examples
    --------
    >>> from fastntk import theory
    >>> low, high = theory.extreme_eigenvalues([[2.0, 1.0], [1.0, 2.0]])
    >>> round(low, 12), round(high, 12)
    (1.0, 3.0)
    """
    if isinstance(kernel, LinearOperator):
        return _extremes_of_operator(kernel)
    matrix = as_kernel(kernel)
    if len(matrix) <= _DENSE:
        values = eigenvalues(matrix)
        return float(values[0]), float(values[-1])
    unit = float(power_of_two(np.abs(matrix).max()))  # ARPACK at any scale
    low, high = _extremes_of_matrix(matrix / unit)
    return low * unit, high * unit


def _extremes_of_matrix(matrix: FloatArray) -> tuple[float, float]:
    high = float(eigsh(matrix, k=1, which="LA", return_eigenvectors=False)[0])
    lower = np.array(matrix, dtype=np.float64, order="F")
    if cholesky_in_place(lower) != 0:
        del lower
        return float(eigenvalues(matrix)[0]), high

    def inverted(v: FloatArray) -> FloatArray:
        return solve_lower(lower, solve_lower(lower, v), transposed=True)

    inverse = LinearOperator(matrix.shape, inverted, dtype=np.float64)
    low = eigsh(matrix, k=1, sigma=0.0, OPinv=inverse, return_eigenvectors=False)
    return float(low[0]), high


def _extremes_of_operator(operator: Any) -> tuple[float, float]:
    start = np.random.default_rng(0).random(operator.shape[1]) + 0.5
    unit = float(power_of_two(np.abs(operator.matvec(start)).max()))
    scaled = LinearOperator(
        operator.shape, lambda v: operator.matvec(v) / unit, dtype=np.float64
    )
    try:
        low, high = (
            float(eigsh(scaled, k=1, which=which, return_eigenvectors=False)[0])
            for which in ("SA", "LA")
        )
    except ArpackNoConvergence as error:
        raise InputError(
            f"kernel: Lanczos did not find the smallest eigenvalue of this operator of "
            f"shape {operator.shape} ({error}); expected a spectrum that is not "
            "crowded at 0. Add a ridge, or pass the matrix"
        ) from None
    return low * unit, high * unit
