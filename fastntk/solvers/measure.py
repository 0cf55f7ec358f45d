"""Seconds by phase, and the memory of the process while a solve runs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from fastntk._resources import peak_memory, resident_memory

__all__ = ["Meter"]

INTERVAL = 0.02  # seconds between looks at the resident memory


class Meter:
    """Measures a solve: a context that watches memory, and phases inside of it.

    Examples
    --------
    >>> from fastntk.solvers.measure import Meter
    >>> with Meter() as meter:
    ...     with meter.phase("rest"):
    ...         pass
    >>> list(meter.seconds), meter.peak_memory > 0
    (['rest'], True)
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_memory = 0
        self.started = time.monotonic()
        self._high_before = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._high_before = peak_memory() or 0
        self._look()
        self._thread = threading.Thread(
            target=self._watch, name="fastntk-memory", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.look()

    def look(self) -> int:
        """Bring `peak_memory` up to date and return it."""
        self._look()
        high = peak_memory() or 0
        if high > self._high_before:  # the kernel's own mark misses nothing
            self.peak_memory = max(self.peak_memory, high)
        return self.peak_memory

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of a block to a phase."""
        start = time.monotonic()
        try:
            yield
        finally:
            spent = time.monotonic() - start
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self.started

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._look()

    def _look(self) -> None:
        self.peak_memory = max(self.peak_memory, resident_memory() or 0)
