"""Which functions are made of polynomials of degree 2 or less."""

import itertools

import numpy as np

from fastntk._typing import FloatArray
from fastntk.duals.pairs.piecewise import Piecewise
from fastntk.duals.panels.halving import Panels
from fastntk.duals.sources.source import Source

__all__ = ["piecewise"]

SAME = 8e-15  # of two polynomials, relative to their size
MOST = 8  # kinks
FARTHEST = 64.0  # from 0 that is looked at
BLURRED = 1e-12  # next to a kink, that is not looked at
NEARLY = 1e-12  # of two values, relative to their size


def piecewise(source: Source, panels: Panels) -> Piecewise | None:
    """Return a function as polynomials of degree 2, if it is made of these.

    Parameters
    ----------
    source : Source
        The activation.
    panels : Panels
        The same on panels, with its kinks.

    Returns
    -------
    Piecewise or None
        None if a piece between two kinks is no such polynomial.
    """
    if not panels.kinks or len(panels.kinks) > MOST:
        return None
    ends = [panels.edges[0], *panels.kinks, panels.edges[-1]]
    fits = [_quadratic(source, a, b) for a, b in itertools.pairwise(ends)]
    if any(fit is None for fit in fits):
        return None
    known = [fit for fit in fits if fit is not None]
    if not _is_everywhere(source, panels, known):
        return None
    middle = sum(k < 0 for k in panels.kinks)  # kinks left of 0
    right, left = [], []
    for i, c in enumerate(panels.kinks):
        step = known[i + 1] - known[i]
        at = _shifted(step, c)  # in powers of u - c
        if c >= 0:
            right.append((float(c), _trimmed(at)))
        else:
            left.append((float(-c), _trimmed(-at * [1, -1, 1])))
    return Piecewise(_trimmed(known[middle]), tuple(right), tuple(left))


def _is_everywhere(source: Source, panels: Panels, pieces: list[FloatArray]) -> bool:
    """Return whether pieces are the function on all panels: a spike's are narrow."""
    width = np.diff(panels.edges)
    u = (panels.edges[:-1, None] + width[:, None] * np.array([0.1, 0.45, 0.8])).ravel()
    kinks = np.array(panels.kinks)
    away = np.abs(u[:, None] - kinks) > BLURRED * np.maximum(1.0, np.abs(kinks))
    u = u[away.all(axis=1) & (np.abs(u) <= FARTHEST)]
    p = np.array(pieces)[np.searchsorted(kinks, u)].T
    off = np.abs(source.fn(u) - (p[0] + u * (p[1] + u * p[2])))
    size = np.abs(p[0]) + np.abs(u) * (np.abs(p[1]) + np.abs(u * p[2]))
    return bool((off <= NEARLY * (size + np.abs(p).max())).all())


def _trimmed(p: FloatArray) -> tuple[float, ...]:
    """Return coefficients without zeros at the end, one at least."""
    last = max([i for i, v in enumerate(p) if v], default=0)
    return tuple((p[: last + 1] + 0.0).tolist())


def _shifted(p: FloatArray, c: float) -> FloatArray:
    """Return ``p(c + w)`` as a polynomial of ``w``."""
    return np.array([p[0] + c * (p[1] + c * p[2]), p[1] + 2 * c * p[2], p[2]])


def _quadratic(source: Source, low: float, high: float) -> FloatArray | None:
    """Return coefficients of a polynomial that is the function, None if none is."""
    low, high = max(low, -FARTHEST), min(high, FARTHEST)
    middle, half = 0.5 * (low + high), 0.5 * (high - low)
    if half <= 0:
        return None
    t = np.array([-0.9, 0.0, 0.9])
    values = source.fn(middle + half * t)
    bend = (values[0] - 2 * values[1] + values[2]) / (2 * 0.81)
    rise = (values[2] - values[0]) / 1.8
    size = float(np.abs(values).max()) + abs(rise)
    if abs(bend) <= 8e-16 * size:
        bend = 0.0
    local = np.array([values[1], rise, bend])
    p = _shifted(local / [1, half, half * half], -middle)
    p = np.array([_tidy(v, size) for v in p])
    u = middle + half * np.linspace(-0.97, 0.97, 41)
    near = u[np.argsort(np.abs(u))[:5]]  # values far off have lost digits of p[0]
    p[0] = _tidy(float(np.mean(source.fn(near) - near * (p[1] + near * p[2]))), 1.0)
    fit = p[0] + u * (p[1] + u * p[2])
    return p if np.abs(fit - source.fn(u)).max() <= SAME * size else None


def _tidy(value: float, size: float) -> float:
    """Return a short number instead of one that rounding has touched."""
    for unit in (1.0, 6.0, 10.0):
        short = round(value * unit, 9) / unit
        if abs(short - value) <= 1e-14 * max(1.0, size):
            return short + 0.0
    return value
