"""Factorisations of matrices that should be positive semi-definite, of any size."""

import numpy as np
from scipy.linalg import blas, lapack

from fastntk._errors import IndefiniteError
from fastntk._typing import FloatArray
from fastntk.solvers.direct.lapack import eigh

__all__ = ["cholesky_in_place", "cholesky_of", "growth", "psd_eigh"]

BLOCK = 512  # columns factorised at a time
FLOPS = 5e9  # of a product; between two an interrupt is answered


def cholesky_in_place(matrix: FloatArray) -> int:
    """Write the Cholesky factor over the lower triangle; return 0, or the bad pivot.

    Parameters
    ----------
    matrix : ndarray of shape (n, n), Fortran order, float64
        Symmetric; what is above the diagonal is left alone.

    Returns
    -------
    int
        Pivots count from 1, as in LAPACK; the factor of what is before it is there.

    Notes
    -----
    Block columns, n^3 / 3 flops, nearly all of them in products. The ``potrf`` of
    SciPy's OpenBLAS is called for the blocks alone: for a whole matrix of 16,000 rows
    it ended the process on an AVX-512 machine.
    """
    n = len(matrix)
    for k in range(0, n, BLOCK):
        m = min(k + BLOCK, n)
        update = _product(matrix[k:, :k], matrix[k:m, :k].T)
        square = matrix[k:m, k:m]
        small = np.asfortranarray(square - update[: m - k])
        small, info = lapack.dpotrf(small, lower=1, clean=1, overwrite_a=1)
        square[...] = np.triu(square, 1) + np.tril(small)
        if info:
            return int(k + info)
        below = np.asfortranarray(matrix[m:, k:m])
        below -= update[m - k :]
        if m < n:
            matrix[m:, k:m] = blas.dtrsm(
                1.0, small, below, side=1, lower=1, trans_a=1, overwrite_b=1
            )
    return 0


def _product(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a @ b``, some rows at a time."""
    m, k, n = *a.shape, b.shape[1]
    step = max(BLOCK, int(FLOPS / max(1.0, 2.0 * k * n)))
    if m <= step:
        whole: FloatArray = a @ b
        return whole
    result = np.empty((m, n))
    for start in range(0, m, step):
        np.matmul(a[start : start + step], b, out=result[start : start + step])
    return result


def cholesky_of(matrix: FloatArray) -> FloatArray | None:
    """Return the lower Cholesky factor, with zeros above; None if there is none.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Symmetric; not modified.
    """
    lower = np.array(matrix, dtype=np.float64, order="F")
    if cholesky_in_place(lower) != 0:
        return None
    for start in range(0, len(lower), BLOCK):
        part = slice(start, start + BLOCK)
        lower[:start, part] = 0.0
        lower[part, part] = np.tril(lower[part, part])
    return lower


def psd_eigh(
    matrix: FloatArray, slack: float, name: str
) -> tuple[FloatArray, FloatArray]:
    """Return eigenvalues, ascending, negative rounding set to 0, and eigenvectors.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Symmetric; not modified.
    slack : float
        Eigenvalues down to minus this, times the largest, are rounding.
    name : str
        For the message.

    Raises
    ------
    IndefiniteError
        If one is lower, with its eigenvector.

    Notes
    -----
    LAPACK's ``evd``: about 9 n^3 flops, half of them at the speed of memory. An
    interrupt is answered at once, see `fastntk.solvers.direct.lapack`.
    """
    values, vectors = eigh(matrix)
    lowest, largest = float(values[0]), float(np.abs(values).max())
    if lowest < -slack * largest:
        raise IndefiniteError(
            f"{name}: found the eigenvalue {lowest:.3g}, the quadratic form v^T K v of "
            f"a unit vector v (the largest is {largest:.3g}); expected a positive "
            "semi-definite matrix. Compute it from the same rows on both sides, in "
            "float64",
            vectors[:, 0],
        )
    return np.maximum(values, 0.0), vectors


def growth(values: FloatArray, times: FloatArray, cutoff: float) -> FloatArray:
    """Return ``(1 - exp(-l t)) / l``: how far training has come along eigenvectors.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Eigenvalues l >= 0.
    times : ndarray of shape (n_times,)
        At least 0; infinity gives the pseudoinverse.
    cutoff : float
        Eigenvalues up to here count as zero.

    Returns
    -------
    ndarray of shape (n_times, n)

    Notes
    -----
    Eigenvalues below the cut-off are rounding and stand for some value between 0 and
    the cut-off c: for ``c t << 1`` the filter is ``t`` for each of them, for ``c t >>
    1`` it is anything, and the pseudoinverse says 0. Their filter is therefore
    multiplied by ``exp(-(c t)^2)``, which is 1 to the last bit until rounding begins to
    decide.
    """
    t = times[:, None]
    is_kept = values > cutoff
    safe = np.where(is_kept, values, 1.0)
    grown: FloatArray = -np.expm1(-safe * t) / safe
    if is_kept.all():
        return grown
    is_finite = np.isfinite(t)
    finite = np.where(is_finite, t, 0.0)
    x = values[~is_kept] * finite
    slowed = np.where(x > 1e-16, -np.expm1(-x) / np.where(x > 1e-16, x, 1.0), 1.0)
    with np.errstate(over="ignore"):
        taper = np.where(is_finite, np.exp(-((cutoff * finite) ** 2)), 0.0)
    grown[:, ~is_kept] = finite * slowed * taper
    return grown
