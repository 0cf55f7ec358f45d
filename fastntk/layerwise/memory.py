"""Refusals of whole matrices that come before anything is allocated."""

from fastntk._errors import MemoryBudgetError
from fastntk._resources import available_memory

__all__ = ["check_whole"]


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
