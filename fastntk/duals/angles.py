"""The angle of two normal variables from their moments, to all digits."""

import numpy as np

from fastntk._typing import FloatArray

__all__ = ["angle_of"]


def angle_of(c: FloatArray, q1: FloatArray, q2: FloatArray) -> FloatArray:
    """Return the angle of pairs, to all digits at both ends.

    Parameters
    ----------
    c, q1, q2 : ndarray of shape (n,)
        Covariances and variances, taken as exact.

    Returns
    -------
    ndarray of shape (n,)
        ``arctan2(sqrt(q1 q2 - c^2), c)``; the difference is exact before it is rounded.
    """
    whole, rest = _product(q1, q2)
    square, rest_of_square = _product(c, c)
    apart = (whole - square) + (rest - rest_of_square)
    return np.asarray(np.arctan2(np.sqrt(np.maximum(apart, 0.0)), c))


def _product(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a product of float64 numbers and its rounding error (Dekker 1971)."""

    def halves(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        scaled = x * 134217729.0
        high = scaled - (scaled - x)
        return high, x - high

    product = a * b
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2
