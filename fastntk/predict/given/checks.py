"""Checks of targets, times, rates and kernels, made before any work starts."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import AnyArray, FloatArray
from fastntk._validation import refuse_masked, to_array
from fastntk._validation.arguments import as_float, as_generator
from fastntk.solvers.direct.psd import cholesky_in_place

__all__ = [
    "as_generator",
    "as_kernel",
    "as_outputs",
    "as_targets",
    "as_times",
    "check_get",
    "check_momentum",
    "check_positive",
    "check_ridge",
    "check_samples",
    "check_semidefinite",
]

_FACTORED = 4_000  # rows up to which a factorisation is worth its time


def as_real(x: Any, name: str) -> AnyArray:
    """Return ``x`` as an array of finite real numbers of any float or integer dtype."""
    array = to_array(x, name)
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"{name}: found dtype {array.dtype}; expected real numbers. Encode classes "
            f"as numbers, e.g. one-hot rows"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        is_finite = bool(np.isfinite(array.sum(dtype=np.float64)))
    if not is_finite and not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(
            f"{name}: found {float(array[where])} at index {where}; expected finite "
            "numbers. Drop those samples, or impute them"
        )
    return array


def as_targets(y_train: Any, name: str = "y_train") -> FloatArray:
    """Return targets as a float64 array of shape (n, ...), n >= 1."""
    y = as_real(y_train, name)
    if y.ndim == 0 or y.size == 0:
        raise InputError(
            f"{name}: found shape {y.shape}; expected (n_samples, n_outputs) with at "
            "least one of each"
        )
    return y.astype(np.float64)


def check_samples(x_train: Any, y: AnyArray) -> None:
    """Check that there is one target for every training input."""
    shape = getattr(x_train, "shape", None)
    if shape is None and isinstance(x_train, list):
        shape = (len(x_train),)
    if shape and shape[0] != y.shape[0]:
        raise InputError(
            f"x_train and y_train: found {shape[0]} and {y.shape[0]} samples; expected "
            "one target per input"
        )


def as_outputs(value: Any, shape: tuple[int, ...], name: str) -> FloatArray:
    """Return initial outputs, broadcast to ``shape``."""
    array = as_real(value, name).astype(np.float64, copy=False)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise InputError(
            f"{name}: found shape {array.shape}; expected {shape}, or a number for all"
        ) from None


def as_times(t: Any) -> FloatArray:
    """Return times as a float64 array: >= 0, infinity allowed."""
    refuse_masked(t, "t")
    try:
        if isinstance(t, str | bytes) or np.asarray(t).dtype.kind not in "fiu":
            raise TypeError
        times = np.asarray(t, dtype=np.float64)
    except (ValueError, TypeError):
        raise InputError(
            f"t: found {shown(t)}; expected a number of steps, an array of them, or "
            "None for infinite time"
        ) from None
    if times.size == 0:
        raise InputError("t: found no times; expected at least one")
    is_bad = ~(times >= 0)  # NaN too
    if is_bad.any():
        raise InputError(
            f"t: found {float(times[is_bad][0])}; expected times >= 0: gradient flow "
            "is not followed backwards. Start from other initial outputs instead"
        )
    return times


def check_positive(value: Any, name: str) -> float:
    """Return a finite number > 0."""
    number = _as_float(value, name)
    if not (math.isfinite(number) and number > 0):
        raise InputError(f"{name}: found {shown(value)}; expected a finite number > 0")
    return number


def check_ridge(value: Any, name: str = "diag_reg") -> float:
    """Return a finite number >= 0."""
    number = _as_float(value, name)
    if not (math.isfinite(number) and number >= 0):
        raise InputError(
            f"{name}: found {shown(value)}; expected a finite number >= 0 (0: none)"
        )
    return number


def check_momentum(momentum: Any) -> float:
    """Return a momentum in [0, 1)."""
    number = _as_float(momentum, "momentum")
    if not 0 <= number < 1:
        raise InputError(
            f"momentum: found {shown(momentum)}; expected a number in [0, 1): at 1 "
            "nothing damps the steps"
        )
    return number


def check_get(
    get: Any, allowed: Sequence[str], default: tuple[str, ...] = ("nngp", "ntk")
) -> tuple[tuple[str, ...], bool]:
    """Return the regimes asked for, and whether a tuple comes back.

    ``None`` stands for ``default``.
    """
    if get is None:
        return default, True
    names = (get,) if isinstance(get, str) else get
    expected = f"expected one of {', '.join(allowed)}, or a tuple of them"
    if not isinstance(names, tuple | list) or not names:
        raise InputError(f"get: found {shown(get)}; {expected}")
    lower = tuple(name.lower() if isinstance(name, str) else name for name in names)
    for name in lower:
        if name not in allowed:
            raise InputError(f"get: found {shown(name)}; {expected}")
    if len(set(lower)) < len(lower):
        raise InputError(f"get: found {shown(get)}; expected each name once")
    return lower, not isinstance(get, str)


def as_kernel(kernel: Any, name: str) -> AnyArray:
    """Return a kernel array: finite, with its axes in pairs (n1, n2, k1, k2, ...)."""
    if callable(kernel) or hasattr(kernel, "kernel_fn"):
        raise InputError(
            f"{name}: found a {type(kernel).__name__}; expected the kernel in numbers, "
            "such as kernel_fn(x_train, None, 'ntk'). Functions and networks go to "
            "gradient_descent_mse_ensemble, Posterior and GradientFlow"
        )
    if hasattr(kernel, "nngp") and hasattr(kernel, "ntk"):
        raise InputError(
            f"{name}: found a {type(kernel).__name__} of two kernels; expected one, "
            "normally its .ntk"
        )
    array = as_real(kernel, name)
    if array.ndim == 0 or array.ndim % 2 or array.size == 0:
        raise InputError(
            f"{name}: found shape {array.shape}; expected (n1, n2), or (n1, n2, k, k) "
            "and so on: axes in pairs, first and second sample, first and second output"
        )
    return array


def check_semidefinite(matrix: FloatArray, name: str) -> None:
    """Refuse symmetric matrices along which training diverges.

    By the diagonal and all pairs of rows, O(n^2), and up to 4,000 rows by a Cholesky
    factorisation of the matrix, shifted by what rounding explains, n^3 / 3.
    """
    n = len(matrix)
    diagonal = matrix.diagonal()
    scale = float(np.abs(matrix).max())
    slack = min(1000 * n * float(np.finfo(np.float32).eps), 0.1) * scale
    lowest = float(diagonal.min())
    if lowest < -slack:
        raise InputError(
            f"{name}: found the diagonal entry {lowest:.3g}; expected a positive "
            "semi-definite matrix, whose diagonal is >= 0"
        )
    roots = np.sqrt(np.maximum(diagonal, 0.0))
    excess = np.abs(matrix) - roots[:, None] * roots
    worst = int(excess.argmax())
    is_wrong = float(excess.flat[worst]) > slack
    if not is_wrong and n <= _FACTORED:
        shifted = np.array(matrix, dtype=np.float64, order="F")
        shifted.flat[:: n + 1] += slack
        is_wrong = cholesky_in_place(shifted) != 0
    if is_wrong:
        raise InputError(
            f"{name}: found a matrix with a negative eigenvalue; expected a positive "
            "semi-definite one: along others training diverges. Compute it from the "
            "same samples on both sides, in float64"
        )


def _as_float(value: Any, name: str) -> float:
    refuse_masked(value, name)
    return as_float(value)
