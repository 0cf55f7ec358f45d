"""Derivatives of duals by differences in the angle, up to its ends.

With ``c = sqrt(q1 q2) cos(theta)``, a dual is a smooth function of ``theta`` in
[0, pi], also where it has a root of ``1 - rho`` (ReLU's). Its values at Chebyshev nodes
of a window give a polynomial, and this the derivative: in the middle of the window, or,
at the ends of the interval, from a polynomial whose slope vanishes there.
"""

import numpy as np
from numpy.polynomial import chebyshev

from fastntk._typing import FloatArray
from fastntk.duals.user.checked import DualFunction

__all__ = ["WIDTH", "Differences", "limits"]

SMALLEST = 1e-6  # a variance that stands for 0: the derivative there is a limit
WIDTH = 0.3  # of the window, in the angle
CHUNK = 2**14  # pairs at once


def limits(
    var1: FloatArray, var2: FloatArray, smallest: float = SMALLEST
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the variances without zeros, and the largest covariance.

    Parameters
    ----------
    var1, var2 : ndarray
        Variances.
    smallest : float, default=1e-6
        Stands for a variance of 0.

    Returns
    -------
    tuple of ndarray
        Variances, and the square root of their product.
    """
    one, two = (np.where(v > 0, v, smallest) for v in (var1, var2))
    return one, two, np.sqrt(one) * np.sqrt(two)


class Differences:
    """The derivative of a dual by its covariance.

    Parameters
    ----------
    function : callable
        The dual.
    degree : int, default=15
        Degree of the polynomials.
    """

    def __init__(self, function: DualFunction, degree: int = 15) -> None:
        self._function = function
        nodes = chebyshev.chebpts1(degree + 1)
        values = chebyshev.chebvander(nodes, degree)
        slopes = [
            chebyshev.chebval(0.0, chebyshev.chebder(row)) for row in np.eye(degree + 1)
        ]
        self._nodes = nodes
        self._middle = np.array(slopes) @ np.linalg.inv(values) / (WIDTH / 2)
        t = (nodes + 1) / 2
        ends = np.hstack([np.ones((degree + 1, 1)), t[:, None] ** 2 * values[:, :-1]])
        self._ends = np.linalg.inv(ends)[1:] / WIDTH**2

    def __call__(
        self, cov12: FloatArray, var1: FloatArray, var2: FloatArray
    ) -> FloatArray:
        """Return the derivative.

        Parameters
        ----------
        cov12, var1, var2 : ndarray
            Covariances and variances, of shapes that go together.

        Returns
        -------
        ndarray of float64
        """
        arrays = np.broadcast_arrays(cov12, var1, var2)
        flat = [np.ravel(a) for a in arrays]
        parts = [
            self._chunk(*(a[k : k + CHUNK] for a in flat))
            for k in range(0, flat[0].size, CHUNK)
        ]
        whole: FloatArray = np.concatenate(parts) if parts else np.zeros(0)
        return whole.reshape(arrays[0].shape)

    def _chunk(self, c: FloatArray, var1: FloatArray, var2: FloatArray) -> FloatArray:
        var1, var2, limit = limits(var1, var2)
        rho = np.clip(c / limit, -1.0, 1.0)
        theta = np.arccos(np.abs(rho))
        side = np.copysign(limit, rho)
        centre = np.maximum(theta, WIDTH / 2)
        angles = centre + WIDTH / 2 * self._nodes[:, None]
        values = self._function(side * np.cos(angles), var1, var2)
        slope = (self._middle @ values) / np.sin(centre)
        is_end = theta < WIDTH / 2
        if is_end.any():
            slope[is_end] = self._at_ends(theta[is_end], values[:, is_end])
        slope /= -side
        is_row = (np.abs(rho) == 1.0) & (var1 == var2) & (rho > 0)
        small = (slope < 0) & (
            np.abs(slope) * limit < 1e-9 * np.abs(values).max(axis=0)
        )
        return np.where(is_row & small, 0.0, slope)  # E[f'(u)^2] is never negative

    def _at_ends(self, theta: FloatArray, values: FloatArray) -> FloatArray:
        """Return ``g'(theta) / sin(theta)`` in the window [0, WIDTH]."""
        t = theta / WIDTH
        u = 2 * t - 1
        coefs = self._ends @ values
        terms = 2 * chebyshev.chebvander(u, len(coefs) - 1).T
        for k in range(1, len(coefs)):
            basis = np.zeros(k + 1)
            basis[k] = 1.0
            terms[k] += 2 * t * chebyshev.chebval(u, chebyshev.chebder(basis))
        slope = np.einsum("kj,kj->j", terms, coefs) / np.sinc(theta / np.pi)
        return np.asarray(slope)
