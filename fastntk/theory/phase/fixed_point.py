"""Fixed points of the variance and the correlation of a deep network."""

import math

import numpy as np
from scipy.optimize import brentq

from fastntk._errors import RangeError
from fastntk._typing import FloatArray
from fastntk.theory.phase.moments import ActivationMoments, Moments

__all__ = ["at_zero", "correlation_fixed_point", "log_grid", "variance_fixed_points"]

_LOW, _HIGH = -8.0, 12.0  # decades of variance that are looked at
_PER_DECADE = 8
_FLAT = 1e-9  # relative change of a variance that stays where it is
_SMALL = 1e-12  # moments may go like sqrt(q) there, as those of ELU do


def log_grid(source: ActivationMoments) -> tuple[FloatArray, Moments]:
    """Return variances over many decades and the moments there, as far as finite."""
    top = _HIGH
    while True:
        grid = np.logspace(_LOW, top, int((top - _LOW) * _PER_DECADE) + 1)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                found = source.moments(grid)
        except RangeError:
            top -= 1.0
            if top < _LOW + 1.0:
                raise
            continue
        n = int(np.argmin(np.append(np.isfinite(found).all(axis=0), False)))
        return grid[:n], Moments(*(column[:n] for column in found))


def at_zero(source: ActivationMoments) -> Moments:
    """Return the limits of the moments as the variance goes to 0."""
    near = source.moments(np.array([1.0, 2.0, 3.0]) * _SMALL)
    return Moments(*(3.0 * (m[:1] - m[1:2]) + m[2:] for m in near))


def variance_fixed_points(
    source: ActivationMoments, w2: FloatArray, b2: FloatArray, start: float
) -> FloatArray:
    """Return the variances that ``q -> w2 V(q) + b2`` leads to from ``start``.

    Infinite where it grows beyond all bounds, 0 where it vanishes, ``start`` where
    every variance stays.
    """
    grid, table = log_grid(source)
    change = w2[:, None] * table.variance / grid + b2[:, None] / grid - 1.0
    here = source.moments(np.array([start])).variance[0]
    first = (w2 * here + b2) / start - 1.0
    result = np.empty(len(w2))
    brackets = np.zeros((len(w2), 2))
    for i, (row, now) in enumerate(zip(change, first, strict=True)):
        result[i], brackets[i] = _bracket(grid, row, float(now), start)
    open_ = np.isnan(result)
    if open_.any():
        result[open_] = _refine(source, w2[open_], b2[open_], brackets[open_])
    return result


def _bracket(
    grid: FloatArray, change: FloatArray, now: float, start: float
) -> tuple[float, FloatArray]:
    """Return the answer, or NaN and the cell in which it is."""
    none = np.zeros(2)
    if abs(now) <= _FLAT:
        return start, none
    if now > 0:  # upwards, to the first variance that does not grow
        above = np.flatnonzero((grid > start) & (change <= 0))
        if not len(above):
            return math.inf, none
        return math.nan, np.array([max(start, grid[above[0] - 1]), grid[above[0]]])
    below = np.flatnonzero((grid < start) & (change >= 0))
    if not len(below):
        return 0.0, none
    return math.nan, np.array([grid[below[-1]], min(start, grid[below[-1] + 1])])


def _refine(
    source: ActivationMoments, w2: FloatArray, b2: FloatArray, brackets: FloatArray
) -> FloatArray:
    """Solve all cells at once: Newton in q, bisection where it leaves its cell."""
    low, high = brackets[:, 0].copy(), brackets[:, 1].copy()
    q = np.sqrt(low * high)
    for _ in range(60):
        found = source.moments(q)
        excess = w2 * found.variance + b2 - q
        low = np.where(excess >= 0, q, low)  # it falls through the cell
        high = np.where(excess < 0, q, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = q + excess / (1.0 - w2 * found.growth)
        outside = ~((moved >= low) & (moved <= high))
        moved = np.where(outside, np.sqrt(low * high), moved)
        done = np.abs(moved - q) <= 1e-14 * q
        q = moved
        if done.all():
            break
    return q


def correlation_fixed_point(
    source: ActivationMoments, w2: float, b2: float, q: float
) -> tuple[float, float]:
    """Return the stable correlation in the chaotic phase, and the slope there."""

    def excess(rho: float) -> float:
        value = (w2 * source.dual(q, rho)[0] + b2) / q
        return (value - rho) / (1.0 - rho)

    if excess(0.0) <= 1e-12:
        c = 0.0
    elif excess(1.0 - 1e-6) >= 0.0:
        return 1.0, w2 * source.dual(q, 1.0)[1]
    else:
        c = float(brentq(excess, 0.0, 1.0 - 1e-6, xtol=1e-13))
    return c, w2 * source.dual(q, c)[1]
