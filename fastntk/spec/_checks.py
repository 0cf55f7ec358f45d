"""Checks and conversions of layer parameters.

Every function returns the value as a plain Python number or raises
`NetworkError`; ``label`` is the layer as the message shows it, for example
``"Dense(512)"``.
"""

import dataclasses
import math
import operator
from numbers import Real
from typing import Any

from fastntk._errors import NetworkError
from fastntk._shown import shown

__all__ = [
    "LARGEST_DEGREE",
    "as_count",
    "as_degree",
    "as_nonnegative",
    "as_positive_pair",
    "as_real",
    "as_reals",
    "as_std",
    "refuse_masked",
]

LARGEST_DEGREE = 64  # of polynomials: the coefficients of higher ones leave float64

# Squares of parameters must neither overflow nor vanish in float64.
_LARGEST = 1e150
_SMALLEST = 1e-150


def as_count(
    value: Any, name: str, label: str, largest: int = 2**53, smallest: int = 1
) -> int:
    """Return ``value`` as an int from ``smallest`` to ``largest``.

    Parameters
    ----------
    value : int or NumPy integer
        The value to check; bools and floats are refused.
    name, label : str
        The parameter and the layer, for the message.
    largest : int, default=2**53
        Largest value allowed; integers up to the default are exact in float64.
    smallest : int, default=1
        Smallest value allowed.

    Returns
    -------
    int

    Raises
    ------
    NetworkError
        If ``value`` is not an integer, or is outside the range.
    """
    value = _unwrap(value, name, label)
    expected = f"expected an integer >= {smallest}"
    if isinstance(value, bool):
        raise NetworkError(f"{label}: {name} is {shown(value)}; {expected}")
    try:
        count = operator.index(value)
    except Exception:  # of any kind: it may be data
        raise NetworkError(f"{label}: {name} is {shown(value)}; {expected}") from None
    if count < smallest:
        raise NetworkError(f"{label}: {name} is {shown(count)}; {expected}")
    if count > largest:
        raise NetworkError(
            f"{label}: {name} is {shown(count)}; {expected} and <= {largest}"
        )
    return count


def as_degree(value: Any, name: str, label: str) -> int:
    """Return ``value`` as the degree of a polynomial, an int from 0 to 64.

    Parameters
    ----------
    value : int or NumPy integer
        The value to check.
    name, label : str
        The parameter and the layer, for the message.

    Returns
    -------
    int

    Raises
    ------
    NetworkError
        If ``value`` is not an integer, or is outside the range.
    """
    return as_count(value, name, label, largest=LARGEST_DEGREE, smallest=0)


def as_real(value: Any, name: str, label: str) -> float:
    """Return ``value`` as a finite float whose square is a normal float64 or zero.

    Parameters
    ----------
    value : real number, NumPy scalar or 0-d array
        The value to check; bools are refused.
    name, label : str
        The parameter and the layer, for the message.

    Returns
    -------
    float

    Raises
    ------
    NetworkError
        If ``value`` is not a real number, is NaN or infinite, or is so large or
        so small that its square leaves the range of float64.
    """
    value = _unwrap(value, name, label)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise NetworkError(f"{label}: {name} is {shown(value)}; expected a real number")
    try:
        number = float(value)
    except OverflowError:  # an int beyond the range of float64
        number = math.inf
    if not math.isfinite(number):
        raise NetworkError(f"{label}: {name} is {number}; expected a finite number")
    if number != 0.0 and not _SMALLEST <= abs(number) <= _LARGEST:
        raise NetworkError(
            f"{label}: {name} is {number}; expected 0 or a magnitude from "
            f"{_SMALLEST} to {_LARGEST}, so that its square fits in float64"
        )
    return number


def as_reals(spec: Any) -> None:
    """Replace every field of a frozen ``spec`` by its checked float.

    Parameters
    ----------
    spec : Spec
        A dataclass, all of whose fields are real numbers.

    Raises
    ------
    NetworkError
        As `as_real`.
    """
    label = shown(spec)
    for field in dataclasses.fields(spec):
        value = as_real(getattr(spec, field.name), field.name, label)
        object.__setattr__(spec, field.name, value)


def as_nonnegative(value: Any, name: str, label: str) -> float:
    """Return ``value`` as a finite float >= 0.

    Parameters
    ----------
    value : real number, NumPy scalar or 0-d array
        The value to check.
    name, label : str
        The parameter and the layer, for the message.

    Returns
    -------
    float

    Raises
    ------
    NetworkError
        As `as_real`, and if ``value`` is negative.
    """
    number = as_real(value, name, label)
    if number < 0.0:
        raise NetworkError(f"{label}: {name} is {number}; expected a number >= 0")
    return abs(number)  # -0.0 becomes 0.0


def as_std(value: Any, name: str, label: str) -> float:
    """Return ``value`` as a standard deviation: a finite float >= 0.

    Parameters
    ----------
    value : real number, NumPy scalar or 0-d array
        The value to check.
    name, label : str
        The parameter and the layer, for the message.

    Returns
    -------
    float

    Raises
    ------
    NetworkError
        As `as_real`, and if ``value`` is negative.
    """
    number = as_real(value, name, label)
    if number < 0.0:
        raise NetworkError(
            f"{label}: {name} is {number}; expected a standard deviation >= 0"
        )
    return abs(number)  # -0.0 becomes 0.0


def as_positive_pair(value: Any, name: str, label: str) -> tuple[float, float]:
    """Return ``value`` as two floats > 0.

    Parameters
    ----------
    value : sequence of two real numbers
        The value to check.
    name, label : str
        The parameter and the layer, for the message.

    Returns
    -------
    tuple of float

    Raises
    ------
    NetworkError
        If ``value`` is not a pair of finite numbers > 0.
    """
    try:
        first, second = value
    except (TypeError, ValueError):
        raise NetworkError(
            f"{label}: {name} is {shown(value)}; expected two numbers > 0, e.g. (1, 1)"
        ) from None
    pair = (
        as_real(first, f"{name}[0]", label),
        as_real(second, f"{name}[1]", label),
    )
    for index, number in enumerate(pair):
        if number <= 0.0:
            raise NetworkError(
                f"{label}: {name}[{index}] is {number}; expected a number > 0"
            )
    return pair


def refuse_masked(value: Any, name: str, label: str) -> None:
    """Refuse a masked array or number, whose mask nothing here would read."""
    if hasattr(type(value), "filled"):
        raise NetworkError(
            f"{label}: {name} is a masked array; expected plain numbers, as masks are "
            "not read. Fill the masked entries"
        )


def _unwrap(value: Any, name: str, label: str) -> Any:
    """Turn NumPy scalars and 0-d arrays of any library into Python numbers."""
    refuse_masked(value, name, label)
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    return value
