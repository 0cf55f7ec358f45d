"""The one way from what a caller passes to an array of NumPy."""

import numbers
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import is_traced, shown
from fastntk._typing import AnyArray
from fastntk._validation.frames import frame_array, is_frame

__all__ = ["refuse_masked", "to_array"]

_GAPS = ("NoneType", "NAType", "NaTType")  # None, pandas.NA, pandas.NaT


def to_array(x: Any, name: str, *, objects: bool = True) -> AnyArray:
    """Return an array-like as an array, without a copy where none is needed.

    Parameters
    ----------
    x : array-like, Series or DataFrame
        What the caller passed: a DataFrame of pandas or polars, or a table of pyarrow,
        becomes a matrix of real numbers.
    name : str
        Name of the argument, for the messages.
    objects : bool, default=True
        Whether Python objects that are all real numbers become float64.

    Returns
    -------
    ndarray
        Of any dtype; checks of what it holds are the caller's.

    Raises
    ------
    InputError
        If it is masked, no array, or holds objects that are no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> to_array(np.array([1, 2.5], dtype=object), "y")
    array([1. , 2.5])
    """
    if type(x) is not np.ndarray:
        refuse_masked(x, name)
        if is_frame(x):
            return frame_array(x, name)
        if hasattr(type(x), "collect") and hasattr(type(x), "collect_schema"):
            raise InputError(
                f"{name}: found a {type(x).__name__}, which holds no numbers yet; "
                f"expected a table. Pass {name}.collect()"
            )
    try:
        array = np.asarray(x)
    except Exception as error:  # of any kind: the conversion is the caller's
        found = f"a {type(x).__name__} that is no array ({error})"
        if is_traced(x):
            found = shown(x)
        raise InputError(
            f"{name}: found {found}; expected numbers in a regular shape, such as rows "
            "of equal length"
        ) from None
    if objects and array.dtype.kind == "O":
        return _of_objects(array, name)
    return array


def refuse_masked(x: Any, name: str) -> None:
    """Raise `InputError` for a masked array, or a list that holds one.

    An ``asarray`` drops masks without a word, so this comes before it.
    """
    if type(x) is np.ndarray:
        return
    if hasattr(type(x), "filled") or _holds_masked(x):
        raise InputError(
            f"{name}: found a masked array; expected a plain array, as masks are not "
            f"read. Fill the masked entries, e.g. {name}.filled(0), or drop the "
            "samples that have some"
        )


def _holds_masked(x: Any) -> bool:
    """Say whether a list holds a masked array at any depth."""
    if not isinstance(x, list | tuple):
        return False
    kinds = set(map(type, x))
    if any(hasattr(kind, "filled") for kind in kinds):
        return True
    if not any(issubclass(kind, list | tuple) for kind in kinds):
        return False
    return any(map(_holds_masked, x))


def _of_objects(array: AnyArray, name: str) -> AnyArray:
    """Return Python objects that are real numbers in float64."""
    kinds = set(map(type, array.reshape(-1).tolist()))
    if not all(issubclass(k, numbers.Real | Decimal | np.bool_) for k in kinds):
        _raise_objects(array, name)
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise InputError(
            f"{name}: found dtype object with an integer beyond the range of float64; "
            "expected smaller numbers. Use other units"
        ) from None


def _raise_objects(array: AnyArray, name: str) -> NoReturn:
    found = sorted({type(item).__name__ for item in array.reshape(-1).tolist()})
    if set(found) & set(_GAPS):
        remedy = "Fill the gaps, or drop the samples that have some"
    else:
        remedy = "Encode classes as numbers, e.g. one-hot rows"
    raise InputError(
        f"{name}: found dtype object, which holds {', '.join(found)}; expected real "
        f"numbers. {remedy}"
    )
