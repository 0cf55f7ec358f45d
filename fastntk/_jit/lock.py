"""A lock of a file that holds between processes, and between hosts where it can.

``flock`` holds between the hosts of NFS, Lustre and the like where they are mounted
with locks, and is given back by the system when its process is killed. Where a file
system has no such locks, a file that is made and removed stands for one; a killed
process leaves it behind. Whatever holds a lock for longer than `LIMIT` holds up nobody
else: kernels are right without a lock, which only saves double work.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["LIMIT", "acquired"]

LIMIT = 120.0  # seconds; a kernel compiles in about three
_POLL = 0.02


def acquired(path: Path) -> Callable[[], Any]:
    """Acquire the lock of a file and return what releases it.

    Raises
    ------
    OSError
        If the lock cannot be made.
    TimeoutError
        If it was held by others all the time.
    """
    import filelock

    try:
        try:
            lock: Any = filelock.FileLock(path, thread_local=False)
            lock.acquire(timeout=LIMIT, poll_interval=_POLL)
        except NotImplementedError:
            lock = _soft(path)
        except OSError as error:
            if isinstance(error, filelock.Timeout) or not _is_unsupported(error):
                raise
            lock = _soft(path)
    except filelock.Timeout:
        held = f"another process holds {path} for more than {LIMIT:.0f} s"
        raise TimeoutError(held) from None
    return lambda: _release(lock)


def _soft(path: Path) -> Any:
    """Acquire a lock that is a file; break one that its process left behind."""
    import filelock

    marker = path.with_suffix(".held")
    lock = filelock.SoftFileLock(marker, thread_local=False)
    try:
        lock.acquire(timeout=LIMIT, poll_interval=_POLL)
    except filelock.Timeout:
        with contextlib.suppress(OSError):
            marker.unlink()
        raise
    return lock


def _is_unsupported(error: OSError) -> bool:
    """Return whether a file system has no locks."""
    import errno

    names = ("ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP")
    return error.errno in {getattr(errno, name, None) for name in names}


def _release(lock: Any) -> None:
    with contextlib.suppress(OSError):
        lock.release(force=True)
