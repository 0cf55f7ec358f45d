"""What `fastntk dynamics` works on: its options, and rows that are split and scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastntk import stax
from fastntk._errors import InputError
from fastntk.cli.data.file import Table

__all__ = ["Array", "Problem", "Settings", "prepare"]

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Settings:
    """Options of the command."""

    network: stax.Network
    test_fraction: float = 0.2
    learning_rate: float | None = None  # half of the largest stable one
    times: Array | None = None
    diag_reg: float = 1e-4
    max_rows: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class Problem:
    """A training and a test set, in units of the standard deviations of training."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    test_rows: NDArray[np.intp]  # their numbers in the file
    x_scale: tuple[Array, Array]  # mean and standard deviation of each feature
    y_scale: tuple[Array, Array]
    table: Table


def prepare(table: Table, settings: Settings) -> Problem:
    """Choose rows, split them, and scale columns by the training rows.

    Raises
    ------
    InputError
        If there are too few rows, or a target or all features are constant.
    """
    n_all = len(table.features)
    order = np.random.default_rng(settings.seed).permutation(n_all)
    order = order[: settings.max_rows]
    n_test = max(1, round(settings.test_fraction * len(order)))
    train, test = np.sort(order[n_test:]), np.sort(order[:n_test])
    if len(train) < 10:
        raise InputError(
            f"found {n_all} rows, {len(train)} of them for training; expected at least "
            "10 for training. Take more rows, or a smaller --test-fraction"
        )
    x_scale = _mean_and_std(table.features[train])
    y_scale = _mean_and_std(table.targets[train])
    if not x_scale[1].any():
        raise InputError("all features are constant on the training rows")
    for name, std in zip(table.target_names, y_scale[1], strict=True):
        if std == 0.0:
            raise InputError(
                f"the target {name!r} is constant on the training rows; expected one "
                "that varies. Choose another column by --target"
            )
    return Problem(
        x_train=_scaled(table.features[train], x_scale),
        y_train=_scaled(table.targets[train], y_scale),
        x_test=_scaled(table.features[test], x_scale),
        y_test=_scaled(table.targets[test], y_scale),
        test_rows=test,
        x_scale=x_scale,
        y_scale=y_scale,
        table=table,
    )


def _mean_and_std(columns: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation; 0 for that of a constant column."""
    std = columns.std(axis=0)
    std[np.ptp(columns, axis=0) == 0.0] = 0.0
    return columns.mean(axis=0), std


def _scaled(columns: Array, scale: tuple[Array, Array]) -> Array:
    mean, std = scale
    scaled: Array = (columns - mean) / np.where(std > 0.0, std, 1.0)
    return scaled
