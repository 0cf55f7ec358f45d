"""Fits that stand for the duals of an activation in whole tiles, made once."""

import functools
import math
import threading
from typing import TypeAlias

import numpy as np

from fastntk._typing import FloatArray
from fastntk.duals.fits.angle import AngleFit, angle_fit
from fastntk.duals.fits.far import FarFit, far_fit
from fastntk.duals.series.log_fit import LogFit, log_fit
from fastntk.duals.series.moments import moments
from fastntk.duals.sources.source import Source

__all__ = ["FITTED", "Fit", "Fits", "around", "moments_of"]

WIDEST = 9.0  # range of log q
FITTED = 0.1  # of the tolerance, the most that a fit may add
FINEST = 5e-14  # tolerance of a fit, at least
STEP = 1 / 8  # ends of a range of log q: equal ranges find their fits

Fit: TypeAlias = AngleFit | FarFit


class Fits:
    """Fits for the variances seen so far, one at a time for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[float] = []
        self._known: list[Fit | None] = []

    def saw(self, q: FloatArray) -> None:
        """Remember the range of rows."""
        with self._lock:
            ends = [*self._seen, float(q.min()), float(q.max())]
            self._seen = [min(ends), max(ends)]

    def find(self, source: Source, tol: float, q: FloatArray) -> Fit | None:
        """Return a fit that holds at some variances, None if there can be none."""
        with self._lock:
            for fit in self._known:
                if fit is None or fit.holds(q):
                    return fit
            ends = [*self._seen, float(q.min()), float(q.max())]
            found = _fit_of(source, *around(min(ends), max(ends)), tol)
            self._known.append(found)
            return found

    @property
    def error(self) -> float:
        """The largest error of a fit so far."""
        with self._lock:
            return max((fit.error for fit in self._known if fit), default=0.0)


def around(low: float, high: float) -> tuple[float, float]:
    """Return the ends of a range that other rows have too.

    Parameters
    ----------
    low, high : float
        Variances, > 0.

    Returns
    -------
    tuple of float
        Equal ones are left as they are.
    """
    one, two = math.log(low), math.log(high)
    if two - one < 1e-12:
        return float(low), float(high)
    return math.exp(math.floor(one / STEP) * STEP), math.exp(
        math.ceil(two / STEP) * STEP
    )


@functools.lru_cache(maxsize=64)
def moments_of(source: Source, low: float, high: float) -> LogFit:
    """Return the logarithms of the means of squares between two variances.

    Parameters
    ----------
    source : Source
        The activation.
    low, high : float
        The variances, > 0.

    Returns
    -------
    LogFit
        Of ``E fn(u)^2`` and of ``E fn'(u)^2``.
    """

    def columns(q: FloatArray) -> FloatArray:
        found = np.stack(moments(source, q), axis=1)
        return np.asarray(np.log(np.maximum(found, 1e-300)))

    return log_fit(columns, low, high, 1e-14)


@functools.lru_cache(maxsize=16)
def _fit_of(source: Source, low: float, high: float, tol: float) -> Fit | None:
    panels = source.panels(source.reach(np.array([high])) * math.sqrt(high))
    least = max(FITTED * tol, FINEST)
    if any(panels.kinks):
        return far_fit(source, low, high, least)
    if math.log(high / low) > WIDEST:
        return None
    return angle_fit(source, low, high, least)
