"""How far from 0 a function matters to a normal variable, and is finite."""

import math
from collections.abc import Iterator

import numpy as np

from fastntk._errors import NetworkError
from fastntk.duals.sources.called import Called

__all__ = ["finite_to", "interval", "reach_of"]

REACH = 12.5  # of a bounded function: exp(-z^2/4) is 1e-17 there
FARTHEST = 37.0  # exp(-z^2/2) leaves float64 beyond
NEGLIGIBLE = 1e-18
MOST = 1e150  # a value whose square fits in float64
HUGE = 340.0  # a logarithm, likewise
BETWEEN = 64  # points at which a function is tried out further away
TAME = 1e30  # a value that is no growth yet
RISING = 0.8  # of the finite part: growth, if the largest part of a mean lies beyond


def reach_of(fn: Called, variance: float) -> float:
    """Return the ``z`` beyond which ``fn(sqrt(q) z) exp(-z^2/4)`` is nothing.

    Parameters
    ----------
    fn : Called
        The function. Where a formula overflows further away, that is nothing too.
    variance : float
        ``q``.

    Returns
    -------
    float

    Raises
    ------
    NetworkError
        If there is none: the function grows too fast, or is NaN or infinite nearer.
    """
    z = np.linspace(-FARTHEST, FARTHEST, 2 * 8 * 37 + 1)
    u = math.sqrt(variance) * z
    values = np.abs(fn.or_nan(u))
    bad = ~np.isfinite(values)
    limit = float(np.abs(z[bad]).min(initial=np.inf))
    if limit == 0:
        raise NetworkError(_not_finite(fn, 0.0, variance, 0.0))
    inside = np.abs(z) < limit
    z, values = z[inside], values[inside]
    with np.errstate(divide="ignore"):
        size = np.log(values) - 0.25 * z * z
    peak = float(size.max())
    if peak == -math.inf:
        return REACH
    matters = np.abs(z[size > peak + math.log(NEGLIGIBLE)])
    end = max(REACH, float(matters.max()) + 0.25)
    largest = float(values[np.abs(z) <= end].max())
    top = int(size.argmax())
    is_growth = abs(z[top]) > RISING * min(limit, FARTHEST) and values[top] > TAME
    if peak > HUGE or largest > MOST or (end >= FARTHEST and limit > end) or is_growth:
        raise NetworkError(
            f"{fn.label}: fn grows faster than a normal variable of variance "
            f"{variance:.4g} can tame: E[fn(u)^2] is infinite, or too large for "
            "float64; expected growth slower than exp(u^2 / (4 q)). Bound fn, or "
            "make the weights before it smaller (W_std, b_std)"
        )
    if end >= limit:
        nearest = u[bad][np.abs(u[bad]).argmin()]
        raise NetworkError(_not_finite(fn, float(nearest), variance, end))
    return end


def _not_finite(fn: Called, u: float, variance: float, end: float) -> str:
    value = fn.or_nan(np.array([u]))[0]
    word = "NaN" if np.isnan(value) else "infinite"
    return (
        f"{fn.label}: fn({u:.6g}) is {word}, where a normal variable of variance "
        f"{variance:.4g} still has weight; expected finite numbers up to |u| = "
        f"{end * math.sqrt(variance):.4g}. Write fn so that nothing overflows (e.g. "
        "numpy.logaddexp(0, u) for log(1 + exp(u)), numpy.abs(u) inside of cosh), or "
        "make the weights before it smaller (W_std, b_std)"
    )


def interval(functions: list[Called], end: float) -> float:
    """Return an end of an interval that other variances have too.

    Parameters
    ----------
    functions : list of Called
        The function and its derivative, if there is one.
    end : float
        It is at least so far from 0.

    Returns
    -------
    float
        A power of 4; less, where a function is not finite so far.
    """
    for other in _rounded_up(end):
        between = np.linspace(end, other, BETWEEN)
        u = np.concatenate([-between, between])
        if all((np.abs(fn.or_nan(u)) < MOST).all() for fn in functions):
            return other
    return end


def _rounded_up(end: float) -> Iterator[float]:
    log = math.log2(max(end, 1.0))
    for step in (2.0, 1.0, 0.25, 0.0625):
        yield 2.0 ** (step * math.ceil(log / step))


def finite_to(fn: Called, end: float) -> float:
    """Return how far from 0 a function is finite, up to an end.

    Parameters
    ----------
    fn : Called
        The function.
    end : float
        As far as it is looked at.

    Returns
    -------
    float
    """
    u = np.linspace(-end, end, 4 * BETWEEN + 1)
    bad = np.abs(u[~(np.abs(fn.or_nan(u)) < MOST)])
    step = end / (2 * BETWEEN)
    return float(bad.min() - step) if bad.size and bad.min() > step else end
