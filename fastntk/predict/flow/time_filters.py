r"""Many times at the price of a few: what depends on time smoothly is interpolated.

In the eigenbasis of the tangent kernel a mean is linear in the filters ``g_i(t) = (1 -
exp(-l_i t)) / l_i``, and a covariance linear in these and in their products.  As
functions of ``log t`` these are so smooth that thousands of times are combinations of a
few dozen among them, to rounding: an interpolative decomposition [1]_.  So means and
covariances are computed at these times only; the others are sums over r terms.

Notes
-----
What T times cost beside the eigendecomposition of about 10 n^3 flops, for m test points
and k outputs, with r some 70 for means and covariances and s some dozens:

===================  ==============================  ================
                     independent of T                for each time
===================  ==============================  ================
mean, test points    2 r m n k                       2 r m k
mean, training set   2 r n^2 k                       2 r n k
variance             24 m n^2 + s^2 m n              800 m
covariance           24 m n^2 + 2 r s m n + r m^2 n  2 r m^2
===================  ==============================  ================

Here ``24 m n^2`` are products with a dozen functions for each group of eigenvalues, s
counts these functions over all groups, and 800 pairs are what some 40 combinations of
them make: see `fastntk.predict.flow.eigen_groups`; variances need no chosen times.  As
long as ``m << n / 5`` the eigendecomposition is everything, and thousands of times cost
about as much as one; beyond, the ``m n^2`` of covariances show, and the T m^2 numbers
themselves take their time to be written.

References
----------
.. [1] H. Cheng, Z. Gimbutas, P.-G. Martinsson, V. Rokhlin, "On the compression of low
   rank matrices", SIAM J. Sci. Comput. 26 (2005).
"""

import dataclasses
from functools import lru_cache

import numpy as np
from scipy.linalg import qr, solve_triangular

from fastntk._typing import FloatArray, IntArray
from fastntk.solvers.direct.psd import growth

__all__ = ["TimeNodes", "nodes_for_covariances", "nodes_for_means"]

_FEW = 48  # times below this number are computed one by one
_PER_DECADE = 40  # eigenvalues at which nodes are chosen
_GRID = 48, 600  # fewest and most of them
_PAIRS = 600  # of eigenvalues, for which products are checked
_PIVOT = 1e-15  # smallest pivot, relative to the first
_CHECKED = 300  # eigenvalues at which means are checked
_ACCEPTED = 4e-12  # error found, relative to the largest weighted filter, or the prior
_TINY = float(np.finfo(np.float64).tiny)


@dataclasses.dataclass(frozen=True, eq=False)
class TimeNodes:
    """Times at which something is computed, and how all others follow.

    Attributes
    ----------
    chosen : ndarray of shape (r,)
        Indices of the times.
    combine : ndarray of shape (n_times, r) or None
        Coefficients of the others; None if all times were chosen.
    """

    chosen: IntArray
    combine: FloatArray | None

    @classmethod
    def all(cls, n_times: int) -> "TimeNodes":
        """Return every time as a node."""
        return cls(np.arange(n_times), None)

    def expand(self, values: FloatArray) -> FloatArray:
        """Return (n_times, ...) from values at the chosen times, (r, ...)."""
        if self.combine is None:
            return values
        flat = self.combine @ values.reshape(len(values), -1)
        return flat.reshape(len(flat), *values.shape[1:])


def nodes_for_means(values: FloatArray, times: FloatArray, cutoff: float) -> TimeNodes:
    """Choose times whose filters ``(1 - exp(-l t)) / l`` span those of all others.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Eigenvalues, ascending.
    times : ndarray of shape (n_times,)
        At least 0.
    cutoff : float
        Eigenvalues up to here count as zero, see `fastntk.solvers.direct.psd.growth`.

    Returns
    -------
    TimeNodes
        All times if they are few, or the others do not follow.

    Notes
    -----
    Filters are compared after multiplication by ``sqrt(l)``: what they act on is of
    this size, as ``|Theta(x, X) v_i|^2 <= l_i Theta(x, x)``.  Nodes are chosen on a
    grid of eigenvalues, the result is checked at 300 of those given.
    """
    if len(times) < _FEW:
        return TimeNodes.all(len(times))
    return _for_means(_thinned(values).tobytes(), times.tobytes(), cutoff)


