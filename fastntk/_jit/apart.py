"""Work that Ctrl-C must not cut in two runs in a thread of its own.

Signals reach the main thread only. Inside Numba they do harm: LLVM calls Python back
through ctypes, which swallows what a callback raises, and the compiler's lock is taken
in Python code, which an interrupt can leave without giving the lock back. So the main
thread waits, where it can be interrupted at any time, and the work goes on to its end:
what is compiled and saved is whole, and the next call finds it.
"""

import contextlib
import contextvars
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

__all__ = ["JIT_ENABLED", "apart"]

T = TypeVar("T")


def apart(work: Callable[[], T]) -> T:
    """Return what a function returns, out of the reach of signals.

    Parameters
    ----------
    work : callable
        Runs in a new thread if the caller is the main thread, which waits for it; it
        goes on when the wait is interrupted. The process ends after it.

    Examples
    --------
    >>> apart(lambda: threading.current_thread() is threading.main_thread())
    False
    """
    if threading.current_thread() is not threading.main_thread():
        return work()  # signals do not come here
    results: list[T] = []
    errors: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            ended.set()

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,), name="fastntk-compile")
    try:
        thread.start()
    except RuntimeError:  # no more threads, or Python is ending
        return work()
    while not ended.wait(0.1):  # Windows interrupts no longer wait
        pass
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


@contextlib.contextmanager
def _without_bad_numbers() -> Iterator[None]:
    """Hide a number of threads that is none, at which Numba's import would fail."""
    name = "NUMBA_NUM_THREADS"
    value = os.environ.get(name)
    if value is None or (value.strip().isdecimal() and int(value) > 0):
        yield
        return
    del os.environ[name]
    try:
        yield
    finally:
        os.environ[name] = value


def _load() -> Any:
    """Import Numba and its extensions, which an interrupt would leave half loaded."""
    with _without_bad_numbers():
        numba = importlib.import_module("numba")
    if not numba.config.DISABLE_JIT:
        importlib.import_module("numba.core.entrypoints").init_all()
    return numba


JIT_ENABLED: bool = not apart(_load).config.DISABLE_JIT
