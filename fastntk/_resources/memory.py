"""Memory of this process: what is free, what there is in all, what it has used."""

import dataclasses
import functools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastntk._resources.cgroups import memory_groups

__all__ = [
    "MemoryLimit",
    "available_memory",
    "count_left_behind",
    "left_behind",
    "memory_limits",
    "peak_memory",
    "reset_peak_memory",
    "resident_memory",
    "total_memory",
]


@dataclasses.dataclass(frozen=True)
class MemoryLimit:
    """One of the limits of this process's memory.

    Attributes
    ----------
    source : str
        "machine", the file of a control group, or the name of a resource limit.
    total : int
        Bytes allowed in all.
    free : int
        Bytes left of them, >= 0.
    """

    source: str
    total: int
    free: int


def available_memory() -> int | None:
    """Return the bytes that can be allocated without swapping, if the system says.

    The least that is left of the machine, of the control groups of this process
    (containers, Slurm, systemd) and of its resource limits (``ulimit -v``). What is
    used is read every time; limits of control groups again after ten seconds.
    """
    return min((limit.free for limit in memory_limits()), default=None)


def total_memory() -> int | None:
    """Return the bytes of memory that there are for this process, if the system says.

    The least of the limits of `available_memory`.
    """
    return min((limit.total for limit in memory_limits()), default=None)


def memory_limits() -> list[MemoryLimit]:
    """Return every limit of memory that was found, that of the machine first."""
    found = []
    machine = _machine_memory()
    if machine is not None:
        found.append(machine)
    for source, limit, used in memory_groups():
        taken = (resident_memory() or 0) if used is None else used
        found.append(MemoryLimit(source, limit, max(0, limit - taken)))
    return found + _resource_limits()


def _resource_limits() -> list[MemoryLimit]:
    """Return the limits that a shell sets, such as ``ulimit -v``."""
    try:
        import resource
    except ModuleNotFoundError:  # not a POSIX system
        return []
    found = []
    for name, words, field in (
        ("RLIMIT_AS", "ulimit -v", 0),
        ("RLIMIT_DATA", "ulimit -d", 5),
    ):
        limit = resource.getrlimit(getattr(resource, name))[0]
        if limit != resource.RLIM_INFINITY:
            used = _mapped(field)
            found.append(MemoryLimit(words, limit, max(0, limit - used)))
    return found


def _mapped(field: int) -> int:
    """Return the bytes of a field of Linux's statm: 0 the size, 5 the data."""
    try:
        words = Path("/proc/self/statm").read_text(encoding="ascii").split()
        return int(words[field]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        usage = _usage()
        return 0 if usage is None else int(usage.vms)


def _machine_memory() -> MemoryLimit | None:
    try:
        import psutil

        found = psutil.virtual_memory()
    except (ImportError, OSError, RuntimeError):  # no memory is left to load it
        return None
    return MemoryLimit("machine", int(found.total), int(found.available))


# --- computations that were left ------------------------------------------------------

_LEFT: dict[object, int] = {}
_LEFT_LOCK = threading.Lock()


def count_left_behind(n_bytes: int) -> Callable[[], None]:
    """Count bytes as `left_behind`; return what to call when they are given back."""
    key = object()
    with _LEFT_LOCK:
        _LEFT[key] = n_bytes

    def end() -> None:
        with _LEFT_LOCK:
            _LEFT.pop(key, None)

    return end


def left_behind() -> int:
    """Return the bytes of computations that an interrupt has left running.

    They are in memory, so `available_memory` is without them; a budget that a caller
    gives is not.
    """
    with _LEFT_LOCK:
        return sum(_LEFT.values())


# --- memory that is used --------------------------------------------------------------


def resident_memory() -> int | None:
    """Return the bytes of this process that are in memory now, if the system says."""
    found = _usage()
    return None if found is None else int(found.rss)


def peak_memory() -> int | None:
    """Return the largest resident size of this process so far, in bytes.

    None where the system doesn't say. On Linux it counts from `reset_peak_memory`.
    """
    peak = _high_water_mark()
    if peak is not None:
        return peak
    found = _usage()
    if hasattr(found, "peak_wset"):  # Windows
        return int(found.peak_wset)
    try:
        import resource
    except ModuleNotFoundError:  # not a POSIX system
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else 1024 * largest


def reset_peak_memory() -> int | None:
    """Start the high-water mark anew; return the resident size now, in bytes.

    None where the system can't (anything but Linux): `peak_memory` then counts from the
    start of the process.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5")  # psutil has no such call
    except OSError:
        return None
    return resident_memory()


def _high_water_mark() -> int | None:
    """Return Linux's own mark, which `reset_peak_memory` starts anew.

    psutil does not read it, and ``getrusage`` keeps the largest mark of all: the one
    before a reset, and that of the process which became this one, too.
    """
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return None


def _usage() -> Any:
    """Return psutil's record of this process's memory, or None."""
    import psutil

    try:
        return _process(os.getpid()).memory_info()
    except (OSError, psutil.Error):
        return None


@functools.lru_cache(maxsize=1)
def _process(number: int) -> Any:
    """Return psutil's handle of a process; making one takes longer than asking it."""
    import psutil

    return psutil.Process(number)
