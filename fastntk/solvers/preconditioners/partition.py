"""Rows of a matrix in groups of close ones."""

import numpy as np

from fastntk._typing import AnyArray, FloatArray, IntArray

__all__ = ["partition"]

WIDTH = 32  # of the projected rows
MIDDLE = 0.3  # a group is cut between this and 1 minus this of its rows


def partition(
    factor: AnyArray, size: int, rng: np.random.Generator
) -> tuple[IntArray, ...]:
    """Return groups of at most ``size`` rows that are close to each other.

    Parameters
    ----------
    factor : ndarray of shape (n, rank)
        Rows to compare.
    size : int
        At least 2.
    rng : numpy.random.Generator
        Projects wide rows to 32 numbers.

    Returns
    -------
    tuple of ndarray
        Sorted indices; every row is in one group.

    Notes
    -----
    Groups are cut across their widest direction, at the widest gap near the middle.
    ``O(n rank + n log(n / size))`` numbers are looked at.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[0.0], [5.0], [0.1], [5.2]])
    >>> [list(map(int, g)) for g in partition(rows, 2, np.random.default_rng(0))]
    [[0, 2], [1, 3]]
    """
    n, rank = factor.shape
    points = np.asarray(factor, np.float64)
    if rank > WIDTH:
        signs = rng.choice((-1.0, 1.0), size=(rank, WIDTH)).astype(factor.dtype)
        points = np.asarray(factor @ signs, np.float64)
    done: list[IntArray] = []
    waiting: list[IntArray] = [np.arange(n)]
    while waiting:
        rows = waiting.pop()
        if len(rows) <= size:
            done.append(np.sort(rows))
        else:
            waiting += _halves(points, rows)
    return tuple(sorted(done, key=lambda rows: int(rows[0])))


def _halves(points: FloatArray, rows: IntArray) -> list[IntArray]:
    """Cut a group in two."""
    centred = points[rows] - points[rows].mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    along = centred @ vectors[:, -1]
    order = np.argsort(along, kind="stable")
    low = max(1, int(MIDDLE * len(rows)))
    gaps = np.diff(along[order])[low - 1 : len(rows) - low]
    cut = low + int(gaps.argmax())
    if gaps.max() <= 0.0:  # equal rows
        cut = len(rows) // 2
    return [rows[order[:cut]], rows[order[cut:]]]
