"""Named tuples for calls that ask for several kernels."""

from collections import namedtuple
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from fastntk._typing import AnyArray

__all__ = ["NngpNtk", "NtkNngp", "pack"]


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
    """Return the class for some fields; those of both kernels can be pickled."""
    return _TUPLES.get(names) or namedtuple("AnalyticKernel", names)
