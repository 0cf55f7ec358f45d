"""Duals of functions with kinks anywhere: a Hermite series for pairs that are not near.

At a kink coefficients fall like ``k^(-5/4)``, so that the series has no end at ``|rho|
= 1``; elsewhere ``rho^k`` ends it after some hundred terms. Near pairs take the closed
form of piecewise polynomials, or quadrature in the plane.
"""

import dataclasses
import functools
import math

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray, IntArray
from fastntk.duals.pairs.bounded import pair_duals
from fastntk.duals.pairs.polar import polar_means
from fastntk.duals.pairs.recognise import piecewise
from fastntk.duals.panels.rules import too_fine, z_rule
from fastntk.duals.series.hermite import Rows, hermite_rows
from fastntk.duals.series.log_fit import LogFit, is_between, log_fit
from fastntk.duals.sources.source import Source
from fastntk.kernels.cpu.dual_tiles import far_sums, hermite_means
from fastntk.kernels.vector.chosen import panel_width

__all__ = ["FarFit", "far_fit"]

LEVELS = (16, 24, 32, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 448, 512)
MOST = LEVELS[-1]
A = 2  # the first column of coefficients
WIDTH = panel_width(np.dtype(np.float64))
EPS = 2.0**-52
LAST_BITS = 2e-16
PANEL = 0.25  # widest panel, for so many terms
PER_LOG = 20.0  # nodes of log q, at first
SAME = 4 * EPS  # a complement that rounding has left of 0
SLOPES = 0.05  # of an error of the derivative's, which may be larger
JUMP = 1e-9  # a derivative whose coefficients are not those of the function


