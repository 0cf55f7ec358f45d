"""Rows of one norm: recognised, and their diagonals from those of two of them."""

from typing import Any

import numpy as np

from fastntk._typing import FloatArray

__all__ = ["ONE_NORM", "interpolated", "one_variance"]

# relative spread of the mean squares of rows that count as of one norm
ONE_NORM = {np.dtype(np.float64): 1e-14, np.dtype(np.float32): 3e-7}


def one_variance(
    variances: tuple[FloatArray, ...], dtype: np.dtype[Any]
) -> float | None:
    """Return the mean square that all rows have, None if they differ.

    Parameters
    ----------
    variances : tuple of ndarray
        Mean squares of the rows of both sides.
    dtype : numpy dtype
        Compute dtype: rows that were normalised in it count as equal.

    Returns
    -------
    float or None
    """
    low = min(float(v.min()) for v in variances)
    high = max(float(v.max()) for v in variances)
    is_one = 0.0 < high and high - low <= ONE_NORM[dtype] * high
    return (low + high) / 2 if is_one else None


def interpolated(
    variance: FloatArray, ends: tuple[float, float], values: FloatArray
) -> FloatArray:
    """Return values between those at the lowest and the highest variance.

    A smooth function is linear over so small a range: what is left out is of the order
    of its square, 1e-28 and 1e-13.
    """
    low, high = ends
    if low == high:
        return np.full(variance.size, values[0])
    share = (variance - low) / (high - low)
    between: FloatArray = values[0] + share * (values[1] - values[0])
    return between
