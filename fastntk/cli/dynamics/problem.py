"""What `fastntk dynamics` works on: its options, and rows that are split and scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastntk import stax
from fastntk._errors import InputError
from fastntk.cli.data.file import Table
from fastntk.cli.scaling import Scale

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
    x_scale = _scale_of(table.features[train], table.feature_names)
    y_scale = _scale_of(table.targets[train], table.target_names)
    if x_scale.is_constant.all():
        raise InputError(
            "all features are constant on the training rows; expected one that varies"
        )
    for name, is_constant in zip(table.target_names, y_scale.is_constant, strict=True):
        if is_constant:
            raise InputError(
                f"the target {name!r} is constant on the training rows; expected one "
                "that varies. Choose another column by --target"
            )
    return Problem(
        x_train=x_scale.apply(table.features[train], table.feature_names),
        y_train=y_scale.apply(table.targets[train], table.target_names),
        x_test=x_scale.apply(table.features[test], table.feature_names),
        y_test=y_scale.apply(table.targets[test], table.target_names),
        test_rows=test,
        x_scale=(x_scale.mean, x_scale.std),
        y_scale=(y_scale.mean, y_scale.std),
        table=table,
    )


def _scale_of(columns: Array, names: tuple[str, ...]) -> Scale:
    """Return the scale of columns whose squares, which pictures show, are numbers."""
    scale = Scale.of(np.asarray(columns, dtype=np.float64))
    far = np.flatnonzero(scale.exponent)
    if len(far):
        size = float(np.abs(columns[:, far[0]]).max())
        raise InputError(
            f"{names[far[0]]!r}: found values up to {size:.3g}, whose squares float64 "
            "can't hold; expected values of which pictures can be drawn. Change the "
            "units of the column"
        )
    return scale
