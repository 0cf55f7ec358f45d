"""Tiles that are kept between products: in memory first, then in a file.

A tile is kept where it costs more to compute than to read: estimated before the first
reading, measured afterwards.
"""

import os
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, FloatArray
from fastntk.backends.base import Worker
from fastntk.kernels.cpu.tile import symmetrise_block
from fastntk.store.files import worded

__all__ = ["DiskTiles", "TileCache", "TileSource"]

MEMORY_RATE = 5e9  # bytes per second that a thread reads of memory, at least
DISK_RATE = 3e8  # the same of a disk, until it was measured
WELL_WORTH = 2.0  # times the cost of reading, to begin a file that nobody asked for
TRIALS = 16  # readings before the file is judged
Key = tuple[int, int]


class DiskTiles:
    """Tiles in a file without a name, which goes with the process.

    Parameters
    ----------
    folder : Path
        Where.
    slot : int
        Bytes of the largest tile.
    limit : int
        Bytes that the file may take.
    is_tentative : bool
        Nobody asked for it: begin it only where reading is much cheaper.
    """

    def __init__(
        self, folder: Path, slot: int, limit: int, *, is_tentative: bool
    ) -> None:
        self._slot, self._limit = slot, limit
        self._is_tentative = is_tentative
        self._slots: dict[Key, int] = {}
        self._lock = threading.Lock()
        self._n_reads, self._seconds = 0, 0.0
        self._is_open = True
        self._folder, self._fd = folder, -1
        if not is_tentative:
            try:
                self._open()
            except OSError as error:
                raise worded(error, folder, "opening the tile cache") from error

    def __len__(self) -> int:
        return len(self._slots)

    def read(self, key: Key, block: AnyArray, compute: float) -> bool:
        """Fill a block with a tile; False if it is not there, or too slow to read.

        ``compute``: seconds that a tile takes to compute.
        """
        slot = self._slots.get(key, -1)
        if slot < 0 or not self._is_open:
            return False
        began = time.perf_counter()
        try:
            n = os.preadv(self._fd, [block.data], slot * self._slot)
        except OSError:
            return False
        with self._lock:
            self._n_reads += 1
            self._seconds += time.perf_counter() - began
            if self._n_reads == TRIALS:
                self._is_open = self._seconds / TRIALS < compute
                self._n_reads, self._seconds = 0, 0.0
        return n == block.nbytes

    def write(self, key: Key, block: AnyArray, compute: float) -> None:
        """Keep a tile, if there is room and reason."""
        if not self._is_open:
            return
        if self._is_tentative and compute < WELL_WORTH * block.nbytes / DISK_RATE:
            return
        with self._lock:
            slot = len(self._slots)
            if (slot + 1) * self._slot > self._limit or key in self._slots:
                return
            self._slots[key] = -1
        try:
            self._open()
            data = block.reshape(-1).view(np.uint8).data
            n = os.pwrite(self._fd, data, slot * self._slot)
        except OSError:  # a full disk: what is there stays, nothing is added
            n = -1
        with self._lock:
            if n == block.nbytes:
                self._slots[key] = slot
            else:
                del self._slots[key]
                self._limit = 0

    def close(self) -> None:
        """Give the disk's room back."""
        self._is_open = False
        self._slots.clear()
        if self._fd >= 0:
            self._closes()

    def _open(self) -> None:
        """Make the file, without a name."""
        with self._lock:
            if self._fd < 0:
                self._fd, name = tempfile.mkstemp(prefix="fastntk-", dir=self._folder)
                self._closes = weakref.finalize(self, os.close, self._fd)
                os.unlink(name)


class TileCache:
    """Finished tiles by place.

    Parameters
    ----------
    limit : int
        Bytes of memory that tiles may take.
    disk : DiskTiles, optional
        Takes what does not fit.
    """

    def __init__(self, limit: int = 0, disk: DiskTiles | None = None) -> None:
        self.limit, self.disk = limit, disk
        self.n_bytes = 0
        self.hits = 0
        self._compute = 0.0  # seconds of a tile, a running mean
        self._tiles: dict[Key, AnyArray] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tiles) + (0 if self.disk is None else len(self.disk))

    def shrink(self, limit: int) -> None:
        """Set the limit, and drop tiles in memory that are beyond it."""
        with self._lock:
            self.limit = limit
            while self.n_bytes > limit:
                _, block = self._tiles.popitem()
                self.n_bytes -= block.nbytes

    def get(self, rows: slice, cols: slice, block: AnyArray) -> AnyArray | None:
        """Return a tile that is kept, not to be changed; in ``block`` if from disk."""
        key = rows.start, cols.start
        kept = self._tiles.get(key)
        if kept is None and self.disk is not None:
            kept = block if self.disk.read(key, block, self._compute) else None
        self.hits += kept is not None
        return kept

    def put(self, rows: slice, cols: slice, block: AnyArray, seconds: float) -> None:
        """Keep a copy of a tile that took some seconds to compute, if it pays."""
        key = rows.start, cols.start
        n_bytes = block.nbytes
        with self._lock:
            self._compute += 0.1 * (seconds - self._compute)
            if self._compute == 0.1 * seconds:  # the first
                self._compute = seconds
            is_worth = self._compute > n_bytes / MEMORY_RATE
            fits = is_worth and self.n_bytes + n_bytes <= self.limit
            if fits:
                self.n_bytes += n_bytes
        if fits:
            self._tiles[key] = np.array(block)
        elif self.disk is not None:
            self.disk.write(key, block, self._compute)

    def clear(self) -> None:
        """Drop all tiles, and keep none from now on."""
        self.shrink(0)
        if self.disk is not None:
            self.disk.close()
            self.disk = None


class TileSource:
    """A worker that finishes diagonal tiles, and takes tiles from a cache."""

    def __init__(
        self,
        worker: Worker,
        cache: TileCache | None,
        diagonal: FloatArray | None,
        side: tuple[int, int],
        dtype: np.dtype[Any],
    ) -> None:
        self._worker, self._cache, self._diagonal = worker, cache, diagonal
        has_disk = cache is not None and cache.disk is not None
        self._space = np.empty(side[0] * side[1] if has_disk else 0, dtype)

    def run(
        self, rows: slice, cols: slice, *, is_diagonal: bool = False
    ) -> tuple[AnyArray, ...]:
        """Return a finished tile, not to be changed."""
        if self._cache is None:
            return (self._compute(rows, cols, is_diagonal),)
        shape = rows.stop - rows.start, cols.stop - cols.start
        block = self._space[: shape[0] * shape[1]]
        if self._space.size:
            block = block.reshape(shape)
        kept = self._cache.get(rows, cols, block)
        if kept is not None:
            return (kept,)
        began = time.perf_counter()
        block = self._compute(rows, cols, is_diagonal)
        self._cache.put(rows, cols, block, time.perf_counter() - began)
        return (block,)

    def _compute(self, rows: slice, cols: slice, is_diagonal: bool) -> AnyArray:
        (block,) = self._worker.run(rows, cols, is_diagonal=is_diagonal)
        if is_diagonal and self._diagonal is not None:
            symmetrise_block(block, self._diagonal[rows].astype(block.dtype))
        return block
