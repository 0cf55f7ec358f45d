"""Checks of kernel inputs: dense arrays and sparse matrices."""

from typing import Any, NoReturn, cast

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import AnyArray, CSRMatrix, FloatArray, InputMatrix

__all__ = ["as_input", "check_pair"]

_CHUNK = 1 << 16  # entries looked at together when searching for a NaN


def as_input(x: Any, name: str) -> InputMatrix:
    """Return kernel inputs as a two-dimensional float array or CSR matrix.

    Parameters
    ----------
    x : array-like or sparse matrix of shape (n, d)
        One row per sample, n >= 1 and d >= 1.  Integers, bools and extended
        precision become float64, float16 becomes float32.
    name : str
        Name of the argument, for the messages.

    Returns
    -------
    ndarray or CSR matrix of shape (n, d)
        Native float32 or float64; ``x`` itself where it already is that.  A
        CSR matrix with repeated entries is replaced by one with their sums.

    Raises
    ------
    InputError
        If the rank is not 2, the array is empty or masked, the dtype is not
        numeric and real, or an entry is NaN or infinite.

    Notes
    -----
    Integers are exact up to 2**53.  The check for NaN and infinity reads a
    float array once and allocates nothing.
    """
    if hasattr(type(x), "tocsr"):
        return _as_csr(x, name)
    original = _as_array(x, name)
    array = _as_float(original)
    where = _first_nonfinite(array) if original.dtype.kind == "f" else None
    if where is not None:
        row, column = where
        _raise_nonfinite(array[row, column], row, column, name)
    return array


def check_pair(x1: InputMatrix, x2: InputMatrix | None) -> None:
    """Check that both inputs have the same number of features.

    Parameters
    ----------
    x1, x2 : ndarray or CSR matrix of shape (n1, d) and (n2, d)
        Inputs from `as_input`; None for ``x2`` stands for ``x1``.

    Raises
    ------
    InputError
        If the numbers of columns differ.
    """
    if x2 is not None and x1.shape[1] != x2.shape[1]:
        raise InputError(
            f"x1 and x2: found {x1.shape[1]} and {x2.shape[1]} features (shapes "
            f"{x1.shape} and {x2.shape}); expected the same number of columns"
        )


def _as_array(x: Any, name: str) -> AnyArray:
    """Return ``x`` as a non-empty matrix of some numeric dtype, without a copy."""
    if hasattr(type(x), "filled"):
        raise InputError(
            f"{name}: found a masked array; expected a plain array. Replace the "
            f"masked entries, e.g. {name}.filled(0), or drop their rows"
        )
    try:
        array = np.asarray(x)
    except (ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"{name}: found a {type(x).__name__} that is no array ({error}); expected "
            "rows of equal length, shape (n, d)"
        ) from None
    _check_dtype(array.dtype, name)
    _check_not_empty(array.shape, name)
    _check_rank(array, name)
    return array


def _check_dtype(dtype: np.dtype[Any], name: str) -> None:
    if dtype.kind in "fiub":
        return
    remedy = {
        "c": f"pass {name}.real and {name}.imag as separate features",
        "O": f"convert it, e.g. np.asarray({name}, dtype=float), after replacing "
        "missing values and text",
        "U": "convert text to numbers, e.g. by one-hot encoding",
        "S": "convert text to numbers, e.g. by one-hot encoding",
    }.get(dtype.kind, "convert it to float64")
    raise InputError(f"{name}: found dtype {dtype}; expected real numbers; {remedy}")


def _check_rank(array: AnyArray, name: str) -> None:
    if array.ndim == 2:
        return
    remedy = "pass one row per sample"
    if array.ndim == 1:
        remedy = (
            f"use {name}[:, None] for samples of one feature, or {name}[None, :] for "
            "one sample"
        )
    elif array.ndim > 2:
        remedy = f"flatten each sample by {name}.reshape(len({name}), -1)"
    raise InputError(
        f"{name}: found {array.ndim} dimensions, shape {array.shape}; expected 2, "
        f"(n_samples, n_features); {remedy}"
    )


def _check_not_empty(shape: tuple[int, ...], name: str) -> None:
    if 0 in shape:
        raise InputError(
            f"{name}: found an empty array of shape {shape}; expected at least one "
            "row and one column. Check how it was selected"
        )


def _as_float(array: AnyArray) -> FloatArray:
    """Return native, aligned float32 or float64: the array itself if it is that."""
    single = array.dtype.kind == "f" and array.dtype.itemsize <= 4
    dtype = np.dtype(np.float32 if single else np.float64)
    with np.errstate(over="ignore"):  # longdouble beyond float64; found as infinity
        values: FloatArray = array.astype(dtype, copy=False)
    return values if values.flags.aligned else values.copy()


def _as_csr(x: Any, name: str) -> CSRMatrix:
    """Return a finite CSR matrix of float32 or float64 without repeated entries."""
    _check_dtype(x.dtype, name)
    _check_not_empty(x.shape, name)
    _check_rank(x, name)
    csr = cast("CSRMatrix", x.tocsr())
    values = _as_float(csr.data)
    if values is not csr.data:
        csr = csr.astype(values.dtype)
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    where = _first_nonfinite(csr.data)
    if where is not None:
        (entry,) = where
        row = int(np.searchsorted(csr.indptr, entry, side="right")) - 1
        _raise_nonfinite(csr.data[entry], row, int(csr.indices[entry]), name)
    return csr


def _first_nonfinite(array: FloatArray) -> tuple[int, ...] | None:
    """Return the index of the first NaN or infinity in row order, if any.

    Usually one sum settles it: a NaN or an infinity always reaches the sum.
    Only when the sum is not finite are the entries looked at, chunk by chunk.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum()):
            return None
    rows = max(1, _CHUNK // array[:1].size)
    for start in range(0, len(array), rows):
        bad = ~np.isfinite(array[start : start + rows])
        if bad.any():
            first, *rest = np.unravel_index(int(np.argmax(bad)), bad.shape)
            return (start + int(first), *map(int, rest))
    return None


def _raise_nonfinite(value: Any, row: int, column: int, name: str) -> NoReturn:
    raise InputError(
        f"{name}: found {float(value)} at row {row}, column {column}; expected finite "
        "numbers. Drop the rows that hold such entries, or impute them"
    )
