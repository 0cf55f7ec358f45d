"""Options of a store, and the size of its tiles."""

import dataclasses
import math
import os
from pathlib import Path
from typing import Any

from fastntk._errors import InputError, MemoryBudgetError
from fastntk._shown import shown
from fastntk._validation.arguments import as_index_or_none, is_one_of
from fastntk.tiling.plan import MAX_SIDE
from fastntk.tiling.setup import SPARSE_TILES, Setup

__all__ = ["StoreOptions", "check_options", "choose_chunk", "store_threads"]

MAX_CHUNK = 8 * MAX_SIDE  # files of 26 MB in float32: neither many nor large
STEP = 64  # whole panels in every dtype
WRITERS = 2  # threads that wait for the disk, beside those that compute
PANEL_BYTES = 32 << 20
PANEL_FLOPS = 1500.0  # of an entry: what computing twice may cost
FAIR_CHUNKS = 10  # to a side of the matrix, so that shards and threads end together


@dataclasses.dataclass(frozen=True)
class StoreOptions:
    """Checked options of a store."""

    path: Path
    kind: str
    layout: str
    chunk: int | None
    compression: str
    shard: tuple[int, int]
    check: str


def check_options(
    path: Any,
    get: Any,
    layout: Any,
    compression: Any,
    shard: Any,
    chunk: Any,
    check: Any,
) -> StoreOptions:
    """Check what can be checked before the data is looked at.

    Raises
    ------
    InputError
        For a suffix, a layout, a compression or a shard that is not known.
    """
    try:
        place = Path(os.fspath(path))
    except TypeError:
        raise InputError(
            f"path: found {shown(path)}; expected where to write, such as 'K.zarr' or "
            "'K.npy'"
        ) from None
    kind = place.suffix[1:]
    if kind not in ("zarr", "npy"):
        raise InputError(
            f"path: found {str(place)!r}; expected a name that ends in .zarr or .npy"
        )
    if not isinstance(get, str):
        raise InputError(
            f"get: found {shown(get)}; expected 'nngp' or 'ntk': a store is one "
            "matrix. Make one store for each kernel"
        )
    if not is_one_of(layout, ("full", "lower")):
        raise InputError(f"layout: found {shown(layout)}; expected 'full' or 'lower'")
    if not is_one_of(check, ("auto", "all", "recent")):
        raise InputError(
            f"check: found {shown(check)}; expected 'auto', 'all' or 'recent'"
        )
    if chunk is not None and (_integer(chunk) < STEP or _integer(chunk) % STEP):
        raise InputError(
            f"chunk: found {shown(chunk)}; expected a multiple of {STEP}, or "
            "None to choose"
        )
    pressed = _compression(compression, kind)
    part = check_shard(shard)
    return StoreOptions(place, kind, layout, chunk, pressed, part, check)


def check_shard(shard: Any) -> tuple[int, int]:
    """Return a shard as (i, k); (1, 1) for None.

    Raises
    ------
    InputError
        If it is no pair with ``1 <= i <= k``.
    """
    if shard is None:
        return 1, 1
    pair = shard if isinstance(shard, tuple | list) and len(shard) == 2 else (0, 0)
    i, k = (_integer(item) for item in pair)
    if not 1 <= i <= k:
        raise InputError(
            f"shard: found {shown(shard)}; expected (i, k) with 1 <= i <= k, such as "
            "(1, 4), the first of four parts"
        )
    return i, k


def _integer(value: Any) -> int:
    """Return an integer, or -1."""
    found = as_index_or_none(value)
    return -1 if found is None else found


def _compression(compression: Any, kind: str) -> str:
    """Return "none" or "zstd-<level>"."""
    if compression is None or is_one_of(compression, ("none",)):
        return "none"
    level = 3 if is_one_of(compression, ("zstd",)) else _integer(compression)
    if not 1 <= level <= 22:
        raise InputError(
            f"compression: found {shown(compression)}; expected None, 'zstd', or a "
            "level from 1 to 22"
        )
    if kind == "npy":
        raise InputError(
            "compression: found it with a .npy file, which has none; name a .zarr store"
        )
    return f"zstd-{level}"


def choose_chunk(
    setup: Setup, chunk: int | None, *, has_panels: bool
) -> tuple[int, int]:
    """Return the sides of a tile of a new store, which fit the budget.

    ``has_panels``: it may be whole rows, which a ``.npy`` file has in one piece. Those
    of a symmetric matrix are computed twice, below and above the diagonal; while that
    takes less than to write many small pieces does.
    """
    n1, n2 = setup.shape
    if has_panels and chunk is None:
        rows = _panel_rows(setup)
        if rows:
            return rows, n2
    if chunk is None:
        fair = max(n1, n2) // FAIR_CHUNKS
        unit = MAX_SIDE if fair >= MAX_SIDE else STEP
        chunk = min(MAX_CHUNK, max(STEP, fair // unit * unit))
        while chunk > STEP and not _fits(setup, (chunk, chunk), 1):
            chunk = max(STEP, chunk // 2 // STEP * STEP)
    return min(chunk, n1), min(chunk, n2)


def _panel_rows(setup: Setup) -> int:
    """Return how many whole rows make a tile; 0 if they had better be squares."""
    n1, n2 = setup.shape
    runs = setup.runs or setup.program
    if setup.x2 is None and 2 * setup.x1.shape[1] + runs.flops > PANEL_FLOPS:
        return 0
    row_bytes = n2 * setup.dtype.itemsize
    rows = min(n1 // FAIR_CHUNKS, PANEL_BYTES // row_bytes) // STEP * STEP
    if rows > MAX_SIDE:
        rows = rows // MAX_SIDE * MAX_SIDE
    while rows and not _fits(setup, (rows, n2), setup.threads + WRITERS):
        rows = rows // 2 // STEP * STEP
    return rows if rows < n2 else 0


def store_threads(setup: Setup, chunk: tuple[int, int]) -> int:
    """Return the threads that fit the budget, with those that wait for the disk.

    Raises
    ------
    MemoryBudgetError
        If not even one does.
    """
    most = setup.threads + WRITERS * (setup.threads > 1)
    for threads in range(most, 0, -1):
        if _fits(setup, chunk, threads):
            return threads
    needed = setup.input_bytes + _thread_bytes(setup, chunk)
    raise MemoryBudgetError(
        f"max_memory is {setup.budget:,} bytes; this store needs at least {needed:,}: "
        f"{setup.input_bytes:,} for a copy of the inputs, the rest for two tiles of "
        f"{chunk[0]} x {chunk[1]}. Raise max_memory, or begin a store with smaller "
        "tiles by chunk="
    )


def _fits(setup: Setup, chunk: tuple[int, int], threads: int) -> bool:
    if setup.budget is None:
        return True
    needed = setup.input_bytes + threads * _thread_bytes(setup, chunk)
    return needed <= setup.budget


def _thread_bytes(setup: Setup, chunk: tuple[int, int]) -> int:
    """Return the bytes that a thread works in: a tile, and its mirror image."""
    small = MAX_SIDE**2 * (1 + SPARSE_TILES * setup.is_sparse)
    images = 2 if setup.x2 is None and chunk[0] == chunk[1] else 1
    entries = images * chunk[0] * chunk[1] + min(small, math.prod(setup.shape))
    return entries * setup.dtype.itemsize
