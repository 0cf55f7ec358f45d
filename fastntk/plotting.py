"""Pictures of kernels; the only module that knows matplotlib.

Every panel takes ``ax=`` and returns it; without it, it draws on a new figure.
Colours are told apart with any colour vision (cividis, and Okabe and Ito's set).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["kernel_matrix", "learning_curve", "spectrum", "summary_figure"]

_BLUE = "#0072B2"
_GREY = "0.35"
_TITLE: dict[str, Any] = {"loc": "left", "fontweight": "bold"}


def _new_figure(**options: Any) -> Figure:
    """Return a figure that pyplot doesn't keep; it needs no display."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'drawing needs matplotlib; install it with: pip install "fastntk[plot]"'
        ) from error
    return Figure(layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1), **options)


def _axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    return _new_figure(figsize=(5.0, 4.2)).add_subplot() if ax is None else ax


def kernel_matrix(
    kernel: ArrayLike, labels: ArrayLike | None = None, *, ax: Axes | None = None
) -> Axes:
    """Show a kernel matrix as cosines, ``K_ij / sqrt(K_ii K_jj)``.

    Parameters
    ----------
    kernel : array-like of shape (n, n)
        Symmetric kernel matrix.
    labels : array-like of shape (n,), optional
        Class of each row; rows are sorted by it and the classes named on the axes.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes
    """
    ax = _axes(ax)
    values = np.asarray(kernel, dtype=np.float64)
    scale = np.sqrt(np.diag(values))
    scale[scale == 0.0] = 1.0
    values = values / np.outer(scale, scale)
    if labels is not None:
        classes = np.asarray(labels)
        order = np.argsort(classes, kind="stable")
        values = values[np.ix_(order, order)]
    low, high = np.percentile(values, [0.5, 99.5])
    image = ax.imshow(values, cmap="cividis", vmin=low, vmax=high, aspect="equal")
    ax.figure.colorbar(image, ax=ax, shrink=0.9, extend="both", label="cosine")
    ax.set_title("Kernel matrix", **_TITLE)
    ax.set(xlabel="row", ylabel="row")
    if labels is not None:
        _name_classes(ax, classes[order])
    return ax


def _name_classes(ax: Axes, classes: np.ndarray[Any, Any]) -> None:
    """Put each class's name in the middle of its rows, and ticks between classes."""
    names, starts, counts = np.unique(classes, return_index=True, return_counts=True)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(starts + 0.5 * counts - 0.5, [str(name) for name in names])
        axis.set_ticks(starts[1:] - 0.5, minor=True)
        axis.set_tick_params(which="major", length=0)
    ax.set_title("Kernel matrix, sorted by class", **_TITLE)
    ax.set(xlabel="class", ylabel="class")


def spectrum(eigenvalues: ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Show eigenvalues as shares of their sum, largest first, on log axes.

    Parameters
    ----------
    eigenvalues : array-like of shape (n,)
        Eigenvalues of a kernel matrix, in any order; only positive ones are shown.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes
    """
    ax = _axes(ax)
    values = np.sort(np.asarray(eigenvalues, dtype=np.float64))[::-1]
    shares = values / values.sum()
    positive = shares > 0.0
    ranks = np.arange(1, len(shares) + 1)
    ax.loglog(ranks[positive], shares[positive], color=_BLUE, linewidth=2)
    ax.set_title("Spectrum", **_TITLE)
    ax.set(xlabel="rank of the eigenvalue", ylabel="share of the trace")
    ax.margins(x=0.02)
    _light_grid(ax)
    return ax


def learning_curve(
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
    """
    ax = _axes(ax)
    percent = 100.0 * np.atleast_2d(np.asarray(accuracies, dtype=np.float64))
    mean, low, high = percent.mean(axis=0), percent.min(axis=0), percent.max(axis=0)
    if len(percent) > 1:
        label = f"range over {len(percent)} splits"
        ax.fill_between(sizes, low, high, color=_BLUE, alpha=0.2, lw=0, label=label)
    ax.plot(sizes, mean, "o-", color=_BLUE, linewidth=2, markersize=5, label="mean")
    ax.annotate(
        f"{mean[-1]:.2f} %",
        (sizes[-1], mean[-1]),
        xytext=(6, -14),
        textcoords="offset points",
        ha="right",
        fontweight="bold",
        va="top",
    )
    ax.set_xscale("log")
    ax.set_xticks(list(sizes), [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    ax.set_title("Test accuracy", **_TITLE)
    ax.set(xlabel="training rows", ylabel="accuracy (%)", ylim=(None, 100.0))
    ax.legend(frameon=False, loc="lower right")
    _light_grid(ax)
    return ax


def _light_grid(ax: Axes) -> None:
    """Draw a faint grid behind the data and drop the box's upper and right side."""
    ax.grid(True, color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(colors=_GREY, labelcolor="black")


def summary_figure(
    *,
    kernel: ArrayLike,
    labels: ArrayLike,
    eigenvalues: ArrayLike,
    sizes: Sequence[int],
    accuracies: ArrayLike,
) -> Figure:
    """Return one figure with the kernel matrix, its spectrum and the learning curve.

    Parameters
    ----------
    kernel, labels
        As for `kernel_matrix`.
    eigenvalues
        As for `spectrum`.
    sizes, accuracies
        As for `learning_curve`.

    Returns
    -------
    matplotlib Figure
        Not shown, and not known to pyplot; save it with ``savefig``.

    Examples
    --------
    >>> import numpy as np
    >>> figure = summary_figure(
    ...     kernel=np.eye(4),
    ...     labels=[0, 0, 1, 1],
    ...     eigenvalues=np.ones(4),
    ...     sizes=[2, 3],
    ...     accuracies=[[0.5, 0.75]],
    ... )
    >>> len(figure.axes)  # three panels and a colour bar
    4
    """
    figure = _new_figure(figsize=(13.6, 4.4))
    panels = figure.subplots(1, 3, width_ratios=[1.08, 1.0, 1.0])
    kernel_matrix(kernel, labels, ax=panels[0])
    spectrum(eigenvalues, ax=panels[1])
    learning_curve(sizes, accuracies, ax=panels[2])
    return figure
