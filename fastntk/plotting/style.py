"""What all panels share: figures, colours, grid and legend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastntk._errors import InputError
from fastntk.plotting.checks import as_positive

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "COLOURS",
    "DATA",
    "GREY",
    "ORANGE",
    "as_axes",
    "finish",
    "new_figure",
    "set_title",
]

# Okabe and Ito's colours without yellow, which is faint on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
BLUE, ORANGE = COLOURS[:2]
GREY = "0.35"
DATA: dict[str, Any] = {  # how measured or given points look
    "linestyle": "none",
    "marker": "o",
    "color": "black",
    "markersize": 5,
    "markerfacecolor": "white",
    "markeredgewidth": 1.3,
}


def new_figure(width: float = 5.2, height: float = 4.2) -> Figure:
    """Return a figure that pyplot doesn't keep; it needs no display.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Returns
    -------
    matplotlib Figure
        Its layout keeps labels and legends inside.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib isn't installed; the message says how to install it.

    Examples
    --------
    >>> figure = new_figure(8.0, 4.0)
    >>> left, right = figure.subplots(1, 2)
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'drawing needs matplotlib; install it with: pip install "fastntk[plot]"'
        ) from error
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    return Figure(
        figsize=(as_positive(width, "width"), as_positive(height, "height")),
        layout=layout,
    )


def as_axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    if ax is None:
        return new_figure().add_subplot()
    if not hasattr(ax, "fill_between"):
        raise InputError(
            f"ax: found {type(ax).__name__}; expected matplotlib axes, such as one "
            "panel of figure.subplots()"
        )
    return ax


def set_title(ax: Axes, text: str) -> None:
    """Write the title at the left, bold."""
    ax.set_title(text, loc="left", fontweight="bold")


def finish(ax: Axes, *, legend: str | None = None) -> None:
    """Draw a faint grid behind the data, drop the box's upper and right side.

    Parameters
    ----------
    ax : matplotlib Axes
        A panel of lines.
    legend : str, optional
        Where to put a legend: a location of matplotlib, or "outside" for the right
        of the panel. None for no legend.
    """
    ax.grid(True, color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(which="both", colors=GREY, labelcolor="black")
    if legend is None or not ax.get_legend_handles_labels()[1]:
        return
    if legend == "outside":
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.04, 1.0)}
        ax.legend(frameon=False, borderaxespad=0.0, **place)
    else:
        place = {"loc": legend}
        ax.legend(frameon=False, **place)
