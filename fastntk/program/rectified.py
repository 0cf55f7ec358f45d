"""Polynomials of rectified powers ``max(u, 0)^d``: what the op ``rectified`` evaluates.

Of rows with variance 1, ``E[phi phi] = E[phi^2] J_d(theta)`` with ``J_0 = 1 -
theta/pi`` and, by Price's theorem, ``dJ_d/d rho = d^2/(2 d - 1) J_(d-1)`` (Cho & Saul
2009 have the closed forms). So ``1 - J_d(theta) = theta^2 G_d(theta)`` with

    ``G_d(theta) = d^2/(2 d - 1) int_0^1 s sinc(s theta) J_(d-1)(s theta) ds``,

an integral of positive terms of analytic functions: no cancellation at small angles.
"""

from functools import cache

import numpy as np
from numpy.polynomial import chebyshev

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray
from fastntk.kernels.abi import RECTIFIED_TERMS

__all__ = ["rectified_coefs"]

TOLERANCE = 1e-12  # of the terms left out, relative to the polynomial
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_S, _DS = (_NODES + 1) / 2, _WEIGHTS / 2


def rectified_coefs(degree: int) -> tuple[float, ...]:
    """Return the coefficients of the op for a degree of at least 2.

    Returns
    -------
    tuple of float
        ``G_d``, then ``G_(d-1)`` for the derivative: polynomials in ``2 theta/pi - 1``,
        lowest degree first.

    Raises
    ------
    NetworkError
        If the degree is so high that the polynomials would have to be longer.
    """
    coefs = [_monomials(degree), _monomials(degree - 1)]
    return tuple(float(c) for part in coefs for c in part)


@cache
def _series(degree: int) -> tuple[float, ...]:
    """Return the Chebyshev coefficients of ``G_d``."""
    n = 2 * RECTIFIED_TERMS
    angles = np.pi * (np.arange(n) + 0.5) / n
    theta = np.pi / 2 * (np.cos(angles)[:, None] + 1) * _S
    inner = _profile(degree - 1, theta)
    values = degree**2 / (2 * degree - 1) * (np.sinc(theta / np.pi) * inner * _S) @ _DS
    series = 2 / n * np.cos(np.outer(np.arange(n), angles)) @ values
    series[0] /= 2
    return tuple(map(float, series))


def _profile(degree: int, theta: FloatArray) -> FloatArray:
    """Return ``J_d``."""
    if degree == 0:
        return 1 - theta / np.pi
    fall = chebyshev.chebval(2 * theta / np.pi - 1, np.array(_series(degree)))
    return np.asarray(1 - theta**2 * fall)


def _monomials(degree: int) -> FloatArray:
    """Return ``G_d`` by powers, or say that it is too long."""
    series = np.array(_series(degree))
    tail = np.abs(series[RECTIFIED_TERMS:]).sum()
    if tail > TOLERANCE * np.abs(series[0]):
        raise NetworkError(
            f"RectifiedMonomial({degree}): the degree is too high for a kernel "
            "accurate to 1e-12; expected at most 7"
        )
    return np.asarray(chebyshev.cheb2poly(series[:RECTIFIED_TERMS]))
