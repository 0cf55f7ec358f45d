"""Pictures of a benchmark: times against rows, depth and threads, and the roofline.

The panels take the lists and numbers of `fastntk.benchmark.run_benchmark`, as they also
stand in the file of ``fastntk bench --json``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastntk.plotting.style import (
    COLOURS,
    GREY,
    as_axes,
    finish,
    set_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = [
    "depth_curve",
    "roofline",
    "size_curve",
    "thread_scaling",
]

Series = Sequence[Mapping[str, Any]]
MARKERS = "osD^v"
LOG_RANGE = 20.0  # times that differ more are drawn on a log scale


def size_curve(series: Series, *, ax: Axes | None = None) -> Axes:
    """Draw times against the number of rows on log-log axes, with their slopes.

    Parameters
    ----------
    series : sequence of mapping
        Per library: ``library``, ``slope``, and ``points`` with ``n`` and ``median_s``.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> points = [{"n": n, "median_s": 1e-9 * n**2} for n in (500, 1000, 2000)]
    >>> ax = size_curve([{"library": "fastntk", "slope": 2.0, "points": points}])
    >>> ax.get_legend_handles_labels()[1]
    ['fastntk, slope 2.00']
    """
    ax = as_axes(ax)
    for i, line in enumerate(series):
        slope = line["slope"]
        label = line["library"] + ("" if slope is None else f", slope {slope:.2f}")
        _draw_line(ax, line["points"], "n", i, label, 1.0)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    _plain_ticks(ax, [p["n"] for line in series[:1] for p in line["points"]])
    _time_ticks(ax, [p["median_s"] for line in series for p in line["points"]])
    ax.set(xlabel="rows n", ylabel="time")
    set_title(ax, "Time against rows")
    finish(ax)
    _legend_below(ax, 2)
    return ax


def depth_curve(series: Series, *, ax: Axes | None = None) -> Axes:
    """Draw times against the number of hidden layers.

    Parameters
    ----------
    series : sequence of mapping
        Per library: ``library``, ``n``, and ``points`` with ``depth`` and ``median_s``.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    ax = as_axes(ax)
    for i, line in enumerate(series):
        _draw_line(ax, line["points"], "depth", i, line["library"], 1e3)
    times = [p["median_s"] for line in series for p in line["points"]]
    if max(times) > LOG_RANGE * min(times):
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0.0)
    ax.set_xticks(sorted({p["depth"] for line in series for p in line["points"]}))
    ax.set(xlabel="hidden layers", ylabel=f"ms for n = {series[0]['n']:,}")
    set_title(ax, "Time against depth")
    finish(ax)
    if len(series) > 1:
        _legend_below(ax, 2)
    return ax


