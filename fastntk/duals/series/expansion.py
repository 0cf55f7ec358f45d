"""`Expansion`: the Hermite series of an activation over a range of variances."""

import dataclasses
import math

import numpy as np

from fastntk._typing import FloatArray
from fastntk.duals.series.hermite import hermite_rows
from fastntk.duals.series.log_fit import log_fit
from fastntk.duals.series.moments import mean_values
from fastntk.duals.series.rounding import rounding_of
from fastntk.duals.sources.source import Source

__all__ = ["MOST_TERMS", "Expansion", "expand"]

MOST_TERMS = 2048
EPS = 2.0**-52
PER_LOG = 6.5  # nodes of log q, at first
AS_NODES = 4e-15  # error of the fit that rounding allows


@dataclasses.dataclass(frozen=True, eq=False)
class Expansion:
    """A truncated Hermite series whose coefficients are polynomials in ``log q``.

    The truncated and normalised series is the activation that a kernel is made of: it
    is positive semi-definite, and exact where rows are equal.

    Attributes
    ----------
    n_terms : int
        K.
    u_lo, u_hi : float
        Logarithms of the least and the largest variance; equal for a single one.
    cheb : ndarray of shape (M, K + 2)
        Chebyshev coefficients in ``s = (2 u - u_lo - u_hi) / (u_hi - u_lo)``, lowest
        first: of ``a_k / sqrt(sum_{j < K} a_j^2)``, of ``log E fn(u)^2`` and of
        ``log E fn'(u)^2``.
    zero : tuple of float
        The function and its derivative at 0, for a row without variance.
    bound, bound_dot : float
        Largest errors of the dual and of the derivative's over the range and all
        correlations, relative to their values on the diagonal.
    kind : str
        "proven" or "estimated".
    """

    n_terms: int
    u_lo: float
    u_hi: float
    cheb: FloatArray
    zero: tuple[float, float]
    bound: float
    bound_dot: float
    kind: str


def expand(
    source: Source,
    q_lo: float,
    q_hi: float,
    tolerance: float,
    n_terms: int = 1,
    most: int = MOST_TERMS,
) -> Expansion | None:
    """Return the series of an activation between two variances.

    Parameters
    ----------
    source : Source
        An activation without kinks.
    q_lo, q_hi : float
        The variances, > 0.
    tolerance : float
        Largest error of both duals relative to the diagonal.
    n_terms : int, default=1
        At least so many terms.
    most : int, default=2048
        At most so many.

    Returns
    -------
    Expansion or None
        None if it takes more terms.

    Notes
    -----
    Cost: some 50 variances, times nodes, times terms, in matrix products: 0.1 s for
    tanh and two decades.
    """
    ends = np.unique([q_lo, math.sqrt(q_lo * q_hi), q_hi])
    rows = hermite_rows(source, ends, n_terms + 1)
    limit = 0.25 * tolerance
    tails = np.maximum(
        rows.tail / rows.size[:, None], rows.tail_dot / rows.steep[:, None]
    ).max(axis=0)
    meets = np.flatnonzero(tails <= limit)
    k = max(int(meets[0]) + 1, 2, n_terms) if len(meets) else most + 1
    if not rows.size.all() or k > most or k >= tails.size:
        return None  # the derivative has one term less
    scale = np.sqrt((rows.a[:, :k] ** 2).sum(axis=1))

    def columns(q: FloatArray) -> FloatArray:
        found = hermite_rows(source, q, k + 1, math.inf, is_checked=False)
        a = found.a[:, :k]
        norm = np.sqrt((a * a).sum(axis=1))
        logs = np.log(np.stack([found.size, found.steep], axis=1))
        return np.concatenate([a / norm[:, None], logs], axis=1)

    first = PER_LOG * math.log(q_hi / q_lo)
    fit = log_fit(columns, q_lo, q_hi, max(AS_NODES, 0.02 * tolerance), first)
    gap = float(np.sqrt((fit.errors[:k] ** 2).sum())) + float(fit.errors[k])
    gap_dot = float(np.sqrt((np.arange(1, k) * fit.errors[1:k] ** 2).sum()))
    gap_dot *= float((scale / np.sqrt(ends * rows.steep)).max())
    own, _ = rounding_of(source, ends)
    noise = float((np.maximum(rows.noise, own) / np.sqrt(rows.size)).max())
    noise_dot = float((rows.noise_dot / np.sqrt(rows.steep)).max())
    tail = float((rows.tail[:, k] / rows.size).max())
    tail_dot = float((rows.tail_dot[:, k - 1] / rows.steep).max())
    return Expansion(
        n_terms=k,
        u_lo=fit.low,
        u_hi=fit.high,
        cheb=fit.coefs,
        zero=mean_values(source, 0.0, q_hi),
        bound=2 * (tail + gap + noise) + 8 * EPS,
        bound_dot=2 * (tail_dot + gap_dot + float(fit.errors[k + 1]) + noise_dot)
        + 8 * EPS,
        kind="proven" if source.strip > 0 else "estimated",
    )
