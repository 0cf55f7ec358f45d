"""Gauss-Legendre rules in panels for means over a normal variable."""

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fastntk._typing import FloatArray

__all__ = ["GaussianRule", "gaussian_rule", "mehler_coefficients"]

_NODES = 16  # a panel
_END = 12.0  # the mass beyond is 4e-33
_WIDTH = 0.5
_LEVELS = 24  # halvings of the panels towards each kink


@dataclass(frozen=True, eq=False)
class GaussianRule:
    """Nodes and weights (they sum to 1) of ``E f(z)``, z normal."""

    nodes: FloatArray
    weights: FloatArray
    widths: FloatArray

    def differentiate(self, values: FloatArray) -> FloatArray:
        """Return ``df/dz`` at the nodes, from the interpolant of each panel."""
        panels = values.reshape(-1, _NODES)
        slopes: FloatArray = (panels @ _differences().T / self.widths[:, None]).ravel()
        return slopes


@lru_cache(maxsize=64)
def gaussian_rule(kinks: tuple[float, ...]) -> GaussianRule:
    """Return panels of width 1/2, halved towards each kink, cut at it."""
    edges = set(np.arange(-_END, _END + _WIDTH / 2, _WIDTH).tolist())
    for kink in kinks:
        steps = _WIDTH * 0.5 ** np.arange(_LEVELS)
        edges.update([kink, *(kink + steps).tolist(), *(kink - steps).tolist()])
    inside = sorted(edge for edge in edges if -_END <= edge <= _END)
    cuts = np.array([inside[0], *_distinct(inside)])
    points, mass = np.polynomial.legendre.leggauss(_NODES)
    widths = np.diff(cuts)
    nodes = (cuts[:-1, None] + 0.5 * widths[:, None] * (points + 1.0)).ravel()
    density = np.exp(-0.5 * nodes**2) / math.sqrt(2.0 * math.pi)
    weights = (0.5 * widths[:, None] * mass).ravel() * density
    return GaussianRule(nodes, weights / weights.sum(), widths)


def _distinct(edges: list[float]) -> list[float]:
    """Return the edges that are not a rounding away from the one before."""
    return [b for a, b in itertools.pairwise(edges) if b - a > 1e-12]


@lru_cache(maxsize=1)
def _differences() -> FloatArray:
    """Return the matrix of d/dx on the nodes of a panel of width 1."""
    x = np.polynomial.legendre.leggauss(_NODES)[0] / 2.0
    gaps = x[:, None] - x
    np.fill_diagonal(gaps, 1.0)
    barycentric = 1.0 / gaps.prod(axis=1)
    matrix: FloatArray = barycentric / barycentric[:, None] / gaps
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


def mehler_coefficients(
    rule: GaussianRule, values: FloatArray, n_terms: int
) -> FloatArray:
    """Return ``a_k = E f(z) h_k(z)``, k < n_terms, h_k the normalised Hermite."""
    z, measure = rule.nodes, rule.weights * values
    before, now = np.zeros_like(z), np.ones_like(z)
    result = np.empty(n_terms)
    for k in range(n_terms):
        result[k] = measure @ now
        after = (z * now - math.sqrt(k) * before) / math.sqrt(k + 1.0)
        before, now = now, after
    return result
