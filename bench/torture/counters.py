"""What a process was doing when it was killed: counters in memory that outlives it."""

import contextlib
import mmap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

OPERATIONS = ("write", "rename", "sync", "journal")


class Counters:
    """Operations begun and ended, shared between a process and its children."""

    def __init__(self) -> None:
        memory = mmap.mmap(-1, 16 * len(OPERATIONS))
        self._counts = np.frombuffer(memory, np.int64).reshape(2, len(OPERATIONS))
        self._lock = threading.Lock()

    def clear(self) -> None:
        self._counts[:] = 0

    def in_flight(self) -> set[str]:
        """Return the operations that had begun and not ended."""
        begun, ended = self._counts
        return {name for k, name in enumerate(OPERATIONS) if begun[k] > ended[k]}

    @contextlib.contextmanager
    def during(self, name: str) -> Iterator[None]:
        k = OPERATIONS.index(name)
        with self._lock:
            self._counts[0, k] += 1
        try:
            yield
        finally:
            with self._lock:
                self._counts[1, k] += 1

    def watch(self, owner: Any, method: str, name: str) -> None:
        """Count the calls of a method, in this process and its children."""
        original: Callable[..., Any] = getattr(owner, method)

        def counted(*args: Any, **options: Any) -> Any:
            operation = name
            if method == "write_at" and _is_journal(args[1]):
                operation = "journal"
            with self.during(operation):
                return original(*args, **options)

        setattr(owner, method, counted)


def _is_journal(fd: int) -> bool:
    return Path(f"/proc/self/fd/{fd}").readlink().name.startswith("journal-")
