"""Memory that ran out, in words: what was asked for, what is free, what to do."""

import contextlib
import errno
import functools
import re
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from fastntk._errors import FastntkError, MemoryBudgetError
from fastntk._resources.memory import memory_limits

__all__ = ["FEWER_ROWS", "PREDICT_LESS", "SOLVE_LESS", "memory_told"]

P = ParamSpec("P")
R = TypeVar("R")
KERNELS = (
    "Pass out= with a numpy.memmap, stream blocks with fastntk.tiles, set max_memory, "
    "or raise the limit"
)
SOLVE_LESS = (
    "Take fewer rows, method='cg' or 'falkon', which never form the matrix, or raise "
    "the limit"
)
PREDICT_LESS = (
    "Take fewer rows at a time, method='operator', which never forms the matrix of the "
    "training rows, or raise the limit"
)
FEWER_ROWS = "Take fewer rows, or raise the limit"
_UNITS = {"bytes": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_NUMPY = re.compile(r"allocate ([0-9.]+) (\w+)(?: for (.*))?")


class memory_told(contextlib.AbstractContextManager[None]):
    """Raise `MemoryBudgetError` where memory runs out inside; also a decorator.

    Parameters
    ----------
    call : str
        What the user called, for the message.
    remedy : str
        What to do about it.

    Notes
    -----
    NumPy's and SciPy's MemoryError, errno 12 of the system, and threads that cannot
    start, because there is no room for their stacks.
    """

    def __init__(self, call: str, remedy: str = KERNELS) -> None:
        self._call, self._remedy = call, remedy

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return the function with its memory errors told."""

        @functools.wraps(function)
        def told(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except (MemoryError, OSError, RuntimeError) as error:
                self._tell(error)
                raise

        return told

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._tell(error)

    def _tell(self, error: BaseException) -> None:
        """Raise our error in the place of one that says that memory ran out."""
        if not _is_exhausted(error):
            return
        raise MemoryBudgetError(
            f"{self._call}: memory ran out. {_asked(error)}{_left()}. {self._remedy}"
        ) from error


def _is_exhausted(error: BaseException) -> bool:
    if isinstance(error, FastntkError):
        return False
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and "start new thread" in str(error)


def _left() -> str:
    """Return in words what is free, if there is room to find out."""
    try:
        least = min(memory_limits(), key=lambda limit: limit.free, default=None)
    except (MemoryError, ImportError, OSError):
        least = None
    if least is None:
        return ""
    return f"; {least.free:,} bytes are free now ({least.source})"


def _asked(error: BaseException) -> str:
    """Return in words what was asked for."""
    if isinstance(error, RuntimeError):
        return f"A thread could not start, with a stack of {_stack_bytes():,} bytes"
    shape: Any = getattr(error, "shape", None)  # NumPy's own error has them
    dtype: Any = getattr(error, "dtype", None)
    if shape is not None and dtype is not None:
        n_bytes = int(dtype.itemsize)
        for length in shape:
            n_bytes *= int(length)
        return f"{n_bytes:,} bytes were asked for, an array of shape {tuple(shape)}"
    found = _NUMPY.search(str(error))
    if found is not None and found[2].lower() in _UNITS:
        n_bytes = int(float(found[1]) * _UNITS[found[2].lower()])
        rest = f", {found[3]}" if found[3] else ""
        return f"{n_bytes:,} bytes were asked for{rest}"
    if isinstance(error, OSError):
        return f"The system said: {error.strerror}"
    return f"Found {str(error) or 'no more memory'!r}; expected room for it"


def _stack_bytes() -> int:
    try:
        import resource
    except ModuleNotFoundError:
        return 1 << 20
    limit = resource.getrlimit(resource.RLIMIT_STACK)[0]
    return 8 << 20 if limit == resource.RLIM_INFINITY else int(limit)
