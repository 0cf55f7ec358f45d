"""One eigendecomposition for all ridges, training times, and leave-one-out."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation import to_array
from fastntk._validation.arguments import as_float
from fastntk.solvers.checks import check_ridge, check_rtol, check_targets, column_norms
from fastntk.solvers.direct.psd import growth, psd_eigh
from fastntk.solvers.measure import Meter
from fastntk.solvers.protocol import as_operator, dense_matrix, rounding_unit
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import Ridge, as_ridge, least, refuse_array
from fastntk.solvers.status import Status

__all__ = ["EighFactor"]

PER_ROW = "the eigenvectors of the kernel are not those of the kernel plus a diagonal"


@dataclasses.dataclass(frozen=True, eq=False)
class EighFactor:
    """``K = V diag(values) V^T``; every ridge and time costs O(n^2) a target from here.

    Attributes
    ----------
    values : ndarray of shape (n,)
        Eigenvalues in ascending order, negative rounding set to 0.
    vectors : ndarray of shape (n, n)
        V, a column per eigenvalue.
    matrix : ndarray of shape (n, n)
        K, for true residuals.
    cutoff : float
        Eigenvalues up to here are zero to working precision: ``n u values[-1]``, where
        u is the rounding unit of the entries (2.2e-16 for float64, 1.2e-7 for float32).
        It is that of `numpy.linalg.pinv` and `numpy.linalg.lstsq`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import EighFactor
    >>> factor = EighFactor.of(np.diag([1.0, 2.0, 0.0]))
    >>> factor.rank, factor.effective_dimension(1.0).round(4)
    (2, np.float64(1.1667))
    >>> factor.path(np.ones(3), [1.0, 3.0]).round(3)
    array([[0.5  , 0.333, 1.   ],
           [0.25 , 0.2  , 0.333]])
    """

    values: FloatArray
    vectors: FloatArray
    matrix: FloatArray
    cutoff: float

    @classmethod
    @memory_told("EighFactor.of", SOLVE_LESS)
    def of(cls, matrix: Any, *, cutoff: float | None = None) -> "EighFactor":
        """Decompose a matrix.

        Parameters
        ----------
        matrix : KernelOperator or ndarray of shape (n, n)
            Symmetric positive semi-definite.
        cutoff : float, optional
            Another cut-off, in the units of the matrix.

        Raises
        ------
        IndefiniteError
            If an eigenvalue is negative beyond rounding.

        Notes
        -----
        LAPACK's ``evd``: about 9 n^3 flops, half of them at the speed of memory; 4 n^2
        numbers.
        """
        operator = as_operator(matrix)
        n, unit = operator.shape[0], rounding_unit(operator)
        array = dense_matrix(operator)
        values, vectors = psd_eigh(array, min(1000 * n * unit, 0.1), "matrix")
        limit = n * unit * float(values[-1]) if cutoff is None else _cutoff(cutoff)
        return cls(values, vectors, array, limit)

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.values)

    @property
    def rank(self) -> int:
        """Eigenvalues above the cut-off."""
        return int((self.values > self.cutoff).sum())

    def solve(self, b: Any, ridge: Any = 0.0) -> FloatArray:
        """Return ``(K + ridge I)^+ b``: the minimum-norm solution if ridge is 0.

        The ridge is a number, or of shape (1, n_outputs), one per column of ``b``.
        """
        columns, is_vector = check_targets(b, self.n, "b")
        weights = self._inverse(self._ridge_of(ridge, columns))
        x = self.vectors @ (weights * (self.vectors.T @ columns))
        return x[:, 0] if is_vector else x

    def path(self, b: Any, ridges: Any) -> FloatArray:
        """Return the solutions for several ridges, shape (n_ridges, *b.shape)."""
        return self._filter(b, self._inverses(ridges))

    def flow(self, b: Any, times: Any, ridge: float = 0.0) -> FloatArray:
        """Return ``(1 - exp(-t (K + ridge I))) (K + ridge I)^-1 b`` for several times.

        Parameters
        ----------
        b : array-like of shape (n,) or (n, n_outputs)
            Targets.
        times : array-like of shape (n_times,)
            Learning rate times training time, >= 0; infinity gives `solve`.
        ridge : float, default=0.0
            Added to the diagonal.

        Returns
        -------
        ndarray of shape (n_times, *b.shape)
            Coefficients of gradient flow from 0; ``k(x, X)`` times them predicts.
        """
        t = np.atleast_1d(to_array(times, "times")).astype(np.float64)
        if t.ndim != 1 or not (t >= 0).all():
            raise InputError(
                f"times: found {shown(times)}; expected numbers >= 0 (infinity allowed)"
            )
        ridge = check_ridge(ridge)
        unit = float(np.finfo(np.float64).eps)
        cutoff = self.n * unit * float(self.values[-1]) if ridge > 0 else self.cutoff
        return self._filter(b, growth(self.values + ridge, t, cutoff))

    def leave_one_out(self, y: Any, ridges: Any) -> FloatArray:
        """Return what is predicted for every row by all of the others.

        Parameters
        ----------
        y : array-like of shape (n,) or (n, n_outputs)
            Targets.
        ridges : float or array-like of shape (n_ridges,)
            Several cost little more than one.

        Returns
        -------
        ndarray of shape (n_ridges, *y.shape)
            ``y_i - (A^-1 y)_i / (A^-1)_ii`` with ``A = K + ridge I``.
        """
        columns, is_vector = check_targets(y, self.n)
        weights = self._inverses(ridges)
        inverse = (self.vectors**2) @ weights.T  # (n, n_ridges)
        solved = self._filter(columns, weights)
        result: FloatArray = columns - solved / inverse.T[:, :, None]
        return result[:, :, 0] if is_vector else result

    def effective_dimension(self, ridges: Any) -> Any:
        """Return ``tr K (K + ridge I)^-1`` for a ridge or several."""
        r = to_array(ridges, "ridges").astype(np.float64)
        safe = np.maximum(self.values + r[..., None], np.finfo(np.float64).tiny)
        result: Any = (self.values / safe).sum(axis=-1)
        return result

    def log_determinant(self, ridge: float = 0.0) -> float:
        """Return ``log det(K + ridge I)``, over the directions that are kept."""
        kept = self._kept(check_ridge(ridge))[:, 0]
        return float(np.log(self.values[kept] + ridge).sum())

    def result(
        self, b: Any, ridge: Any = 0.0, rtol: float = 1e-6, method: str = "eigh"
    ) -> SolveResult:
        """Solve for targets and report.

        Parameters
        ----------
        b : array-like of shape (n,) or (n, n_outputs)
            Targets.
        ridge : float or array-like of shape (1, n_outputs), default=0.0
            Added to the diagonal: one number, or one per column of ``b``.
        rtol : float, default=1e-6
            Residual that counts as solved, relative to ``b``, per column.
        method : {"eigh", "pinv"}, default="eigh"
            What the result calls it.

        Returns
        -------
        SolveResult
            With residuals of every column.
        """
        rtol = check_rtol(rtol)
        columns, is_vector = check_targets(b, self.n)
        ridge = self._ridge_of(ridge, columns, method)
        norms = column_norms(columns)
        with Meter() as meter:
            with meter.phase("solve"):
                x = self.solve(columns, ridge)
                residual = columns - self.matrix @ x - ridge * x
        residuals = column_norms(residual) / np.where(norms > 0, norms, 1.0)
        rank = int(self._kept(ridge).sum(axis=0).min())
        return SolveResult(
            x[:, 0] if is_vector else x,
            self._status(residuals, rtol, rank),
            method,
            residuals,
            rtol,
            ridge=ridge,
            seconds=dict(meter.seconds),
            cutoff=self.cutoff,
            rank=rank,
            peak_memory=meter.peak_memory,
            notes=self._notes(rank),
            details={"factor": self, "condition_number": self._condition(ridge)},
        )

    def _status(self, residuals: FloatArray, rtol: float, rank: int) -> Status:
        if (residuals <= rtol).all():
            return Status.CONVERGED
        return Status.LEAST_SQUARES if rank < self.n else Status.INACCURATE

    def _notes(self, rank: int) -> tuple[str, ...]:
        if rank == self.n:
            return ()
        return (
            f"{self.n - rank} of {self.n} eigenvalues count as zero (up to "
            f"{self.cutoff:.3g}); x has the least norm of all solutions",
        )

    def _condition(self, ridge: Ridge) -> float:
        shift = least(ridge)
        smallest = float(self.values[0]) + shift
        return (float(self.values[-1]) + shift) / smallest if smallest else np.inf

    def _ridge_of(self, ridge: Any, b: FloatArray, method: str = "eigh") -> Ridge:
        """Return a checked ridge; refuse one per row, which has other eigenvectors."""
        checked = as_ridge(ridge, *b.shape)
        refuse_array(checked, method, PER_ROW, rows_only=True)
        return checked

    def _kept(self, ridge: Ridge) -> Any:
        """Return which directions are kept: with a ridge, those above its rounding.

        The shape is (n, 1), or (n, k) for ridges of shape (1, k).
        """
        values, shift = self.values[:, None], np.atleast_2d(ridge)
        unit = float(np.finfo(np.float64).eps)
        above = values + shift > self.n * unit * self.values[-1]
        return np.where(shift > 0, above, values > self.cutoff)

    def _inverse(self, ridge: Ridge) -> FloatArray:
        kept = self._kept(ridge)
        shifted = self.values[:, None] + np.atleast_2d(ridge)
        return np.where(kept, 1.0 / np.where(kept, shifted, 1.0), 0.0)

    def _inverses(self, ridges: Any) -> FloatArray:
        """Return the inverses for several ridges, (n_ridges, n)."""
        if np.ndim(ridges) > 1:
            raise InputError(
                f"ridges: found shape {np.shape(ridges)}; expected a number, or shape "
                "(n_ridges,), each of them for all targets. For one per target call "
                "solve"
            )
        values = np.atleast_1d(to_array(ridges, "ridges"))
        each = [self._inverse(check_ridge(r))[:, 0] for r in values]
        return np.array(each)

    def _filter(self, b: Any, weights: FloatArray) -> FloatArray:
        """Return ``V diag(w) V^T b`` for weights of shape (m, n)."""
        columns, is_vector = check_targets(b, self.n, "b")
        inside = weights[:, :, None] * (self.vectors.T @ columns)
        result: FloatArray = self.vectors @ inside
        return result[:, :, 0] if is_vector else result


def _cutoff(value: float) -> float:
    cutoff = as_float(value)
    if not 0.0 <= cutoff < np.inf:
        raise InputError(f"cutoff: found {shown(value)}; expected a number >= 0")
    return cutoff
