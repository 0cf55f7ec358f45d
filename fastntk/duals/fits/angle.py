"""Duals of functions with a kink at 0 as polynomials in both variances and the angle.

A kink at 0 is a pair of lines through the origin of the plane, whatever the variances:
nodes of `fastntk.duals.pairs.polar` suit all of them at once, so that the duals of a
whole grid of variances are one matrix product per angle. They are analytic in ``log
q1``, ``log q2`` and the angle, up to its ends, and polynomials through the grid are
exact to rounding.
"""

import dataclasses
import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
from numpy.polynomial import chebyshev

from fastntk._typing import FloatArray, IntArray
from fastntk.duals.fits.angle_table import AngleTable, angle_table
from fastntk.duals.pairs.polar import RADIUS, polar_means, radii, turn_edges
from fastntk.duals.panels.halving import Panels
from fastntk.duals.panels.legendre import unit_rule
from fastntk.duals.series.log_fit import is_between
from fastntk.duals.sources.functions import Function
from fastntk.duals.sources.source import Source
from fastntk.kernels.cpu.dual_tiles import node_products

__all__ = ["AngleFit", "angle_fit"]

NODES = 11  # on a panel
MOST_ANGLES = 96  # degree in the angle
CHECKS = 10  # pairs at which the fit is measured
PIECE = 2**13  # nodes at once
NODES_PER_LOG = 4.0  # of the variance, at first
MOST_NODES = 48
SAMPLES = 801  # of the normal variable, at which variances are compared
ALIKE = 1e-15  # what a further variance adds, relative to the first
THREADS = min(4, os.cpu_count() or 1)
LEAST = 2e-16  # eigenvalue of a coefficient that counts


