"""Outputs and losses against the time of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._validation.arguments import check_mapping
from fastntk.plotting.checks import (
    Array,
    as_columns,
    as_line,
    as_numbers,
    as_positive,
    check_variances,
)
from fastntk.plotting.style import COLOURS, DATA, as_axes, finish, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["loss_curves", "training_curves"]

TIME = "time (steps of the learning rate)"


def training_curves(
    times: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike | None = None,
    *,
    targets: ArrayLike | None = None,
    members: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show outputs of an ensemble while it is trained: mean, and ± 2 std as a band.

    Parameters
    ----------
    times : array-like of shape (n_times,)
        Times >= 0, increasing, in steps of the learning rate; on a log axis.
    mean : array-like of shape (n_times, m) or (n_times, m, 1)
        Mean output at m points, at most seven, such as ``flow.at(times).mean(x)``.
    variance : array-like of the same shape, optional
        Variances, such as ``flow.at(times).variance(x)``; squared output units.
    targets : array-like of shape (m,), optional
        Values to be learned, shown as circles at the last time.
    members : array-like of shape (n_networks, n_times, m), optional
        Outputs of single networks, as thin lines.
    names : sequence of str, length m, optional
        Names of the points, for the legend.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes
        Means are its first m lines, bands its collections.

    Raises
    ------
    InputError
        If shapes don't agree, times decrease or are negative, a variance is negative,
        or there are more than seven curves.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import predict, stax
    >>> net = stax.serial(stax.Dense(512, b_std=0.5), stax.Relu(), stax.Dense(1))
    >>> x, y = np.array([[-1.0], [0.5], [1.0]]), np.array([1.0, 0.0, 0.5])
    >>> times = np.logspace(-1, 4, 50)
    >>> flow = predict.GradientFlow(net, x, y).at(times)
    >>> ax = training_curves(times, flow.mean(x), flow.variance(x), targets=y)
    >>> bool((ax.lines[0].get_ydata() == flow.mean(x)[:, 0]).all())
    True
    """
    ax = as_axes(ax)
    t = _set_time_axis(ax, times)
    means = as_columns(mean, "mean", len(t), "the times")
    n_curves = means.shape[1]
    labels = _names(names, n_curves)
    for curve, label, colour in zip(means.T, labels, COLOURS, strict=False):
        ax.plot(t, curve, color=colour, linewidth=2, label=label, zorder=3)
    if variance is not None:
        _draw_bands(ax, t, means, as_columns(variance, "variance", len(t), "the times"))
    if members is not None:
        _draw_members(ax, t, members, n_curves)
    if targets is not None:
        _draw_targets(ax, t[-1], as_line(targets, "targets", n_curves, "the curves"))
    set_title(ax, "Outputs in training")
    what = "output" if variance is None else "output: mean ± 2 std"
    ax.set(xlabel=TIME, ylabel=what)
    finish(ax, legend="outside")
    return ax


def _draw_bands(ax: Axes, t: Array, means: Array, variances: Array) -> None:
    if variances.shape != means.shape:
        raise InputError(
            f"variance: found shape {variances.shape}; expected {means.shape}, as mean"
        )
    spreads = 2.0 * np.sqrt(check_variances(variances))
    for curve, spread, colour in zip(means.T, spreads.T, COLOURS, strict=False):
        low, high = curve - spread, curve + spread
        ax.fill_between(t, low, high, color=colour, alpha=0.18, linewidth=0)


def _draw_members(ax: Axes, t: Array, members: ArrayLike, n_curves: int) -> None:
    found = as_numbers(members, "members")
    if found.ndim != 3 or found.shape[1:] != (len(t), n_curves):
        raise InputError(
            f"members: found shape {found.shape}; expected (n_networks, {len(t)}, "
            f"{n_curves}): networks, times, curves"
        )
    for i in range(n_curves):
        thin: dict[str, Any] = {
            "color": COLOURS[i],
            "linewidth": 0.7,
            "alpha": 0.5,
            "zorder": 2,
        }
        ax.plot(t, found[:, :, i].T, **thin)


