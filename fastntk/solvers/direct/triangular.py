"""Triangular solves by blocks, between which an interrupt is answered."""

import numpy as np
from scipy.linalg import blas

from fastntk._typing import FloatArray

__all__ = ["solve_lower"]

ROWS = 1024  # of a block
COLUMNS = 256  # of the right-hand sides solved together


def solve_lower(
    lower: FloatArray, b: FloatArray, *, transposed: bool = False
) -> FloatArray:
    """Return ``L^-1 b``, or ``L^-T b``.

    Parameters
    ----------
    lower : ndarray of shape (n, n), float64
        L in the lower triangle; what is above is not read.
    b : ndarray of shape (n,) or (n, n_columns)
        Not modified.
    transposed : bool, default=False
        Solve with the transpose.

    Returns
    -------
    ndarray shaped like b, Fortran order

    Notes
    -----
    n^2 multiply-adds per column. BLAS's ``trsm`` holds the interpreter lock for as long
    as all of it takes; products of blocks don't, and are as fast.
    """
    n = len(lower)
    if b.ndim == 1:
        return solve_lower(lower, b[:, None], transposed=transposed)[:, 0]
    x = np.array(b, dtype=np.float64, order="F")
    starts = range(0, n, ROWS)
    for j in range(0, x.shape[1], COLUMNS):
        part = x[:, j : j + COLUMNS]
        for k in reversed(starts) if transposed else starts:
            here, after = slice(k, k + ROWS), slice(k + ROWS, n)
            if transposed and k + ROWS < n:
                part[here] -= lower[after, here].T @ part[after]
            elif not transposed and k:
                part[here] -= lower[here, :k] @ part[:k]
            part[here] = blas.dtrsm(
                1.0, lower[here, here], part[here], lower=1, trans_a=int(transposed)
            )
    return x
