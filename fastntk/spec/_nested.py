"""Nested sequences of numbers: small constant arrays, as tuples that hash."""

import math
import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._checks import refuse_masked

__all__ = ["Numbers", "as_ints", "as_numbers", "shape_of"]

Numbers: TypeAlias = "float | tuple[Numbers, ...]"
"""A number, or a tuple of these: what an array is in a spec."""


def as_numbers(value: Any, name: str, label: str) -> Numbers:
    """Return a number or an array as a float or nested tuples of floats.

    Parameters
    ----------
    value : number, array-like
        Real numbers; arrays of any library that has ``tolist``.
    name, label : str
        The parameter and the layer, for the message.

    Returns
    -------
    float or nested tuple of float

    Raises
    ------
    NetworkError
        If something in it is not a finite real number, if it is empty, or if rows
        differ in length.
    """
    refuse_masked(value, name, label)
    if hasattr(value, "tolist"):
        value = value.tolist()
    numbers = _nested(value, name, label)
    shape_of(numbers, name, label)
    return numbers


def shape_of(numbers: Numbers, name: str, label: str) -> tuple[int, ...]:
    """Return the shape of nested tuples.

    Parameters
    ----------
    numbers : float or nested tuple of float
        As `as_numbers` returns them.
    name, label : str
        The parameter and the layer, for the message.

    Returns
    -------
    tuple of int
        () for a number.

    Raises
    ------
    NetworkError
        If rows differ in length.
    """
    if not isinstance(numbers, tuple):
        return ()
    first, *others = (shape_of(item, name, label) for item in numbers)
    if any(other != first for other in others):
        raise NetworkError(
            f"{label}: {name} is {shown(numbers)}; expected rows of equal length"
        )
    return (len(numbers), *first)


def as_ints(value: Any, name: str, label: str) -> tuple[int, ...]:
    """Return a sequence of integers as a tuple.

    Parameters
    ----------
    value : iterable of int
        The value to check.
    name, label : str
        The parameter and the layer, for the message.

    Returns
    -------
    tuple of int

    Raises
    ------
    NetworkError
        If it is not a sequence of integers.
    """
    try:
        items = tuple(value)
        if any(isinstance(item, bool) for item in items):
            raise TypeError
        return tuple(map(operator.index, items))
    except Exception:
        raise NetworkError(
            f"{label}: {name} is {shown(value)}; expected a tuple of integers"
        ) from None


def _nested(value: Any, name: str, label: str) -> Numbers:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if not value:
            raise NetworkError(f"{label}: {name} is empty; expected at least a number")
        return tuple(_nested(item, name, label) for item in value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, str | bytes) or not math.isfinite(number):
        raise NetworkError(
            f"{label}: {name} has {shown(value)}; expected finite real numbers"
        )
    return number
