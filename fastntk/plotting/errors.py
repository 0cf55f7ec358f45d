"""Test errors: what was measured, and what theory expects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk.plotting.checks import (
    Array,
    as_line,
    as_numbers,
    as_positive,
    check_result,
)
from fastntk.plotting.style import BLUE, DATA, ORANGE, as_axes, finish, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from fastntk.theory import Kare, LearningCurve

__all__ = ["accuracy_curve", "learning_curve", "ridge_curve"]


def accuracy_curve(
    sizes: Sequence[int], accuracies: ArrayLike, *, ax: Axes | None = None
) -> Axes:
    """Show accuracy against the number of training rows: mean and range.

    Parameters
    ----------
    sizes : sequence of int, length n_sizes
        Numbers of training rows.
    accuracies : array-like of shape (n_splits, n_sizes)
        Accuracies between 0 and 1.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there isn't one column for each size.

    Examples
    --------
    >>> ax = accuracy_curve([10, 100], [[0.5, 0.75], [0.5, 0.25]])
    >>> ax.lines[0].get_ydata().tolist()
    [50.0, 50.0]
    """
    ax = as_axes(ax)
    counts = as_line(sizes, "sizes")
    percent = 100.0 * _splits(accuracies, "accuracies", len(counts))
    mean, low, high = percent.mean(axis=0), percent.min(axis=0), percent.max(axis=0)
    if len(percent) > 1:
        label = f"range over {len(percent)} splits"
        ax.fill_between(counts, low, high, color=BLUE, alpha=0.2, lw=0, label=label)
    ax.plot(counts, mean, "o-", color=BLUE, linewidth=2, markersize=5, label="mean")
    ax.annotate(
        f"{mean[-1]:.2f} %",
        (counts[-1], mean[-1]),
        xytext=(6, -14),
        textcoords="offset points",
        ha="right",
        fontweight="bold",
        va="top",
    )
    ax.set_xscale("log")
    ax.set_xticks(list(counts), [f"{size:,.0f}" for size in counts])
    ax.minorticks_off()
    set_title(ax, "Test accuracy")
    ax.set(xlabel="training rows", ylabel="accuracy (%)", ylim=(None, 100.0))
    finish(ax, legend="lower right")
    return ax


def learning_curve(
    sizes: ArrayLike,
    errors: ArrayLike,
    *,
    theory: LearningCurve | None = None,
    leave_one_out: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show test error against the number of training rows, with theory on top.

    Parameters
    ----------
    sizes : array-like of shape (n_sizes,)
        Numbers of training rows at which errors were measured.
    errors : array-like of shape (n_sizes,) or (n_repeats, n_sizes)
        Mean squared errors on test rows; squared output units. Bars show the range
        over repeats.
    theory : LearningCurve, optional
        From `fastntk.theory.learning_curve`: a line in its 90 % interval, dashed where
        it is extrapolated. Where it is not told no line is drawn, and words say so.
    leave_one_out : tuple of float, optional
        Number of rows, and the leave-one-out error on them: a diamond.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If there isn't one error for each size, one is not positive, or ``theory`` is
        something else.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import theory
    >>> rows = np.random.default_rng(0).normal(size=(200, 40))
    >>> known = theory.decompose(rows @ rows.T, rows[:, 0])
    >>> curve = theory.learning_curve(known, [50, 100, 200], ridge=1.0)
    >>> ax = learning_curve([50, 100], [[0.3, 0.2], [0.5, 0.2]], theory=curve)
    >>> bool((ax.lines[0].get_ydata() == curve.test_mse).all())
    True
    """
    from fastntk.theory import LearningCurve

    if theory is not None:
        check_result(theory, LearningCurve, "theory", "fastntk.theory.learning_curve")
    ax = as_axes(ax)
    counts = as_line(sizes, "sizes")
    found = _positive(_splits(errors, "errors", len(counts)), "errors")
    ax.set(xscale="log", yscale="log")
    if theory is not None:
        _draw_theory(ax, theory)
    _draw_measured(ax, counts, found)
    if leave_one_out is not None:
        n, error = _as_point(leave_one_out)
        look: dict[str, Any] = DATA | {"marker": "D", "color": ORANGE}
        look |= {"markersize": 9, "markerfacecolor": "none"}  # around a measurement
        ax.plot([n], [error], **look, label="leave-one-out", zorder=5)
    set_title(ax, "Learning curve")
    ax.set(xlabel="training rows", ylabel="test error (mean squared)")
    _plain_ticks(ax, rows=True)
    finish(ax, legend="outside")
    return ax


def _draw_theory(ax: Axes, theory: LearningCurve) -> None:
    """Draw the theory's line; its extrapolated part starts at the last known point."""
    order = np.argsort(theory.n_samples, kind="stable")
    n, error = theory.n_samples[order], theory.test_mse[order]
    far = np.asarray(theory.is_extrapolated, dtype=bool)[order]
    told = np.asarray(theory.is_told, dtype=bool)[order]
    low = np.where(told, theory.test_mse_low[order], np.nan)
    high = np.where(told, theory.test_mse_high[order], np.nan)
    label = "its 90 % interval"
    ax.fill_between(n, low, high, color=BLUE, alpha=0.2, lw=0, label=label, zorder=1)
    known = np.where(far, np.nan, error)
    ax.plot(n, known, color=BLUE, linewidth=2, label="theory", zorder=2)
    drawn = far & told
    if drawn.any():
        joined = drawn.copy()
        joined[:-1] |= drawn[1:] & ~far[:-1]
        beyond = np.where(joined, error, np.nan)
        label = "theory, extrapolated"
        ax.plot(n, beyond, "--", color=BLUE, linewidth=2, label=label, zorder=2)
    if not told.all():
        _say_untold(ax, n, told)


