"""A matrix and its Cholesky factor in one array: L below, K above the diagonal."""

import dataclasses

import numpy as np

from fastntk._errors import IndefiniteError
from fastntk._typing import FloatArray
from fastntk.solvers.direct.psd import cholesky_in_place
from fastntk.solvers.direct.triangular import solve_lower
from fastntk.solvers.ridges import Ridge, described

__all__ = ["SharedArray", "factorise"]

STRIP = 1024  # columns copied together


@dataclasses.dataclass(frozen=True, eq=False)
class SharedArray:
    """``K`` and ``L`` with ``L L^T = K + shift I`` in n^2 numbers.

    Attributes
    ----------
    array : ndarray of shape (n, n), Fortran order, float64
        L on and below the diagonal, K above.
    diagonal : ndarray of shape (n,)
        Of K.
    shift : float or ndarray of shape (n,)
        Ridge and jitter.
    """

    array: FloatArray
    diagonal: FloatArray
    shift: Ridge

    def times(self, b: FloatArray) -> FloatArray:
        """Return ``K b``, from the triangle that still is K's.

        The diagonal of the array is L's, and must not take part: where K is small it is
        far larger than K's.
        """
        n, n_columns = b.shape
        if n_columns > STRIP // 4:  # an interrupt is answered between two products
            parts = range(0, n_columns, STRIP // 4)
            return np.hstack([self.times(b[:, j : j + STRIP // 4]) for j in parts])
        result = self.diagonal[:, None] * b
        for start in range(0, n, STRIP):
            here, after = slice(start, start + STRIP), slice(start + STRIP, n)
            square = np.triu(self.array[here, here], 1)
            right = self.array[here, after]
            result[here] += square @ b[here] + square.T @ b[here] + right @ b[after]
            result[after] += right.T @ b[here]
        return result

    def restored(self) -> FloatArray:
        """Return K in the same memory; the factor is lost."""
        _restore(self.array)
        self.array.flat[:: len(self.array) + 1] = self.diagonal
        return self.array

    def forward(self, b: FloatArray) -> FloatArray:
        """Return ``L^-1 b``."""
        return solve_lower(self.array, b)

    def backward(self, b: FloatArray) -> FloatArray:
        """Return ``L^-T b``."""
        return solve_lower(self.array, b, transposed=True)


def factorise(
    matrix: FloatArray, ridge: Ridge, ladder: tuple[float, ...]
) -> tuple[SharedArray, float]:
    """Factorise ``K + (ridge + jitter) I`` in place, for the first jitter that works.

    Parameters
    ----------
    matrix : ndarray of shape (n, n), Fortran order, float64
        Symmetric; overwritten.
    ridge : float or ndarray of shape (n,)
        Added to the diagonal.
    ladder : tuple of float
        Jitters to try, in order.

    Returns
    -------
    SharedArray
        And the jitter that was needed.

    Raises
    ------
    IndefiniteError
        If none is enough; with the vector of the offending quadratic form.

    Notes
    -----
    n^3 / 3 flops. The other triangle is left alone, so that K can be restored for the
    next try, and multiplied with for true residuals.
    """
    diagonal = matrix.diagonal().copy()
    n = len(matrix)
    info = 0
    for step, jitter in enumerate(ladder):
        if step:
            _restore(matrix)
        matrix.flat[:: n + 1] = diagonal + (ridge + jitter)
        info = cholesky_in_place(matrix)
        if info == 0:
            return SharedArray(matrix, diagonal, ridge + jitter), jitter
    shared = SharedArray(matrix, diagonal, ridge + ladder[-1])
    raise _indefinite(shared, info - 1, ridge)


def _restore(matrix: FloatArray) -> None:
    """Copy the upper triangle over the lower one."""
    n = len(matrix)
    for i in range(0, n, STRIP):
        rows = slice(i, min(i + STRIP, n))
        for j in range(0, i, STRIP):
            cols = slice(j, j + STRIP)
            matrix[rows, cols] = matrix[cols, rows].T
        square = matrix[rows, rows]
        square[...] = np.triu(square, 1) + np.triu(square, 1).T


def _indefinite(shared: SharedArray, pivot: int, ridge: Ridge) -> IndefiniteError:
    """Return the error for a factorisation that broke down at a pivot.

    With ``A11 = L11 L11^T`` the leading block and ``a`` the column below, ``v =
    (-A11^-1 a, 1)`` has ``v^T A v = `` the pivot, which is negative.
    """
    n = len(shared.array)
    lower = shared.array[:pivot, :pivot]
    vector = np.zeros(n)
    vector[pivot] = 1.0
    if pivot:
        half = solve_lower(lower, shared.array[:pivot, pivot])
        vector[:pivot] = -solve_lower(lower, half, transposed=True)
    vector /= np.linalg.norm(vector)
    kernel = shared.restored()  # of L only the leading block was there
    form = float(vector @ (kernel @ vector))
    return IndefiniteError(
        f"matrix: found the quadratic form v^T K v = {form:.3g} of a unit vector v, "
        f"with {described(ridge)} on the diagonal (K_ii is "
        f"{shared.diagonal.mean():.3g} on average); expected a positive "
        "semi-definite matrix. Compute it from the same rows on both sides, in "
        "float64, or raise the ridge",
        vector,
    )