@dataclasses.dataclass(frozen=True, eq=False)
class FarFit:
    """The series of a function between two variances.

    Attributes
    ----------
    source : Source
        The activation.
    fit : LogFit
        Columns ``log E fn(u)^2``, ``log E fn'(u)^2`` and ``a_k / sqrt(E
        fn(u)^2)``.
    limits : ndarray of shape (m,)
        Up to this ``|rho|`` the next number of terms is enough, ascending.
    counts : ndarray of shape (m,)
        Numbers of terms.
    error : float
        Largest error of both duals, relative to the diagonal.
    """

    source: Source
    fit: LogFit
    limits: FloatArray
    counts: IntArray
    error: float

    def holds(self, q: FloatArray) -> bool:
        """Return whether all variances are in the range; see `is_between`."""
        return is_between(q, self.fit.low, self.fit.high)

    def table(
        self, q1: FloatArray, q2: FloatArray, x: FloatArray, theta: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return both duals of all pairs of rows and columns.

        Parameters
        ----------
        q1, q2 : ndarray of shapes (n1,), (n2,)
            Variances of rows and columns.
        x, theta : ndarray of shape (n1, n2)
            Signed complements and angles.

        Returns
        -------
        tuple of ndarray of shape (n1, n2)
        """
        size = 1.0 - np.abs(x)
        near = size > self.limits[-1]
        largest = float(size[~near].max(initial=0.0))
        n_terms = int(self.counts[np.searchsorted(self.limits, largest)])
        one = self.fit(q1, A + n_terms)
        padded = np.concatenate([q2, np.full(-len(q2) % WIDTH, q2[-1])])
        two = self.fit.columns(padded, A + n_terms)
        value, slope = np.empty(x.shape), np.empty(x.shape)
        left, right = np.ascontiguousarray(one[:, A:]), two[A:]
        whole = np.ascontiguousarray(x)
        far_sums(whole, left, right, self.limits, self.counts, value, slope)
        roots = np.exp(0.5 * one[:, 0]), np.exp(0.5 * two[0, : len(q2)])
        value *= roots[0][:, None]
        value *= roots[1]
        slope *= (roots[0] / np.sqrt(q1))[:, None]
        slope *= roots[1] / np.sqrt(q2)
        i, j = np.nonzero(near & (np.abs(x) <= SAME) & ~np.signbit(x))
        same = q1[i] == q2[j]
        i, j = i[same], j[same]
        value[i, j], slope[i, j] = np.exp(one[i, :A]).T
        near[i, j] = False
        i, j = np.nonzero(near)
        if len(i):
            pairs = q1[i], q2[j], theta[i, j]
            value[i, j], slope[i, j] = near_duals(self.source, *pairs)
        return value, slope


def near_duals(
    source: Source, q1: FloatArray, q2: FloatArray, theta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the duals of pairs by the closed form, or by quadrature in the plane.

    Parameters
    ----------
    source : Source
        The activation.
    q1, q2 : ndarray of shape (n,)
        Variances > 0.
    theta : ndarray of shape (n,)
        Angles.

    Returns
    -------
    tuple of ndarray of shape (n,)
    """
    top = max(float(q1.max()), float(q2.max()))
    panels = source.panels(source.reach(np.array([top])) * math.sqrt(top))
    exact = piecewise(source, panels)
    if exact is None:
        means = polar_means(source, q1, q2, theta, is_checked=False)
        return means.value, means.slope
    (value, _), (slope, _) = exact.duals(q1, q2, theta)
    return value, slope


def far_fit(source: Source, low: float, high: float, tol: float) -> FarFit | None:
    """Return the series of a function between two variances.

    Parameters
    ----------
    source : Source
        An activation with kinks.
    low, high : float
        Variances, > 0.
    tol : float
        Largest error relative to the diagonal.

    Returns
    -------
    FarFit or None
        None if the function has jumps, whose derivative is none of its series, or a
        fit is off by more.
    """
    ends = np.unique([low, math.sqrt(low * high), high])
    rows = hermite_rows(source, ends, MOST + 1, most=MOST + 1)
    if _jumps(rows, ends) or not rows.size.all() or not rows.steep.all():
        return None
    limits = _limits(rows, max(0.02 * tol, LAST_BITS))

    fit = log_fit(
        functools.partial(_columns, source),
        low,
        high,
        max(4e-15, 0.02 * tol),
        PER_LOG * math.log(high / low),
    )
    noise = float((rows.noise / np.sqrt(rows.size)).max())
    own = float(max(fit.errors[0], SLOPES * fit.errors[1]))
    error = 2 * noise + own + _measured(source, fit, limits)
    if error > tol:
        return None
    return FarFit(source, fit, limits, np.array(LEVELS), error)


def _columns(source: Source, q: FloatArray) -> FloatArray:
    """Return the columns of `FarFit.fit`, a rule for every row."""
    end = source.reach(q)
    panels = source.panels(end * math.sqrt(float(q.max())))
    found = np.empty((len(q), A + MOST))
    for i, value in enumerate(q.tolist()):
        rule = z_rule(panels, q[i : i + 1], end, PANEL)
        if rule is None:
            raise NetworkError(too_fine(source.label, value))
        z, w = rule
        half = np.exp(-0.25 * z * z)
        u = math.sqrt(value) * z
        values, steep = source.fn(u) * half, source.slope(u) * half
        mass = w / math.sqrt(2 * math.pi)
        size = float((mass * values) @ values)
        fill = (0, -len(z) % 8)
        values = values * (mass * half) / math.sqrt(size)
        hermite_means(np.pad(z, fill), np.pad(values, fill), found[i, A:])
        found[i, :A] = math.log(size), math.log((mass * steep) @ steep)
    return found


def _jumps(rows: Rows, q: FloatArray) -> bool:
    """Return whether the derivative's coefficients are not those of the function."""
    k = np.arange(1, rows.a.shape[1])
    implied = rows.a[:, 1:] * np.sqrt(k / q[:, None])
    n = min(implied.shape[1], rows.b.shape[1])
    gap = np.abs(implied[:, :n] - rows.b[:, :n]).max(axis=1)
    return bool((gap > JUMP * np.sqrt(rows.steep)).any())


def _limits(rows: Rows, rest: float) -> FloatArray:
    """Return the ``|rho|`` up to which numbers of terms are enough."""
    tails = (rows.tail / rows.size[:, None]).max(axis=0)
    steep = (rows.tail_dot / rows.steep[:, None]).max(axis=0)
    found = [
        min((rest / tails[n]) ** (1 / n), (rest / steep[n - 1]) ** (1 / (n - 1)), 0.99)
        for n in LEVELS
    ]
    return np.maximum.accumulate(np.array(found))


def _measured(source: Source, fit: LogFit, limits: FloatArray) -> float:
    """Return the largest error at pairs between the nodes, far ones and near ones."""
    rng = np.random.default_rng(23)
    q1, q2 = np.exp(fit.low + (fit.high - fit.low) * rng.uniform(size=(2, 6)))
    rho = limits[-1] * np.array([1.0, -1.0, 0.9, -0.5, 0.2, 0.7])
    exact = pair_duals(source, q1, q2, np.arccos(rho), "auto")
    powers = rho[:, None] ** np.arange(MOST)
    one, two = fit(q1), fit(q2)
    a, b = one[:, A:], two[:, A:]
    root = np.exp(0.5 * (one[:, 0] + two[:, 0]))
    value = (a * b * powers).sum(axis=1) * root
    k = np.arange(1, MOST)
    slope = (k * a[:, 1:] * b[:, 1:] * powers[:, :-1]).sum(axis=1)
    slope *= root / np.sqrt(q1 * q2)
    off = np.abs(value - exact.value) / exact.scale
    off_slope = np.abs(slope - exact.slope) / exact.scale_slope
    return float(max(off.max(), off_slope.max()))
