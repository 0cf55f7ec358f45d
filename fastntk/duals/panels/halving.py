"""A function as polynomials on panels, found by halving; its kinks, found so too.

A panel is halved until the last Legendre coefficients of the function on it are at
rounding, and points between the nodes agree with the polynomial. What never gets there
is a kink (a jump of the function or of a derivative): the halves close in on it.
"""

import dataclasses
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.polynomial import legendre

from fastntk._errors import NetworkError
from fastntk._typing import AnyArray, FloatArray
from fastntk.duals.panels.envelope import Enveloped
from fastntk.duals.panels.kinks import graded, rounded, sharpened
from fastntk.duals.panels.legendre import (
    NODES,
    PROBES,
    derivatives,
    probes,
    transform,
    unit_rule,
)
from fastntk.kernels.cpu.dual_tiles import panel_values

__all__ = ["Panels", "resolve"]

SHARP = 2e-15  # last coefficients, relative to the function's size and conditioning
DEEPEST = 2.0**-46  # width of a panel that is given up, relative to its place
MOST = 20_000  # panels
CANCELLED = 1e-15  # rounding, relative to the function's size around
UNSEEN = 1e-14  # a spike, likewise
NOTHING = 1e-290  # values below are noise
NOISE = 1e-10  # relative, that halving does not lessen
ROUGH = 1e-12  # the same, relative to typical values, where values cancel
CLEAR = 3.0  # what is taken for rounding, relative to what was found
ROUGHER = 8.0  # the same at some thousand points
EXPONENT = 0.15  # of the largest value, how much its digits lose: exp(-49) has 14
SPACING = 3e-5  # of the points that look for narrow spikes, relative to their place


@dataclasses.dataclass(frozen=True, eq=False)
class Panels:
    """Polynomials on adjoining panels.

    Attributes
    ----------
    edges : ndarray of shape (p + 1,)
        Ends of the panels, ascending.
    coefs : ndarray of shape (p, NODES)
        Legendre coefficients on each panel.
    kinks : tuple of float
        Where the function is not smooth: as given, or found.
    gaps : ndarray of shape (p,)
        Largest differences between the function and the polynomials: its rounding.
    rough : float, default=0.0
        What halving does not lessen where values cancel, if there is such a place.
    """

    edges: FloatArray
    coefs: FloatArray
    kinks: tuple[float, ...]
    gaps: FloatArray
    rough: float = 0.0

    def slope(self, u: FloatArray) -> FloatArray:
        """Return the derivative of the polynomials.

        Parameters
        ----------
        u : ndarray
            Points between the first and the last edge.

        Returns
        -------
        ndarray of float64
        """
        flat = np.ravel(u)
        out = np.empty(flat.shape)
        panel_values(self.edges, self._slopes, flat, out)
        return out.reshape(np.shape(u))

    @cached_property
    def _slopes(self) -> FloatArray:
        """Legendre coefficients of the derivative on each panel."""
        steep = 2 / np.diff(self.edges)
        return np.ascontiguousarray((self.coefs @ derivatives().T) * steep[:, None])


def resolve(
    fn: Callable[[FloatArray], FloatArray],
    end: float,
    kinks: Sequence[float] | None,
    label: str,
    *,
    is_known: bool = False,
) -> Panels:
    """Return a function as polynomials on [-end, end].

    Parameters
    ----------
    fn : callable
        The function, finite there.
    end : float
        Half of the width of the interval.
    kinks : sequence of float or None
        Where it is not smooth; None: look for such points.
    label : str
        The layer as shown in messages.
    is_known : bool, default=False
        The function has no narrow spikes: do not look for them.

    Returns
    -------
    Panels

    Raises
    ------
    NetworkError
        If the function is smooth on no panels: noise, or kinks without end.
    """
    given = () if kinks is None else tuple(k for k in kinks if abs(k) < end)
    if is_known:
        found = _refine(Enveloped(fn, end), _start(end, given), label)
        return dataclasses.replace(found, kinks=given)
    found = _searched(fn, end, given, label)
    if kinks is not None:
        return dataclasses.replace(found, kinks=given)
    points = sharpened(fn, found.kinks, found.rough)
    for _ in range(3):
        if not points:
            return found
        again = _searched(fn, end, points, label)
        more = [k for k in again.kinks if not _is_near(k, points)]
        if not more:
            break
        points = sharpened(fn, sorted({*points, *more}), again.rough)
    return dataclasses.replace(again, kinks=points)


