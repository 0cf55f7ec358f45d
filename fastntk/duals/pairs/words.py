"""Bounds that are above a tolerance: what is let pass, what messages say."""

import numpy as np

from fastntk._typing import FloatArray
from fastntk.duals.series.moments import moments
from fastntk.duals.series.rounding import rounding_of
from fastntk.duals.sources.source import Source

__all__ = ["in_words", "is_cancelled", "remedy"]

MOSTLY = 0.25  # of a bound, that makes it rounding's
SIDES = 4.0  # both sides of a pair, and the safety of bounds
ULPS = 4 * 2.0**-52  # of the values near 0, that their difference may be rounded by
WORST = 1e-6  # a bound that is too large, whatever its cause


def is_cancelled(source: Source, q: FloatArray, worst: float) -> bool:
    """Return whether a bound is that of a function that takes a difference.

    ``1 - cos(u)`` has values of 5e-9 at ``u = 1e-4``, rounded to 1e-16. No method can
    make up for that, and the bound says it.

    Parameters
    ----------
    source : Source
        The activation.
    q : ndarray of shape (m,)
        Variances > 0.
    worst : float
        The bound, relative to the diagonal.

    Returns
    -------
    bool
        False for other rounding, e.g. of single precision, and for bounds above 1e-6.
    """
    own, relative = _rounding(source, q)
    if worst > WORST or SIDES * relative < MOSTLY * worst:
        return False
    reach = max(1.0, 4 * float(np.sqrt(q.max())))
    largest = np.abs(source.fn.or_nan(np.linspace(-reach, reach, 65)))
    return own <= ULPS * float(np.nanmax(largest))


def _rounding(source: Source, q: FloatArray) -> tuple[float, float]:
    """Return the rounding of a function, and the same relative to its size."""
    ends = np.unique([q.min(), q.max()])
    size, _ = moments(source, ends)
    own, _ = rounding_of(source, ends)
    relative = own / np.sqrt(np.maximum(size, 1e-300))
    return float(own[relative.argmax()]), float(relative.max())


def in_words(worst: float, worst_slope: float) -> str:
    """Return how large bounds are.

    Parameters
    ----------
    worst, worst_slope : float
        Relative to the diagonal.

    Returns
    -------
    str
    """
    if not np.isfinite(worst):
        return "the error of its dual has no bound"
    return (
        f"the bound on the error is {worst:.1e} of the diagonal ({worst_slope:.1e} for "
        "the derivative)"
    )


def remedy(source: Source, q: FloatArray, worst: float, tol: float) -> str:
    """Return what to do about a bound that is too large.

    Parameters
    ----------
    source : Source
        The activation.
    q : ndarray of shape (m,)
        Variances > 0.
    worst : float
        The bound, relative to the diagonal.
    tol : float
        What was asked for.

    Returns
    -------
    str
    """
    if not np.isfinite(worst):
        return (
            "fn seems to be infinite somewhere, or its square to have no mean; take a "
            "function without such points"
        )
    if worst <= tol:
        return (
            "The function is accurate, its derivative is not: pass df=, take a "
            "constant part off, name the kinks, or allow a larger tol"
        )
    _, rounding = _rounding(source, q)
    if SIDES * rounding > MOSTLY * worst:
        return (
            f"The values of fn are rounded to {rounding:.0e} of their size at such "
            "variances, because it takes a difference of larger numbers: write it "
            "without one (numpy.expm1, numpy.log1p, 2 * numpy.sin(u / 2)**2 for 1 - "
            "cos(u)), or allow a larger tol"
        )
    return (
        "Name the points where fn is not smooth (kinks), scale the argument of one "
        "that is narrow or oscillates fast, or allow a larger tol"
    )
