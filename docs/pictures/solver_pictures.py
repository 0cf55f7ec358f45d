"""Pictures of the page on solvers."""

import json
from pathlib import Path
from typing import Any

from picture_data import tidy, title

__all__ = ["solvers"]

MEASURED = Path(__file__).with_name("solvers.json")
COLOURS = {
    "cholesky": "#0072B2",
    "eigh": "#D55E00",
    "cg": "#009E73",
    "falkon": "#CC79A7",
    "askotch": "#56B4E9",
}
MARKERS = dict(zip(COLOURS, "osD^v", strict=True))


def solvers() -> Any:
    """Time and memory of each method against the number of rows."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    points = json.loads(MEASURED.read_text(encoding="utf-8"))["points"]
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    panels = ((left, "seconds", "Time"), (right, "GiB", "Peak memory of the process"))
    for ax, what, words in panels:
        for method, found in points.items():
            rows = [point["n"] for point in found]
            label = f"{method} (eigh, pinv)" if method == "eigh" else method
            ax.loglog(
                rows,
                [point[what] for point in found],
                color=COLOURS[method],
                marker=MARKERS[method],
                markersize=4,
                label=label.replace("eigh (eigh, pinv)", "eigh, pinv"),
            )
        title(ax, words)
        ax.set_xlabel("rows")
        ax.set_ylabel(what)
        tidy(ax)
    right.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    for axis in (left.xaxis, left.yaxis, right.xaxis, right.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    right.yaxis.set_minor_locator(NullLocator())
    left.legend(frameon=False, fontsize=9)
    return figure
