"""Memory that a process keeps: its pages are cleared once, not for every array.

The first write to a page that the system hands out takes the clearing of it, and on a
virtual machine that gives free pages back to its host the host's clearing too: arrays
of 160 MB take 20 ms in one moment and 200 ms in the next. A ratio of two programs that
both allocate would be the ratio of two such accidents.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ENVIRONMENT", "kept_memory"]

ENVIRONMENT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
"""What makes a new process keep its memory, with glibc."""

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # M_TRIM_THRESHOLD and M_MMAP_MAX of malloc.h
_KEPT = {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1}
_USUAL = {_MMAP_MAX: 65_536, _TRIM_THRESHOLD: 128 * 1024}


@contextmanager
def kept_memory() -> Iterator[bool]:
    """Keep the memory of arrays that are dropped, for those that follow.

    Yields
    ------
    bool
        Whether it can be done: with glibc.
    """
    is_possible = _set(_KEPT)
    try:
        yield is_possible
    finally:
        if is_possible:
            _set(_USUAL)
            ctypes.CDLL(None).malloc_trim(0)  # gives back what was kept


def _set(options: dict[int, int]) -> bool:
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return False
    return all(set_option(name, value) == 1 for name, value in options.items())
