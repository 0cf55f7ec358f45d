"""What this process may use, and what it uses: memory, cores, disks, processes.

psutil answers, and is loaded by the first question. Answers are those of the machine;
limits of a container (cgroups) are not looked at.
"""

import functools
import os
import sys
from pathlib import Path
from typing import Any

__all__ = [
    "available_cores",
    "available_memory",
    "file_system_of",
    "peak_memory",
    "process_exists",
    "reset_peak_memory",
    "resident_memory",
    "total_memory",
]


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # asked by every call, before psutil is loaded
        return max(1, len(os.sched_getaffinity(0)))
    import psutil

    try:
        return max(1, len(psutil.Process().cpu_affinity()))
    except (AttributeError, OSError, psutil.Error):  # macOS binds no process to cores
        return os.cpu_count() or 1


# --- memory ---------------------------------------------------------------------------


def available_memory() -> int | None:
    """Return the bytes that can be allocated without swapping, if the system says."""
    return _machine_memory("available")


def total_memory() -> int | None:
    """Return the bytes of memory of the machine, if the system says."""
    return _machine_memory("total")


def _machine_memory(field: str) -> int | None:
    import psutil

    try:
        return int(getattr(psutil.virtual_memory(), field))
    except (OSError, RuntimeError):
        return None


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


# --- processes and disks --------------------------------------------------------------


def process_exists(number: int) -> bool:
    """Say whether a process of this machine has a number."""
    import psutil

    try:
        return bool(psutil.pid_exists(number))
    except OverflowError:  # larger than any
        return False


def file_system_of(folder: Path) -> str:
    """Return the name of the file system that a folder is in, such as "ext4", or "".

    Parameters
    ----------
    folder : Path
        Resolved: without symbolic links.
    """
    import psutil

    try:
        mounts = psutil.disk_partitions(all=True)
    except (OSError, RuntimeError, psutil.Error):
        return ""
    kind, longest = "", -1
    for mount in mounts:  # of several in one place the last one is seen
        place = mount.mountpoint
        if len(place) >= longest and folder.is_relative_to(place):
            kind, longest = mount.fstype, len(place)
    return kind
