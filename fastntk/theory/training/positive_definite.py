"""A proof, in floating point, that a kernel matrix is positive definite."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._typing import FloatArray
from fastntk.solvers.direct.psd import cholesky_in_place
from fastntk.theory._checks import as_kernel, at_least

__all__ = ["Certificate", "certify_positive_definite", "rounding_shift"]

_STEPS = 12  # halvings of the shift before giving up


@dataclass(frozen=True)
class Certificate:
    """Proof of a lower bound on the smallest eigenvalue, or its absence.

    Attributes
    ----------
    is_certified : bool
        True: the matrix, as stored in float64, is positive definite. False proves
        nothing.
    lower_bound : float
        Proved: ``lambda_min >= lower_bound``; 0.0 if not certified. Units of the
        kernel.
    shift : float
        ``c`` of the Cholesky factorisation of ``K - c I`` that succeeded; 0.0 if none.
    rounding : float
        Bound on the rounding of that factorisation, in units of the kernel; matrices
        with a smaller ``lambda_min`` cannot be certified.
    """

    is_certified: bool
    lower_bound: float
    shift: float
    rounding: float


@memory_told("certify_positive_definite", FEWER_ROWS)
def certify_positive_definite(kernel: Any, guess: float = 0.0) -> Certificate:
    """Prove that a kernel matrix is positive definite, by a shifted Cholesky.

    Parameters
    ----------
    kernel : array-like of shape (n, n)
        Symmetric; the lower triangle of its float64 form is what is certified.
    guess : float, default=0.0
        Estimate of the smallest eigenvalue; with it the bound proved is usually above
        half of it, without it just above 0.

    Returns
    -------
    Certificate

    Raises
    ------
    InputError
        If the kernel is not square, symmetric and finite, or ``guess`` is negative.

    Notes
    -----
    If Cholesky of ``K - c I`` runs to its end in floating point, then ``lambda_min(K)
    >= c - g / (1 - g) tr K`` with ``g = (n + 2) u / (1 - (n + 2) u)`` [1]_, in whatever
    order sums are taken. Here n + 8 stands for n + 2: room for the subtraction of ``c``
    and for a BLAS that multiplies by reciprocals. Underflow is covered by a term of
    ``4 n^2`` times the smallest normal number. ``O(n^3 / 3)`` a factorisation, at most
    13.

    References
    ----------
    .. [1] S. M. Rump, "Verification of positive definiteness", BIT 46, 2006.

    Examples
    --------
    >>> from fastntk import theory
    >>> theory.certify_positive_definite([[2.0, 1.0], [1.0, 2.0]]).is_certified
    True
    >>> theory.certify_positive_definite([[1.0, 1.0], [1.0, 1.0]]).is_certified
    False
    """
    matrix = as_kernel(kernel)
    estimate = at_least(guess, "guess", 0.0)
    rounding = rounding_shift(matrix)
    shifts = [0.95 * estimate * 0.5**k for k in range(_STEPS)]
    for shift in [s for s in shifts if s > 2.0 * rounding] + [2.0 * rounding]:
        if _factorises(matrix, shift):
            bound = float(np.nextafter(shift - rounding, 0.0))
            return Certificate(bound > 0.0, max(bound, 0.0), shift, rounding)
    return Certificate(False, 0.0, 0.0, rounding)


def rounding_shift(matrix: FloatArray) -> float:
    """Return the bound on what rounding can hide in a Cholesky factorisation."""
    n = len(matrix)
    limits = np.finfo(np.float64)
    u = limits.eps / 2.0
    g = (n + 8) * u / (1.0 - (n + 8) * u)
    trace = float(np.abs(np.diag(matrix)).sum()) * (1.0 + n * u)
    bound = g / (1.0 - g) * trace + 4.0 * n**2 * limits.tiny
    return float(bound * (1.0 + 8.0 * u))


def _factorises(matrix: FloatArray, shift: float) -> bool:
    """Say whether Cholesky of ``matrix - shift I`` runs to its end."""
    shifted = np.array(matrix, order="F")
    shifted[np.diag_indices(len(shifted))] -= shift
    info = cholesky_in_place(shifted)
    return info == 0 and bool(np.isfinite(np.diag(shifted)).all())
