"""A Cholesky factor: for any targets, extended by rows, and what else it tells."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._typing import FloatArray
from fastntk._validation import to_array
from fastntk.solvers.checks import check_rtol, check_targets, column_norms
from fastntk.solvers.direct.in_place import SharedArray, factorise
from fastntk.solvers.direct.lapack import reciprocal_condition
from fastntk.solvers.measure import Meter
from fastntk.solvers.protocol import as_operator, dense_matrix, rounding_unit
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import (
    Ridge,
    as_ridge,
    as_shift,
    extended,
    is_per_row,
    is_per_target,
)
from fastntk.solvers.status import Status

__all__ = ["CholeskyFactor"]

REFINEMENTS = 5
COLUMNS = 512  # of the inverse looked at together


@dataclasses.dataclass(frozen=True, eq=False)
class CholeskyFactor:
    """``K + ridge I = L L^T``: made once, for any targets, and extended by rows.

    Attributes
    ----------
    shared : SharedArray
        K and L, in one array.
    ridge : float or ndarray of shape (n,)
        Of the system.
    jitter : float
        What had to be added besides; solutions are refined to do without it.
    condition_number : float
        Estimated in the 1-norm.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import CholeskyFactor
    >>> factor = CholeskyFactor.of(np.array([[2.0, 1.0], [1.0, 2.0]]), ridge=0.0)
    >>> factor.solve(np.array([3.0, 3.0])).round(12)
    array([1., 1.])
    >>> round(factor.log_determinant(), 6)  # log 3
    1.098612
    """

    shared: SharedArray
    ridge: Ridge
    jitter: float
    condition_number: float

    @classmethod
    @memory_told("CholeskyFactor.of", SOLVE_LESS)
    def of(
        cls, matrix: Any, ridge: Any = 0.0, *, overwrite: bool = False
    ) -> "CholeskyFactor":
        """Factorise a matrix.

        Parameters
        ----------
        matrix : KernelOperator or ndarray of shape (n, n)
            Symmetric positive semi-definite.
        ridge : float or array-like of shape (n,), default=0.0
            Added to the diagonal.
        overwrite : bool, default=False
            Use the memory of a float64 ``matrix``: n^2 numbers in all.

        Raises
        ------
        InputError
            For a ridge that does not fit; one per target makes several factors, see
            `fastntk.solvers.cholesky`.
        IndefiniteError
            If the matrix is indefinite, with the offending quadratic form.

        Notes
        -----
        Jitter is tried in the order 0, 1e-14, 1e-12, ... times the mean diagonal, up to
        1e-8 or ten times n roundings, whichever is more.
        """
        operator = as_operator(matrix)
        ridge = as_ridge(ridge, operator.shape[0])
        if is_per_target(ridge):
            raise InputError(
                "ridge: found one per target; expected a number, or one per row: each "
                "ridge has a factor of its own. Call fastntk.solvers.cholesky"
            )
        unit = rounding_unit(operator)
        return cls._of(dense_matrix(operator, overwrite=overwrite), ridge, unit)

    @classmethod
    def _of(cls, array: FloatArray, ridge: Ridge, unit: float) -> "CholeskyFactor":
        """Factorise a matrix in its own memory; ``unit`` is the rounding of entries."""
        n = len(array)
        scale = float(array.diagonal().mean())
        norm = max(
            float(np.abs(array[:, i : i + COLUMNS]).sum(axis=0).max())
            for i in range(0, n, COLUMNS)
        )
        top = max(1e-8, 10 * n * unit)
        ladder = [0.0]
        while scale > 0 and (not ladder[-1] or ladder[-1] < top * scale):
            ladder.append(ladder[-1] * 100 or 1e-14 * scale)
        shared, jitter = factorise(array, ridge, tuple(ladder))
        top_norm = float(norm + np.max(ridge))
        reciprocal = reciprocal_condition(shared.array, top_norm)
        number = float(np.divide(1.0, reciprocal)) if reciprocal > 0 else np.inf
        return cls(shared, ridge, jitter, number)

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.shared.array)

    def solve(self, b: Any) -> FloatArray:
        """Return ``(K + ridge I)^-1 b``, shaped like ``b``, refined."""
        columns, is_vector = check_targets(b, self.n, "b")
        x, _ = self._refined(columns, 0.0)
        return x[:, 0] if is_vector else x

    def whiten(self, b: Any) -> FloatArray:
        """Return ``L^-1 b``."""
        columns, is_vector = check_targets(b, self.n, "b")
        half = self.shared.forward(columns)
        return half[:, 0] if is_vector else half

    def log_determinant(self) -> float:
        """Return ``log det(K + ridge I)`` (jitter included)."""
        return 2.0 * float(np.log(self.shared.array.diagonal()).sum())

    def inverse_diagonal(self) -> FloatArray:
        """Return the diagonal of ``(K + ridge I)^-1``: n^3 flops."""
        n = self.n
        result = np.empty(n)
        for start in range(0, n, COLUMNS):
            part = slice(start, min(start + COLUMNS, n))
            unit = np.zeros((n, part.stop - start), order="F")
            unit[np.arange(start, part.stop), np.arange(part.stop - start)] = 1.0
            result[part] = (self.shared.forward(unit) ** 2).sum(axis=0)
        return result

    def leave_one_out(self, y: Any) -> FloatArray:
        """Return what is predicted for every row by all of the others.

        Parameters
        ----------
        y : array-like of shape (n,) or (n, n_outputs)
            Targets.

        Returns
        -------
        ndarray shaped like y
            ``y_i - (A^-1 y)_i / (A^-1)_ii`` with ``A = K + ridge I``.
        """
        columns, is_vector = check_targets(y, self.n)
        x, _ = self._refined(columns, 0.0)
        result = columns - x / self.inverse_diagonal()[:, None]
        return result[:, 0] if is_vector else result

    @memory_told("append", SOLVE_LESS)
    def append(self, cross: Any, corner: Any, ridge: Any = None) -> "CholeskyFactor":
        """Return the factor of the matrix with further rows and columns.

        Parameters
        ----------
        cross : array-like of shape (m, n)
            Kernel of the new rows with the old ones.
        corner : array-like of shape (m, m)
            Of the new rows with each other.
        ridge : float or array-like of shape (m,), optional
            Of the new rows; by default that of the old ones, which has to be one number
            then.

        Raises
        ------
        InputError
            If the shapes do not fit.
        IndefiniteError
            If the extended matrix is indefinite, or so close to singular that more
            jitter would be needed: factorise it anew.

        Notes
        -----
        ``n^2 m`` flops instead of ``(n + m)^3 / 3``; the old factor stays as it is.
        """
        below = np.array(to_array(cross, "cross"), dtype=np.float64, order="F")
        square = np.array(to_array(corner, "corner"), dtype=np.float64, order="F")
        n, m = self.n, len(square)
        if below.shape != (m, n) or square.shape != (m, m):
            raise InputError(
                f"append: found {below.shape} for cross and {square.shape} for corner; "
                f"expected (m, {n}) and (m, m)"
            )
        fresh = self._ridge_of(ridge, m)
        lower = self.shared.forward(np.asfortranarray(below.T))
        rest = np.asfortranarray(square - lower.T @ lower)
        tail, jitter = factorise(rest, fresh + self.jitter, (0.0,))
        array = np.empty((n + m, n + m), order="F")
        array[:n, :n] = self.shared.array
        array[:n, n:] = below.T
        array[n:, :n] = lower.T
        array[n:, n:] = np.tril(tail.array) + np.triu(square, 1)
        diagonal = np.concatenate([self.shared.diagonal, square.diagonal()])
        joint = extended(self.ridge, n, fresh, m)
        shared = SharedArray(array, diagonal, joint + self.jitter)
        norm = float(np.abs(array).sum(axis=0).max())  # of L and K: good to a factor
        reciprocal = reciprocal_condition(array, norm)
        number = float(np.divide(1.0, reciprocal)) if reciprocal > 0 else np.inf
        return CholeskyFactor(shared, joint, self.jitter + jitter, number)

    def _ridge_of(self, ridge: Any, m: int) -> Ridge:
        """Return the ridge of m further rows."""
        if ridge is not None:
            return as_ridge(ridge, m, 0)
        if is_per_row(self.ridge):
            raise InputError(
                f"append: found no ridge for {m} further rows of a matrix with one per "
                f"row; expected ridge=, a number or shape ({m},)"
            )
        return self.ridge

    def result(self, b: Any, rtol: float = 1e-6) -> SolveResult:
        """Solve for targets and report."""
        rtol = check_rtol(rtol)
        columns, is_vector = check_targets(b, self.n)
        with Meter() as meter:
            with meter.phase("solve"):
                x, residuals = self._refined(columns, rtol)
        is_good = bool((residuals <= rtol).all())
        notes = (
            f"jitter {self.jitter:.3g} was needed to factorise; the solution is "
            "refined to do without it",
        )
        return SolveResult(
            x[:, 0] if is_vector else x,
            Status.CONVERGED if is_good else Status.INACCURATE,
            "cholesky",
            residuals,
            rtol,
            ridge=self.ridge,
            seconds=dict(meter.seconds),
            jitter=self.jitter,
            peak_memory=meter.peak_memory,
            notes=notes if self.jitter else (),
            details={"factor": self, "condition_number": self.condition_number},
        )

    def _refined(self, b: FloatArray, rtol: float) -> tuple[FloatArray, FloatArray]:
        """Solve, and refine while that helps; return the relative residuals too."""
        norms = column_norms(b)
        safe = np.where(norms > 0, norms, 1.0)
        x = self._direct(b)
        residual = self._residual(b, x)
        level = column_norms(residual) / safe
        goal = min(rtol, 1e-10) if rtol else 1e-12
        for _ in range(REFINEMENTS):
            if (level <= goal).all():
                break
            trial = x + self._direct(residual)
            found = self._residual(b, trial)
            fresh = column_norms(found) / safe
            better = fresh < level
            if not better.any():
                break
            x[:, better], residual[:, better] = trial[:, better], found[:, better]
            has_moved = (fresh[better] < 0.5 * level[better]).any()
            level = np.where(better, fresh, level)
            if not has_moved:
                break
        return x, level

    def _direct(self, b: FloatArray) -> FloatArray:
        return self.shared.backward(self.shared.forward(b))

    def _residual(self, b: FloatArray, x: FloatArray) -> FloatArray:
        result: FloatArray = b - self.shared.times(x) - as_shift(self.ridge) * x
        return result
