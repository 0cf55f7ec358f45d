"""Checks of kernel inputs: dense arrays and sparse matrices."""

import copy
from typing import Any, NoReturn, cast

import numpy as np

from fastntk._errors import InputError
from fastntk._kernel import Kernel
from fastntk._shown import shown
from fastntk._typing import AnyArray, CSRMatrix, InputMatrix
from fastntk._validation.arrays import to_array
from fastntk._validation.frames import is_frame, refuse_columns, refuse_series

__all__ = ["as_input", "check_pair", "float_dtype"]

_CHUNK = 1 << 16  # entries looked at together when searching for a NaN


def as_input(x: Any, name: str) -> InputMatrix:
    """Return kernel inputs as a two-dimensional array or CSR matrix of real numbers.

    Parameters
    ----------
    x : array-like, sparse matrix or table of shape (n, d)
        One row per sample, n >= 1 and d >= 1.
    name : str
        Name of the argument, for the messages.

    Returns
    -------
    ndarray or CSR matrix of shape (n, d)
        Arrays as given, of any real dtype, byte order and layout: a copy in
        another dtype is made by whoever needs one, a few rows at a time.  The
        entries of a CSR matrix are integers, float32 or float64; one that is
        unsorted or has repeated entries is replaced by one that is not.

    Raises
    ------
    InputError
        If the rank is not 2, the array is empty or masked, the dtype is not
        numeric and real, or an entry is NaN or infinite.

    Notes
    -----
    The check for NaN and infinity reads a float array once, in pieces.
    """
    if hasattr(type(x), "tocsr"):
        return _as_csr(x, name)
    refuse_series(x, name)
    array = _as_array(x, name)
    where = _first_nonfinite(array)
    if where is not None:
        if is_frame(x):
            refuse_columns(x, name)
        row, column = where
        _raise_nonfinite(array[row, column], row, column, name)
    return array


def float_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which numbers of a dtype are read.

    Parameters
    ----------
    dtype : numpy dtype
        Any real one.

    Returns
    -------
    dtype
        float32 for float16 and float32, else float64 (integers are exact up to
        2**53).
    """
    is_single = dtype.kind == "f" and dtype.itemsize <= 4
    return np.dtype(np.float32 if is_single else np.float64)


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
    _check_no_kernel(x, name)
    array = to_array(x, name, objects=False)
    _check_dtype(array.dtype, name)
    _check_not_empty(array.shape, name)
    _check_rank(array, name)
    return array


def _check_no_kernel(x: Any, name: str) -> None:
    """Refuse a kernel, or the name of one, where rows belong."""
    if isinstance(x, Kernel):
        raise InputError(
            f"{name}: found a Kernel; expected rows of numbers. To go on from a kernel "
            "call net.kernel_fn(kernel)"
        )
    names = (x,) if isinstance(x, str) else x
    if not isinstance(names, tuple | list) or not 1 <= len(names) <= 2:
        return
    if all(isinstance(item, str) and item in ("nngp", "ntk") for item in names):
        raise InputError(
            f"{name}: found {shown(x)}, the name of a kernel; expected rows of "
            f"numbers. Pass it as get={shown(x)}"
        )


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
        remedy = (
            f"flatten each sample by {name}.reshape(len({name}), -1); images come later"
        )
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


def _as_csr(x: Any, name: str) -> CSRMatrix:
    """Return a finite CSR matrix with sorted columns and no repeated entries."""
    _check_dtype(x.dtype, name)
    _check_not_empty(x.shape, name)
    _check_rank(x, name)
    csr = cast("CSRMatrix", x.tocsr())
    if not csr.has_canonical_format:
        csr = csr.astype(float_dtype(csr.dtype), copy=True)  # sums may be large
        csr.sum_duplicates()
    data = csr.data
    is_exotic = data.dtype.kind == "f" and data.dtype not in (np.float32, np.float64)
    if is_exotic or not (data.dtype.isnative and data.flags.aligned):
        csr = copy.copy(csr)  # its own entries, the columns of ``x``
        with np.errstate(over="ignore"):  # found as infinity
            csr.data = data.astype(float_dtype(data.dtype))
    where = _first_nonfinite(csr.data)
    if where is not None:
        (entry,) = where
        row = int(np.searchsorted(csr.indptr, entry, side="right")) - 1
        _raise_nonfinite(csr.data[entry], row, int(csr.indices[entry]), name)
    return csr


def _first_nonfinite(array: AnyArray) -> tuple[int, ...] | None:
    """Return the index of the first NaN or infinity in row order, if any.

    Usually one sum settles it: a NaN or an infinity always reaches the sum.
    Only when the sum is not finite are the entries looked at, chunk by chunk.
    """
    if array.dtype.kind != "f":
        return None
    kind = float_dtype(array.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(array.sum(dtype=kind)):
            return None
        rows = max(1, _CHUNK // array[:1].size)
        for start in range(0, len(array), rows):
            bad = ~np.isfinite(array[start : start + rows].astype(kind, copy=False))
            if bad.any():
                first, *rest = np.unravel_index(int(np.argmax(bad)), bad.shape)
                return (start + int(first), *map(int, rest))
    return None


def _raise_nonfinite(value: Any, row: int, column: int, name: str) -> NoReturn:
    raise InputError(
        f"{name}: found {float(value)} at row {row}, column {column}; expected finite "
        "numbers. Drop the rows that hold such entries, or impute them"
    )