def thread_scaling(series: Series, *, ax: Axes | None = None) -> Axes:
    """Draw how many times faster several threads are than one, and the ideal.

    Parameters
    ----------
    series : sequence of mapping
        Per library: ``library``, and ``points`` with ``threads`` and ``median_s``.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    ax = as_axes(ax)
    most = max(p["threads"] for line in series for p in line["points"])
    ax.plot([1, most], [1, most], color=GREY, linestyle=(0, (4, 3)), label="ideal")
    for i, line in enumerate(series):
        points = line["points"]
        if not points:
            continue
        one = points[0]["median_s"]
        ax.plot(
            [p["threads"] for p in points],
            [one / p["median_s"] for p in points],
            color=_colour(i),
            marker=MARKERS[i % len(MARKERS)],
            label=line["library"],
        )
    step = max(1, most // 8)
    ax.set_xticks([1, *range(1 + step, most + 1, step)] if most > 1 else [1])
    ax.set_ylim(bottom=0.0)
    ax.set(xlabel="threads", ylabel="times faster than one")
    set_title(ax, "Thread scaling")
    finish(ax)
    _legend_below(ax, 2)
    return ax


def roofline(
    cases: Series, ceilings: Mapping[str, float], *, ax: Axes | None = None
) -> Axes:
    """Draw what was reached under the machine's measured ceilings.

    Parameters
    ----------
    cases : sequence of mapping
        ``case``, ``flops``, ``written`` (bytes), ``gflops`` and ``fraction`` of each;
        those without flops are left out.
    ceilings : mapping
        ``product``, ``numpy_product``, ``polynomial`` in GFLOP/s, ``write_fresh`` and
        ``write_reused`` in GB/s.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    ax = as_axes(ax)
    shown = [case for case in cases if case.get("gflops")]
    at = [case["flops"] / max(case["written"], 1.0) for case in shown]
    product = max(ceilings["product"], ceilings["numpy_product"])
    top = max(product, ceilings["polynomial"])
    low = min([*at, top / ceilings["write_reused"]]) / 4.0
    high = max([*at, top / ceilings["write_fresh"]]) * 4.0
    slopes: tuple[tuple[str, str, Any], ...] = (
        ("write_reused", "writes, reused pages", "-"),
        ("write_fresh", "writes, fresh pages", (0, (4, 3))),
    )
    for key, name, style in slopes:
        edge = top / ceilings[key]
        rates = [low * ceilings[key], top]
        label = f"{name}, {ceilings[key]:.0f} GB/s"
        ax.plot([low, edge], rates, color=GREY, linestyle=style, label=label)
    flat = {"matrix product": product, "polynomials": ceilings["polynomial"]}
    for (name, rate), style in zip(flat.items(), ("-", (0, (1, 1.5))), strict=True):
        label = f"{name}, {rate:.0f} GFLOP/s"
        edge = rate / ceilings["write_reused"]
        ax.plot([edge, high], [rate, rate], color="black", linestyle=style, label=label)
    for i, (case, x) in enumerate(zip(shown, at, strict=True)):
        share = case["fraction"]
        label = case["case"] + (
            "" if share is None else f": {100 * share:.3g}% of its limit"
        )
        mark: dict[str, Any] = {"marker": MARKERS[i % len(MARKERS)], "markersize": 7}
        ax.plot([x], [case["gflops"]], color=_colour(i), ls="none", label=label, **mark)
    ax.set(xscale="log", yscale="log", xlim=(low, high))
    ax.set(xlabel="flops per byte written", ylabel="GFLOP/s")
    bottom, upper = ax.get_ylim()
    _log_ticks(ax.xaxis, high / low, _number)
    _log_ticks(ax.yaxis, upper / bottom, _number)
    set_title(ax, "Roofline")
    finish(ax)
    _legend_below(ax, 1)
    return ax


def _draw_line(
    ax: Axes, points: Series, key: str, i: int, label: str, unit: float
) -> None:
    """Draw the medians of one library."""
    ax.plot(
        [point[key] for point in points],
        [unit * point["median_s"] for point in points],
        color=_colour(i),
        marker=MARKERS[i % len(MARKERS)],
        label=label,
    )


def _colour(i: int) -> str:
    return COLOURS[i % (len(COLOURS) - 1)]  # the last is black, like the ceilings


def _legend_below(ax: Axes, n_columns: int) -> None:
    """Put the legend under the panel, where it covers no data."""
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.21),
        frameon=False,
        ncols=n_columns,
        borderaxespad=0.0,
    )


def _time_ticks(ax: Axes, seconds: Sequence[float]) -> None:
    """Put ticks at round times, with their units."""
    _log_ticks(ax.yaxis, max(seconds) / min(seconds), _time)


def _log_ticks(axis: Axis, span: float, words: Callable[[float], str]) -> None:
    """Put ticks at round numbers of a log scale, so many that there are several."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    steps: tuple[float, ...] = (1.0, 2.0, 5.0)
    if span > 1e3:
        steps = (1.0,)
    elif span < 6.0:
        steps = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axis.set_minor_locator(NullLocator())


def _number(value: float) -> str:
    """Return a number written out, without a power of ten."""
    return f"{value:,.0f}" if value >= 10.0 else f"{value:.3g}"


def _time(seconds: float) -> str:
    """Return a time in the largest unit of which it is at least one."""
    for unit, name in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= 0.9999 * unit:
            return f"{seconds / unit:.4g} {name}"
    return f"{seconds / 1e-6:.4g} us"


def _plain_ticks(ax: Axes, values: Sequence[int]) -> None:
    """Put ticks at the measured numbers, written out."""
    ax.set_xticks(values, [f"{value:,}" for value in values])
    ax.minorticks_off()