def _is_near(kink: float, points: Sequence[float]) -> bool:
    return any(abs(kink - p) <= 1e-6 * max(1.0, abs(p)) for p in points)


def _start(end: float, kinks: Sequence[float]) -> FloatArray:
    """Return the first edges: kinks, and panels of equal width.

    No edge is a short number or 0, at which a kink would be hidden.
    """
    inner = np.linspace(-1, 1, 49)[1:-1] * end + 0.00317 * end
    edges = np.concatenate([[-end, end], inner])
    for k in kinks:
        edges = edges[(np.abs(edges - k) > 0.7 * end / 24) | (np.abs(edges) == end)]
    return np.unique(np.concatenate([edges, kinks]))


def _searched(
    fn: Callable[[FloatArray], FloatArray],
    end: float,
    kinks: tuple[float, ...],
    label: str,
) -> Panels:
    """Refine until no point of a dense search is off the polynomials."""
    known = Enveloped(fn, end)
    edges = _start(end, kinks)
    for _ in range(3):
        found = _refine(known, edges, label)
        if found.rough > known.rough:  # such places are looked at again, as smooth
            known.rough = CLEAR * found.rough
            found = _refine(known, edges, label)
        off = _off_points(known, found)
        if not len(off):
            break
        step = 2 * SPACING * np.maximum(np.abs(off), end / 64)
        edges = np.unique(np.concatenate([edges, off - step, off + step]))
        edges = edges[(edges >= -end) & (edges <= end)]
    narrow = graded(found.edges)
    points = [_closer(known, k, w, label) for k, w in narrow]
    kinks = tuple(sorted(points))
    return dataclasses.replace(found, kinks=kinks, rough=known.rough)


def _closer(fn: Enveloped, kink: float, error: float, label: str) -> float:
    """Return a kink more precisely: one at the edge of a panel is not seen there."""
    for _ in range(12):
        edges = kink + error * np.array([-8.31, -3.17, 2.93, 7.13])
        near = graded(_refine(fn, edges, label).edges, 2.0**-3)
        if len(near) != 1 or near[0][1] > 0.3 * error:
            break
        kink, error = near[0]
    return rounded(kink, 4 * error)


