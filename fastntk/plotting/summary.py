"""Figures of several panels, as the command line writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fastntk.plotting.errors import accuracy_curve
from fastntk.plotting.kernels import kernel_matrix, spectrum
from fastntk.plotting.style import new_figure
from fastntk.plotting.training import loss_curves, training_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["dynamics_figure", "summary_figure"]


def summary_figure(
    *,
    kernel: ArrayLike,
    labels: ArrayLike,
    eigenvalues: ArrayLike,
    sizes: Sequence[int],
    accuracies: ArrayLike,
) -> Figure:
    """Return one figure with the kernel matrix, its spectrum and the accuracies.

    Parameters
    ----------
    kernel, labels
        As for `kernel_matrix`.
    eigenvalues
        As for `spectrum`.
    sizes, accuracies
        As for `accuracy_curve`.

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
    figure = new_figure(13.6, 4.4)
    panels = figure.subplots(1, 3, width_ratios=[1.08, 1.0, 1.0])
    kernel_matrix(kernel, labels, ax=panels[0])
    spectrum(eigenvalues, ax=panels[1])
    accuracy_curve(sizes, accuracies, ax=panels[2])
    return figure


def dynamics_figure(
    *,
    times: ArrayLike,
    losses: Mapping[str, ArrayLike],
    mean: ArrayLike,
    variance: ArrayLike,
    targets: ArrayLike,
    names: Sequence[str],
) -> Figure:
    """Return one figure of training: losses, and outputs with their bands.

    Parameters
    ----------
    times, losses
        As for `loss_curves`.
    mean, variance, targets, names
        As for `training_curves`.

    Returns
    -------
    matplotlib Figure
        Not shown, and not known to pyplot; save it with ``savefig``.

    Examples
    --------
    >>> import numpy as np
    >>> figure = dynamics_figure(
    ...     times=[1.0, 2.0],
    ...     losses={"train": [1.0, 0.5]},
    ...     mean=np.zeros((2, 1)),
    ...     variance=np.ones((2, 1)),
    ...     targets=[1.0],
    ...     names=["row 3"],
    ... )
    >>> len(figure.axes)
    2
    """
    figure = new_figure(13.0, 4.4)
    left, right = figure.subplots(1, 2)
    loss_curves(times, losses, ax=left)
    training_curves(times, mean, variance, targets=targets, names=names, ax=right)
    return figure
