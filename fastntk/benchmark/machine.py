"""What measurements ran on, and whether anything else was running."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import sys
import time
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from fastntk._resources import (
    available_cores,
    peak_memory,
    reset_peak_memory,
    total_memory,
)
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
    info = _read("/proc/cpuinfo")  # psutil knows no model and no instruction sets
    pages = "/sys/kernel/mm/transparent_hugepage/enabled"
    name = platform.processor() or platform.machine()
    flags = _found(r"^(?:flags|Features)\s*:(.*)$", info, "").split()
    governor = _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "cpu": _found(r"^model name\s*:(.*)$", info, name),
        "cores": available_cores(),
        "cores_all": os.cpu_count() or 1,
        "simd": [flag for flag in SIMD if flag in flags],
        "memory": total_memory(),
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
    """Return busy and all CPU seconds of the machine so far; zeros if unknown."""
    import psutil

    try:
        found = psutil.cpu_times()._asdict()
    except (OSError, RuntimeError):
        return 0.0, 0.0
    idle = found.pop("idle") + found.pop("iowait", 0.0)
    busy = sum(found[name] for name in found if not name.startswith("guest"))
    return busy, busy + idle  # Linux counts guests among the others, too


def _share(busy: float, total: float) -> float:
    return min(max(busy / max(total, 1e-9), 0.0), 1.0)


def busy_share(seconds: float = 0.3) -> float:
    """Return the share of the machine that was busy while this process slept."""
    busy, total = _cpu_times()
    time.sleep(seconds)
    busy_after, total_after = _cpu_times()
    return _share(busy_after - busy, total_after - total)


def wait_for_quiet(limit: float = 0.08, patience: float = 60.0) -> float:
    """Wait until other processes rest; return the share of the machine they take."""
    start = time.monotonic()
    share = busy_share()
    while share > limit and time.monotonic() - start < patience:
        share = busy_share(1.0)
    return share


def _own_seconds() -> float:
    """Return CPU seconds of this process and its children, living or not."""
    import psutil

    spent = sum(os.times()[:4])
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it has ended
            times = child.cpu_times()
            spent += times.user + times.system
    return spent


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
        own = _own_seconds() - self._own
        return _share(busy - self._busy - own, total - self._total)
