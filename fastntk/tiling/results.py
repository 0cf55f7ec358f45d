"""Named tuples for calls that ask for several kernels."""

from collections.abc import Sequence
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


def pack(arrays: Sequence[AnyArray], names: tuple[str, ...], is_tuple: bool) -> Any:
    """Return one array, or the named tuple of several."""
    return _TUPLES[names](*arrays) if is_tuple else arrays[0]
