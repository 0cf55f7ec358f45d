"""Progress of a walk: a bar, a callback, or nothing."""

import threading
import time
from collections.abc import Callable
from typing import Any, Self

from fastntk._errors import InputError, NotSupportedError
from fastntk._shown import shown

__all__ = ["Progress", "ProgressArg", "check_progress", "make_progress"]

ProgressArg = bool | Callable[[int, int], None]
"""What ``progress=`` accepts: a switch, or ``callback(done, total)`` in entries."""


class Progress:
    """Counts finished entries; this base class shows nothing."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self._lock = threading.Lock()
        self._thread = threading.get_ident()
        self._next = 0.0

    def add(self, entries: int) -> None:
        """Count a finished tile; called by any thread."""
        with self._lock:
            self.done += entries

    def tick(self) -> None:
        """Show, at most every tenth of a second, if this is the thread that waits."""
        now = time.monotonic()
        if threading.get_ident() == self._thread and now >= self._next:
            self._next = now + 0.1
            self.show()

    def show(self) -> None:
        """Bring what is shown up to date; called by the waiting thread."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.show()


class _Callback(Progress):
    """Calls ``callback(done, total)`` from the thread that waits."""

    def __init__(self, total: int, callback: Callable[[int, int], None]) -> None:
        super().__init__(total)
        self._callback = callback

    def show(self) -> None:
        self._callback(self.done, self.total)


class _Bar(Progress):
    """A tqdm bar with rate and time left."""

    def __init__(self, total: int, tqdm: Any) -> None:
        super().__init__(total)
        self._bar = tqdm(total=total, unit="entry", unit_scale=True, desc="gram")

    def show(self) -> None:
        self._bar.update(self.done - self._bar.n)

    def __exit__(self, *exception: object) -> None:
        self.show()
        self._bar.close()


def check_progress(progress: ProgressArg | None) -> ProgressArg:
    """Return what ``progress=`` was given, if it can be shown.

    Raises
    ------
    InputError
        If it is neither a bool nor a callable.
    """
    if progress is None:
        return False
    if isinstance(progress, bool) or callable(progress):
        return progress
    raise InputError(
        f"progress is {shown(progress)}; expected True, False or a "
        "callable(done, total)"
    )


def make_progress(progress: ProgressArg, total: int) -> Progress:
    """Return what ``progress=`` asks for.

    Raises
    ------
    NotSupportedError
        If a bar is asked for and tqdm is not installed.
    InputError
        If it is neither a bool nor a callable.
    """
    progress = check_progress(progress)
    if progress is False:
        return Progress(total)
    if progress is True:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            raise NotSupportedError(
                "progress=True needs tqdm; install fastntk[cli], or pass a callable "
                "progress(done, total)"
            ) from None
        return _Bar(total, tqdm)
    return _Callback(total, progress)
