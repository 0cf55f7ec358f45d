"""Tiles of a store: computed from smaller ones, written, journalled, synced."""

import contextlib
import threading
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, FloatArray
from fastntk.backends.base import Worker
from fastntk.kernels.cpu.tile import mirror_block
from fastntk.store.checksum import checksum
from fastntk.store.files import aligned_empty, worded
from fastntk.store.formats.choose import Format
from fastntk.store.journal import Journal, Record
from fastntk.tiling.plan import Tile, TilePlan
from fastntk.tiling.sinks import DenseSink, flat_view

__all__ = ["ChunkWorker", "StoreSink"]

SYNC_SECONDS = 15.0  # of work that a power cut may cost
SYNC_BYTES = 2 << 30  # rarely: pages that neighbours share are then written once


class ChunkWorker:
    """Computes a tile of the store from tiles that fit the cache.

    Parameters
    ----------
    worker : Worker
        Computes the small ones.
    side : int
        Of a small tile.
    store : Format
        Says in which shape a tile is written; what is beyond the matrix is NaN.
    chunk : tuple of int
        Largest shape of a tile of the store.
    diagonal : ndarray of shape (n,), or None
        Exact diagonal of a symmetric matrix.
    turns : Semaphore, optional
        Threads that may compute at a time; others wait for the disk.
    """

    def __init__(
        self,
        worker: Worker,
        side: int,
        store: Format,
        chunk: tuple[int, int],
        dtype: np.dtype[Any],
        diagonal: FloatArray | None,
        turns: threading.Semaphore | None = None,
    ) -> None:
        self._worker, self._side, self._store = worker, side, store
        self._diagonal = diagonal
        self._turns: Any = contextlib.nullcontext() if turns is None else turns
        self._space = aligned_empty(chunk[0] * chunk[1], dtype)

    def run(
        self, rows: slice, cols: slice, *, is_diagonal: bool = False
    ) -> tuple[AnyArray, ...]:
        """Return a tile of the store as it is written, finished."""
        n1, n2 = rows.stop - rows.start, cols.stop - cols.start
        shape = self._store.shape_of(n1, n2)
        block = self._space[: shape[0] * shape[1]].reshape(shape)
        if shape != (n1, n2):
            block[...] = np.nan
        with self._turns:
            if self._store.manifest.has_panels and self._diagonal is not None:
                self._fill_panel(rows, block)
            else:
                self._fill(rows, cols, is_diagonal, block[:n1, :n2])
        return (block,)

    def _fill(
        self, rows: slice, cols: slice, is_diagonal: bool, block: AnyArray
    ) -> None:
        """Compute a block; the half of one that lies on the diagonal."""
        exact = None
        if is_diagonal and self._diagonal is not None:
            exact = (self._diagonal[rows],)
        sink = DenseSink((block,), exact)
        n1, n2 = block.shape
        side = (min(self._side, n1), min(self._side, n2))
        for part in TilePlan((n1, n2), side, is_diagonal) if block.size else ():
            small = self._worker.run(
                _shifted(part.rows, rows.start),
                _shifted(part.cols, cols.start),
                is_diagonal=part.is_diagonal,
            )
            sink.tile(part, small)
            if is_diagonal and not part.is_diagonal:
                sink.mirror(part, small)

    def _fill_panel(self, rows: slice, block: AnyArray) -> None:
        """Compute rows of a symmetric matrix.

        What is right of the diagonal is the transpose of what would be below it: both
        halves are the same to the last bit.
        """
        n1, n2 = block.shape
        self._fill(rows, slice(0, rows.start), False, block[:, : rows.start])
        self._fill(rows, rows, True, block[:, rows])
        sink = DenseSink((block[:, rows.stop :],), None)
        n_right = n2 - rows.stop
        side = (min(self._side, n_right), min(self._side, n1))
        for part in TilePlan((n_right, n1), side, False) if n_right else ():
            small = self._worker.run(
                _shifted(part.rows, rows.stop), _shifted(part.cols, rows.start)
            )
            sink.mirror(part, small)


def _shifted(part: slice, start: int) -> slice:
    return slice(part.start + start, part.stop + start)


