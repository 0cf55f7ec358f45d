"""The independent reference: duals by quadrature in polar coordinates.

With ``u = sqrt(q1) r cos f`` and ``v = sqrt(q2) r cos(f - t)``, ``rho = cos t``::

    E g(u, v) = 1/(2 pi) int df int exp(-r^2/2) r g dr

A kink of the function at ``c`` is a line ``r = c / (sqrt(q) cos f)`` of the plane, so
that for every direction the radius can be cut at all kinks. As a function of ``f`` the
inner integral is smooth but where two of these lines cross, at ``tan f = (k/h - cos
t)/sin t``, and where they run off to infinity, at right angles to an axis: there the
panels are cut, and get narrower on both sides. Nothing is special about ``t`` close to
0 or pi, where the plane's other rules fail.
"""

import dataclasses
import math

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray
from fastntk.duals.panels.halving import Panels
from fastntk.duals.panels.legendre import unit_rule
from fastntk.duals.sources.source import Source
from fastntk.kernels.cpu.dual_tiles import plane_nodes, plane_sums

__all__ = ["RADIUS", "PairMeans", "polar_means", "radii", "turn_edges"]

CHUNK = 2**17  # values of the function at once
RADIUS = 9.3  # exp(-r^2/2) is 2e-19 there
STEEPEST = 2.0**-20  # narrowest panel of the angle
CALM = 1.2  # widest panel of the radius
SECTORS = 24
MOST_KINKS = 32  # every two of them cut the plane
RULES = (11, 13)  # nodes on a panel, of the two rules


@dataclasses.dataclass(frozen=True, eq=False)
class PairMeans:
    """Means of pairs, and how far two rules differ.

    Attributes
    ----------
    value, slope : ndarray of shape (n,)
        ``E fn(u) fn(v)`` and ``E fn'(u) fn'(v)``.
    error, error_slope : ndarray of shape (n,)
        Differences between two rules.
    """

    value: FloatArray
    slope: FloatArray
    error: FloatArray
    error_slope: FloatArray


def polar_means(
    source: Source,
    q1: FloatArray,
    q2: FloatArray,
    theta: FloatArray,
    *,
    is_checked: bool = True,
) -> PairMeans:
    """Return the duals of pairs.

    Parameters
    ----------
    source : Source
        The activation.
    q1, q2 : ndarray of shape (n,)
        Variances > 0.
    theta : ndarray of shape (n,)
        Angles in [0, pi]: ``cos(theta)`` is the correlation.
    is_checked : bool, default=True
        Compute them by a second rule too, to tell the error.

    Returns
    -------
    PairMeans

    Raises
    ------
    NetworkError
        If the function has more than 32 kinks at such variances.

    Notes
    -----
    Cost: about 10^5 values of the function for a pair and a rule.
    """
    largest = np.maximum(q1, q2)
    found = np.zeros((4, len(theta)))
    octave = np.floor(np.log2(largest))  # those of one size have the same panels
    for size in np.unique(octave):
        some = np.flatnonzero(octave == size)
        found[:, some] = _of_one_size(
            source, q1[some], q2[some], theta[some], is_checked
        )
    return PairMeans(*found)


def _of_one_size(
    source: Source, q1: FloatArray, q2: FloatArray, theta: FloatArray, is_checked: bool
) -> FloatArray:
    """Return values, slopes and their errors, of shape (4, n)."""
    both = np.concatenate([q1, q2])
    radius = max(RADIUS, 0.8 * source.reach(both))
    panels = source.panels(radius * math.sqrt(float(both.max())) * 1.001)
    rules = list(zip(RULES, (0.0, 0.31), strict=True))
    results = [
        np.array(_means(source, panels, q1, q2, theta, radius, n, shift))
        for n, shift in (rules if is_checked else rules[:1])
    ]
    return np.concatenate([results[-1], np.abs(results[-1] - results[0])])


