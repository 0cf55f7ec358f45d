"""Points at which a function is not smooth, from the panels that close in on them."""

import numpy as np

from fastntk._typing import FloatArray

__all__ = ["graded", "rounded"]

GRADED = 2.0**-10  # a kink's panel is so much narrower than those around it
CORE = 12  # panels of about the least width at a kink; a spike has more
DIGITS = 9  # of a kink that is taken for a decimal number


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
