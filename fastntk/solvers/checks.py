"""Checks of what solvers are given."""

import math
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation import refuse_masked, to_array
from fastntk._validation.arguments import as_float, as_index_or_none
from fastntk.request.placement import to_host

__all__ = [
    "check_count",
    "check_ridge",
    "check_rtol",
    "check_targets",
    "column_norms",
]

LARGEST = 1e290  # of a target: norms and residuals of larger ones overflow


def check_targets(y: Any, n: int, name: str = "y") -> tuple[FloatArray, bool]:
    """Return targets as a float64 matrix, and whether they were a vector.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_outputs)
        Real and finite.
    n : int
        Rows expected.
    name : str
        For messages.

    Raises
    ------
    InputError
        If rank, length, dtype or a value is not as expected.
    """
    found = to_array(to_host(y), name)
    if found.dtype.kind not in "fiub":
        raise InputError(
            f"{name}: found dtype {found.dtype}; expected real numbers. Encode classes "
            "as numbers, e.g. one column per class"
        )
    if found.ndim not in (1, 2) or (found.ndim == 2 and found.shape[1] == 0):
        raise InputError(
            f"{name}: found shape {found.shape}; expected ({n},) or ({n}, n_outputs)"
        )
    if len(found) != n:
        raise InputError(
            f"{name}: found {len(found)} rows; expected {n}, one for each row of the "
            "kernel matrix"
        )
    matrix = np.array(found.reshape(n, -1), dtype=np.float64, order="F")
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"{name}: found {matrix[row, column]} in row {row}, column {column}; "
            f"expected finite numbers ({len(bad)} are not). Leave such rows out"
        )
    largest = float(np.abs(matrix).max())
    if largest > LARGEST:
        raise InputError(
            f"{name}: found a number of size {largest:.3g}; expected at most "
            f"{LARGEST:.3g}. Use other units"
        )
    return matrix, found.ndim == 1


def column_norms(columns: FloatArray) -> FloatArray:
    """Return the Euclidean norms of columns whose squares may leave float64's range."""
    peaks = np.abs(columns).max(axis=0)
    safe = np.where(peaks > 0, peaks, 1.0)
    norms: FloatArray = peaks * np.linalg.norm(columns / safe, axis=0)
    return norms


def check_ridge(ridge: Any) -> float:
    """Return a ridge >= 0.

    Raises
    ------
    InputError
        If it is negative, infinite or no number.
    """
    refuse_masked(ridge, "ridge")
    value = _number(ridge)
    if not 0.0 <= value < math.inf:
        raise InputError(
            f"ridge: found {shown(ridge)}; expected a number >= 0, in the units of the "
            "kernel, e.g. 1e-3 * trace(K) / n"
        )
    return value


def check_rtol(rtol: Any) -> float:
    """Return a tolerance between 0 and 1.

    Raises
    ------
    InputError
        If it is outside of (0, 1).
    """
    refuse_masked(rtol, "rtol")
    value = _number(rtol)
    if not 0.0 < value < 1.0:
        raise InputError(
            f"rtol: found {shown(rtol)}; expected a number above 0 and below 1, "
            "e.g. 1e-6"
        )
    return value


def check_count(value: Any, name: str, low: int, high: int | None = None) -> int:
    """Return an integer from an interval.

    Raises
    ------
    InputError
        If it is none, or outside.
    """
    found = as_index_or_none(value)
    count = low - 1 if found is None else found
    if count < low or count > (2**53 if high is None else high):
        wanted = f">= {low}" if high is None else f"from {low} to {high}"
        raise InputError(f"{name}: found {shown(value)}; expected an integer {wanted}")
    return count


def _number(value: Any) -> float:
    return as_float(to_host(value))
