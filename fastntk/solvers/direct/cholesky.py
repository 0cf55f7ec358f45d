"""Direct solution by Cholesky, for matrices that fit into memory."""

from typing import Any

from fastntk.solvers.checks import check_rtol, check_targets
from fastntk.solvers.direct.cholesky_factor import CholeskyFactor
from fastntk.solvers.measure import Meter
from fastntk.solvers.protocol import as_operator
from fastntk.solvers.result import SolveResult

__all__ = ["cholesky"]


def cholesky(
    matrix: Any,
    b: Any,
    ridge: float = 0.0,
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
    ridge : float, default=0.0
        Added to the diagonal.
    rtol : float, default=1e-6
        Residuals above are reported as `Status.INACCURATE`.
    overwrite : bool, default=False
        Use the memory of a float64 matrix.

    Returns
    -------
    SolveResult
        ``details``: ``factor`` (`CholeskyFactor`, for further targets and rows) and
        ``condition_number``.

    Raises
    ------
    InputError
        For bad shapes and values.
    IndefiniteError
        If the matrix is indefinite.

    Notes
    -----
    ``n^3 / 3`` flops, and ``8 n^2`` bytes with ``overwrite=True``: true residuals come
    from the triangle that the factorisation leaves alone.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import cholesky
    >>> cholesky(np.diag([1.0, 3.0]), np.ones(2), ridge=1.0).x
    array([0.5 , 0.25])
    """
    operator = as_operator(matrix)
    check_targets(b, operator.shape[0])
    check_rtol(rtol)
    with Meter() as meter:
        with meter.phase("factorise"):
            factor = CholeskyFactor.of(operator, ridge, overwrite=overwrite)
    result = factor.result(b, rtol)
    return result.replace(
        seconds=meter.seconds | dict(result.seconds),
        peak_memory=max(meter.peak_memory, result.peak_memory),
    )
