"""Checks of arguments of one kind: numbers, names, functions, paths, seeds.

The conversions are those of the caller's objects, which may raise anything: a tensor on
a GPU, an array that JAX traces, a column of text.  Nothing of that gets through.
"""

import math
import operator
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import is_traced, shown

__all__ = [
    "as_float",
    "as_generator",
    "as_index_or_none",
    "as_path",
    "check_function",
    "check_mapping",
    "is_one_of",
]


def as_float(value: Any) -> float:
    """Return a number as a float, NaN for anything that is none."""
    if isinstance(value, bool | str | bytes) or is_traced(value):
        return math.nan
    if getattr(value, "shape", ()) != () or isinstance(
        value, complex | np.complexfloating
    ):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except Exception:
        return math.nan


def as_index_or_none(value: Any) -> int | None:
    """Return an integer, None for anything that is none; a bool is none."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except Exception:
        return None


def is_one_of(value: Any, names: Collection[str]) -> bool:
    """Say whether a value is one of some words."""
    return isinstance(value, str) and value in names


def check_function(
    value: Any, name: str, call: str, *, is_optional: bool = False
) -> None:
    """Refuse what is no function, or None; ``call`` says what it is called with."""
    if not callable(value) and not (is_optional and value is None):
        raise InputError(f"{name}: found {shown(value)}; expected a function {call}")


def check_mapping(value: Any, name: str, expected: str) -> Mapping[str, Any]:
    """Return a mapping whose keys are words."""
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise InputError(f"{name}: found {shown(value)}; expected {expected}")
    return value


def as_path(value: Any, name: str = "path") -> Path:
    """Return a path."""
    try:
        return Path(os.fsdecode(os.fspath(value)))
    except TypeError:
        raise InputError(
            f"{name}: found {shown(value)}; expected a path, as text or a Path"
        ) from None


def as_generator(seed: Any, name: str = "seed") -> np.random.Generator:
    """Return a generator of random numbers from a seed, or the one given."""
    try:
        if isinstance(seed, bool | str):
            raise TypeError
        return np.random.default_rng(seed)
    except Exception:
        raise InputError(
            f"{name}: found {shown(seed)}; expected an integer >= 0, a numpy "
            "Generator, or None for another draw each time"
        ) from None
