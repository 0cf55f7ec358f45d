"""Duals of pairs with bounds on their errors: by Hermite series, or by quadrature."""

import dataclasses
import math

import numpy as np

from fastntk._errors import ToleranceNotReached
from fastntk._typing import AnyArray, FloatArray, IntArray
from fastntk.duals.pairs.polar import polar_means
from fastntk.duals.pairs.recognise import piecewise
from fastntk.duals.pairs.words import is_cancelled, remedy
from fastntk.duals.panels.halving import Panels
from fastntk.duals.series.hermite import LARGEST, Rows, hermite_rows
from fastntk.duals.series.moments import moments
from fastntk.duals.series.rounding import rounding_of
from fastntk.duals.sources.source import Source

__all__ = ["PairDuals", "check_bound", "pair_duals"]

EPS = 2.0**-52
BLOCK = 16
CHUNK = 2**21  # products at once
SAFETY = 2.0  # on differences between two rules
ROUNDINGS = 8  # of the terms of closed forms
FEW = 3  # pairs that are tried first
FLOOR = 6 * EPS  # rounding, relative to the diagonal


@dataclasses.dataclass(frozen=True, eq=False)
class PairDuals:
    """Duals of pairs.

    Attributes
    ----------
    value, slope : ndarray of shape (n,)
        ``E fn(u) fn(v)`` and ``E fn'(u) fn'(v)``.
    bound, bound_slope : ndarray of shape (n,)
        Bounds on their absolute errors.
    scale, scale_slope : ndarray of shape (n,)
        ``sqrt(E fn(u)^2 E fn(v)^2)``, and that of the derivative.
    method : str
        "series", "quadrature" or "closed form".
    """

    value: FloatArray
    slope: FloatArray
    bound: FloatArray
    bound_slope: FloatArray
    scale: FloatArray
    scale_slope: FloatArray
    method: str


def pair_duals(
    source: Source,
    q1: FloatArray,
    q2: FloatArray,
    theta: FloatArray,
    method: str,
    n_terms: int = 1,
    tol: float = 1e-12,
) -> PairDuals:
    """Return the duals of pairs and bounds on their errors.

    Parameters
    ----------
    source : Source
        The activation.
    q1, q2 : ndarray of shape (n,)
        Variances > 0.
    theta : ndarray of shape (n,)
        Angles in [0, pi].
    method : {"auto", "series", "quadrature"}
        "auto": series, but quadrature for functions with kinks and where the series
        needs more than 4,096 terms.
    n_terms : int, default=1
        Least number of terms of a series.
    tol : float, default=1e-12
        "auto" turns to quadrature for pairs whose series is off by more, relative to
        the diagonal (100 times that for the derivative).

    Returns
    -------
    PairDuals
    """
    top = np.array([max(float(q1.max()), float(q2.max()))])
    panels = source.panels(source.reach(top) * math.sqrt(float(top[0])))
    if method == "auto" and panels.kinks:
        exact = _by_pieces(source, panels, q1, q2, theta)
        if exact is not None and not _is_off(exact, tol).any():
            return exact
    if method == "series" or (method == "auto" and not panels.kinks):
        found = _by_series(source, q1, q2, theta, n_terms)
        off = _is_off(found, tol)
        if method == "series" or not off.any():
            return found
        return _improved(found, off, tol, (source, q1[off], q2[off], theta[off]))
    return _by_quadrature(source, q1, q2, theta)


def check_bound(
    found: PairDuals, source: Source, q: FloatArray, label: str, tol: float
) -> None:
    """Refuse duals whose bound is above ten times the tolerance; see `is_cancelled`.

    Parameters
    ----------
    found : PairDuals
        The duals.
    source : Source
        The activation.
    q : ndarray of shape (m,)
        Its variances.
    label : str
        The layer as shown in messages.
    tol : float
        What the layer asks for, relative to the diagonal.

    Raises
    ------
    ToleranceNotReached
        With the bound.
    """
    worst = float(np.max(found.bound / np.maximum(found.scale, 1e-300)))
    if worst > 10 * tol and not is_cancelled(source, q, worst):
        raise ToleranceNotReached(
            f"{label}: the error of its dual may be {worst:.1e} of the diagonal, by "
            f"{found.method}; expected at most tol = {tol:.0e}. "
            + remedy(source, q, worst, tol)
        )


def _is_off(found: PairDuals, tol: float) -> AnyArray:
    """Return which bounds are above the tolerance."""
    off = found.bound > tol * found.scale
    return np.asarray(off | (found.bound_slope > 100 * tol * found.scale_slope))


def _by_pieces(
    source: Source,
    panels: Panels,
    q1: FloatArray,
    q2: FloatArray,
    theta: FloatArray,
) -> PairDuals | None:
    """Return closed forms, if the function is a piecewise polynomial."""
    whole = piecewise(source, panels)
    if whole is None:
        return None
    results: list[FloatArray] = []
    q, place = np.unique(np.concatenate([q1, q2]), return_inverse=True)
    zero = np.zeros_like(q)
    squares = whole.duals(q, q, zero)
    pairs = whole.duals(q1, q2, theta)
    for (value, size), (square, _) in zip(pairs, squares, strict=True):
        root = np.sqrt(np.maximum(square, 0.0))[place]
        scale = root[: len(q1)] * root[len(q1) :]
        results += [value, ROUNDINGS * EPS * size + FLOOR * scale, scale]
    value, bound, scale, slope, bound_slope, scale_slope = results
    return PairDuals(
        value, slope, bound, bound_slope, scale, scale_slope, "closed form"
    )


