"""What a computation by tiles needs, refused before anything is allocated."""

from typing import Any, Protocol

import numpy as np

from fastntk._errors import MemoryBudgetError
from fastntk._resources import available_memory

__all__ = ["budget_left", "check_available"]

NEVER_REFUSED = 1 << 20  # bytes


class Needs(Protocol):
    """What is known of a computation's memory."""

    dtype: np.dtype[Any]
    get: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the matrix."""
        ...

    @property
    def budget(self) -> int | None:
        """Bytes that the computation may take; None: no limit."""
        ...

    @property
    def n_bytes(self) -> int:
        """Bytes of all kernels asked for."""
        ...

    @property
    def input_bytes(self) -> int:
        """Bytes of all that is made of the inputs."""
        ...


def budget_left(needs: Needs, used: int = 0) -> int | None:
    """Return the bytes left for tiles, besides the inputs and ``used`` bytes.

    Raises
    ------
    MemoryBudgetError
        If there are none.
    """
    if needs.budget is None:
        return None
    left = needs.budget - (used + needs.input_bytes)
    if left <= 0:
        result = f"{used:,} for the result and " if used else ""
        raise MemoryBudgetError(
            f"max_memory is {needs.budget:,} bytes; this call needs more than "
            f"{used + needs.input_bytes:,}: {result}"
            f"{needs.input_bytes:,} for a copy of the inputs. Raise max_memory, "
            "pass out= (for instance a numpy.memmap), or stream blocks with "
            "fastntk.tiles"
        )
    return left


def check_available(needs: Needs) -> None:
    """Refuse a result that cannot fit the memory that is free for this process."""
    needed = needs.n_bytes + needs.input_bytes
    if needed < NEVER_REFUSED:
        return  # the question takes longer than a small result
    available = available_memory()
    if available is not None and needed > available:
        n1, n2 = needs.shape
        raise MemoryBudgetError(
            f"a {n1} x {n2} {needs.dtype.name} result of {len(needs.get)} kernel(s) "
            f"needs {needed:,} bytes with its copy of the inputs; {available:,} are "
            "free. Pass out= with a numpy.memmap, or stream blocks with fastntk.tiles"
        )
