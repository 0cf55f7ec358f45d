"""Calls that an interrupt leaves running.

Signals arrive in the main thread, between two steps of Python: a long step, such as a
call of LAPACK, keeps them waiting. `leavable` has it done by another thread, for which
the main thread waits in small steps.
"""

import atexit
import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from fastntk._resources import count_left_behind

__all__ = ["leavable"]

T = TypeVar("T")
SMALL = 256  # rows; below, LAPACK is done sooner than a thread has started
POLL_SECONDS = 0.1


def leavable(function: Callable[[], T], n_bytes: int, size: int) -> T:
    """Return ``function()``, which an interrupt leaves running.

    Parameters
    ----------
    function : callable
        Without the interpreter lock for all that takes long. It works on arrays that
        the caller never sees, or only reads.
    n_bytes : int
        Of the arrays that it keeps: they count as `left_behind` once it is left.
    size : int
        Rows of its matrices; small ones are computed by the calling thread.

    Raises
    ------
    BaseException
        What the function raised; KeyboardInterrupt at once.

    Notes
    -----
    Threads that are not the main one call the function themselves, as no signal arrives
    there. Where a thread cannot start, so does the main thread.
    """
    if size < SMALL or threading.current_thread() is not threading.main_thread():
        return function()
    job = _Job(function, n_bytes)
    try:
        try:
            job.thread.start()
        except RuntimeError:  # no room for its stack
            return function()
        while not job.is_done.wait(POLL_SECONDS):
            pass
    except BaseException:
        job.leave()
        raise
    if job.error is not None:
        raise job.error
    result: T = job.result
    return result


class _Job:
    """A function, its thread, and what came out."""

    def __init__(self, function: Callable[[], Any], n_bytes: int) -> None:
        self._function: Callable[[], Any] | None = function
        self._n_bytes = n_bytes
        self._lock = threading.Lock()
        self._end: Callable[[], None] | None = None
        self._limits = _thread_limits()
        self.is_done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="lapack", daemon=True)

    def leave(self) -> None:
        """Count the bytes until the thread is done."""
        with self._lock:
            if not self.is_done.is_set():
                self._end = count_left_behind(self._n_bytes)
                atexit.register(self._leave_process)

    def _run(self) -> None:
        try:
            assert self._function is not None
            for library, threads in self._limits:
                if library.get_num_threads() != threads:
                    library.set_num_threads(threads)
            self.result = self._function()
        except BaseException as error:
            self.error = error
        finally:
            self._function = None
            with self._lock:
                self.is_done.set()
                if self._end is not None:  # nobody waits
                    self.result = self.error = None
                    self._end()
                    atexit.unregister(self._leave_process)

    def _leave_process(self) -> None:
        """Let the process end although the function has not.

        The exit handler of OpenBLAS ends its threads, and would wait for the one that
        works for ever. With glibc the process ends before that, with its exit code and
        all that Python and C have flushed; elsewhere the function is waited for.
        """
        try:
            libc = ctypes.CDLL(None)
            ends = (libc.on_exit, libc.__cxa_atexit)
        except (AttributeError, OSError, TypeError):
            self.is_done.wait()
            return
        ends[0](ctypes.cast(libc._exit, ctypes.c_void_p), None)
        ends[1](ctypes.cast(libc.fflush, ctypes.c_void_p), None, None)  # comes first


def _thread_limits() -> list[tuple[Any, int]]:
    """Return the BLAS and OpenMP libraries, with the threads they may use from here.

    OpenMP keeps that number for every thread, and a new one would begin with all cores.
    """
    libraries = _libraries().lib_controllers
    counts = [(library, library.get_num_threads()) for library in libraries]
    return [(library, count) for library, count in counts if count is not None]


@functools.cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
