"""Checks of what panels are given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._validation import refuse_masked
from fastntk._validation.arguments import as_float

__all__ = [
    "Array",
    "as_columns",
    "as_line",
    "as_numbers",
    "check_result",
    "check_variances",
]

Array = NDArray[np.float64]


def as_numbers(values: Any, name: str) -> Array:
    """Return finite numbers in float64, or raise `InputError`.

    Examples
    --------
    >>> as_numbers([1, 2], "times")
    array([1., 2.])
    """
    refuse_masked(values, name)
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiubO" or isinstance(values, str):
            raise TypeError
        array = np.asarray(array, dtype=np.float64)
    except Exception:  # of any kind: it may be a tensor on a GPU
        raise InputError(
            f"{name}: found {shown(values)}, which is no array of numbers; expected one"
        ) from None
    if not array.size:
        raise InputError(f"{name}: found an empty array; expected numbers to draw")
    if not np.isfinite(array).all():
        n_bad = int(array.size - np.isfinite(array).sum())
        raise InputError(
            f"{name}: found {n_bad} of {array.size} numbers that are NaN or infinite; "
            "expected finite numbers. Leave these out"
        )
    return array


def as_line(values: Any, name: str, n: int | None = None, like: str = "") -> Array:
    """Return numbers of shape (n,); a last axis of length 1 is dropped."""
    array = as_numbers(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(
            f"{name}: found shape {array.shape}; expected one axis. Draw one column "
            "at a time"
        )
    if n is not None and len(array) != n:
        raise InputError(
            f"{name}: found {len(array)} numbers; expected {n}, one for each of {like}"
        )
    return array


def as_columns(values: Any, name: str, n: int, like: str) -> Array:
    """Return numbers of shape (n, m), one curve a column.

    One curve may come as (n,), and one output as (n, m, 1).
    """
    array = as_numbers(values, name)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2:
        raise InputError(
            f"{name}: found shape {array.shape}; expected (n_times, n_curves). Of "
            "several outputs draw one at a time, as in mean[:, :, 0]"
        )
    if len(array) != n:
        raise InputError(
            f"{name}: found {len(array)} rows; expected {n}, one for each of {like}"
        )
    return array


def check_variances(variance: Array, name: str = "variance") -> Array:
    """Return the variances, or raise `InputError` if one is negative."""
    if variance.min() < 0.0:
        raise InputError(
            f"{name}: found {variance.min():.3g}; expected numbers >= 0. Variances "
            "are the diagonal of a covariance, not standard deviations or differences"
        )
    return variance


def as_positive(value: Any, name: str) -> float:
    """Return a finite number > 0, or raise `InputError`."""
    number = as_float(value)
    if not 0.0 < number < np.inf:
        raise InputError(f"{name}: found {shown(value)}; expected a number > 0")
    return number


def check_result(value: Any, kind: type, name: str, maker: str) -> None:
    """Raise `InputError` unless a value is the result of some function."""
    if not isinstance(value, kind):
        raise InputError(
            f"{name}: found {type(value).__name__}; expected the {kind.__name__} that "
            f"{maker} returns"
        )
