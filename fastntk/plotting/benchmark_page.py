"""All panels of a benchmark: as one picture, or as SVG that stands inside a page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastntk.plotting.benchmark import (
    depth_curve,
    roofline,
    size_curve,
    thread_scaling,
)
from fastntk.plotting.style import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["benchmark_figure", "benchmark_svgs"]

WIDTH, HEIGHT = 4.6, 3.7  # inches, of a panel in a page


def benchmark_figure(report: Mapping[str, Any]) -> Figure:
    """Return one figure with all panels that a report has numbers for.

    Parameters
    ----------
    report : mapping
        What `fastntk.benchmark.run_benchmark` returned.

    Returns
    -------
    matplotlib Figure
    """
    panels = _panels(report)
    *upper, (_, draw_roofline) = panels
    figure = new_figure(2.6 * WIDTH, 2.3 * HEIGHT + 0.8)
    grid = figure.add_gridspec(2, len(upper))
    for column, (_, draw) in enumerate(upper):
        draw(figure.add_subplot(grid[0, column]))
    below = figure.add_subplot(grid[1, :])
    draw_roofline(below)
    # there is room beside it
    below.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    asked = report["settings"]
    figure.suptitle(
        f"{report['network']['text']}\n{asked['get']}, {asked['dtype']}, "
        f"n = {asked['n']:,}, d = {asked['d']:,}, {asked['threads']} threads of "
        f"{report['machine']['cpu']}",
        fontsize="medium",
        wrap=True,
    )
    return figure


def benchmark_svgs(report: Mapping[str, Any]) -> dict[str, str]:
    """Return every panel as SVG text that stands inside a page.

    Black and grey are left to the page: text has the colour that the page gives, and
    the grid ``var(--grid)``, ticks ``var(--muted)`` and blue ``var(--blue)``.
    Identifiers of one picture don't meet those of another.

    Parameters
    ----------
    report : mapping
        What `fastntk.benchmark.run_benchmark` returned.

    Returns
    -------
    dict of str to str
        By name: "sizes", "depths", "threads", "roofline".
    """
    found = {}
    for name, draw in _panels(report):
        tall = 1.45 if name == "roofline" else 1.0
        figure = new_figure(WIDTH, HEIGHT * tall)
        draw(figure.add_subplot())
        text = io.StringIO()
        none = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", transparent=True, metadata=none)
        found[name] = _for_a_page(text.getvalue(), name)
    return found


Draw = Callable[["Axes"], Any]


def _panels(report: Mapping[str, Any]) -> list[tuple[str, Draw]]:
    """Return name and drawing function of the panels there are numbers for."""
    panels: list[tuple[str, Draw]] = []
    sizes, depths = report["sizes"], report["depths"]
    if len(sizes[0]["points"]) > 1:
        panels.append(("sizes", lambda ax: size_curve(sizes, ax=ax)))
    if depths and len(depths[0]["points"]) > 1:
        panels.append(("depths", lambda ax: depth_curve(depths, ax=ax)))
    panels.append(("threads", lambda ax: thread_scaling(report["threads"], ax=ax)))
    ours = [case for case in report["cases"] if case["library"] == "fastntk"]
    ceilings = report["ceilings"][str(report["settings"]["threads"])]
    panels.append(("roofline", lambda ax: roofline(ours, ceilings, ax=ax)))
    return panels


def _for_a_page(svg: str, name: str) -> str:
    """Return the svg element alone, with colours and identifiers fit for a page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\b(id="|xlink:href="#|url\(#)', rf"\g<1>{name}-", svg)
    for colour, variable in (
        ("#000000", "currentColor"),
        ("#595959", "var(--muted)"),
        ("#e5e5e5", "var(--grid)"),
        ("#e6e6e6", "var(--grid)"),
        ("#0072b2", "var(--blue)"),
    ):
        svg = svg.replace(colour, variable)
    return re.sub(r'<svg ([^>]*?)height="[^"]*" ', r"<svg \1", svg, count=1).replace(
        "<svg ", '<svg class="plot" fill="currentColor" role="img" ', 1
    )
