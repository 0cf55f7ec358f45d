"""Points at which a function is not smooth, from the panels that close in on them."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial import Chebyshev

from fastntk._typing import FloatArray

__all__ = ["graded", "rounded", "sharpened"]

GRADED = 2.0**-10  # a kink's panel is so much narrower than those around it
CORE = 12  # panels of about the least width at a kink; a spike has more
DIGITS = 9  # of a kink that is taken for a decimal number
EPS = 2.0**-52
SIDES = tuple(1e-2 * 2.0**-k for k in range(0, 13, 2))  # widths next to a kink
DEGREE = 5  # of the function there
GAP = 2.0**-6  # of such a width, that the kink may be off
CLEAR = 1e4  # roundings that a jump is larger than
STEEPER = 8.0  # rounding of the slope of such a polynomial


def graded(edges: FloatArray, grade: float = GRADED) -> list[tuple[float, float]]:
    """Return points towards which panels get ever narrower.

    Parameters
    ----------
    edges : ndarray of shape (p + 1,)
        Ends of adjoining panels.
    grade : float, default=1/1024
        The panels at a point are so much narrower than those around it.

    Returns
    -------
    list of tuple of float
        The points, and the widths of the narrowest panels there.
    """
    width = np.diff(edges)
    middle = 0.5 * (edges[:-1] + edges[1:])
    alive = np.ones(len(width), dtype=bool)
    kinks: list[tuple[float, float]] = []
    while alive.any():
        least = int(np.where(alive, width, np.inf).argmin())
        around = np.abs(middle - middle[least]) <= width[least] / grade
        is_core = around & (width <= 2 * width[least])
        alive &= ~around
        if width[around].max() >= width[least] / (8 * grade) > 0:
            if is_core.sum() > CORE:
                continue
            kinks.append((float(middle[is_core].mean()), float(width[least])))
            alive &= np.abs(middle - kinks[-1][0]) > 4 * width
    return kinks


def rounded(kink: float, error: float) -> float:
    """Return the shortest decimal number that a kink may be.

    Parameters
    ----------
    kink, error : float
        The point, and how far it may be off.

    Returns
    -------
    float
        The point itself if no number of 9 decimals is so near.
    """
    for digits in range(DIGITS + 1):
        short = round(kink, digits) + 0.0
        if abs(short - kink) <= error:
            return short
    return kink


def sharpened(
    fn: Callable[[FloatArray], FloatArray], kinks: Sequence[float], rough: float = 0.0
) -> tuple[float, ...]:
    """Return kinks to the last digits, from the function on both of their sides.

    Panels close in on a jump of a derivative only until its polynomials see nothing of
    it any more, some 1e-8 before.

    Parameters
    ----------
    fn : callable
        The function.
    kinks : sequence of float
        The points, ascending.
    rough : float, default=0.0
        Rounding of the function where values cancel. If there is some, points at which
        only the second derivative jumps are looked at too: panels have not closed in
        on these.

    Returns
    -------
    tuple of float
        Points at which neither the function nor its derivative jumps, as they are.
    """
    found = []
    for i, kink in enumerate(kinks):
        near = [abs(kink - k) for j, k in enumerate(kinks) if j != i]
        found.append(_sharpened(fn, kink, 0.5 * min(near, default=1.0), rough))
    return tuple(sorted(set(found)))


def _sharpened(
    fn: Callable[[FloatArray], FloatArray], kink: float, room: float, rough: float
) -> float:
    x = GAP + (1 - GAP) * 0.5 * (1 - np.cos(np.pi * (np.arange(16) + 0.5) / 16))
    for width in SIDES:
        if width > room:
            continue
        values = fn(kink + width * np.concatenate([-x, x]))
        left = Chebyshev.fit(-x, values[:16], DEGREE, domain=[-1, -GAP])
        right = Chebyshev.fit(x, values[16:], DEGREE, domain=[GAP, 1])
        steep = max(np.abs(side.coef[1:]).sum() for side in (left, right)) / width
        noise = 8 * EPS * (np.abs(values).max() + abs(kink) * steep) + rough
        off = np.abs(np.concatenate([left(-x), right(x)]) - values)
        if off.max() > noise:
            continue
        jump = float(right(0.0) - left(0.0))
        bend = float(right.deriv()(0.0) - left.deriv()(0.0))
        if abs(jump) > CLEAR * noise and abs(jump) > GAP * abs(bend):
            return _jump(fn, kink, width, (left, right))
        curve = float(right.deriv(2)(0.0) - left.deriv(2)(0.0))
        if rough and abs(curve) > CLEAR * noise:
            at = _crossing(left.deriv(), right.deriv())
            if abs(at) < GAP and abs(right(at) - left(at)) <= STEEPER * noise:
                error = STEEPER * width * noise / abs(curve)
                return rounded(kink + width * at, error)
        at = _crossing(left, right) if abs(bend) > CLEAR * noise else math.inf
        if abs(at) < GAP:
            return rounded(kink + width * at, width * noise / abs(bend))
    return kink


def _crossing(left: Chebyshev, right: Chebyshev) -> float:
    """Return where both sides meet, by Newton's method from 0."""
    at, slopes = 0.0, (left.deriv(), right.deriv())
    for _ in range(5):
        by = (right(at) - left(at)) / (slopes[1](at) - slopes[0](at))
        at = float(np.clip(at - by, -1.0, 1.0))
    return at


def _jump(
    fn: Callable[[FloatArray], FloatArray],
    kink: float,
    width: float,
    sides: tuple[Chebyshev, Chebyshev],
) -> float:
    """Return where a function goes from one side's values to the other's."""
    low, high = kink - GAP * width, kink + GAP * width
    for _ in range(64):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        value = float(fn(np.array([middle]))[0])
        left, right = (abs(side((middle - kink) / width) - value) for side in sides)
        low, high = (middle, high) if left < right else (low, middle)
    return rounded(high, 2 * (high - low))
