"""What measurements ran on, and whether anything else was running."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import sys
import time
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from fastntk._version import __version__

__all__ = [
    "OthersShare",
    "available_cores",
    "busy_share",
    "describe",
    "fix_malloc",
    "peak_memory",
    "reset_peak_memory",
    "wait_for_quiet",
]

PACKAGES = ("fastntk", "numpy", "scipy", "numba", "llvmlite", "threadpoolctl")
MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
SIMD = ("sse4_2", "avx", "avx2", "fma", "avx512f", "asimd", "sve")


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fix_malloc() -> bool:
    """Have glibc map every array from 1 MiB anew; return whether it will.

    By default it keeps freed arrays of up to 32 MiB, or gives them back, depending on
    what was allocated before: the same call then takes one or the other time, and
    keeps to it as long as the process lives.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(MMAP_THRESHOLD, 1 << 20))
    except (AttributeError, OSError, TypeError):
        return False  # another C library


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _found(pattern: str, text: str, default: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match.group(1).strip() if match else default


def describe() -> dict[str, Any]:
    """Return the machine and the software, for a report.

    Returns
    -------
    dict
        ``cpu``, ``cores`` (usable) and ``cores_all``, ``simd`` (names of instruction
        sets), ``memory`` (bytes or None), ``huge_pages``, ``governor``, ``system``,
        ``python``, ``packages`` (name to version) and ``blas``.
    """
    info, pages = _read("/proc/cpuinfo"), "/sys/kernel/mm/transparent_hugepage/enabled"
    name = platform.processor() or platform.machine()
    flags = _found(r"^(?:flags|Features)\s*:(.*)$", info, "").split()
    memory = int(_found(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"), "0"))
    governor = _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "cpu": _found(r"^model name\s*:(.*)$", info, name),
        "cores": available_cores(),
        "cores_all": os.cpu_count() or 1,
        "simd": [flag for flag in SIMD if flag in flags],
        "memory": 1024 * memory or None,
        "huge_pages": _found(r"\[(\w+)\]", _read(pages), "unknown"),
        "governor": governor.strip() or "unknown",
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in PACKAGES},
        "blas": blas(),
    }


def _version(name: str) -> str:
    if name == "fastntk":
        return __version__
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def blas() -> list[dict[str, Any]]:
    """Return the BLAS libraries that NumPy and SciPy have loaded."""
    from threadpoolctl import threadpool_info

    import_module("scipy.linalg")  # loads its BLAS
    wanted = ("internal_api", "version", "architecture", "num_threads")
    found = [
        {key: library.get(key) for key in wanted}
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]
    return [library for i, library in enumerate(found) if library not in found[:i]]


# --- other processes ------------------------------------------------------------------


def _cpu_times() -> tuple[float, float]:
    """Return busy and total CPU ticks of the whole machine so far; zeros if unknown."""
    line = _read("/proc/stat").split("\n")[0].split()[1:9]
    if len(line) < 8:
        return 0.0, 0.0
    ticks = [float(tick) for tick in line]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def busy_share(seconds: float = 0.3) -> float:
    """Return the share of the machine that was busy while this process slept."""
    busy, total = _cpu_times()
    time.sleep(seconds)
    busy_after, total_after = _cpu_times()
    return (busy_after - busy) / max(total_after - total, 1e-9)


def wait_for_quiet(limit: float = 0.08, patience: float = 60.0) -> float:
    """Wait until other processes rest; return the share of the machine they take."""
    start = time.monotonic()
    share = busy_share()
    while share > limit and time.monotonic() - start < patience:
        share = busy_share(1.0)
    return share


def _own_seconds() -> float:
    """Return CPU seconds of this process and its children, living or not."""
    listed = _read(f"/proc/self/task/{os.getpid()}/children").split()
    lines = (_read(f"/proc/{child}/stat").rpartition(")")[2] for child in listed)
    ticks = sum(sum(map(int, line.split()[11:13])) for line in lines if line)
    return sum(os.times()[:4]) + ticks / os.sysconf("SC_CLK_TCK")


class OthersShare:
    """Measures the share of the machine that other processes took meanwhile.

    Examples
    --------
    >>> share = OthersShare()
    >>> 0.0 <= share() <= 1.0
    True
    """

    def __init__(self) -> None:
        self._busy, self._total = _cpu_times()
        self._own = _own_seconds()

    def __call__(self) -> float:
        """Return the share since this object was made, at most 1."""
        busy, total = _cpu_times()
        own = (_own_seconds() - self._own) * os.sysconf("SC_CLK_TCK")
        share = (busy - self._busy - own) / max(total - self._total, 1e-9)
        return min(max(share, 0.0), 1.0)


# --- memory ---------------------------------------------------------------------------


def _status(name: str) -> int | None:
    found = _found(rf"^{name}:\s*(\d+)", _read("/proc/self/status"), "")
    return 1024 * int(found) if found else None


def peak_memory() -> int | None:
    """Return the largest resident size of this process so far, in bytes.

    None where the system doesn't say.
    """
    peak = _status("VmHWM")
    if peak is not None:
        return peak
    try:
        import resource
    except ModuleNotFoundError:  # not a POSIX system
        return None
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if platform.system() == "Darwin" else 1024 * found


def reset_peak_memory() -> int | None:
    """Start the high-water mark anew; return the resident size now, in bytes.

    None where the system can't (anything but Linux): `peak_memory` then counts from the
    start of the process.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _status("VmRSS")
