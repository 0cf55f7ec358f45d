"""Tables with named columns: pandas and polars DataFrames, tables of pyarrow.

None of these libraries is imported: a table is known by what its class offers.
"""

import numbers
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import AnyArray

__all__ = ["frame_array", "is_frame", "refuse_columns", "refuse_series"]

_SHOWN = 10  # columns named in a message
_KINDS = {"M": "dates", "m": "time spans", "c": "complex numbers", "O": "objects"}


def is_frame(x: Any) -> bool:
    """Say whether this is a table with named columns."""
    kind = type(x)
    return hasattr(kind, "columns") and hasattr(kind, "shape")


def frame_array(x: Any, name: str) -> AnyArray:
    """Return a table as a matrix of real numbers.

    Parameters
    ----------
    x : DataFrame or Table
        Every column holds real numbers or booleans without gaps; nullable, arrow-backed
        and mixed dtypes are taken.
    name : str
        Name of the argument, for the messages.

    Returns
    -------
    ndarray of shape (n, d)
        In the dtype that holds all columns. A view where a DataFrame of pandas is one
        block of memory, else an array of its own, of which the matrix owns the data.

    Raises
    ------
    InputError
        If columns hold something else; the message names them all.
    """
    if _is_plain(x):
        return np.asarray(x)
    found = [_column(column) for column in columns_of(x)]
    arrays = [column for column in found if not isinstance(column, str)]
    if len(arrays) < len(found):
        refuse_columns(x, name)
    if not arrays:
        return np.empty(x.shape)
    kind = np.result_type(*{array.dtype for array in arrays})
    result = np.empty((len(arrays[0]), len(arrays)), kind, order="F")
    for k, array in enumerate(arrays):
        result[:, k] = array
    return result


def refuse_columns(x: Any, name: str) -> NoReturn:
    """Raise the error that names every column that is not all finite numbers."""
    words = []
    for label, column in zip(labels_of(x), columns_of(x), strict=True):
        found = _column(column)
        reason = found if isinstance(found, str) else _unfinite(found)
        if reason:
            words.append(f"{label!r} ({reason})")
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    raise InputError(
        f"{name}: found columns that can't be used: {', '.join(words[:_SHOWN])}{more}; "
        "expected real, finite numbers. Leave these columns out, encode text and dates "
        "as numbers, and fill gaps or drop the rows that have some"
    )


def refuse_series(x: Any, name: str) -> None:
    """Raise `InputError` for a list of Series, whose labels an array would drop."""
    if not isinstance(x, list | tuple) or not x:
        return
    kind = type(x[0])
    if hasattr(kind, "iloc") and hasattr(kind, "to_numpy") and x[0].ndim == 1:
        raise InputError(
            f"{name}: found a list of {kind.__name__}, whose labels would be lost; "
            f"expected a table. Pass pandas.DataFrame({name})"
        )


def labels_of(x: Any) -> tuple[Any, ...]:
    """Return the names of the columns, as the library has them."""
    return tuple(x.column_names if hasattr(type(x), "column_names") else x.columns)


def columns_of(x: Any) -> Iterator[Any]:
    """Yield the columns."""
    if hasattr(type(x), "iloc"):
        return (x.iloc[:, k] for k in range(x.shape[1]))
    if hasattr(type(x), "get_columns"):
        return iter(x.get_columns())
    return iter(x.columns)


def take_columns(x: Any, order: Sequence[int]) -> Any:
    """Return a table with its columns in another order."""
    if hasattr(type(x), "iloc"):
        return x.iloc[:, list(order)]
    if hasattr(type(x), "get_columns"):
        return x[:, list(order)]
    return x.select(list(order))


def _is_plain(x: Any) -> bool:
    """Say whether all columns are of one dtype of NumPy: pandas then has a matrix."""
    if not hasattr(type(x), "iloc"):
        return False
    kinds = set(x.dtypes)
    if len(kinds) != 1:
        return False
    (kind,) = kinds
    return isinstance(kind, np.dtype) and kind.kind in "fiub"


def _column(column: Any) -> AnyArray | str:
    """Return a column as an array of real numbers, or in words why that can't be."""
    gaps = _n_gaps(column)
    kind = getattr(column, "dtype", None)
    is_extension = not isinstance(kind, np.dtype)
    try:
        plain = getattr(kind, "numpy_dtype", None)
        if isinstance(plain, np.dtype) and plain.kind in "fiub" and not gaps:
            return np.asarray(column.to_numpy(dtype=plain))
        array = np.asarray(column.to_numpy())
    except Exception:  # of any kind: the conversion is the library's
        return f"{getattr(column, 'dtype', type(column).__name__)}"
    if array.ndim != 1:
        return f"{array.shape[1]} numbers in each row"
    if array.dtype.kind == "O":
        return _objects(array, gaps)
    if array.dtype.kind in "UST":
        return "text"
    if array.dtype.kind not in "fiub":
        return _KINDS.get(array.dtype.kind, str(array.dtype))
    if gaps and (is_extension or array.dtype.kind != "f"):
        return _counted(gaps, "gap")
    return array


def _objects(array: AnyArray, gaps: int) -> AnyArray | str:
    """Return Python objects as float64, or what is wrong with them."""
    found = [item for item in array.tolist() if item is not None]
    kinds = {type(item) for item in found}
    names = {kind.__name__ for kind in kinds}
    if str in kinds:
        return "text"
    if names & {"date", "datetime", "Timestamp"}:
        return "dates"
    if gaps:
        return _counted(gaps, "gap")
    if all(issubclass(k, numbers.Real | Decimal | np.bool_) for k in kinds):
        try:
            return array.astype(np.float64)
        except OverflowError:
            return "integers beyond float64"
    return f"objects: {', '.join(sorted(names))}"


def _n_gaps(column: Any) -> int:
    """Return the missing entries of a column of any of the libraries."""
    if hasattr(column, "isna"):
        return int(column.isna().sum())
    count = column.null_count
    return int(count() if callable(count) else count)


def _unfinite(array: AnyArray) -> str:
    """Return how many entries are NaN or infinite, in words; empty if none is."""
    if array.dtype.kind != "f":
        return ""
    n_nan, n_bad = int(np.isnan(array).sum()), int((~np.isfinite(array)).sum())
    words = [_counted(n_nan, "gap")] if n_nan else []
    if n_bad > n_nan:
        words.append(_counted(n_bad - n_nan, "infinity"))
    return " and ".join(words)


def _counted(count: int, noun: str) -> str:
    plural = {"gap": "gaps", "infinity": "infinities"}
    return f"{count} {noun if count == 1 else plural[noun]}"