def _means(
    source: Source,
    panels: Panels,
    q1: FloatArray,
    q2: FloatArray,
    theta: FloatArray,
    radius: float,
    nodes: int,
    shift: float,
) -> tuple[FloatArray, FloatArray]:
    """Return both means by one rule, a few pairs at a time."""
    high = max(float(q1.max()), float(q2.max()))
    if len(panels.kinks) > MOST_KINKS:
        raise NetworkError(
            f"{source.label}: fn has {len(panels.kinks)} kinks between "
            f"{panels.kinks[0]:.4g} and {panels.kinks[-1]:.4g}; expected at most "
            f"{MOST_KINKS} at variance {high:.4g}. Smooth it, make the weights before "
            "it smaller, or give nngp_fn"
        )
    circles = radii(panels, high, radius, shift)
    angles = _angles(panels, q1, q2, theta, shift)
    per_pair = angles.shape[1] * nodes * nodes * (len(circles) + 2 * len(panels.kinks))
    step = max(1, CHUNK // per_pair)
    value, slope = np.empty(len(theta)), np.empty(len(theta))
    for start in range(0, len(theta), step):
        part = slice(start, start + step)
        pairs = (q1[part], q2[part], theta[part])
        value[part], slope[part] = _chunk(
            source, panels.kinks, *pairs, angles[part], circles, nodes
        )
    return value, slope


def _scale(panels: Panels, q: float) -> float:
    """Return the least width of a panel, kinks apart, in units of the variance."""
    return float(np.diff(panels.edges).min()) / math.sqrt(q)


def radii(panels: Panels, high: float, radius: float, shift: float) -> FloatArray:
    """Return edges of the radius: ever wider panels from the least scale on.

    Parameters
    ----------
    panels : Panels
        The function on panels.
    high : float
        Largest variance.
    radius : float
        The last edge is at least that.
    shift : float
        Narrows the panels of another rule.

    Returns
    -------
    ndarray of shape (p,)
    """
    width = min(CALM, _scale(panels, high)) * (1 - 0.3 * shift)
    edges = [0.0]
    while edges[-1] < radius:
        edges.append(edges[-1] + max(width, min(CALM, 0.5 * edges[-1])))
    return np.array(edges)


def turn_edges(
    panels: Panels, high: float, theta: FloatArray, shift: float
) -> FloatArray:
    """Return edges of the angle without regard to far kinks, over a turn.

    Parameters
    ----------
    panels : Panels
        The function on panels.
    high : float
        Largest variance.
    theta : ndarray of shape (n,)
        Angle of each pair.
    shift : float
        Moves the edges of another rule.

    Returns
    -------
    ndarray of shape (n, p)
        Ascending, from -pi to pi.
    """
    return _over_a_turn(_centred(panels, high, theta, shift))


def _centred(
    panels: Panels, high: float, theta: FloatArray, shift: float
) -> FloatArray:
    """Return edges that close in on the directions at right angles to the axes."""
    scales = [0.35 * _scale(panels, high)]
    scales += [abs(k) / math.sqrt(high) for k in panels.kinks if k]
    least = max(STEEPEST, min(0.5, min(scales) / 4))
    levels = math.ceil(math.log2(0.8 / least))
    steps = 0.8 * (1 - 0.2 * shift) * 0.5 ** np.arange(levels + 1)
    around = np.concatenate([-steps, [0.0], steps])
    half, zero = math.pi / 2, np.zeros_like(theta)
    centres = np.stack([zero - half, zero + half, theta - half, theta + half], axis=1)
    return np.asarray((centres[:, :, None] + around).reshape(len(theta), -1))


def _over_a_turn(edges: FloatArray) -> FloatArray:
    """Return edges in order, from -pi to pi."""
    whole = np.mod(edges + math.pi, 2 * math.pi)
    ends = np.broadcast_to([0.0, 2 * math.pi], (len(edges), 2))
    return np.sort(np.concatenate([whole, ends], axis=1), axis=1) - math.pi


def _angles(
    panels: Panels,
    q1: FloatArray,
    q2: FloatArray,
    theta: FloatArray,
    shift: float,
) -> FloatArray:
    """Return the edges of the angle of every pair, of shape (n, p), over a turn."""
    high = float(max(q1.max(), q2.max()))
    edges = [_centred(panels, high, theta, shift)]
    if any(panels.kinks):  # far kinks are met in narrow sectors only
        turn = np.linspace(-math.pi, math.pi, SECTORS + 1) + 0.1 * shift
        edges.append(np.broadcast_to(turn, (len(theta), len(turn))))
    sine, cosine = np.sin(theta), np.cos(theta)
    for one in panels.kinks:
        for two in panels.kinks:
            h, k = one / np.sqrt(q1), two / np.sqrt(q2)
            edges.append(np.arctan2(k - h * cosine, h * sine)[:, None])
    return _over_a_turn(np.concatenate(edges, axis=1))


def _chunk(
    source: Source,
    kinks: tuple[float, ...],
    q1: FloatArray,
    q2: FloatArray,
    theta: FloatArray,
    angles: FloatArray,
    radii: FloatArray,
    nodes: int,
) -> tuple[FloatArray, FloatArray]:
    """Return both means of some pairs by one rule.

    Nodes and sums are compiled; between them the function is called on all nodes.
    """
    cuts = np.array([c for c in kinks if c], dtype=np.float64)
    n_rays = (angles.shape[1] - 1) * nodes
    per_ray = (len(radii) - 1 + 2 * len(cuts)) * nodes
    u, v, weights = np.empty((3, len(theta), n_rays, per_ray))
    pairs = np.stack([np.sqrt(q1), np.sqrt(q2), theta])
    rule = np.stack(unit_rule(nodes))
    edges = np.ascontiguousarray(angles)
    plane_nodes(pairs, edges, radii, cuts, rule, u, v, weights)
    value, slope = np.empty((2, len(theta)))
    plane_sums(source.fn(u), source.fn(v), weights, value)
    plane_sums(source.slope(u), source.slope(v), weights, slope)
    return value, slope