def _draw_targets(ax: Axes, end: float, targets: Array) -> None:
    for target, colour in zip(targets, COLOURS, strict=False):
        look: dict[str, Any] = DATA | {"color": colour, "clip_on": False, "zorder": 4}
        ax.plot([end], [target], **look)
    ax.plot([], [], **DATA, label="targets")


def loss_curves(
    times: ArrayLike,
    losses: Mapping[str, ArrayLike],
    *,
    levels: Mapping[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show losses against the time of training, on log axes.

    Parameters
    ----------
    times : array-like of shape (n_times,)
        Times >= 0, increasing, in steps of the learning rate.
    losses : mapping of str to array-like of shape (n_times,)
        Curves by name, at most seven; squared output units. Zeros are left out.
        Curves after the second are dashed in turn with the colours of the first two if
        there are four: give (train, test) of a network, then of the ensemble's mean.
    levels : mapping of str to float, optional
        Losses to compare with, as dotted horizontal lines.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If shapes don't agree, times decrease or are negative, a loss is negative, or
        there are more than seven curves.

    Examples
    --------
    >>> ax = loss_curves([1.0, 10.0, 100.0], {"train": [1.0, 0.1, 0.001]})
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    ax = as_axes(ax)
    t = _set_time_axis(ax, times)
    check_mapping(losses, "losses", "a dict of names and losses")
    drawn = {} if levels is None else levels
    check_mapping(drawn, "levels", "a dict of names and losses")
    names = _names(list(losses), len(losses))
    for i, (name, values) in enumerate(zip(names, losses.values(), strict=True)):
        curve = as_line(values, f"losses[{name!r}]", len(t), "the times")
        if curve.min() < 0.0:
            raise InputError(
                f"losses[{name!r}]: found {curve.min():.3g}; expected numbers >= 0"
            )
        paired = len(names) == 4
        look = "--" if paired and i >= 2 else "-"
        colour = COLOURS[i % 2] if paired else COLOURS[i]
        seen = np.where(curve > 0.0, curve, np.nan)
        ax.plot(t, seen, look, color=colour, linewidth=2, label=name)
    for name, level in drawn.items():
        height = as_positive(level, f"levels[{name!r}]")
        ax.axhline(height, color="0.35", linestyle=":", linewidth=1.5, label=name)
    ax.set_yscale("log")
    set_title(ax, "Losses in training")
    ax.set(xlabel=TIME, ylabel="mean squared error")
    finish(ax, legend="outside")
    return ax


def _set_time_axis(ax: Axes, times: ArrayLike) -> Array:
    """Return the times; give them a log axis, with room for zero if it is there."""
    t = as_line(times, "times")
    if t[0] < 0.0 or np.any(np.diff(t) <= 0.0):
        raise InputError(
            "times: found times that are negative or not increasing; expected times "
            ">= 0 in increasing order, such as numpy.logspace(-1, 5, 60)"
        )
    positive = t[t > 0.0]
    if len(positive) == len(t):
        ax.set_xscale("log")
    elif len(positive):
        ax.set_xscale("symlog", linthresh=positive[0], linscale=0.3)
    if len(t) > 1:
        ax.set_xlim(t[0], t[-1])
    return t


def _names(names: Sequence[str] | None, n_curves: int) -> list[str]:
    """Return one name for each curve; without names the curves have none."""
    if n_curves > len(COLOURS) or not n_curves:
        raise InputError(
            f"found {n_curves} curves; expected 1 to {len(COLOURS)}, as many as can be "
            "told apart. Choose some, as in mean[:, :5]"
        )
    if names is not None and not isinstance(names, tuple | list):
        raise InputError(
            f"names: found {shown(names)}; expected a list of {n_curves} names"
        )
    found = [f"point {i}" for i in range(n_curves)] if names is None else list(names)
    if len(found) != n_curves:
        raise InputError(
            f"names: found {len(found)}; expected {n_curves}, one for each curve"
        )
    return [str(name) for name in found]
