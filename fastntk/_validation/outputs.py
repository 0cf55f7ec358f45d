"""Checks of output arrays that the caller provides."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import AnyArray, InputMatrix

__all__ = ["check_out"]

_OVERLAP_WORK = 1000  # effort NumPy may spend to prove that two views are apart


def check_out(
    out: Any,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    names: Sequence[str],
    inputs: Sequence[InputMatrix | None] = (),
) -> tuple[AnyArray, ...] | None:
    """Return the output arrays given by the caller, one for each kernel.

    Parameters
    ----------
    out : ndarray, sequence of ndarray, or None
        One array if one kernel was asked for, else one for each of ``names``.
        Any strides will do: views, memory maps, Fortran order.
    shape : tuple of int
        Shape that each array must have.
    dtype : dtype-like
        Dtype that each array must have.
    names : sequence of str
        The kernels, in order.
    inputs : sequence of ndarray, CSR matrix or None
        Arrays that are read while ``out`` is written.

    Returns
    -------
    tuple of ndarray, or None
        None if ``out`` is None.

    Raises
    ------
    InputError
        If the number of arrays, a shape or a dtype is wrong, or an array is
        read-only or shares memory with an input or with another output.
    """
    if out is None:
        return None
    arrays = (out,) if isinstance(out, np.ndarray) else out
    if not isinstance(arrays, tuple | list) or len(arrays) != len(names):
        is_list = isinstance(out, tuple | list)
        found = f"{len(out)} items" if is_list else shown(out)
        raise InputError(
            f"out: found {found} of type {type(out).__name__}; expected one array for "
            f"each of {', '.join(names)}"
        )
    blocked = [part for x in inputs if x is not None for part in _buffers(x)]
    for name, array in zip(names, arrays, strict=True):
        label = f"out[{name!r}]" if len(names) > 1 else "out"
        _check_array(array, shape, np.dtype(dtype), label)
        if any(_overlaps(array, other) for other in blocked):
            raise InputError(
                f"{label}: found memory shared with an input or another output; "
                "expected memory of its own. Pass a new array"
            )
        blocked.append(array)
    return tuple(arrays)


def _check_array(
    array: Any, shape: tuple[int, ...], dtype: np.dtype[Any], label: str
) -> None:
    if not isinstance(array, np.ndarray):
        raise InputError(
            f"{label}: found {type(array).__name__}; expected a NumPy array of shape "
            f"{shape} and dtype {dtype}"
        )
    if hasattr(type(array), "filled"):
        raise InputError(
            f"{label}: found a masked array; expected a plain array, as results have "
            "no mask. Pass its .data, or a new array"
        )
    if array.shape != shape:
        raise InputError(
            f"{label}: found shape {array.shape}; expected {shape}. Pass "
            f"np.empty({shape}, np.{dtype})"
        )
    if array.dtype != dtype:
        raise InputError(
            f"{label}: found dtype {array.dtype}; expected {dtype}. Pass an array of "
            f"{dtype}, or ask for another result with dtype="
        )
    if not array.flags.writeable:
        raise InputError(
            f"{label}: found a read-only array; expected a writable one. Open memory "
            "maps with mode 'r+' or 'w+'"
        )
    repeated = [size > 1 and step == 0 for size, step in _axes(array)]
    if any(repeated):
        raise InputError(
            f"{label}: found a broadcast array whose entries share memory; expected "
            "one place per entry. Pass a copy"
        )
    if _overlaps_itself(array):
        raise InputError(
            f"{label}: found strides {array.strides} for shape {shape}: rows share "
            "memory; expected one place per entry. Pass a copy"
        )


def _overlaps_itself(array: AnyArray) -> bool:
    """Say whether two entries of a matrix share memory, by its strides alone."""
    axes = [(abs(step), size) for size, step in _axes(array) if size > 1]
    reach = array.itemsize
    for step, size in sorted(axes):
        if step < reach:
            break
        reach += (size - 1) * step
    else:
        return False  # each axis steps over all that the ones before it reach
    if len(axes) < 2 or any(step % array.itemsize for step, _ in axes):
        return True
    (step1, size1), (step2, size2) = axes
    common = math.gcd(step1, step2)  # i step1 = j step2 at multiples of their quotients
    return step2 // common < size1 and step1 // common < size2


def _axes(array: AnyArray) -> list[tuple[int, int]]:
    return list(zip(array.shape, array.strides, strict=True))


def _buffers(x: InputMatrix) -> list[AnyArray]:
    """Return the arrays that hold a dense or a sparse matrix."""
    return [x] if isinstance(x, np.ndarray) else [x.data, x.indices, x.indptr]


def _overlaps(first: AnyArray, second: AnyArray) -> bool:
    """Say whether two arrays share memory; when that is hard to tell, yes."""
    shares_memory: Any = np.shares_memory  # its stub knows no max_work above 0
    try:
        return bool(shares_memory(first, second, max_work=_OVERLAP_WORK))
    except np.exceptions.TooHardError:
        return True
