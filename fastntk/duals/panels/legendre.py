"""Legendre polynomials on panels: nodes, weights and matrices, made once."""

from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre

from fastntk._typing import FloatArray

__all__ = ["NODES", "derivatives", "probes", "transform", "unit_rule"]

NODES = 16  # on a panel
PROBES = 5  # points between them, jittered
ENDS = (1e-7, 1e-5, 1e-3)  # next to an edge, where a kink is between no nodes


@lru_cache(maxsize=8)
def unit_rule(n: int) -> tuple[FloatArray, FloatArray]:
    """Return Legendre's nodes in [0, 1] and weights that sum to 1.

    Parameters
    ----------
    n : int
        Number of nodes.

    Returns
    -------
    tuple of ndarray
    """
    x, w = legendre.leggauss(n)
    return (x + 1) / 2, w / 2


@lru_cache(maxsize=1)
def transform() -> FloatArray:
    """Return the matrix from values at the nodes to Legendre coefficients.

    Returns
    -------
    ndarray of shape (NODES, NODES)
    """
    x, w = legendre.leggauss(NODES)
    degrees = np.arange(NODES) + 0.5
    return np.asarray((legendre.legvander(x, NODES - 1) * w[:, None] * degrees).T)


@lru_cache(maxsize=1)
def derivatives() -> FloatArray:
    """Return the matrix from Legendre coefficients to those of the derivative.

    Returns
    -------
    ndarray of shape (NODES - 1, NODES)
    """
    return np.array([legendre.legder(row) for row in np.eye(NODES)]).T


@lru_cache(maxsize=1)
def probes() -> tuple[FloatArray, FloatArray]:
    """Return points between the nodes, in [0, 1], and the polynomials there.

    The first `PROBES` are spread out, the others next to the ends.

    Returns
    -------
    tuple of ndarray
    """
    gaps = np.linspace(0.03, 0.97, PROBES)
    jitter = np.random.default_rng(5).uniform(-0.06, 0.06, PROBES)
    t = np.clip(gaps + jitter, 0.01, 0.99)
    t = np.concatenate([t, ENDS, 1 - np.array(ENDS)])
    return t, legendre.legvander(2 * t - 1, NODES - 1)