def _off_points(fn: Enveloped, panels: Panels) -> FloatArray:
    """Return points at which the function is not what the polynomials say."""
    left, width = panels.edges[:-1], np.diff(panels.edges)
    end = panels.edges[-1]
    step = SPACING * np.maximum(np.abs(left + 0.5 * width), end / 64)
    count = 2 ** np.ceil(np.log2(np.maximum(width / step, 1.0))).astype(int)
    rng = np.random.default_rng(11)
    missed: list[FloatArray] = []
    for n in np.unique(count[count > 1]).tolist():
        pick = np.flatnonzero(count == n)
        t = (np.arange(n) + rng.uniform(0.05, 0.95, n)) / n
        basis = legendre.legvander(2 * t - 1, NODES - 1)
        for some in np.array_split(pick, 1 + len(pick) * n // 2**18):
            u = left[some, None] + width[some, None] * t
            values, fits = fn(u), panels.coefs[some] @ basis.T
            size = np.abs(values).max(axis=1, keepdims=True)
            steep = np.abs(panels.coefs[some, 1:]).sum(axis=1) / width[some]
            floor = 1e-11 * (size + (np.abs(left[some]) * steep)[:, None])
            around = fn.size(left[some], left[some] + width[some])
            floor += UNSEEN * around[:, None] + NOTHING + ROUGHER * fn.rough
            off = np.abs(values - fits) > floor
            rows = np.flatnonzero(off.any(axis=1))
            worst = np.abs(values - fits).argmax(axis=1)[rows]
            first = off.argmax(axis=1)[rows]
            last = n - 1 - off[:, ::-1].argmax(axis=1)[rows]
            # a kink next to an edge of the panel is where such points begin or end
            begins, ends = first > 0, last < n - 1
            both = begins == ends
            missed.append(u[rows[both], worst[both]])
            for at, is_it in ((first, begins), (last + 1, ends)):
                row, here = rows[is_it], at[is_it]
                missed.append(0.5 * (u[row, here - 1] + u[row, here]))
    return np.concatenate(missed) if missed else np.zeros(0)


def _refine(fn: Enveloped, edges: FloatArray, label: str) -> Panels:
    """Halve panels until all are resolved or as narrow as numbers allow."""
    left, right = edges[:-1], edges[1:]
    above = np.full((2, 3, len(left)), np.inf)  # of the panels that each is part of
    done: list[tuple[FloatArray, ...]] = []
    total, rough = 0, 0.0
    while len(left):
        coefs, gap, tails, is_smooth = _fit(fn, left, right)
        place = np.maximum(np.abs(left), 1e-3 * np.abs(edges).max())
        limits = np.array([NOISE, ROUGH * fn.typical])[:, None]
        is_noise = (tails <= limits) & (tails > 0.3 * above[:, 2])
        is_inside = fn.size(left, right) < fn.typical
        tail = tails[1, is_noise[1] & ~is_smooth & is_inside]
        rough = max(rough, float(tail.max(initial=0.0)))
        stop = is_smooth | is_noise.any(axis=0) | (right - left <= DEEPEST * place)
        done.append((left[stop], right[stop], coefs[stop], gap[stop]))
        total += int(stop.sum())
        left, right = left[~stop], right[~stop]
        above = np.stack([tails, *above.swapaxes(0, 1)[:2]], axis=1)[..., ~stop]
        if total + 2 * len(left) > MOST:
            raise NetworkError(
                f"{label}: fn is smooth on none of {MOST} panels between "
                f"{edges[0]:.4g} and {edges[-1]:.4g}; expected a function that is "
                "smooth between not too many kinks. Smooth it, or give nngp_fn"
            )
        middle = 0.5 * (left + right)
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
        above = np.tile(above, 2)
    starts, ends, coefs, gaps = (
        np.concatenate(part) for part in zip(*done, strict=True)
    )
    order = np.argsort(starts)
    edges = np.append(starts[order], ends[order][-1])
    return Panels(edges, coefs[order], (), gaps[order], rough)


def _fit(fn: Enveloped, left: FloatArray, right: FloatArray) -> tuple[AnyArray, ...]:
    """Return coefficients, gaps, tails (relative, absolute), and if these are small.

    The tolerance takes into account that an argument is known to an ulp only, and that
    small values are powers with a large exponent.
    """
    t, basis = probes()
    nodes = np.concatenate([unit_rule(NODES)[0], t])
    width = right - left
    values = fn(left[:, None] + width[:, None] * nodes)
    if not np.isfinite(values).all():
        values = np.nan_to_num(values)
    coefs = values[:, :NODES] @ transform().T
    off = np.abs(coefs @ basis.T - values[:, NODES:])
    gap = off[:, :PROBES].max(axis=1)
    tail = np.maximum(np.abs(coefs[:, -2:]).max(axis=1), 0.2 * off.max(axis=1))
    size = np.abs(values).max(axis=1)
    steep = np.abs(coefs[:, 1:]).sum(axis=1) / width
    far = np.maximum(np.abs(left), np.abs(right))
    floor = CANCELLED * fn.size(left, right) + NOTHING + fn.rough
    small = np.log((size + NOTHING) / (fn.largest + NOTHING))
    blurred = size * (1 + EXPONENT * np.abs(small))
    is_smooth = tail <= SHARP * (blurred + far * steep) + floor
    return coefs, gap, np.stack([tail / (size + NOTHING), tail]), is_smooth