@lru_cache(maxsize=4)  # training set and test points ask in turn
def _for_means(values_: bytes, times_: bytes, cutoff: float) -> TimeNodes:
    values, times = np.frombuffer(values_), np.frombuffer(times_)
    weighted = growth(values, times, cutoff) * np.sqrt(_floored(values, cutoff))
    size = np.abs(weighted).max(axis=1)
    size[size == 0] = 1.0
    grid = _grid(values, cutoff)
    sampled = growth(grid, times, cutoff) * np.sqrt(_floored(grid, cutoff))
    found = _interpolate(sampled / size[:, None])
    if found is None:
        return TimeNodes.all(len(times))
    chosen, combine = found
    combine = combine * (size[:, None] / size[chosen])
    error = np.abs(combine @ weighted[chosen] - weighted) / size[:, None]
    if error.max() > _ACCEPTED:
        return TimeNodes.all(len(times))
    return TimeNodes(chosen, combine)


def nodes_for_covariances(
    values: FloatArray, times: FloatArray, cutoff: float
) -> TimeNodes:
    """Choose times at which filters and their products span those of all others.

    Parameters
    ----------
    values, times, cutoff
        As for `nodes_for_means`.

    Returns
    -------
    TimeNodes
        All times if they are few, or the others do not follow.

    Notes
    -----
    Functions are ``h_l = 1 - exp(-l t)``, their products, and 1: what these multiply is
    bounded by the prior, as ``v^T K v <= v^T Theta v`` for the kernels of a network.
    Products are no new functions, ``h_l h_m = h_l + h_m - h_{l+m}``, except where an
    eigenvalue is below the cut-off.  The result is checked for random pairs.
    """
    if len(times) < _FEW:
        return TimeNodes.all(len(times))
    has_null = float(values[0]) <= cutoff
    grid = _grid(values, cutoff, reach=2.0)
    functions = [np.ones((len(times), 1)), -np.expm1(-np.outer(times, grid[1:]))]
    if has_null:
        null = _reached(grid[:1], times, cutoff)
        functions += [null, null**2, null * functions[1]]
    found = _interpolate(np.concatenate(functions, axis=1))
    if found is None:
        return TimeNodes.all(len(times))
    chosen, combine = found
    rng = np.random.default_rng(0)
    h = _reached(rng.choice(values, min(_PAIRS, len(values))), times, cutoff)
    proof = np.concatenate([h, h * h[:, rng.permutation(h.shape[1])]], axis=1)
    if np.abs(combine @ proof[chosen] - proof).max() > _ACCEPTED:
        return TimeNodes.all(len(times))
    return TimeNodes(chosen, combine)


def _thinned(values: FloatArray) -> FloatArray:
    """Return eigenvalues for a check: all, or some even by rank with both ends."""
    if len(values) <= _CHECKED:
        return values
    return values[np.linspace(0, len(values) - 1, _CHECKED).round().astype(np.intp)]


def _reached(values: FloatArray, times: FloatArray, cutoff: float) -> FloatArray:
    """Return ``1 - exp(-l t)``, slowed down below the cut-off as the filters are."""
    return growth(values, times, cutoff) * _floored(values, cutoff)


def _interpolate(sampled: FloatArray) -> tuple[IntArray, FloatArray] | None:
    """Return rows that span all rows, and the coefficients; None if too many."""
    r, order = qr(sampled.T, mode="r", pivoting=True, check_finite=False)
    pivots = np.abs(r.diagonal())
    rank = max(1, int((pivots > _PIVOT * pivots[0]).sum()))
    if 3 * rank > 2 * len(sampled):
        return None
    combine = np.empty((len(sampled), rank))
    combine[order] = solve_triangular(r[:rank, :rank], r[:rank], check_finite=False).T
    return order[:rank], combine


def _floored(values: FloatArray, cutoff: float) -> FloatArray:
    return np.maximum(values, max(cutoff, _TINY))


def _grid(values: FloatArray, cutoff: float, reach: float = 1.0) -> FloatArray:
    """Return zero and eigenvalues, even by logarithm, over the range of those given.

    The range ends at ``reach`` times the largest.
    """
    low = max(float(values[0]), cutoff * (1 + 1e-12), _TINY)
    high = max(reach * float(values[-1]), low)
    n = int(np.clip(_PER_DECADE * np.log10(high / low), *_GRID))
    return np.concatenate([[0.0], np.geomspace(low, high, n)])
