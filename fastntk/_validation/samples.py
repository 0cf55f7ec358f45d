"""Checks of samples that may have positions, and of what two sides have in common."""

from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._kernel import Kernel
from fastntk._typing import InputMatrix
from fastntk._validation.arrays import to_array
from fastntk._validation.frames import is_frame
from fastntk._validation.inputs import as_input, check_pair

__all__ = ["as_samples", "check_samples", "is_same_input", "n_axes"]

SAME = 1e-12  # entries that differ by less are the same, as in neural-tangents


def n_axes(x: Any) -> int:
    """Return the number of axes of inputs as given, -1 if they are no array.

    Parameters
    ----------
    x : object
        What the caller passed; a Kernel has the axes of the inputs that it stands for.

    Returns
    -------
    int
    """
    axes = getattr(x, "ndim", None)
    if isinstance(axes, int):
        return axes
    if isinstance(x, Kernel):
        return n_axes(x.nngp) // 2 + 1
    if isinstance(x, str):
        return -1
    if is_frame(x):
        return 2
    try:
        return np.ndim(x)
    except (ValueError, TypeError, RuntimeError):  # said later, with words
        return -1


def as_samples(x: Any, name: str) -> InputMatrix:
    """Return inputs of shape (n, d), or (n, positions, channels), checked.

    Parameters
    ----------
    x : array-like or sparse matrix
        One sample per entry of the first axis.
    name : str
        Name of the argument, for the messages.

    Returns
    -------
    ndarray or CSR matrix
        As `as_input` returns it; with positions an ndarray of three axes.

    Raises
    ------
    InputError
        As `as_input`.
    """
    if n_axes(x) != 3:
        return as_input(x, name)
    array = to_array(x, name, objects=False)
    if 0 in array.shape:
        raise InputError(
            f"{name}: found an empty array of shape {array.shape}; expected at least "
            "one sample, one position and one channel"
        )
    n, t, channels = array.shape
    rows = as_input(array.reshape(n * t, channels), name)
    return rows.reshape(array.shape) if isinstance(rows, np.ndarray) else rows


def check_samples(x1: InputMatrix, x2: InputMatrix | None) -> None:
    """Check that samples of both sides have the same shape.

    Parameters
    ----------
    x1, x2 : ndarray or CSR matrix
        From `as_samples`; None for ``x2`` stands for ``x1``.

    Raises
    ------
    InputError
        If positions or channels differ.
    """
    if x2 is None:
        return
    if len(x1.shape) == len(x2.shape) == 2:
        check_pair(x1, x2)
    elif x1.shape[1:] != x2.shape[1:]:
        raise InputError(
            f"x1 and x2: found samples of shapes {x1.shape[1:]} and {x2.shape[1:]}; "
            "expected the same (positions, channels)"
        )


def is_same_input(x1: InputMatrix, x2: InputMatrix) -> bool:
    """Say whether two inputs are equal within 1e-12, entry by entry.

    Parameters
    ----------
    x1, x2 : ndarray or CSR matrix
        Checked inputs.

    Returns
    -------
    bool

    Notes
    -----
    It decides what Dropout does: a sample with itself shares the dropped features.
    """
    if x1 is x2:
        return True
    if x1.shape != x2.shape:
        return False
    if isinstance(x1, np.ndarray) and isinstance(x2, np.ndarray):
        step = max(1, (1 << 16) // x1[:1].size)
        return all(
            _is_close(x1[k : k + step], x2[k : k + step])
            for k in range(0, len(x1), step)
        )
    difference: Any = _as_sparse(x1, x2) - _as_sparse(x2, x1)
    return bool(abs(difference).max() < SAME)


def _is_close(a: Any, b: Any) -> bool:
    difference = a.astype(np.float64, copy=False) - b.astype(np.float64, copy=False)
    return bool(np.abs(difference).max() < SAME)


def _as_sparse(x: Any, other: Any) -> Any:
    """Return a sparse matrix in float64, of a dense one too."""
    if isinstance(x, np.ndarray):
        return type(other)(x.astype(np.float64))
    return x.astype(np.float64)
