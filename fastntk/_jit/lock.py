"""A lock of a file that holds between processes, and between hosts where it can.

``flock`` holds between the hosts of NFS, Lustre and the like where they are mounted
with locks, and is given back by the system when its process is killed. Where a file
system has no such locks, a file that is made and removed stands for one; a killed
process leaves it behind. Whatever holds a lock for longer than `LIMIT` holds up nobody
else: kernels are right without a lock, which only saves double work.
"""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["LIMIT", "file_lock"]

LIMIT = 120.0  # seconds; a kernel compiles in about three
_POLL = 0.02
_UNSUPPORTED = ("ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP")


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a file.

    Parameters
    ----------
    path : Path
        The file, which stays there. Its folder exists.

    Raises
    ------
    OSError
        If the lock cannot be made.
    TimeoutError
        If it was held by others for `LIMIT` seconds.
    """
    import filelock

    try:
        lock = _acquired(path)
    except filelock.Timeout:
        held = f"another process has held {path} for more than {LIMIT:g} s"
        raise TimeoutError(held) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.release(force=True)


def _acquired(path: Path) -> Any:
    """Return a lock of the system, or one that is a file."""
    import filelock

    lock = filelock.FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=LIMIT, poll_interval=_POLL)
    except NotImplementedError:
        return _soft(path)
    except OSError as error:
        unsupported = {getattr(errno, name, None) for name in _UNSUPPORTED}
        if isinstance(error, filelock.Timeout) or error.errno not in unsupported:
            raise
        return _soft(path)
    return lock


def _soft(path: Path) -> Any:
    """Acquire a lock that is a file; remove one that was held all the time.

    Its process was killed, or hangs. Should it still be at work, two processes write
    the same kernel, whole each time.
    """
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
