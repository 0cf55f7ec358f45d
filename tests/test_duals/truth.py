"""Duals by quadrature in the plane, in long double, and in multiple precision."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import mpmath
import numpy as np

from tests.reference.numbers import MULTIPLE

Function = Callable[[Any], Any]
NODES = 16  # on a panel
FARTHEST = 10.5  # exp(-z^2/2) is 1e-24 there
WIDTH = 0.5
L = np.longdouble
IS_LONG = np.finfo(L).eps < 1e-18  # false where long double is no more than double


@cache
def rule() -> tuple[Any, Any]:
    """Return Legendre's nodes and weights on [-1, 1] in long double."""
    with mpmath.workdps(30):
        x = [_root(mpmath.mpf(v)) for v in np.polynomial.legendre.leggauss(NODES)[0]]
        slopes = [mpmath.diff(_legendre, v) for v in x]
        w = [2 / ((1 - v * v) * s * s) for v, s in zip(x, slopes, strict=True)]
        return _long(x), _long(w)


def _long(values: Sequence[Any]) -> Any:
    return np.array([L(mpmath.nstr(v, 25)) for v in values])


def _legendre(x: Any) -> Any:
    return mpmath.legendre(NODES, x)


def _root(x: Any) -> Any:
    return mpmath.findroot(_legendre, x)


def dual(
    fn: Function,
    slope: Function,
    kinks: Sequence[float],
    q1: float,
    c: float,
    q2: float,
) -> tuple[Any, Any]:
    """Return ``E fn(u) fn(v)`` and ``E slope(u) slope(v)`` in long double.

    Parameters
    ----------
    fn, slope : callable
        Functions of arrays of long double.
    kinks : sequence of float
        Where they are not smooth.
    q1, c, q2 : float
        Variance, covariance, variance.

    Returns
    -------
    tuple of numpy.longdouble
    """
    one, two = np.sqrt(L(q1)), np.sqrt(L(q2))
    rho = L(c) / (one * two)
    rest = np.sqrt((1 - rho) * (1 + rho))
    z1, w1 = _nodes(np.array([L(k) for k in kinks]) / one, np.zeros(1, L))
    z2, w2 = _nodes(np.array([L(k) for k in kinks]) / two / rest, rho / rest * z1[0])
    u, v = one * z1[0], two * (rho * z1[0][:, None] + rest * z2)
    value, steep = (w1[0] @ (f(u) * (w2 * f(v)).sum(axis=1)) for f in (fn, slope))
    return value, steep


def _nodes(cuts: Any, shift: Any) -> tuple[Any, Any]:
    """Return nodes and weights over a normal variable, cut at ``cuts - shift``."""
    grid = np.arange(-FARTHEST, FARTHEST + WIDTH, WIDTH, dtype=L)
    moved = np.clip(cuts - shift[:, None], -FARTHEST, FARTHEST)
    same = np.broadcast_to(grid, (len(shift), len(grid)))
    edges = np.sort(np.concatenate([same, moved], axis=1), axis=1)
    half = np.diff(edges)[:, :, None] / 2
    x, w = rule()
    z = (edges[:, :-1, None] + half) + half * x
    weights = half * w * np.exp(-z * z / 2) / np.sqrt(8 * np.arctan(L(1)))
    n = len(shift)
    return z.reshape(n, -1), weights.reshape(n, -1)


def multiple(form: Any, points: Sequence[tuple[float, float, float]]) -> Any:
    """Return values and slopes of a dual of `tests.reference.duals` at some points."""
    with mpmath.workdps(30):
        found = []
        for p in points:
            q1, c, q2 = map(mpmath.mpf, p)
            found.append(form(MULTIPLE, q1, q2, c))
        return _long([p[0] for p in found]), _long([p[1] for p in found])