class StoreSink:
    """Writes tiles to a store, and tells its journal.

    Parameters
    ----------
    path : Path
        Of the store, for messages.
    store : Format
        Open for writing.
    journal : Journal
        Of this shard.
    has_mirrors : bool
        Whether tiles below the diagonal are written a second time, transposed.
    is_durable : bool
        Whether finished tiles are brought to the disk while the walk goes on.
    """

    def __init__(
        self,
        path: Path,
        store: Format,
        journal: Journal,
        *,
        has_mirrors: bool,
        is_durable: bool,
    ) -> None:
        self.path, self._store, self._journal = path, store, journal
        self._has_mirrors = has_mirrors
        self._syncer = _Syncer(store, journal) if is_durable else None
        self._local = threading.local()
        self._guard = threading.Lock()
        self.n_tiles = 0
        self.n_bytes = 0

    def begin(self, plan: TilePlan) -> None:
        """Start the thread that syncs."""
        if self._syncer is not None:
            self._syncer.start()

    def tile(self, tile: Tile, blocks: tuple[AnyArray, ...]) -> None:
        """Write a tile; it is finished if it needs no mirror image."""
        (block,) = blocks
        size = self._write(tile, block, is_mirrored=False)
        self._local.first = (checksum(block), size)
        if tile.is_diagonal or not self._has_mirrors:
            self._finish(tile, (0, 0))

    def mirror(self, tile: Tile, blocks: tuple[AnyArray, ...]) -> None:
        """Write the mirror image, if the store holds both halves."""
        if not self._has_mirrors:
            return
        (block,) = blocks
        image = self._image(block)
        size = self._write(tile, image, is_mirrored=True)
        self._finish(tile, (checksum(image), size))

    def commit(self) -> None:
        """Bring the last tiles to the disk."""
        try:
            if self._syncer is not None:
                self._syncer.stop()
        except OSError as error:
            raise worded(error, self.path, "syncing") from error

    def abort(self) -> None:
        """Bring what is finished to the disk, if that is possible."""
        try:
            if self._syncer is not None:
                self._syncer.stop()
        except OSError:
            pass  # what ended the walk is told; checksums tell what is missing

    def _write(self, tile: Tile, block: AnyArray, *, is_mirrored: bool) -> int:
        try:
            if self._syncer is not None:
                self._syncer.check()
            return self._store.write(tile, block, is_mirrored=is_mirrored)
        except OSError as error:
            doing = f"writing tile {tile.index + 1}"
            raise worded(error, self.path, doing) from error

    def _finish(self, tile: Tile, second: tuple[int, int]) -> None:
        first = self._local.first
        sums, sizes = (first[0], second[0]), (first[1], second[1])
        with self._guard:
            try:
                end = self._journal.add(Record(tile.index, sums, sizes))
            except OSError as error:
                raise worded(error, self._journal.path, "writing") from error
            self.n_tiles += 1
            self.n_bytes += sum(sizes)
            if self._syncer is not None:
                self._syncer.add(tile, end, sizes)

    def _image(self, block: AnyArray) -> AnyArray:
        """Return the transpose, in memory of this thread."""
        space: AnyArray | None = getattr(self._local, "space", None)
        if space is None or space.size < block.size:
            space = aligned_empty(block.size, block.dtype)
            self._local.space = space
        image = space[: block.size].reshape(block.shape[::-1])
        flat = flat_view(image)
        assert flat is not None  # it is contiguous
        mirror_block(block, *flat, False)
        return image


class _Syncer:
    """A thread that brings finished tiles to the disk, and then says so."""

    def __init__(self, store: Format, journal: Journal) -> None:
        self._store, self._journal = store, journal
        self._turn = threading.Condition()
        self._tiles: list[tuple[Tile, bool]] = []
        self._end = 0
        self._n_bytes = 0
        self._is_stopped = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="fastntk-sync")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def add(self, tile: Tile, end: int, sizes: tuple[int, int]) -> None:
        """Take a finished tile; the journal speaks of it before ``end``."""
        with self._turn:
            self._tiles.append((tile, False))
            if sizes[1]:
                self._tiles.append((tile, True))
            self._end = end
            self._n_bytes += sum(sizes)
            if self._n_bytes >= SYNC_BYTES:
                self._turn.notify_all()

    def check(self) -> None:
        """Raise what went wrong in the thread."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Sync what is left, end the thread, and raise what went wrong in it."""
        with self._turn:
            self._is_stopped = True
            self._turn.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self.check()

    def _run(self) -> None:
        try:
            while True:
                with self._turn:
                    if not self._is_stopped and self._n_bytes < SYNC_BYTES:
                        self._turn.wait(SYNC_SECONDS)
                    tiles, self._tiles = self._tiles, []
                    end, self._n_bytes = self._end, 0
                    is_last = self._is_stopped
                if tiles:
                    self._store.sync(tiles)
                    self._journal.barrier(end)
                if is_last:
                    return
        except BaseException as error:
            self._error = error
