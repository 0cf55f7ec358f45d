"""What the rounding of a function that a user wrote does to its means."""

import math

import numpy as np

from fastntk._typing import FloatArray
from fastntk.duals.series.moments import mean_values
from fastntk.duals.sources.source import Source

__all__ = ["rounding_of", "rounding_of_constants"]

OWN = 0.4  # of a gap, which the polynomial's rounding makes too
STEEPENED = 16.0  # the slope of a polynomial of degree 15 on a panel, over its rounding


def rounding_of(source: Source, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return root mean squares of the rounding of a function and of its derivative.

    Parameters
    ----------
    source : Source
        The activation; those of this package are rounded to an ulp of theirs.
    q : ndarray of shape (m,)
        Variances > 0.

    Returns
    -------
    tuple of ndarray of shape (m,)
        The derivative's is 0 if it was given.
    """
    value, slope = np.zeros_like(q), np.zeros_like(q)
    if source.is_known or not len(q):
        return value, slope
    from scipy import special  # slow to load, and not every kernel needs it

    panels = source.panels(source.reach(q) * math.sqrt(float(q.max())))
    gaps = panels.gaps**2
    steep = gaps * (STEEPENED / np.diff(panels.edges)) ** 2
    for i, root in enumerate(np.sqrt(q)):
        mass = np.diff(special.ndtr(panels.edges / root))
        value[i] = OWN * math.sqrt(mass @ gaps)
        slope[i] = OWN * math.sqrt(mass @ steep) if source.df is None else 0.0
    return value, slope


def rounding_of_constants(
    source: Source, q1: FloatArray, q2: FloatArray, top: float
) -> tuple[FloatArray, FloatArray]:
    """Return what rounding does to products of means, where a side has no variance.

    Parameters
    ----------
    source : Source
        The activation.
    q1, q2 : ndarray of shape (n,)
        Variances, one of each pair 0.
    top : float
        The largest of them, or another number > 0.

    Returns
    -------
    tuple of ndarray of shape (n,)
        Bounds for the function and for its derivative.
    """
    if source.is_known:
        return np.zeros_like(q1), np.zeros_like(q1)
    q, place = np.unique(np.concatenate([q1, q2]), return_inverse=True)
    off = np.stack(rounding_of(source, q[q > 0]), axis=1)
    if q[0] == 0:
        off = np.concatenate([[_at_zero(source, top)], off])
    means = np.array([mean_values(source, value, top) for value in q.tolist()])
    i, j = place[: len(q1)], place[len(q1) :]
    size = np.abs(means)
    bounds = off[i] * size[j] + size[i] * off[j] + off[i] * off[j]
    return bounds[:, 0], bounds[:, 1]


def _at_zero(source: Source, top: float) -> tuple[float, float]:
    """Return the rounding of a function and of its derivative at 0."""
    panels = source.panels(source.reach(np.array([top])) * math.sqrt(top))
    at = np.searchsorted(panels.edges, [-1e-12, 1e-12]) - 1
    gap = float(panels.gaps[at].max())
    steep = STEEPENED * float((panels.gaps / np.diff(panels.edges))[at].max())
    return gap, 0.0 if source.df is not None else steep
