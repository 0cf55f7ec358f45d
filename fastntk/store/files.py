"""The file operations of a store, in one place, so that tests can make them fail.

Order is what makes a store survive: bytes are written and synced under a temporary
name, then renamed, then the folder is synced, and only then a journal speaks of them.
"""

import contextlib
import errno
import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import StoreError
from fastntk._typing import AnyArray

__all__ = ["DIRECT", "PAGE", "FileLayer", "aligned_empty", "worded"]

Buffer = bytes | memoryview
DIRECT = getattr(os, "O_DIRECT", 0)  # large tiles go past the page cache
PAGE = 4096  # bytes; what goes past the page cache must lie and end at multiples of it
_PIECE = 1 << 16  # bytes: the page cache finds room for these at once


def aligned_empty(n: int, dtype: np.dtype[Any]) -> AnyArray:
    """Return an array of n entries that begins at a page, as `DIRECT` files need."""
    space = np.empty(n * dtype.itemsize + PAGE, np.uint8)
    first = -space.ctypes.data % PAGE
    return space[first : first + n * dtype.itemsize].view(dtype)


class FileLayer:
    """Plain files by descriptor."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file, close-on-exec, readable by the group and others.

        ``DIRECT`` is a wish: not all file systems have it.
        """
        try:
            return os.open(path, flags | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if error.errno != errno.EINVAL or not flags & DIRECT:
                raise
            return os.open(path, flags & ~DIRECT | os.O_CLOEXEC, 0o644)

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        os.close(fd)

    def write(self, fd: int, data: Buffer) -> None:
        """Write all bytes at the place of the descriptor, or at the end."""
        view = memoryview(data).cast("B")
        while len(view):
            try:
                view = view[os.write(fd, view[: _size(fd)]) :]
            except OSError as error:
                _make_plain(fd, error)

    def write_at(self, fd: int, data: Buffer, offset: int) -> None:
        """Write all bytes at an offset."""
        view = memoryview(data).cast("B")
        while len(view):
            try:
                n = os.pwrite(fd, view[: _size(fd)], offset)
                view, offset = view[n:], offset + n
            except OSError as error:
                _make_plain(fd, error)

    def allocate(self, fd: int, n_bytes: int) -> None:
        """Reserve the bytes of a file, so that later writes cannot lack room."""
        os.posix_fallocate(fd, 0, n_bytes)

    def truncate(self, fd: int, n_bytes: int) -> None:
        """Cut a file."""
        os.ftruncate(fd, n_bytes)

    def begin_sync(self, fd: int) -> None:
        """Let the system begin to bring a file's bytes to the disk; don't wait."""
        with contextlib.suppress(OSError):  # only a wish
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def sync(self, fd: int) -> None:
        """Bring a file's bytes to the disk."""
        os.fsync(fd)

    def sync_path(self, path: Path) -> None:
        """Bring a file, or the names in a folder, to the disk."""
        fd = self.open(path, os.O_RDONLY)
        try:
            self.sync(fd)
        finally:
            self.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        """Move a file or a folder to its place, at once."""
        source.rename(target)

    def lock(self, fd: int) -> bool:
        """Take a file for this process; False if another one has it."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                return True  # a file system without locks
            raise
        return True

    def free_bytes(self, folder: Path) -> int:
        """Return the room that is left on a disk."""
        return shutil.disk_usage(folder).free


def _size(fd: int) -> int:
    """Return how many bytes to write at once."""
    return 1 << 30 if fcntl.fcntl(fd, fcntl.F_GETFL) & DIRECT else _PIECE


def _make_plain(fd: int, error: OSError) -> None:
    """Let a file go through the page cache, if what was written did not fit a page."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    if error.errno != errno.EINVAL or not flags & DIRECT:
        raise error
    fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~DIRECT)


def worded(error: OSError, path: Path, doing: str) -> StoreError:
    """Return an error of the system as one that says what to do."""
    remedy = {
        errno.ENOSPC: "the disk is full: make room, then run the same call again; "
        "finished tiles are kept",
        errno.EDQUOT: "your quota is used up: make room, then run the same call again; "
        "finished tiles are kept",
        errno.EACCES: "name a folder that you may write to",
        errno.EPERM: "name a folder that you may write to",
        errno.EROFS: "the disk is read-only: name a folder on another one",
        errno.ENOENT: "make the folder first",
        errno.ENOTDIR: "name a path below a folder",
        errno.EIO: "the disk failed: check it, then run the same call again",
        errno.EFBIG: "files of that size are not allowed here: see ulimit -f, or "
        "name a folder on another disk",
    }.get(error.errno or 0, "run the same call again; finished tiles are kept")
    reason = os.strerror(error.errno) if error.errno else str(error)
    return StoreError(f"{path}: {doing} failed ({reason}); {remedy}")
