"""What the rounding of a function that a user wrote does to its means."""

import math

import numpy as np

from fastntk._typing import FloatArray
from fastntk.duals.sources.source import Source

__all__ = ["rounding_of"]

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
    if source.is_known:
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
