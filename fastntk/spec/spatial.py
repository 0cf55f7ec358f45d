"""Layers over positions: inputs of shape (n, positions, channels).

Positions (the pixels of an image, the nodes of a graph, the steps of a sequence) are
the axes between the samples and the channels.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterator
from types import EllipsisType
from typing import Any, TypeAlias

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._axes import WITH_POSITIONS, axis_field, keep_axes
from fastntk.spec._base import Spec
from fastntk.spec._nested import Numbers, as_ints, as_numbers, shape_of

__all__ = [
    "DotGeneral",
    "Flatten",
    "GlobalAvgPool",
    "GlobalSumPool",
    "Index",
]

ELLIPSIS = "..."


SliceItem: TypeAlias = tuple[int | None, int | None, int | None]
IndexItem: TypeAlias = int | str | SliceItem
DimensionNumbers: TypeAlias = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


@dataclasses.dataclass(frozen=True, repr=False)
class Flatten(Spec):
    """Makes one feature axis of all positions and channels.

    Parameters
    ----------
    batch_axis : int, default=0
        As in `Dense`.
    """

    batch_axis: int = axis_field(0)

    def __post_init__(self) -> None:
        """Check the axis."""
        keep_axes(self, "Flatten()")


@dataclasses.dataclass(frozen=True, repr=False)
class GlobalAvgPool(Spec):
    """Averages over all positions.

    Parameters
    ----------
    batch_axis, channel_axis : int, default=0 and -1
        As in `Dense`.
    """

    batch_axis: int = axis_field(0)
    channel_axis: int = axis_field(-1)

    def __post_init__(self) -> None:
        """Check the axes."""
        keep_axes(self, "GlobalAvgPool()", WITH_POSITIONS)


@dataclasses.dataclass(frozen=True, repr=False)
class GlobalSumPool(Spec):
    """Sums over all positions.

    Parameters
    ----------
    batch_axis, channel_axis : int, default=0 and -1
        As in `Dense`.
    """

    batch_axis: int = axis_field(0)
    channel_axis: int = axis_field(-1)

    def __post_init__(self) -> None:
        """Check the axes."""
        keep_axes(self, "GlobalSumPool()", WITH_POSITIONS)


@dataclasses.dataclass(frozen=True, repr=False)
class DotGeneral(Spec):
    """Multiplies the inputs by a constant number or array.

    Parameters
    ----------
    lhs, rhs : float, nested tuple of float or None, default=None
        The constant, left or right of the inputs; at most one of them.
    dimension_numbers : tuple, default=(((), ()), ((), ()))
        ``((contracted axes of left, of right), (batch axes of left, of right))``.
    batch_axis, channel_axis : int, default=0 and -1
        As in `Dense`.

    Raises
    ------
    NetworkError
        If both constants are given, one is not made of finite real numbers, or
        ``dimension_numbers`` are not as described.

    Examples
    --------
    >>> DotGeneral(rhs=2)
    DotGeneral(rhs=2.0)
    """

    lhs: Numbers | None = None
    rhs: Numbers | None = None
    dimension_numbers: DimensionNumbers = (((), ()), ((), ()))
    batch_axis: int = axis_field(0)
    channel_axis: int = axis_field(-1)

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        keep_axes(self, "DotGeneral")
        if self.lhs is not None and self.rhs is not None:
            raise NetworkError(
                "DotGeneral: found both lhs and rhs; expected at most one, since the "
                "other factor is the layer's input"
            )
        for name in ("lhs", "rhs"):
            value = getattr(self, name)
            if value is not None:
                numbers = as_numbers(value, name, "DotGeneral")
                object.__setattr__(self, name, numbers)
        dims = _as_dimension_numbers(self.dimension_numbers)
        object.__setattr__(self, "dimension_numbers", dims)
        self._check_axes()

    @property
    def constant(self) -> Numbers | None:
        """The constant factor, whichever side it is on."""
        return self.lhs if self.rhs is None else self.rhs

    @property
    def factor(self) -> float | None:
        """The factor if it is a number (1 without one), None if it is an array."""
        if self.constant is None:
            return 1.0
        return None if isinstance(self.constant, tuple) else self.constant

    def _check_axes(self) -> None:
        """Check the axes of the constant; those of the input wait for the input."""
        if self.constant is None:
            return
        shape = shape_of(self.constant, "constant", "DotGeneral")
        side = 0 if self.rhs is None else 1
        axes = [axis for pair in self.dimension_numbers for axis in pair[side]]
        if any(not -len(shape) <= axis < len(shape) for axis in axes):
            raise NetworkError(
                f"DotGeneral: dimension_numbers is {self.dimension_numbers}; expected "
                f"axes of the constant, which has shape {shape}"
            )


def _as_dimension_numbers(value: Any) -> DimensionNumbers:
    expected = "((contracted left, right), (batch left, right)), each a tuple of axes"
    try:
        (c_left, c_right), (b_left, b_right) = value
    except (TypeError, ValueError):
        raise NetworkError(
            f"DotGeneral: dimension_numbers is {shown(value)}; expected {expected}"
        ) from None
    name = "dimension_numbers"
    pairs = tuple(
        (as_ints(left, name, "DotGeneral"), as_ints(right, name, "DotGeneral"))
        for left, right in ((c_left, c_right), (b_left, b_right))
    )
    if any(len(left) != len(right) for left, right in pairs):
        raise NetworkError(
            f"DotGeneral: dimension_numbers is {shown(value)}; expected as many "
            f"axes left as right in {expected}"
        )
    return pairs


@dataclasses.dataclass(frozen=True, repr=False)
class Index(Spec):
    """Takes ``x[idx]``.

    Parameters
    ----------
    idx : int, slice, Ellipsis, or a tuple of these
        What stands between the brackets.  Stored, and accepted, in a form that JSON
        has too: slices as ``(start, stop, step)``, the ellipsis as ``"..."``.
    batch_axis, channel_axis : int, default=0 and -1
        As in `Dense`.

    Raises
    ------
    NetworkError
        If ``idx`` has anything else, two ellipses, or a step of 0.

    Examples
    --------
    >>> layer = Index((slice(None), 1, ...))
    >>> layer
    Index(Slice[:, 1, ...])
    >>> layer.to_dict()
    {'layer': 'Index', 'idx': [[None, None, None], 1, '...']}
    """

    idx: tuple[IndexItem, ...]
    batch_axis: int = axis_field(0)
    channel_axis: int = axis_field(-1)

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        given: Any = self.idx
        items = given if isinstance(given, tuple | list) else (given,)
        stored = tuple(_as_index_item(item) for item in items)
        if sum(item == ELLIPSIS for item in stored) > 1:
            raise NetworkError(
                f"Index: idx is {shown(given)}; expected at most one ellipsis"
            )
        object.__setattr__(self, "idx", stored)
        keep_axes(self, f"Index({self._between_brackets()})")

    @property
    def key(self) -> tuple[int | slice | EllipsisType, ...]:
        """What NumPy takes between the brackets."""
        return tuple(_as_key(item) for item in self.idx)

    @property
    def is_trivial(self) -> bool:
        """Whether it takes everything: nothing but ``:`` and ``...``."""
        return all(item in (ELLIPSIS, (None, None, None)) for item in self.idx)

    def _repr_arguments(self) -> Iterator[str]:
        yield self._between_brackets()
        yield from list(super()._repr_arguments())[1:]

    def _between_brackets(self) -> str:
        return f"Slice[{', '.join(map(_shown, self.idx)) or '()'}]"


def _as_index_item(item: Any) -> IndexItem:
    if item is Ellipsis or (isinstance(item, str) and item == ELLIPSIS):
        return ELLIPSIS
    if isinstance(item, slice):
        item = (item.start, item.stop, item.step)
    is_slice = isinstance(item, tuple | list)
    try:
        if isinstance(item, bool) or (is_slice and len(item) not in (2, 3)):
            raise TypeError
        if not is_slice:
            return operator.index(item)
        parts = [None if part is None else operator.index(part) for part in item]
    except Exception:
        raise NetworkError(
            f"Index: idx has {shown(item)}; expected integers, slices and ..., "
            "e.g. Slice[:, 0, ...]"
        ) from None
    start, stop, step = (*parts, None)[:3]
    if step == 0:
        raise NetworkError("Index: idx has a slice of step 0; expected another step")
    return start, stop, step


def _as_key(item: IndexItem) -> int | slice | EllipsisType:
    if isinstance(item, tuple):
        return slice(*item)
    return item if isinstance(item, int) else Ellipsis


def _shown(item: IndexItem) -> str:
    """Return an item as it is written between brackets."""
    if not isinstance(item, tuple):
        return str(item)
    start, stop, step = ("" if part is None else str(part) for part in item)
    return f"{start}:{stop}" + (f":{step}" if step else "")
