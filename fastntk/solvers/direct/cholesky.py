"""Direct solution by Cholesky, for matrices that fit into memory."""

from typing import Any

from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._typing import FloatArray
from fastntk.solvers.checks import check_rtol, check_targets
from fastntk.solvers.direct.cholesky_factor import CholeskyFactor
from fastntk.solvers.measure import Meter
from fastntk.solvers.protocol import (
    KernelOperator,
    as_operator,
    dense_matrix,
    rounding_unit,
)
from fastntk.solvers.result import SolveResult, joined
from fastntk.solvers.ridges import as_ridge, is_per_target, same_ridges

__all__ = ["cholesky"]


@memory_told("cholesky", SOLVE_LESS)
def cholesky(
    matrix: Any,
    b: Any,
    ridge: Any = 0.0,
    *,
    rtol: float = 1e-6,
    overwrite: bool = False,
) -> SolveResult:
    """Solve ``(K + ridge I) X = B`` by Cholesky.

    Parameters
    ----------
    matrix : KernelOperator or ndarray of shape (n, n)
        ``K``.
    b : array-like of shape (n,) or (n, n_outputs)
        Right-hand sides.
    ridge : float or array-like of shape (n,) or (1, n_outputs), default=0.0
        Added to the diagonal: one number, one per row, or one per column of ``b``.
    rtol : float, default=1e-6
        Residuals above are reported as `Status.INACCURATE`.
    overwrite : bool, default=False
        Use the memory of a float64 matrix.

    Returns
    -------
    SolveResult
        ``details``: ``factor`` (`CholeskyFactor`, for further targets and rows; not
        where columns have different ridges) and ``condition_number`` (the largest).

    Raises
    ------
    InputError
        For bad shapes and values.
    IndefiniteError
        If the matrix is indefinite.

    Notes
    -----
    ``n^3 / 3`` flops, and ``8 n^2`` bytes with ``overwrite=True``: true residuals come
    from the triangle that the factorisation leaves alone. One ridge per column takes a
    factorisation for each different one, one after the other in the same memory: from
    some twenty ridges on, `fastntk.solvers.eigh` is faster.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import cholesky
    >>> cholesky(np.diag([1.0, 3.0]), np.ones(2), ridge=1.0).x
    array([0.5 , 0.25])
    """
    operator = as_operator(matrix)
    columns, is_vector = check_targets(b, operator.shape[0])
    check_rtol(rtol)
    ridge = as_ridge(ridge, *columns.shape)
    if is_per_target(ridge):
        found = _per_target(operator, columns, ridge, rtol, overwrite)
        return found.replace(x=found.x[:, 0]) if is_vector else found
    with Meter() as meter:
        with meter.phase("factorise"):
            factor = CholeskyFactor.of(operator, ridge, overwrite=overwrite)
    result = factor.result(b, rtol)
    return result.replace(
        seconds=meter.seconds | dict(result.seconds),
        peak_memory=max(meter.peak_memory, result.peak_memory),
    )


def _per_target(
    operator: KernelOperator, b: FloatArray, ridges: Any, rtol: float, overwrite: bool
) -> SolveResult:
    """Factorise for each different ridge, in the memory of one matrix."""
    unit = rounding_unit(operator)
    array = dense_matrix(operator, overwrite=overwrite)
    parts, numbers = [], []
    different = list(same_ridges(ridges))
    for ridge, columns in different:
        with Meter() as meter:
            with meter.phase("factorise"):
                factor = CholeskyFactor._of(array, ridge, unit)
        result = factor.result(b[:, columns], rtol)
        result = result.replace(seconds=meter.seconds | dict(result.seconds))
        parts.append((columns, result))
        numbers.append(factor.condition_number)
        if len(parts) < len(different):
            factor.shared.restored()
    result = joined(parts, ridges)
    details = dict(result.details) | {"condition_number": max(numbers)}
    if len(different) == 1:
        details["factor"] = factor
    return result.replace(details=details)