def _say_untold(ax: Axes, n: Any, told: Any) -> None:
    """Say from which number of rows on there is no line."""
    words = "the rows known tell no error"
    if told.any():
        words = f"beyond {n[told].max():,.0f} rows the error is not told"
    ax.annotate(
        words, (0.02, 0.03), xycoords="axes fraction", color="0.3", fontsize="small"
    )


def ridge_curve(
    kare: Kare,
    measured: ArrayLike | None = None,
    *,
    unit: float = 1.0,
    n_outputs: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Show test error against the ridge: KARE, its uncertainty, and measured errors.

    Parameters
    ----------
    kare : Kare
        From `fastntk.theory.kare` with several ridges > 0.
    measured : array-like of shape (n_ridges,), optional
        Mean squared errors on test rows for the same ridges; squared output units.
    unit : float, default=1.0
        What ridges are counted in, such as ``spectrum.trace / spectrum.n_samples``.
    n_outputs : int, default=1
        Independent targets that the errors are means of: their sampling error is
        smaller.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If a ridge or an error is not positive, shapes don't agree, or ``kare`` is
        something else.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import theory
    >>> known = theory.decompose(np.diag([3.0, 1.0]), [2.0, 2.0])
    >>> estimate = theory.kare(known, ridge=[1.0, 2.0])
    >>> ax = ridge_curve(estimate, [4.0, 4.1])
    >>> [line.get_label() for line in ax.lines]
    ['theory, test', 'theory, training', 'measured']
    """
    from fastntk.theory import Kare

    check_result(kare, Kare, "kare", "fastntk.theory.kare")
    ax = as_axes(ax)
    ridges = _positive(as_line(kare.ridge, "kare.ridge"), "kare.ridge")
    scaled = ridges / as_positive(unit, "unit")
    test = np.asarray(kare.test_mse)
    width = np.asarray(kare.relative_error) / np.sqrt(
        as_positive(n_outputs, "n_outputs")
    )
    ax.set(xscale="log", yscale="log")
    ax.plot(scaled, test, color=BLUE, linewidth=2, label="theory, test")
    low, high = test / (1.0 + width), test * (1.0 + width)
    label = "its sampling error"
    ax.fill_between(scaled, low, high, color=BLUE, alpha=0.2, lw=0, label=label)
    ax.plot(scaled, kare.train_mse, "--", color=ORANGE, lw=2, label="theory, training")
    if measured is not None:
        found = as_line(measured, "measured", len(ridges), "the ridges")
        ax.plot(scaled, _positive(found, "measured"), **DATA, label="measured")
    ax.set_ylim(bottom=float(low.min()) / 4.0)  # training errors go down to nothing
    set_title(ax, "Test error and ridge")
    units = "units of the kernel" if unit == 1.0 else "units of tr(K) / n"
    ax.set(xlabel=f"ridge ({units})", ylabel="mean squared error")
    _plain_ticks(ax, rows=False)
    finish(ax, legend="outside")
    return ax


def _splits(values: Any, name: str, n: int) -> Array:
    """Return numbers of shape (n_repeats, n)."""
    found = np.atleast_2d(as_numbers(values, name))
    if found.ndim != 2 or found.shape[1] != n:
        raise InputError(
            f"{name}: found shape {found.shape}; expected (n_repeats, {n}), one column "
            "for each of the sizes"
        )
    return found


def _positive(values: Array, name: str) -> Array:
    if values.min() <= 0.0:
        raise InputError(
            f"{name}: found {values.min():.3g}; expected numbers > 0, for a log axis"
        )
    return values


def _draw_measured(ax: Axes, counts: Array, found: Array) -> None:
    """Draw means, with bars from the least to the largest."""
    mean = found.mean(axis=0)
    label = "measured"
    if len(found) > 1:
        label = f"measured, range of {len(found)}"
        spread = np.array([mean - found.min(axis=0), found.max(axis=0) - mean])
        spread = np.maximum(spread, 0.0)  # of equal numbers the mean is rounded
        bars: dict[str, Any] = {"ecolor": "black", "elinewidth": 1.3, "capsize": 3}
        ax.errorbar(counts, mean, yerr=spread, fmt="none", zorder=3, **bars)
    ax.plot(counts, mean, **DATA, label=label, zorder=4)


def _plain_ticks(ax: Axes, *, rows: bool) -> None:
    """Write numbers as they are, not as powers of ten, where few powers are shown."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis, is_count in ((ax.xaxis, rows), (ax.yaxis, False)):
        low, high = axis.get_view_interval()
        reach = high / low
        if reach > 200.0 and not is_count:
            continue
        marks = (1.0,) if reach > 200.0 else (1.0, 2.0, 5.0)
        if reach < 5.0:
            marks = (1.0, 1.5, *range(2, 10))
        axis.set_major_locator(LogLocator(subs=marks))
        words = "{:,.0f}" if is_count else "{:g}"
        axis.set_major_formatter(FuncFormatter(lambda v, _, w=words: w.format(v)))
        axis.set_minor_formatter(NullFormatter())


def _as_point(value: Any) -> tuple[float, float]:
    """Return the rows and the error of a point that is drawn by itself."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InputError(
            f"leave_one_out: found {shown(value)}; expected (n_rows, error)"
        )
    rows, error = value
    return (
        as_positive(rows, "leave_one_out[0]"),
        as_positive(error, "leave_one_out[1]"),
    )
