"""Means of an activation, of its square, and of its derivative's."""

import math

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray
from fastntk.duals.panels.halving import Panels
from fastntk.duals.panels.rules import WIDEST, too_fine, z_rule
from fastntk.duals.sources.source import Source

__all__ = ["mean_values", "moments"]


def moments(source: Source, q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``E fn(u)^2`` and ``E fn'(u)^2``, of any function, kinked too.

    Parameters
    ----------
    source : Source
        The activation.
    q : ndarray of shape (m,)
        Variances > 0; every one takes a rule of its own.

    Returns
    -------
    tuple of ndarray of shape (m,)

    Raises
    ------
    NetworkError
        If the function grows too fast, or a variance needs too many panels.
    """
    end = source.reach(q)
    size, steep = np.empty(len(q)), np.empty(len(q))
    for i, value in enumerate(q.tolist()):
        f, d, mass = _values(source, value, end)
        size[i], steep[i] = mass @ (f * f), mass @ (d * d)
    return size, steep


def mean_values(
    source: Source, q: float, top: float | None = None
) -> tuple[float, float]:
    """Return ``E fn(u)`` and ``E fn'(u)``; at 0 the mean of both sides' slopes.

    Parameters
    ----------
    source : Source
        The activation.
    q : float
        Variance >= 0.
    top : float, optional
        The largest variance that goes with it, > 0: the slope at 0 is that of the
        polynomials for it; by default of those on [-1, 1].

    Returns
    -------
    tuple of float
    """
    if q == 0:
        near = np.array([-1e-12, 1e-12])
        if source.df is None and top is not None:
            sides = _panels(source, top).slope(near)
        else:
            sides = source.slope(near)
        return float(source.fn(np.zeros(1))[0]), float(sides.mean())
    f, d, mass = _values(source, q, source.reach(np.array([q])))
    return float(mass @ f), float(mass @ d)


def _panels(source: Source, q: float) -> Panels:
    return source.panels(source.reach(np.array([q])) * math.sqrt(q))


def _values(
    source: Source, q: float, end: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the function, its derivative and the mass at the nodes of a rule."""
    panels = source.panels(end * math.sqrt(q))
    rule = z_rule(panels, np.array([q]), end, WIDEST)
    if rule is None:
        raise NetworkError(too_fine(source.label, q))
    z, w = rule
    u = math.sqrt(q) * z
    mass = w * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return source.fn(u), source.slope(u), mass
