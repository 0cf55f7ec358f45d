"""What the machine has free, and refusals that come before anything is allocated."""

import os

from fastntk._errors import MemoryBudgetError

__all__ = ["available_memory", "check_whole"]


def available_memory() -> int | None:
    """Return the bytes that can be allocated without swapping, if the system says."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def check_whole(
    shape: tuple[int, int], positions: int, n_arrays: int, budget: int | None
) -> None:
    """Refuse whole matrices that cannot fit.

    Parameters
    ----------
    shape : tuple of int
        Samples of both sides.
    positions : int
        Positions of a sample, 1 if there are none.
    n_arrays : int
        Matrices alive at once, in float64.
    budget : int or None
        Bytes the caller allows.

    Raises
    ------
    MemoryBudgetError
        With the bytes needed.
    """
    n1, n2 = shape
    needed = 8 * n_arrays * n1 * n2 * positions**2
    available = available_memory()
    limits = [(budget, "max_memory is"), (available, "the memory free is")]
    for limit, words in limits:
        if limit is not None and needed > limit:
            each = f"{n1} x {n2}"
            if positions > 1:
                each += f" samples of {positions} x {positions} positions"
            raise MemoryBudgetError(
                f"{words} {limit:,} bytes; this network is evaluated on whole matrices "
                f"and needs {needed:,} for {n_arrays} of {each} in float64. "
                "Compute blocks of fewer samples, e.g. kernel_fn(x1[:100], x2[:100])"
            )
