"""Rows that a caller names: slices, lists of numbers, masks."""

from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import IntArray
from fastntk._validation.arrays import to_array

__all__ = ["as_index"]


def as_index(index: Any, n: int, what: str) -> slice | IntArray:
    """Return rows as a slice of step 1, or as an array of indices from 0.

    Raises
    ------
    InputError
        If it is neither a slice nor a list of integers (or a mask) within the side.
    """
    if isinstance(index, slice):
        start, stop, step = index.indices(n)
        if step == 1:
            return slice(start, max(start, stop))
        return np.arange(start, stop, step)
    array = to_array(index, what)
    if array.dtype == np.bool_ and array.shape == (n,):
        return np.flatnonzero(array)
    if array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise InputError(
            f"{what}: found {type(index).__name__} of shape {array.shape} and dtype "
            f"{array.dtype}; expected a slice, a list of row numbers, or a mask of "
            f"shape ({n},)"
        )
    numbers = array.astype(np.int64)
    outside = (numbers < -n) | (numbers >= n)
    if outside.any():
        raise InputError(
            f"{what}: found {numbers[outside][0]}; expected numbers from {-n} to "
            f"{n - 1}"
        )
    return np.where(numbers < 0, numbers + n, numbers)
