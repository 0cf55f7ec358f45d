"""Direct solution by an eigendecomposition, regular or singular."""

from typing import Any

from fastntk._resources import SOLVE_LESS, memory_told
from fastntk.solvers.checks import check_rtol, check_targets
from fastntk.solvers.direct.eigh_factor import PER_ROW, EighFactor
from fastntk.solvers.measure import Meter
from fastntk.solvers.protocol import as_operator
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import as_ridge, refuse_array

__all__ = ["eigh", "pinv"]


@memory_told("eigh", SOLVE_LESS)
def eigh(matrix: Any, b: Any, ridge: Any = 0.0, *, rtol: float = 1e-6) -> SolveResult:
    """Solve ``(K + ridge I) X = B`` by an eigendecomposition.

    Parameters
    ----------
    matrix : KernelOperator or ndarray of shape (n, n)
        ``K``.
    b : array-like of shape (n,) or (n, n_outputs)
        Right-hand sides.
    ridge : float or array-like of shape (1, n_outputs), default=0.0
        Added to the diagonal: one number, or one per column of ``b``, which costs no
        more.
    rtol : float, default=1e-6
        Residuals above are reported.

    Returns
    -------
    SolveResult
        ``details["factor"]`` is the `EighFactor`: all ridges, times and leave-one-out.

    Raises
    ------
    InputError, IndefiniteError
        As for `EighFactor.of`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import eigh
    >>> eigh(np.diag([1.0, 3.0]), np.ones(2), ridge=1.0).x
    array([0.5 , 0.25])
    """
    return _run(matrix, b, ridge, rtol, None, "eigh")


@memory_told("pinv", SOLVE_LESS)
def pinv(
    matrix: Any,
    b: Any,
    ridge: Any = 0.0,
    *,
    cutoff: float | None = None,
    rtol: float = 1e-6,
) -> SolveResult:
    """Return the minimum-norm least-squares solution, by the pseudoinverse.

    Parameters
    ----------
    matrix : KernelOperator or ndarray of shape (n, n)
        ``K``, which may be singular.
    b : array-like of shape (n,) or (n, n_outputs)
        Right-hand sides, which may lie outside of its range.
    ridge : float or array-like of shape (1, n_outputs), default=0.0
        Added to the diagonal: one number, or one per column of ``b``. Where it is
        positive nothing is cut.
    cutoff : float, optional
        Eigenvalues up to here count as zero; by default ``n u lambda_max`` with the
        rounding unit u of the entries, as in `numpy.linalg.pinv`.
    rtol : float, default=1e-6
        Residuals above mean that the targets are inconsistent:
        `Status.LEAST_SQUARES`.

    Returns
    -------
    SolveResult
        With ``cutoff`` and ``rank``.

    Raises
    ------
    InputError, IndefiniteError
        As for `EighFactor.of`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import pinv
    >>> result = pinv(np.ones((2, 2)), np.array([1.0, 3.0]))
    >>> result.x.round(12), result.status.name
    (array([1., 1.]), 'LEAST_SQUARES')
    """
    return _run(matrix, b, ridge, rtol, cutoff, "pinv")


def _run(
    matrix: Any, b: Any, ridge: Any, rtol: float, cutoff: float | None, method: str
) -> SolveResult:
    operator = as_operator(matrix)
    columns, _ = check_targets(b, operator.shape[0])
    check_rtol(rtol)
    ridge = as_ridge(ridge, *columns.shape)
    refuse_array(ridge, method, PER_ROW, rows_only=True)
    with Meter() as meter:
        with meter.phase("factorise"):
            factor = EighFactor.of(operator, cutoff=cutoff)
    result = factor.result(b, ridge, rtol, method)
    return result.replace(
        seconds=meter.seconds | dict(result.seconds),
        peak_memory=max(meter.peak_memory, result.peak_memory),
    )
