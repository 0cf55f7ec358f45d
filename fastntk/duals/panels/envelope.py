"""A function together with its size around a point."""

from collections.abc import Callable

import numpy as np

from fastntk._typing import FloatArray

__all__ = ["Enveloped"]

POINTS = 1024  # at which the size is looked up
DEVIATIONS = 50.0  # of a typical variable, that fit into the interval
LEAST = 0.3  # such a deviation; values of 1 - cos(u) nearer to 0 are mere differences


class Enveloped:
    """A function and the largest size that it has between -|u| and |u|.

    That size has at least the weight of the value at ``u`` in a mean over a normal
    variable, so that rounding of it is rounding: ``1 + tanh(u)`` at ``u = -10`` has no
    digits to be resolved.

    Parameters
    ----------
    fn : callable
        The function.
    end : float
        It is looked at between -end and end.

    Attributes
    ----------
    rough : float
        Rounding where values cancel, as far as it is known: no roughness.
    """

    def __init__(self, fn: Callable[[FloatArray], FloatArray], end: float) -> None:
        self._fn = fn
        self.rough = 0.0
        self._grid = end * (np.arange(POINTS) + 0.37) / POINTS
        sizes = np.abs(fn(np.concatenate([self._grid, -self._grid])))
        both = sizes.reshape(2, -1).max(axis=0)
        deviation = max(end / DEVIATIONS, LEAST)
        weight = np.exp(-0.25 * (self._grid / deviation) ** 2)
        self._typical = float((weight * np.where(np.isfinite(both), both, 0.0)).max())
        self._sizes = np.maximum.accumulate(np.where(np.isfinite(both), both, 0.0))

    @property
    def largest(self) -> float:
        """The size at the end."""
        return float(self._sizes[-1])

    @property
    def typical(self) -> float:
        """The largest size where a normal variable has weight."""
        return self._typical

    def __call__(self, u: FloatArray) -> FloatArray:
        """Return the function."""
        return self._fn(u)

    def size(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """Return the size at the end of each panel that is nearer to 0.

        Parameters
        ----------
        left, right : ndarray
            Ends of the panels.

        Returns
        -------
        ndarray
        """
        inner = np.minimum(np.abs(left), np.abs(right))
        place = np.searchsorted(self._grid, inner) - 1
        return np.where(place >= 0, self._sizes[np.maximum(place, 0)], 0.0)
