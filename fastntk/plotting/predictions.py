"""Predictions over one feature, with their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastntk._errors import InputError
from fastntk.plotting.checks import as_line, as_numbers, check_variances
from fastntk.plotting.style import BLUE, DATA, GREY, as_axes, finish, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["predictive_bands"]


def predictive_bands(
    x: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    *,
    x_train: ArrayLike | None = None,
    y_train: ArrayLike | None = None,
    samples: ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show predictions over one feature: mean, and ± 2 std as a band.

    Parameters
    ----------
    x : array-like of shape (m,) or (m, 1)
        Points, in any order.
    mean : array-like of shape (m,) or (m, 1)
        Mean of the predictions, such as ``posterior.mean(x)``.
    variance : array-like of shape (m,) or (m, 1)
        Their variance, such as ``posterior.variance(x)``; squared output units.
    x_train, y_train : array-like of shape (n,) or (n, 1), optional
        Training set, as circles.
    samples : array-like of shape (n_samples, m) or (n_samples, m, 1), optional
        Single networks, as thin lines, such as ``posterior.sample(x, 5)``.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes
        The mean is its first line, the band its first collection.

    Raises
    ------
    InputError
        If shapes don't agree, there are several features or outputs, or a variance is
        negative.

    Examples
    --------
    >>> ax = predictive_bands([0.0, 2.0, 1.0], [0.0, 4.0, 1.0], [0.0, 1.0, 0.25])
    >>> ax.lines[0].get_ydata().tolist()  # sorted by x
    [0.0, 1.0, 4.0]
    """
    ax = as_axes(ax)
    points = as_line(x, "x")
    order = np.argsort(points, kind="stable")
    n = len(points)
    points = points[order]
    centre = as_line(mean, "mean", n, "the points x")[order]
    spread = as_line(variance, "variance", n, "the points x")[order]
    spread = 2.0 * np.sqrt(check_variances(spread))
    ax.plot(points, centre, color=BLUE, linewidth=2, label="mean", zorder=3)
    low, high = centre - spread, centre + spread
    label = "± 2 std"
    ax.fill_between(points, low, high, color=BLUE, alpha=0.2, lw=0, label=label)
    if samples is not None:
        _draw_samples(ax, points, samples, order)
    if x_train is not None or y_train is not None:
        _draw_data(ax, x_train, y_train)
    set_title(ax, "Predictions")
    ax.set(xlabel="x", ylabel="output")
    if n > 1:
        ax.set_xlim(points[0], points[-1])
    finish(ax, legend="outside")
    return ax


def _draw_samples(
    ax: Axes,
    points: ArrayLike,
    samples: ArrayLike,
    order: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> None:
    drawn = as_numbers(samples, "samples")
    if drawn.ndim == 3 and drawn.shape[2] == 1:
        drawn = drawn[:, :, 0]
    if drawn.ndim != 2 or drawn.shape[1] != len(order):
        raise InputError(
            f"samples: found shape {drawn.shape}; expected (n_samples, {len(order)}), "
            "one value for each of the points x"
        )
    lines = ax.plot(points, drawn[:, order].T, color=GREY, linewidth=0.8, alpha=0.6)
    lines[0].set_label("single networks")


def _draw_data(ax: Axes, x_train: ArrayLike | None, y_train: ArrayLike | None) -> None:
    if x_train is None or y_train is None:
        missing = "x_train" if x_train is None else "y_train"
        raise InputError(f"{missing}: found None; expected both x_train and y_train")
    rows = as_line(x_train, "x_train")
    targets = as_line(y_train, "y_train", len(rows), "the rows of x_train")
    ax.plot(rows, targets, **DATA, label="training set", zorder=4)
