"""Checks shared by the modules of `fastntk.theory`: kernels, targets, numbers."""

import math
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation import as_input, refuse_masked, to_array
from fastntk._validation.arguments import as_index_or_none

__all__ = [
    "as_integer",
    "as_kernel",
    "as_numbers",
    "as_targets",
    "at_least",
    "not_empty",
    "positive",
    "power_of_two",
    "scalar_or_array",
    "unit_of",
]

_ASYMMETRY = 1e-6  # of the largest entry: more is no rounding, not even in float32


def as_kernel(kernel: Any, name: str = "kernel") -> FloatArray:
    """Return a symmetric matrix in float64, or raise `InputError`."""
    matrix = as_input(kernel, name)
    if not isinstance(matrix, np.ndarray):
        matrix = matrix.toarray()
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(
            f"{name}: found shape {matrix.shape}; expected a square kernel matrix "
            "(n, n) of the training rows, e.g. fastntk.gram(net, x)"
        )
    square = np.asarray(matrix, dtype=np.float64)
    gap, scale = float(np.abs(square - square.T).max()), float(np.abs(square).max())
    if gap > _ASYMMETRY * scale:
        raise InputError(
            f"{name}: found entries that differ from their mirror image by {gap:.3g} "
            f"(largest entry {scale:.3g}); expected a symmetric matrix. Pass "
            f"({name} + {name}.T) / 2 if the difference is harmless"
        )
    return square


def as_targets(y: Any, n: int, name: str = "y") -> FloatArray:
    """Return targets of shape (n, n_outputs) in float64, or raise `InputError`."""
    array = to_array(y, name)
    if array.ndim == 1 and array.size:
        array = array[:, None]
    if array.dtype.kind in "US":
        raise InputError(
            f"{name}: found text (dtype {array.dtype}); expected numbers. Encode "
            "classes as numbers, e.g. one-hot: np.eye(n_classes)[labels]"
        )
    if array.ndim > 2:
        raise InputError(
            f"{name}: found targets of shape {array.shape}; expected (n,) or "
            f"(n, n_outputs). Pass {name}.reshape(len({name}), -1) for several outputs"
        )
    targets = np.asarray(as_input(array, name), dtype=np.float64)
    if len(targets) != n:
        raise InputError(
            f"{name}: found {len(targets)} rows; expected {n}, one per row of the "
            "kernel"
        )
    return targets


def as_numbers(values: Any, name: str, least: float = -math.inf) -> FloatArray:
    """Return finite numbers >= ``least`` of any shape in float64."""
    refuse_masked(values, name)
    try:
        array = to_array(values, name)
        if array.dtype.kind not in "fiub" or isinstance(values, str):
            raise TypeError
        array = np.array(array, dtype=np.float64)  # results keep it
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"{name}: found {shown(values)}; expected numbers{_bound(least)}"
        ) from None
    bad = ~(np.isfinite(array) & (array >= least))
    if bad.any():
        raise InputError(
            f"{name}: found {float(array[bad].flat[0])!r}; expected finite numbers"
            f"{_bound(least)}"
        )
    return array


def at_least(value: Any, name: str, least: float) -> float:
    """Return a finite number >= ``least``."""
    array = as_numbers(value, name, least)
    if array.ndim:
        raise InputError(
            f"{name}: found an array of shape {array.shape}; expected one number"
            f"{_bound(least)}"
        )
    return float(array)


def as_integer(value: Any, name: str, least: int, most: int | None = None) -> int:
    """Return an integer from ``least`` to ``most``."""
    found = as_index_or_none(value)
    number = least - 1 if found is None else found
    if number < least or (most is not None and number > most):
        span = f">= {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name}: found {shown(value)}; expected an integer {span}")
    return number


def not_empty(array: FloatArray, name: str) -> FloatArray:
    """Return an array with at least one number."""
    if not array.size:
        raise InputError(
            f"{name}: found no numbers (shape {array.shape}); expected at least one"
        )
    return array


def unit_of(kernel: Any) -> float:
    """Return the rounding unit of the dtype in which a kernel was given."""
    found = kernel if hasattr(kernel, "tocsr") else to_array(kernel, "kernel")
    dtype = np.dtype(found.dtype)
    kind = dtype if dtype.kind == "f" else np.dtype(np.float64)
    return float(np.finfo(kind).eps)


def positive(value: Any, name: str) -> float:
    """Return a finite number > 0."""
    number = at_least(value, name, -math.inf)
    if number <= 0:
        raise InputError(f"{name}: found {shown(number)}; expected a number > 0")
    return number


def power_of_two(values: Any) -> FloatArray:
    """Return the power of two next above each of some numbers >= 0; 1 for 0.

    Kernels of any scale are divided by it, exactly, where their squares would leave
    the range of float64.
    """
    exponents = np.frexp(np.asarray(values, dtype=np.float64))[1]
    return np.asarray(np.ldexp(1.0, np.clip(exponents, -1021, 1023)))


def scalar_or_array(values: FloatArray) -> Any:
    """Return an array of no axes as a float, any other as it is."""
    return float(values) if values.ndim == 0 else values


def _bound(least: float) -> str:
    return "" if least == -math.inf else f" >= {least:g}"
