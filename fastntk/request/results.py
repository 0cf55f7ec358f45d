"""Results: their range, and named tuples for calls that ask for several kernels."""

from collections import namedtuple
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from fastntk._errors import RangeError
from fastntk._typing import AnyArray

__all__ = ["NngpNtk", "NtkNngp", "check_range", "pack"]


class NngpNtk(NamedTuple):
    """Result of ``get=("nngp", "ntk")``."""

    nngp: AnyArray
    ntk: AnyArray


class NtkNngp(NamedTuple):
    """Result of ``get=("ntk", "nngp")``."""

    ntk: AnyArray
    nngp: AnyArray


class _Nngp(NamedTuple):
    """Result of ``get=("nngp",)``."""

    nngp: AnyArray


class _Ntk(NamedTuple):
    """Result of ``get=("ntk",)``."""

    ntk: AnyArray


_TUPLES: dict[tuple[str, ...], Any] = {
    kind._fields: kind for kind in (NngpNtk, NtkNngp, _Nngp, _Ntk)
}


def pack(values: Sequence[Any], names: tuple[str, ...], is_tuple: bool) -> Any:
    """Return one value, or the named tuple of several."""
    return _tuple_of(names)(*values) if is_tuple else values[0]


@cache
def _tuple_of(names: tuple[str, ...]) -> Any:
    """Return the class for some fields; its objects can be pickled."""
    return _TUPLES.get(names) or _other_fields(names)


def _other_fields(names: tuple[str, ...]) -> Any:
    """Make the class of other fields, which pickle makes anew from their names."""
    kind: Any = namedtuple("AnalyticKernel", names)  # type: ignore[misc]
    kind.__module__ = __name__
    kind.__reduce__ = _as_names  # type: ignore[method-assign]
    return kind


def _as_names(self: Any) -> tuple[Any, ...]:
    return _from_names, (self._fields, tuple(self))


def _from_names(names: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    return _tuple_of(names)(*values)


def check_range(
    name: str, values: Any, dtype: np.dtype[Any], *, is_symmetric: bool
) -> None:
    """Raise `RangeError` if a kernel leaves the dtype's range.

    None of its entries may be too large, and none that is of a row with itself too
    small: others are small beside these.
    """
    if values is None or not values.size:
        return
    limits, found = np.finfo(dtype), float(np.abs(values).max())
    is_inside = found <= float(limits.max)
    own = np.abs(_of_rows_themselves(name, values, is_symmetric=is_symmetric))
    if is_inside and own.size:
        found = float(own.min(where=own > 0, initial=np.inf))
        is_inside = found >= float(limits.smallest_normal)
    if not is_inside:
        raise RangeError(
            f"the last layer: the {name} reaches {found:.3g}, outside the range of "
            f"{dtype.name} ({limits.smallest_normal:.3g} to {limits.max:.3g}); use "
            "dtype='float64', or rescale the inputs"
        )


def _of_rows_themselves(name: str, values: Any, *, is_symmetric: bool) -> Any:
    """Return the entries of rows with themselves, () where there are none."""
    if name in ("nngp", "ntk"):
        if not is_symmetric:
            return values[:0]
        index = np.arange(len(values))
        values = values[index, index]
    return np.diagonal(values, axis1=-2, axis2=-1) if values.ndim == 3 else values
