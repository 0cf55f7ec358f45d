"""Rules of quadrature over a normal variable that suit a function."""

import math

import numpy as np

from fastntk._typing import FloatArray
from fastntk.duals.panels.halving import Panels
from fastntk.duals.panels.legendre import unit_rule

__all__ = ["FINEST", "WIDEST", "too_fine", "z_rule"]

WIDEST = 0.5  # panel, in z
SAMPLES = 9  # variances at which panels have to be narrow enough
MOST = 4000  # panels that several variances share
FINEST = 40_000  # panels of one variance


def z_rule(
    panels: Panels, q: FloatArray, end: float, widest: float, nodes: int = 16
) -> tuple[FloatArray, FloatArray] | None:
    """Return a rule for means over ``z`` that suits some variances.

    Parameters
    ----------
    panels : Panels
        The function as polynomials on [-end sqrt(q), end sqrt(q)].
    q : ndarray of shape (m,)
        The variances.
    end : float
        Half of the interval.
    widest : float
        Largest width of a panel.
    nodes : int, default=16
        On a panel.

    Returns
    -------
    tuple of ndarray or None
        Nodes, and weights without the normal density; None if it takes more than 4,000
        panels (40,000 for one variance).
    """
    roots = np.sqrt(np.geomspace(q.min(), q.max(), SAMPLES if q.max() > q.min() else 1))
    widths = np.diff(panels.edges)
    most = MOST if len(roots) > 1 else FINEST
    cuts = [k / r for k in panels.kinks for r in roots if abs(k / r) < end]
    if len(roots) > 1 and any(panels.kinks):
        return None
    edges = np.linspace(-end, end, math.ceil(2 * end / widest) + 1)
    edges = np.unique(np.concatenate([edges, cuts]))
    left, right = edges[:-1], edges[1:]
    done: list[tuple[FloatArray, FloatArray]] = []
    count = 0
    while len(left):
        need = np.full(len(left), np.inf)
        for root in roots:
            need = np.minimum(
                need, _narrowest(panels, widths, left * root, right * root) / root
            )
        fine = (right - left <= 1.01 * need) | (right - left < 1e-13)
        done.append((left[fine], right[fine]))
        count += int(fine.sum())
        left, right = left[~fine], right[~fine]
        if count + 2 * len(left) > most:
            return None
        middle = 0.5 * (left + right)
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    starts, ends = (np.concatenate(p) for p in zip(*done, strict=True))
    order = np.argsort(starts)
    starts, width = starts[order], (ends - starts)[order]
    t, w = unit_rule(nodes)
    z = (starts[:, None] + width[:, None] * t).ravel()
    weights = (width[:, None] * w).ravel()
    total = weights @ np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return z, weights / total  # the mass outside is below 1e-35


def _narrowest(
    panels: Panels, widths: FloatArray, left: FloatArray, right: FloatArray
) -> FloatArray:
    """Return the least width of the panels that meet each interval inside."""
    margin = 1e-9 * (right - left)
    first = np.searchsorted(panels.edges, left + margin, "right") - 1
    last = np.searchsorted(panels.edges, right - margin, "left")
    first = np.clip(first, 0, len(widths) - 1)
    last = np.clip(last, first + 1, len(widths))
    pairs = np.stack([first, last], axis=1).ravel()
    padded = np.append(widths, np.inf)
    return np.asarray(np.minimum.reduceat(padded, pairs)[::2])


def too_fine(label: str, q: float) -> str:
    """Return the message for a function that varies too fast at a variance.

    Parameters
    ----------
    label : str
        The layer as shown in messages.
    q : float
        The variance.

    Returns
    -------
    str
    """
    return (
        f"{label}: fn needs more than {FINEST} panels at variance {q:.4g}; "
        "expected a function that varies more slowly. Scale its argument, or make the "
        "weights before it smaller"
    )
