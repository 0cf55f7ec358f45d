"""Which tiles an operator keeps, and where: from ``cache=`` and the memory budget."""

import os
import shutil
import tempfile
from pathlib import Path

from fastntk._errors import InputError, StoreError
from fastntk._resources import available_memory, file_system_of
from fastntk._shown import shown
from fastntk.operators.layout import Layout
from fastntk.operators.tile_cache import DiskTiles, TileCache

__all__ = ["check_cache", "make_cache", "memory_limit"]

FREE_SHARE = 4  # of free memory that tiles take where there is no budget: a quarter
DISK_SHARE = 2  # of a free disk that a cache takes: half


def make_cache(cache: object, layout: Layout) -> TileCache | None:
    """Return the cache that was asked for; None for "none".

    Raises
    ------
    InputError, StoreError
        For a value that is not known, or a folder that can't be used.
    """
    is_kept, named = check_cache(cache)
    if not is_kept:
        return None
    folder = named
    if named is None and cache == "auto":
        folder = disk_folder()
    disk = None
    if folder is not None:
        side = layout.plan.side
        slot = side[0] * side[1] * layout.dtype.itemsize
        room = shutil.disk_usage(folder).free // DISK_SHARE
        try:
            disk = DiskTiles(folder, slot, room, is_tentative=named is None)
        except StoreError:
            if named is not None:
                raise
    return TileCache(memory_limit(layout, 1), disk)


def memory_limit(layout: Layout, n_columns: int) -> int:
    """Return the bytes of memory for tiles beside a product of some columns."""
    spare = layout.spare(n_columns)
    if spare is None:
        spare = (available_memory() or 0) // FREE_SHARE
    return spare


def check_cache(cache: object) -> tuple[bool, Path | None]:
    """Return whether tiles are kept, and the folder that was named."""
    if cache is None or cache is False or (isinstance(cache, int) and cache == 0):
        cache = "none"
    if isinstance(cache, str) and cache in ("auto", "none", "ram"):
        return cache != "none", None
    if not isinstance(cache, str | os.PathLike):
        raise InputError(
            f"cache: found {shown(cache)}; expected 'auto', 'none', 'ram' or a folder"
        )
    folder = Path(os.fspath(cache))
    if not folder.is_dir():
        raise StoreError(
            f"{folder}: the folder for the tile cache is not there; make it, or pass "
            "cache='auto', 'ram' or 'none'"
        )
    return True, folder


def disk_folder() -> Path | None:
    """Return the folder of temporary files, if it is on a disk and not in memory."""
    folder = Path(tempfile.gettempdir()).resolve()
    return None if file_system_of(folder) in ("tmpfs", "ramfs", "") else folder
