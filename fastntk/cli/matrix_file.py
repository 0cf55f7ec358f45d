"""Matrices in files: room taken first, written in place, given their name at the end.

A matrix is written to a hidden file beside its place, as a memory map:
``.K.npy.<random>.<process>.part``. So it may be larger than memory, a full disk shows
before anything is computed, and whatever happens, no file of that name is ever
incomplete.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from fastntk._errors import FastntkError
from fastntk._files import written_beside
from fastntk._resources import process_exists
from fastntk.cli.checks import write_fault
from fastntk.store.manifest import meta_folder

__all__ = ["left_behind", "matrix_fault", "new_matrices", "stopped_by_sigterm"]


def matrix_fault(
    path: Path,
    force: bool,
    suffixes: Sequence[str] = (".npy",),
    *,
    is_store: bool = False,
) -> str | None:
    """Return why a matrix can't be written there, and what to do, or None.

    ``is_store``: the work may go on with a store that is there.
    """
    if path.suffix.lower() not in suffixes:
        return f"{path} must end in {', '.join(suffixes)}"
    if path.is_dir() and path.suffix.lower() != ".zarr":
        return f"{path} is a folder; name a file, such as K.npy"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist; make it"
    if path.is_dir():  # a store
        return None
    if not force:
        fault = _there(path, is_store)
        if fault is not None:
            return fault
    return write_fault(path)


def _there(path: Path, is_store: bool) -> str | None:
    """Return what is there already, and must be kept, or None."""
    meta = meta_folder(path)
    is_unfinished = (meta / "data.npy").exists()
    if path.exists() and (is_unfinished or not is_store):
        return f"{path} exists already; name another file, or give --force to replace"
    if meta.exists() and not is_store:
        kind = "an unfinished" if is_unfinished else "a"
        return (
            f"{kind} store is there, in {meta}; go on with --resume, name another "
            "file, or give --force to replace"
        )
    return None


def left_behind(folder: Path) -> list[Path]:
    """Return unfinished matrices of processes that were killed: none is alive here."""
    found = []
    for path in sorted(folder.iterdir()):
        match = re.fullmatch(r"\..+\.(\d+)\.part", path.name)
        if match is not None and not process_exists(int(match[1])):
            found.append(path)
    return found


@contextmanager
def new_matrices(
    paths: Sequence[Path], shape: tuple[int, ...], dtype: np.dtype[Any], force: bool
) -> Iterator[tuple[np.memmap[Any, Any], ...]]:
    """Give arrays in files, which get their names when all went well.

    Parameters
    ----------
    paths : sequence of Path
        One per array; ``.npy``.
    shape : tuple of int
    dtype : dtype
    force : bool
        Whether files that are there may be replaced.

    Yields
    ------
    tuple of memmap
        Zeros. Their room on the disk is taken already.

    Raises
    ------
    FastntkError
        If the disk is too full, or a file appeared meanwhile and ``force`` is False.
    OSError
        If a file can't be written.

    Notes
    -----
    The data is on the disk, not only on its way, before a file gets its name.
    """
    arrays: list[np.memmap[Any, Any]] = []
    named = partial(_give_name, force=force)
    with written_beside(*paths, ending=".part", give_name=named) as waiting:
        try:
            for path, part in zip(paths, waiting, strict=True):
                arrays.append(_reserved(path, part, shape, dtype))
            yield tuple(arrays)
            for array in arrays:
                array.flush()
        finally:
            arrays.clear()  # closes the files


def _reserved(
    path: Path, part: Path, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> np.memmap[Any, Any]:
    """Return a new array in a file whose room on the disk is taken."""
    needed = int(np.prod(shape, dtype=object)) * dtype.itemsize
    array: np.memmap[Any, Any]
    try:
        with part.open("wb") as file:
            header = {
                "descr": np.lib.format.dtype_to_descr(dtype),
                "fortran_order": False,
                "shape": shape,
            }
            np.lib.format.write_array_header_1_0(file, header)
            offset = file.tell()
            file.flush()
            _allocate(file.fileno(), offset + needed)
        array = np.memmap(part, dtype, "r+", offset, shape)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        if error.errno == errno.EFBIG:
            raise FastntkError(
                f"files of that size are not allowed here: {path} takes {needed:,} "
                f"bytes ({os.strerror(error.errno)}). See ulimit -f, name a folder on "
                "another disk, or a .zarr store, which is many files"
            ) from None
        free = _free_bytes(path.parent)
        raise FastntkError(
            f"no room for {path}: the result takes {needed:,} bytes, and "
            f"{free:,} are free in {path.parent.absolute()} "
            f"({os.strerror(error.errno)}). Make room, name another folder, or take "
            "--dtype float32 for half of it"
        ) from None
    return array


def _allocate(descriptor: int, n_bytes: int) -> None:
    """Make a file as long as that, and take its room on the disk."""
    if not hasattr(os, "posix_fallocate"):  # macOS: take the system's word
        usage = os.fstatvfs(descriptor)
        if usage.f_bavail * usage.f_frsize < n_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.ftruncate(descriptor, n_bytes)
        return
    os.posix_fallocate(descriptor, 0, n_bytes)


def _free_bytes(folder: Path) -> int:
    usage = os.statvfs(folder)
    return usage.f_bavail * usage.f_frsize


def _give_name(part: Path, path: Path, force: bool) -> None:
    """Rename a finished file; never replace another one unless asked to."""
    if force:
        meta = meta_folder(path)
        if (meta / "manifest.json").is_file():  # of a store, which goes as well
            shutil.rmtree(meta)
        part.replace(path)
        return
    try:
        os.link(part, path)
        return
    except FileExistsError:
        is_there = True
    except OSError:  # a file system without hard links
        is_there = path.exists()
    if is_there:
        raise FastntkError(
            f"{path} appeared in the meantime; it was not replaced. Name another file, "
            "or give --force to replace"
        )
    part.rename(path)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the work like Ctrl-C, so that no unfinished file stays behind."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        with suppress(TypeError):  # None: set by something that isn't Python
            signal.signal(signal.SIGTERM, before)
