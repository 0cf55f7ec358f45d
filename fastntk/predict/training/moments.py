r"""Means and covariances of the outputs at many times, as matrices.

With ``Theta = V diag(l) V^T`` and the filter ``g_t(l) = (1 - exp(-l t)) / l`` the
outputs of a wide network trained by gradient flow on the squared error are

.. math:: f_t(x) = f_0(x) + A_t(x) (y - f_0(X)), \qquad
          A_t(x) = \Theta(x, X) V g_t V^T,

and over random initialisations their covariance is that of
``f_0(x) - A_t(x) f_0(X)``.  With a root ``R R^T = K(X, X)`` of the NNGP kernel and its
rows ``R_x`` for the test points (``R_x R^T = K(x, X)``) it is

.. math:: S + D_t D_t^T, \qquad D_t = R_x - A_t R, \qquad S = K(x, x) - R_x R_x^T,

a sum of squares: no cancellation makes a variance negative.
"""

import numpy as np

from fastntk._typing import FloatArray

__all__ = ["gram_of", "push", "spread", "unexplained"]

_CHUNK = 1 << 23  # numbers in a temporary array


def push(filters: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """Return ``left diag(g) right`` for every filter g.

    Parameters
    ----------
    filters : ndarray of shape (n_filters, n)
        One row per time.
    left : ndarray of shape (m, n)
        E.g. ``Theta(x, X) V``.
    right : ndarray of shape (n, k)
        E.g. ``V^T (y - f_0)``.

    Returns
    -------
    ndarray of shape (n_filters, m, k)
    """
    m, n = left.shape
    k = right.shape[1]
    result = np.empty((len(filters), m, k))
    step = max(1, _CHUNK // (n * max(1, min(m, k))))
    for start in range(0, len(filters), step):
        rows = filters[start : start + step]
        if m <= k:
            scaled = (rows[:, None, :] * left).reshape(-1, n)
            result[start : start + step] = (scaled @ right).reshape(-1, m, k)
        else:
            scaled = (right[:, None, :] * rows.T[:, :, None]).reshape(n, -1)
            flat = (left @ scaled).reshape(m, -1, k)
            result[start : start + step] = flat.transpose(1, 0, 2)
    return result


def unexplained(k_test: FloatArray, rows: FloatArray, is_diagonal: bool) -> FloatArray:
    """Return ``S = K(x, x) - rows rows^T``, its diagonal not below 0.

    Parameters
    ----------
    k_test : ndarray of shape (m, m) or (m,)
        Prior covariance, or its diagonal.
    rows : ndarray of shape (m, rank)
        ``R_x``.
    is_diagonal : bool
        Whether ``k_test`` is a diagonal.

    Returns
    -------
    ndarray of the shape of ``k_test``
    """
    if is_diagonal:
        variance: FloatArray = k_test - np.einsum("mr,mr->m", rows, rows)
        return np.maximum(variance, 0.0)
    rest: FloatArray = k_test - rows @ rows.T
    np.fill_diagonal(rest, np.maximum(rest.diagonal(), 0.0))
    return rest


def gram_of(deviations: FloatArray, is_diagonal: bool) -> FloatArray:
    """Return ``D D^T``, or its diagonal, for a stack of matrices (..., m, rank)."""
    if is_diagonal:
        lengths: FloatArray = np.einsum("...mr,...mr->...m", deviations, deviations)
        return lengths
    return deviations @ np.swapaxes(deviations, -1, -2)


def spread(
    filters: FloatArray,
    left: FloatArray,
    basis: FloatArray,
    rows: FloatArray,
    is_diagonal: bool,
) -> FloatArray:
    """Return ``D D^T`` with ``D = rows - left diag(g) basis`` for every filter g.

    Parameters
    ----------
    filters : ndarray of shape (n_filters, n)
        One row per time.
    left : ndarray of shape (m, n)
        ``Theta(x, X) V``.
    basis : ndarray of shape (n, rank)
        ``V^T R``.
    rows : ndarray of shape (m, rank)
        ``R_x``.
    is_diagonal : bool
        Whether only variances are wanted.

    Returns
    -------
    ndarray of shape (n_filters, m, m) or (n_filters, m)
    """
    m = len(left)
    result = np.empty((len(filters), m) if is_diagonal else (len(filters), m, m))
    step = max(1, _CHUNK // max(left.size, rows.size, 1))
    for start in range(0, len(filters), step):
        some = slice(start, start + step)
        pushed = push(filters[some], left, basis)
        result[some] = gram_of(rows - pushed, is_diagonal)
    return result