@dataclasses.dataclass(frozen=True, eq=False)
class AngleFit:
    """Polynomials of ``kappa`` and ``kappa_dot``, relative to the diagonal.

    Attributes
    ----------
    low, high : float
        Logarithms of the variances between which they hold.
    coefs : ndarray of shape (2, m, m, t)
        Chebyshev coefficients in both logarithms and in the angle.
    sizes : ndarray of shape (m, 2)
        Chebyshev coefficients of the logarithms of ``E f^2`` and ``E f'^2``.
    error : float
        Largest error at pairs between the nodes.
    """

    low: float
    high: float
    coefs: FloatArray
    sizes: FloatArray
    error: float

    def holds(self, q: FloatArray) -> bool:
        """Return whether all variances are in the range; see `is_between`."""
        return is_between(q, self.low, self.high)

    def basis(self, q: FloatArray) -> FloatArray:
        """Return the polynomials of the logarithm at variances, of shape (n, m).

        Parameters
        ----------
        q : ndarray of shape (n,)
            Variances in the range.

        Returns
        -------
        ndarray of shape (n, m)
        """
        m = self.coefs.shape[1]
        if m == 1:
            return np.ones((len(q), 1))
        s = (2 * np.log(q) - self.low - self.high) / (self.high - self.low)
        return np.asarray(chebyshev.chebvander(np.clip(s, -1.0, 1.0), m - 1))

    def table(
        self, q1: FloatArray, q2: FloatArray, theta: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return both duals of all pairs of rows and columns.

        Parameters
        ----------
        q1, q2 : ndarray of shapes (n1,), (n2,)
            Variances of rows and columns.
        theta : ndarray of shape (n1, n2)
            Angles.

        Returns
        -------
        tuple of ndarray of shape (n1, n2)
        """
        one, two = self.basis(q1), self.basis(q2)
        roots = [np.exp(0.5 * (b @ self.sizes)) for b in (one, two)]
        s = 2 * theta / math.pi - 1
        results = []
        for k, table in enumerate(self._tables):
            value = table(one, two, s)
            value *= roots[0][:, k, None]
            value *= roots[1][:, k]
            results.append(value)
        return results[0], results[1]

    @cached_property
    def _tables(self) -> tuple[AngleTable, AngleTable]:
        return angle_table(self.coefs[0], LEAST), angle_table(self.coefs[1], LEAST)


def angle_fit(source: Source, low: float, high: float, tol: float) -> AngleFit | None:
    """Return the duals of an activation between two variances as polynomials.

    Parameters
    ----------
    source : Source
        An activation that is smooth on both sides of 0.
    low, high : float
        Variances, > 0.
    tol : float
        Largest error relative to the diagonal.

    Returns
    -------
    AngleFit or None
        None if polynomials of degree 95 in the angle do not meet it.
    """
    one, two = math.log(low), math.log(high)
    reach = max(RADIUS, 0.8 * source.reach(np.array([high])))
    panels = source.panels(reach * math.sqrt(high) * 1.001)
    top, _ = _in_angle(source, panels, np.array([high]), reach, MOST_ANGLES)
    tails = np.abs(top).max(axis=(0, 1, 2))
    t = int(np.flatnonzero(tails > 0.1 * tol)[-1]) + 3
    if t > MOST_ANGLES:
        return None
    m = 1 if two - one < 1e-12 else 8 + math.ceil(NODES_PER_LOG * (two - one))
    while True:
        s = chebyshev.chebpts1(m)
        q = np.exp(0.5 * (one + two) + 0.5 * (two - one) * s)
        values, sizes = _in_angle(source, panels, q, reach, t)
        to_coefs = np.linalg.inv(chebyshev.chebvander(s, m - 1))
        coefs = np.einsum("ia,jb,nabt->nijt", to_coefs, to_coefs, values, optimize=True)
        fit = AngleFit(one, two, coefs, to_coefs @ np.log(sizes), 0.0)
        error = _measured(source, fit)
        if error <= tol:
            return dataclasses.replace(fit, error=error)
        if m >= MOST_NODES:
            return None
        m = min(MOST_NODES, m + 12)


def _in_angle(
    source: Source, panels: Panels, q: FloatArray, reach: float, degree: int
) -> tuple[FloatArray, FloatArray]:
    """Return coefficients in the angle at pairs of variances, and the diagonals."""
    nodes = chebyshev.chebpts1(degree)
    few = _few(source, q)
    angles = [*(math.pi * (x + 1) / 2 for x in nodes), 0.0]
    with ThreadPoolExecutor(THREADS) as pool:
        grids = pool.map(lambda a: _grid(source, panels, q, few, a, reach), angles)
        whole = np.stack(list(grids), axis=-1)  # (2, m, m, degree + 1)
    values, equal = whole[..., :-1], whole[..., -1]
    sizes = np.stack([np.diagonal(part) for part in equal], axis=1)
    for k in range(2):
        root = np.sqrt(sizes[:, k])
        values[k] /= (root[:, None] * root)[:, :, None]
    to_coefs = np.linalg.inv(chebyshev.chebvander(nodes, degree - 1))
    return values @ to_coefs.T, sizes


def _few(source: Source, q: FloatArray) -> list[tuple[IntArray, FloatArray]]:
    """Return variances and weights: what the function is at others, as sums of these.

    By a pivoted QR factorisation of its values: first for the function, then for its
    derivative.
    """
    z = np.linspace(-RADIUS, RADIUS, SAMPLES) + 1e-3
    density = np.exp(-0.25 * z * z)
    found = []
    sides: tuple[Function, ...] = (source.fn, source.slope)
    for function in sides:
        values = function(np.sqrt(q)[:, None] * z) * density
        norms = np.maximum(np.linalg.norm(values, axis=1), 1e-300)
        rows, weights = _skeleton(values / norms[:, None])
        found.append((rows, weights * (norms[:, None] / norms[rows])))
    return found


def _skeleton(values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return rows and weights so that all rows are sums of these."""
    from scipy import linalg  # slow to load, and not every kernel needs it

    _, r, order = linalg.qr(values.T, mode="economic", pivoting=True)
    sizes = np.abs(np.diagonal(r))
    rank = int((sizes > ALIKE * sizes[0]).sum())
    weights = np.zeros((len(values), rank))
    weights[order[:rank]] = np.eye(rank)
    rest = linalg.solve_triangular(r[:rank, :rank], r[:rank, rank:])
    weights[order[rank:]] = rest.T
    return order[:rank], weights


def _grid(
    source: Source,
    panels: Panels,
    q: FloatArray,
    few: list[tuple[IntArray, FloatArray]],
    theta: float,
    reach: float,
) -> FloatArray:
    """Return both duals of all pairs of some variances at one angle.

    Angles are counted from the middle between both axes: the opposite one exchanges
    the sides of a pair, so that half of the plane is enough.
    """
    t, w = unit_rule(NODES)
    high = float(q.max())
    turn = turn_edges(panels, high, np.array([theta]), 0.0)[0] - 0.5 * theta
    turn = np.mod(turn + math.pi, 2 * math.pi) - math.pi
    half = np.unique(np.concatenate([[0.0, math.pi], turn[(turn > 0)]]))
    edges = radii(panels, high, reach, 0.0)
    step, width = np.diff(edges), np.diff(half)
    r = (edges[:-1, None] + step[:, None] * t).ravel()
    radial = (step[:, None] * w).ravel() * r * np.exp(-0.5 * r * r)
    f = (half[:-1, None] + width[:, None] * t).ravel()
    mass = (width[:, None] * w).ravel() / (2 * math.pi)
    total = [np.zeros((len(rows), len(rows))) for rows, _ in few]
    roots = [np.sqrt(q[rows])[:, None] for rows, _ in few]
    per_piece = max(1, PIECE // len(r))
    for start in range(0, len(f), per_piece):
        some = slice(start, start + per_piece)
        x = (np.cos(f[some] + 0.5 * theta)[:, None] * r).ravel()
        y = (np.cos(f[some] - 0.5 * theta)[:, None] * r).ravel()
        weight = (mass[some][:, None] * radial).ravel()
        sides: tuple[Function, ...] = (source.fn, source.slope)
        for k, function in enumerate(sides):
            one, two = function(roots[k] * x), function(roots[k] * y)
            node_products(one, two, weight, total[k])
    scale = [np.asarray(weights) for _, weights in few]
    return np.array([w @ (g + g.T) @ w.T for w, g in zip(scale, total, strict=True)])


def _measured(source: Source, fit: AngleFit) -> float:
    """Return the largest error of a fit at pairs between its nodes."""
    rng = np.random.default_rng(17)
    spread = fit.high - fit.low
    q = [np.exp(fit.low + spread * rng.uniform(size=CHECKS)) for _ in range(2)]
    theta = math.pi * rng.uniform(size=CHECKS)
    theta[:3] = 0.0, math.pi, 1e-3
    exact = polar_means(source, q[0], q[1], theta, is_checked=False)
    worst = 0.0
    bases = [fit.basis(v) for v in q]
    s = chebyshev.chebvander(2 * theta / math.pi - 1, fit.coefs.shape[3] - 1)
    roots = [np.exp(0.5 * b @ fit.sizes) for b in bases]
    for k, true in enumerate((exact.value, exact.slope)):
        value = np.einsum("pa,pb,pc,abc->p", *bases, s, fit.coefs[k], optimize=True)
        size = roots[0][:, k] * roots[1][:, k]
        worst = max(worst, float(np.abs(value - true / size).max()))
    return worst
