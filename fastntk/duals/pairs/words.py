"""What messages say about bounds that are too large."""

import numpy as np

from fastntk._typing import FloatArray
from fastntk.duals.series.moments import moments
from fastntk.duals.series.rounding import rounding_of
from fastntk.duals.sources.source import Source

__all__ = ["in_words", "remedy"]

MOSTLY = 0.25  # of a bound, that makes it rounding's
SIDES = 4.0  # both sides of a pair, and the safety of bounds


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
    ends = np.unique([q.min(), q.max()])
    size, _ = moments(source, ends)
    own = rounding_of(source, ends)[0] / np.sqrt(np.maximum(size, 1e-300))
    if SIDES * own.max() > MOSTLY * worst:
        return (
            f"The values of fn are rounded to {own.max():.0e} of their size at such "
            "variances, because it takes a difference of larger numbers: write it "
            "without one (numpy.expm1, numpy.log1p, 2 * numpy.sin(u / 2)**2 for 1 - "
            "cos(u)), or allow a larger tol"
        )
    return (
        "Name the points where fn is not smooth (kinks), scale the argument of one "
        "that is narrow or oscillates fast, or allow a larger tol"
    )
