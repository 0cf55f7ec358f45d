"""What a bug report or a table of timings needs to say about the machine."""

from __future__ import annotations

import os
import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fastntk import __version__

__all__ = ["available_cores", "collect", "package_version", "peak_memory_bytes"]

_PACKAGES = ("numba", "llvmlite", "numpy", "scipy", "threadpoolctl")
_OPTIONAL = ("scikit-learn", "matplotlib", "typer")


def package_version(name: str) -> str:
    """Return the installed version of a distribution, or "not installed"."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def available_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def peak_memory_bytes() -> int | None:
    """Return the largest resident size of this process so far, in bytes."""
    try:
        import resource
    except ModuleNotFoundError:  # not a POSIX system
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else 1024 * peak


def _processor() -> str:
    """Return the processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _blas() -> str:
    """Return the BLAS libraries that NumPy and SciPy have loaded."""
    from threadpoolctl import threadpool_info

    import_module("scipy.linalg")  # loads its BLAS
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    names = (
        f"{pool['internal_api']} {pool['version']}, {pool['num_threads']} threads"
        for pool in pools
    )
    return "; ".join(dict.fromkeys(names)) or "unknown"


def collect() -> dict[str, str]:
    """Return name and value of every fact, in the order in which to print them."""
    from fastntk._jit import cache_folder

    facts = {"fastntk": __version__}
    facts |= {name: package_version(name) for name in (*_PACKAGES, *_OPTIONAL)}
    facts["python"] = f"{platform.python_version()} ({platform.platform()})"
    facts["processor"] = _processor()
    facts["cores"] = f"{available_cores()} available of {os.cpu_count()}"
    facts["blas"] = _blas()
    facts["kernel cache"] = str(cache_folder())
    return facts