def _improved(
    found: PairDuals,
    off: AnyArray,
    tol: float,
    rest: tuple[Source, FloatArray, FloatArray, FloatArray],
) -> PairDuals:
    """Return what quadrature makes of some pairs; no better than a few, all stay."""
    source, *pairs = rest
    few = _by_quadrature(source, *(a[:FEW] for a in pairs))
    if len(pairs[0]) <= FEW or _is_off(few, tol).any():
        tried = np.zeros_like(off)
        tried[np.flatnonzero(off)[:FEW]] = True
        return _merged(found, tried, few)
    return _merged(found, off, _by_quadrature(source, *pairs))


def _merged(found: PairDuals, off: AnyArray, other: PairDuals) -> PairDuals:
    """Return some pairs from another method."""
    names = ("value", "slope", "bound", "bound_slope")
    arrays = {name: getattr(found, name).copy() for name in names}
    for name, array in arrays.items():
        array[off] = getattr(other, name)
    method = "quadrature" if off.all() else "series, quadrature"
    return dataclasses.replace(found, **arrays, method=method)


def _by_series(
    source: Source, q1: FloatArray, q2: FloatArray, theta: FloatArray, n_terms: int
) -> PairDuals:
    q, place = np.unique(np.concatenate([q1, q2]), return_inverse=True)
    rows = hermite_rows(source, q, min(n_terms, LARGEST))
    i, j = place[: len(q1)], place[len(q1) :]
    value, slope = _mehler(rows, i, j, theta)
    cosine = np.abs(np.cos(theta))
    results: list[FloatArray] = []
    own, _ = rounding_of(source, q)
    for size, tail, noise, k in (
        (rows.size, rows.tail, rows.noise + own, rows.a.shape[1]),
        (rows.steep, rows.tail_dot, rows.noise_dot, rows.b.shape[1]),
    ):
        root = np.sqrt(size)
        cut = cosine**k * np.sqrt(tail[i, -1]) * np.sqrt(tail[j, -1])
        off = _spread(noise, root, i, j)
        scale = root[i] * root[j]
        results += [cut + off + FLOOR * scale, scale]
    return PairDuals(
        value, slope, results[0], results[2], results[1], results[3], "series"
    )


def _spread(
    noise: FloatArray, root: FloatArray, i: IntArray, j: IntArray
) -> FloatArray:
    """Return what errors of both sides do to the mean of a product."""
    return SAFETY * (noise[i] * root[j] + root[i] * noise[j])


def _mehler(
    rows: Rows, i: IntArray, j: IntArray, theta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return ``sum_k a_k a_k rho^k`` and ``sum_k b_k b_k rho^k``.

    Powers come from the logarithm of rho, so that high ones keep their digits next to
    rho = 1.
    """
    n_terms = rows.a.shape[1]
    value, slope = np.empty(len(theta)), np.empty(len(theta))
    step = max(1, CHUNK // n_terms)
    for start in range(0, len(theta), step):
        part = slice(start, start + step)
        powers = _powers(theta[part], n_terms)
        value[part] = np.einsum("nk,nk,nk->n", rows.a[i[part]], rows.a[j[part]], powers)
        slope[part] = np.einsum("nk,nk,nk->n", rows.b[i[part]], rows.b[j[part]], powers)
    return value, slope


def _powers(theta: FloatArray, n: int) -> FloatArray:
    """Return ``cos(theta)^k`` for k < n, of shape (len(theta), n)."""
    sine, cosine = np.sin(theta), np.cos(theta)
    with np.errstate(divide="ignore"):
        near = 0.5 * np.log1p(-np.minimum(sine * sine, 0.75))
        log = np.where(np.abs(sine) < 0.7, near, np.log(np.abs(cosine)))
    log = np.maximum(log, -800.0)
    n_blocks = -(-n // BLOCK)
    starts = np.exp(log[:, None] * (BLOCK * np.arange(n_blocks)))
    steps = np.exp(log[:, None] * np.arange(BLOCK))
    steps[:, 1::2] *= np.where(cosine < 0, -1.0, 1.0)[:, None]
    return (starts[:, :, None] * steps[:, None, :]).reshape(len(theta), -1)[:, :n]


def _by_quadrature(
    source: Source, q1: FloatArray, q2: FloatArray, theta: FloatArray
) -> PairDuals:
    means = polar_means(source, q1, q2, theta)
    q, place = np.unique(np.concatenate([q1, q2]), return_inverse=True)
    size, steep = moments(source, q)
    i, j = place[: len(q1)], place[len(q1) :]
    scale = np.sqrt(size[i]) * np.sqrt(size[j])
    scale_slope = np.sqrt(steep[i]) * np.sqrt(steep[j])
    # the same rule at rho = 1 has to give what the rule of one dimension gives
    same = polar_means(source, q, q, np.zeros_like(q), is_checked=False)
    gap, gap_slope = np.abs(same.value - size), np.abs(same.slope - steep)
    own, own_slope = rounding_of(source, q)
    off = np.sqrt(gap[i] * gap[j]) + _spread(own, np.sqrt(size), i, j)
    off_slope = np.sqrt(gap_slope[i] * gap_slope[j])
    off_slope += _spread(own_slope, np.sqrt(steep), i, j)
    return PairDuals(
        means.value,
        means.slope,
        SAFETY * means.error + off + FLOOR * scale,
        SAFETY * means.error_slope + off_slope + FLOOR * scale_slope,
        scale,
        scale_slope,
        "quadrature",
    )
