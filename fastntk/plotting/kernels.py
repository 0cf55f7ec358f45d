"""A kernel matrix and its eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastntk._errors import InputError
from fastntk._validation import to_array
from fastntk.plotting.checks import Array, as_line, as_numbers
from fastntk.plotting.style import BLUE, ORANGE, as_axes, finish, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

__all__ = ["kernel_matrix", "spectrum"]

_NEGATIVE = 1e-4  # of the largest eigenvalue: what float32 leaves below zero at most


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

    Raises
    ------
    InputError
        If the kernel is not square, or labels don't belong to it.

    Examples
    --------
    >>> ax = kernel_matrix([[2.0, 1.0], [1.0, 2.0]])
    >>> ax.get_images()[0].get_array().data
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    ax = as_axes(ax)
    values = _as_square(kernel)
    scale = np.sqrt(np.maximum(np.diag(values), 0.0))
    scale[scale == 0.0] = 1.0
    values = values / np.outer(scale, scale)
    if labels is not None:
        classes = to_array(labels, "labels", objects=False)
        if classes.shape != (len(values),):
            raise InputError(
                f"labels: found shape {classes.shape}; expected ({len(values)},), one "
                "for each row of the kernel"
            )
        order = np.argsort(classes, kind="stable")
        values = values[np.ix_(order, order)]
    low, high = np.percentile(values, [0.5, 99.5])
    image = ax.imshow(values, cmap="cividis", vmin=low, vmax=high, aspect="equal")
    ax.figure.colorbar(image, ax=ax, shrink=0.9, extend="both", label="cosine")
    set_title(ax, "Kernel matrix")
    ax.set(xlabel="row", ylabel="row")
    if labels is not None:
        _name_classes(ax, classes[order])
    return ax


def _as_square(kernel: Any) -> Array:
    values = as_numbers(kernel, "kernel")
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise InputError(
            f"kernel: found shape {values.shape}; expected (n, n), the kernel of rows "
            "with themselves, as fastntk.gram(net, x) returns"
        )
    return values


def _name_classes(ax: Axes, classes: np.ndarray[Any, Any]) -> None:
    """Put each class's name in the middle of its rows, and ticks between classes."""
    names, starts, counts = np.unique(classes, return_index=True, return_counts=True)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(starts + 0.5 * counts - 0.5, [str(name) for name in names])
        axis.set_ticks(starts[1:] - 0.5, minor=True)
        axis.set_tick_params(which="major", length=0)
    set_title(ax, "Kernel matrix, sorted by class")
    ax.set(xlabel="class", ylabel="class")


def spectrum(
    eigenvalues: ArrayLike, power: ArrayLike | None = None, *, ax: Axes | None = None
) -> Axes:
    """Show eigenvalues as shares of their sum, largest first, on log axes.

    Parameters
    ----------
    eigenvalues : array-like of shape (n,)
        Eigenvalues of a kernel matrix, in any order; only positive ones are shown.
    power : array-like of shape (n,), optional
        Squared coefficients of the targets in the eigenvectors, in the order of the
        eigenvalues, such as ``theory.decompose(kernel, y).power``. A second line then
        shows which share of the targets lies beyond the first modes: the faster it
        falls, the easier the targets.
    ax : matplotlib Axes, optional
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        If no eigenvalue is positive, one is negative beyond rounding, or ``power``
        doesn't belong to them.

    Examples
    --------
    >>> ax = spectrum([1.0, 3.0], power=[1.0, 1.0])
    >>> [line.get_ydata().tolist() for line in ax.lines]
    [[0.75, 0.25], [1.0, 0.5]]
    """
    ax = as_axes(ax)
    found = as_line(eigenvalues, "eigenvalues")
    order = np.argsort(-found, kind="stable")
    values = found[order]
    if values[0] <= 0.0:
        raise InputError(
            f"eigenvalues: found {values[0]:.3g} as the largest; expected one above 0"
        )
    if values[-1] < -_NEGATIVE * values[0]:
        raise InputError(
            f"eigenvalues: found {values[-1]:.3g} beside {values[0]:.3g} as the "
            "largest; expected none below 0 but by rounding: those of a kernel matrix"
        )
    shares = values / np.maximum(values, 0.0).sum()
    positive = shares > 0.0
    ranks = np.arange(1, len(shares) + 1)
    label = "eigenvalue, share of the trace"
    ax.loglog(ranks[positive], shares[positive], color=BLUE, linewidth=2, label=label)
    set_title(ax, "Spectrum")
    ax.set(xlabel="rank of the eigenvalue", ylabel="share of the trace")
    if power is not None:
        given = as_line(power, "power", len(values), "the eigenvalues")[order]
        left = np.cumsum(given[::-1])[::-1]
        label = "targets from this rank on, share of their power"
        ax.loglog(ranks, left / left[0], "--", color=ORANGE, linewidth=2, label=label)
        ax.set(ylabel="share")
    ax.margins(x=0.02)
    finish(ax, legend=None if power is None else "lower left")
    return ax
