"""A vector function of a variance as Chebyshev polynomials in ``log q``."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev

from fastntk._typing import FloatArray
from fastntk.kernels.cpu.dual_tiles import products

__all__ = ["LogFit", "is_between", "log_fit"]

FIRST, LAST = 12, 400  # nodes
ROUNDING = 1e-12  # an error below that does not fall is due to rounding
CHECKS = 6  # points between nodes at which the fit is measured
MARGIN = 1e-12  # of log q, which is clipped to the range


def is_between(q: FloatArray, low: float, high: float) -> bool:
    """Return whether the logarithms of all variances are in a range.

    Parameters
    ----------
    q : ndarray
        Variances > 0.
    low, high : float
        Logarithms.

    Returns
    -------
    bool
    """
    one, two = math.log(float(q.min())), math.log(float(q.max()))
    return low - MARGIN <= one and two <= high + MARGIN


@dataclasses.dataclass(frozen=True, eq=False)
class LogFit:
    """Polynomials of several columns in ``log q`` between two variances.

    Attributes
    ----------
    low, high : float
        Logarithms of the variances; equal if there is only one.
    coefs : ndarray of shape (M, C)
        Chebyshev coefficients in ``s = (2 log q - low - high) / (high - low)``.
    errors : ndarray of shape (C,)
        Largest differences between the nodes.
    """

    low: float
    high: float
    coefs: FloatArray
    errors: FloatArray

    def __call__(self, q: FloatArray, n: int | None = None) -> FloatArray:
        """Return the columns at some variances.

        Parameters
        ----------
        q : ndarray of shape (n1,)
            Variances in the range.
        n : int, optional
            The first n columns only.

        Returns
        -------
        ndarray of shape (n1, C), or (n1, n)
        """
        coefs = np.ascontiguousarray(self.coefs[:, :n])
        out = np.empty((len(q), coefs.shape[1]))
        products(self._basis(q), coefs, out)
        return out

    def columns(self, q: FloatArray, n: int) -> FloatArray:
        """Return the first columns at some variances as rows.

        Parameters
        ----------
        q : ndarray of shape (n2,)
            Variances in the range.
        n : int
            How many.

        Returns
        -------
        ndarray of shape (n, n2)
        """
        out = np.empty((n, len(q)))
        basis = np.ascontiguousarray(self._basis(q).T)
        products(np.ascontiguousarray(self.coefs[:, :n].T), basis, out)
        return out

    def _basis(self, q: FloatArray) -> FloatArray:
        if self.high == self.low:
            return np.ones((len(q), 1))
        s = (2 * np.log(q) - self.low - self.high) / (self.high - self.low)
        return chebyshev.chebvander(np.clip(s, -1.0, 1.0), len(self.coefs) - 1)


def log_fit(
    function: Callable[[FloatArray], FloatArray],
    low: float,
    high: float,
    tolerance: float,
    first: float = FIRST,
) -> LogFit:
    """Return polynomials that agree with a function between two variances.

    Parameters
    ----------
    function : callable
        From m variances to an array of shape (m, C).
    low, high : float
        The variances, > 0.
    tolerance : float
        Largest error of a column, relative to its size where that is above 1; the
        number of nodes grows until it is met, until rounding stops it, or up to 400.
    first : float, default=12
        Nodes to begin with, at least.

    Returns
    -------
    LogFit
    """
    one, two = math.log(low), math.log(high)
    if two - one < 1e-13:
        values = function(np.array([low]))
        return LogFit(one, one, values, np.zeros(values.shape[1]))
    middle, half = 0.5 * (one + two), 0.5 * (two - one)
    spots = np.cos(np.pi * (np.arange(CHECKS) + 0.31) / CHECKS)
    checks = np.exp(middle + half * spots)
    exact = function(checks)
    size = np.maximum(1.0, np.abs(exact).max(axis=0))
    before = math.inf
    n = min(LAST, max(FIRST, math.ceil(8 * half), math.ceil(first)))
    while True:
        nodes = chebyshev.chebpts1(n)
        values = function(np.clip(np.exp(middle + half * nodes), low, high))
        coefs = _to_coefs(n) @ values
        fits = chebyshev.chebvander(spots, n - 1) @ coefs
        errors = np.abs(fits - exact).max(axis=0)
        worst = float((errors / size).max())
        is_as_good_as_it_gets = worst <= ROUNDING and worst > 0.3 * before
        if worst <= tolerance or is_as_good_as_it_gets or n >= LAST:
            return LogFit(one, two, coefs, errors)
        before = worst
        n = min(LAST, math.ceil(1.6 * n))


def _to_coefs(n: int) -> FloatArray:
    """Return the matrix from values at the n nodes to coefficients.

    Its cosines are those of exact angles: the recurrence loses digits at the ends.
    """
    k = np.arange(n)
    turns = np.outer(k, 2 * k[::-1] + 1) % (4 * n)  # times pi / (2 n)
    matrix = np.cos(turns * (0.5 * math.pi / n)) * (2.0 / n)
    matrix[0] *= 0.5
    return np.asarray(matrix)
