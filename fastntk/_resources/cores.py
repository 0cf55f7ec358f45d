"""Cores of this process: affinity, quotas of containers, and variables."""

import math
import os

from fastntk._resources.cgroups import cpu_quotas, kept_limits

__all__ = ["VARIABLES", "available_cores", "core_limits", "ignored_variables"]

# What users set to hold libraries back, joblib in its workers (inner_max_num_threads)
# and Slurm's users in their scripts. Variables of BLAS alone are not among them.
VARIABLES = (
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "NUMBA_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def available_cores() -> int:
    """Return the number of cores this process may use.

    The least of the machine's, of those that the process is bound to, of the quotas of
    its control groups (rounded up, as joblib does) and of `VARIABLES`. Every call asks:
    quotas are read again after ten seconds, the others every time.
    """
    cores = min(_bound_cores(), kept_limits(_quota))
    for name in VARIABLES:
        value = os.environ.get(name)
        if value is not None:
            cores = min(cores, _threads_of(value) or cores)
    return max(1, cores)


def core_limits() -> dict[str, int]:
    """Return every limit of cores that was found, by where it is from."""
    found = {"affinity": _bound_cores()}
    for path, cpus in cpu_quotas().items():
        found[path] = max(1, math.ceil(cpus))
    for name in VARIABLES:
        count = _threads_of(os.environ.get(name, ""))
        if count is not None:
            found[name] = count
    return found


def ignored_variables() -> dict[str, str]:
    """Return the variables whose values are no numbers of threads."""
    return {
        name: os.environ[name]
        for name in VARIABLES
        if name in os.environ and _threads_of(os.environ[name]) is None
    }


def _bound_cores() -> int:
    """Return the cores that this process is bound to, or those of the machine."""
    if hasattr(os, "sched_getaffinity"):  # asked by every call, before psutil is loaded
        return max(1, len(os.sched_getaffinity(0)))
    import psutil

    try:
        return max(1, len(psutil.Process().cpu_affinity()))
    except (AttributeError, OSError, psutil.Error):  # macOS binds no process to cores
        return os.cpu_count() or 1


def _threads_of(text: str) -> int | None:
    """Return a number of threads: of "4,2" the first, that of the outermost level."""
    first = text.split(",", maxsplit=1)[0].strip().removeprefix("+")
    if not (first.isascii() and first.isdigit()):
        return None
    return int(first) or None


def _quota() -> int:
    """Return the least quota in whole cores, or more than any machine has."""
    found = [math.ceil(cpus) for cpus in cpu_quotas().values()]
    return max(1, min(found, default=1 << 30))
