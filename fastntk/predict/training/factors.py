"""Cholesky factors: a solver for one ridge, and a square root of a singular kernel."""

import dataclasses

import numpy as np
from scipy.linalg import solve_triangular

from fastntk._typing import FloatArray, IntArray
from fastntk.predict.training.ridge import mean_ridge
from fastntk.predict.training.solver import Conditioning
from fastntk.solvers.direct.lapack import pivoted_cholesky, reciprocal_condition
from fastntk.solvers.direct.psd import cholesky_in_place
from fastntk.solvers.direct.triangular import solve_lower

__all__ = ["CholeskySolver", "SquareRoot", "rounding_unit", "square_root"]


def rounding_unit(kernel: object) -> float:
    """Return the rounding unit of the dtype in which a kernel was given."""
    dtype = np.dtype(getattr(kernel, "dtype", np.float64))
    kind = dtype if dtype.kind == "f" else np.dtype(np.float64)
    return float(np.finfo(kind).eps)


@dataclasses.dataclass(frozen=True, eq=False)
class CholeskySolver:
    """``K + ridge I = L L^T``.

    Attributes
    ----------
    lower : ndarray of shape (n, n)
        L; entries above the diagonal are those of K.
    report : Conditioning
        Estimated in the 1-norm (LAPACK's pocon), O(n^2).
    """

    lower: FloatArray
    report: Conditioning

    @classmethod
    def factor(
        cls, matrix: FloatArray, ridge: float | FloatArray, unit: float, kernel: str
    ) -> "CholeskySolver | None":
        """Factorise, or return None where eigenvalues reach down to the rounding.

        Parameters
        ----------
        matrix : ndarray of shape (n, n)
            Symmetric; not modified.
        ridge : float or ndarray of shape (n,)
            Added to the diagonal.
        unit : float
            Rounding unit of the entries; with a ridge, which stands for what they lack,
            that of float64 is taken.
        kernel : str
            Name for the report.
        """
        n = len(matrix)
        unit = float(np.finfo(np.float64).eps) if np.min(ridge) > 0 else unit
        lower = matrix.copy(order="F")
        lower.flat[:: n + 1] += ridge
        norm = float(np.abs(lower).sum(axis=0).max())
        if cholesky_in_place(lower) != 0:
            return None
        reciprocal = reciprocal_condition(lower, norm)
        if reciprocal <= n * unit:
            return None
        cutoff = n * unit * norm
        condition, mean = 1 / reciprocal, mean_ridge(ridge)
        report = Conditioning(kernel, "cholesky", n, n, condition, cutoff, mean)
        return cls(lower, report)

    def solve(self, b: FloatArray) -> FloatArray:
        """Return ``(K + ridge I)^-1 b``."""
        return solve_lower(self.lower, self.whiten(b), transposed=True)

    def whiten(self, b: FloatArray) -> FloatArray:
        """Return ``L^-1 b``."""
        return solve_lower(self.lower, b)


@dataclasses.dataclass(frozen=True, eq=False)
class SquareRoot:
    """A factor ``R`` of shape (n, rank) with ``R R^T = K``, also for singular ``K``.

    Attributes
    ----------
    root : ndarray of shape (n, rank)
        R.
    pivots : ndarray of shape (rank,)
        Rows of R that make its triangular part.
    """

    root: FloatArray
    pivots: IntArray

    def extend(self, cross: FloatArray) -> FloatArray:
        """Return the rows of the factor that belong to further points.

        Parameters
        ----------
        cross : ndarray of shape (m, n)
            Covariance of the further points with the ones factorised.

        Returns
        -------
        ndarray of shape (m, rank)
            ``R_x`` with ``R_x R^T = cross``; the rest of the covariance of the further
            points, ``K_xx - R_x R_x^T``, is what the factorised points do not explain.
        """
        if len(self.pivots) == 0:
            return np.zeros((len(cross), 0))
        triangle = self.root[self.pivots]
        rows = solve_triangular(
            triangle, cross[:, self.pivots].T, lower=True, check_finite=False
        )
        result: FloatArray = rows.T
        return result


def square_root(matrix: FloatArray, unit: float) -> SquareRoot:
    """Factorise a positive semi-definite matrix by pivoted Cholesky.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Symmetric; not modified.
    unit : float
        Rounding unit of its entries. Pivots up to ``n * unit * max(diagonal)`` are
        left out.

    Returns
    -------
    SquareRoot

    Notes
    -----
    LAPACK's ``pstrf``, n^3 / 3 multiply-adds.
    """
    n = len(matrix)
    tol = n * unit * float(matrix.diagonal().max())
    factor, order, rank = pivoted_cholesky(matrix, tol)
    root = np.empty((n, rank))
    root[order] = np.tril(factor)[:, :rank]
    return SquareRoot(root, order[:rank])
