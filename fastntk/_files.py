"""Files that are whole at every instant: written beside their place, then renamed.

Whatever happens in between, the name stands for the old file or for the new one, and
nothing is left beside it; only a process that is killed leaves its temporary behind,
``.<name>.<random>.<process>``, which names the process.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "beside",
    "opened_whole",
    "sync_file",
    "sync_folder",
    "write_whole",
    "written_beside",
]


def beside(path: Path, ending: str = "") -> Path:
    """Return a hidden name in the folder of a file, new with every call.

    Examples
    --------
    >>> from pathlib import Path
    >>> name = beside(Path("K.npy"), ".part").name
    >>> name.startswith(".K.npy.") and name.endswith(f".{os.getpid()}.part")
    True
    """
    unique = os.urandom(4).hex()  # of threads, and of processes on other machines
    return path.with_name(f".{path.name}.{unique}.{os.getpid()}{ending}")


@contextmanager
def written_beside(
    *paths: Path,
    ending: str = "",
    give_name: Callable[[Path, Path], object] = Path.replace,
) -> Iterator[tuple[Path, ...]]:
    """Let files be written beside their places; they go there when all went well.

    Parameters
    ----------
    *paths : Path
        The places. Their folders exist.
    ending : str
        Of the temporary names.
    give_name : callable, optional
        Moves a temporary file (first argument) to its place (second); replaces what is
        there by default.

    Yields
    ------
    tuple of Path
        Temporary names in the order of ``paths``. The block makes the files, and closes
        them.

    Raises
    ------
    OSError
        If a file can't be brought to the disk, or not be renamed. After a failure
        before the first renaming, in the block included, all is as it was before.
    """
    waiting = tuple(beside(path, ending) for path in paths)
    try:
        yield waiting
        for part in waiting:
            sync_file(part)
        for path, part in zip(paths, waiting, strict=True):
            give_name(part, path)
    finally:
        for part in waiting:
            part.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        sync_folder(folder)


@contextmanager
def opened_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of another one when all went well.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "numbers")
    ...     with opened_whole(path) as file:
    ...         count = file.write(b"1 2 3")
    ...         is_there = path.exists()
    ...     path.read_bytes(), is_there
    (b'1 2 3', False)
    """
    with written_beside(path) as (part,), part.open("xb") as file:
        yield file


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with opened_whole(path) as file:
        file.write(data)


def sync_file(path: Path) -> None:
    """Bring the bytes of a file to the disk."""
    handle = os.open(path, os.O_RDWR)  # Windows syncs no file that is open for reading
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system lets us.

    Windows opens no folders, and some file systems sync none.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)
