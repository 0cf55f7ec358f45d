"""A store as a NumPy file: the matrix, or its tiles one after the other."""

import io
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import StoreError
from fastntk._typing import AnyArray
from fastntk.store.files import DIRECT, PAGE, FileLayer
from fastntk.store.manifest import Manifest, meta_folder
from fastntk.tiling.plan import Tile

__all__ = ["NpyFormat"]


class NpyFormat:
    """A NumPy file: the matrix, or (layout "lower") its tiles one after the other."""

    def __init__(self, path: Path, manifest: Manifest, files: FileLayer) -> None:
        self.path, self.manifest, self.files = path, manifest, files
        self.dtype = np.dtype(manifest.dtype)
        self.is_packed = manifest.layout == "lower"
        self.shape: tuple[int, ...] = manifest.shape
        if self.is_packed:
            self.shape = (len(manifest.plan), *manifest.chunk)
        self.header = _npy_header(self.shape, self.dtype)
        self._fd = self._tiles_fd = -1
        self._turn = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Bytes of the file."""
        return len(self.header) + int(np.prod(self.shape)) * self.dtype.itemsize

    def create(self, folder: Path) -> None:
        """Write the header, and reserve the room of all entries."""
        fd = self.files.open(folder / "data.npy", os.O_WRONLY | os.O_CREAT)
        try:
            self.files.allocate(fd, self.n_bytes)
            self.files.write_at(fd, self.header, 0)
            self.files.sync(fd)
        finally:
            self.files.close(fd)

    def open(self, label: str | None = None) -> None:
        """Open the file where it is: at its final place, or among the journals."""
        for_writing = label is not None
        place = self._found(for_writing)
        flags = os.O_RDWR if for_writing else os.O_RDONLY
        self._fd = self._tiles_fd = self.files.open(place, flags)
        if not for_writing:
            return
        try:
            self._mend(place)
            self._tiles_fd = self.files.open(place, os.O_WRONLY | DIRECT)
        except BaseException:
            self.close()
            raise

    def _found(self, for_writing: bool) -> Path:
        """Return where the file is; a file of another origin is never taken for it."""
        is_there = self.path.exists()
        if self._growing.is_file():
            if is_there and for_writing:
                raise self._foreign(f"the store is unfinished, in {self._growing}")
            return self._growing
        if self.path.is_file():
            return self.path
        raise StoreError(
            f"{self.path}: the file is gone, its journals are in "
            f"{meta_folder(self.path)}; bring it back, or pass overwrite=True"
        )

    def _mend(self, place: Path) -> None:
        """Make a torn file as long as it was; refuse a finished one of other origin."""
        size = os.fstat(self._fd).st_size
        head = os.pread(self._fd, len(self.header), 0)
        is_ours = size <= self.n_bytes and self.header.startswith(head)
        if place == self.path and not is_ours:
            raise self._foreign("its size or its header is not that of the store")
        if size != self.n_bytes:
            self.files.allocate(self._fd, self.n_bytes)
            self.files.truncate(self._fd, self.n_bytes)
        if head != self.header:
            self.files.write_at(self._fd, self.header, 0)

    def _foreign(self, why: str) -> StoreError:
        return StoreError(
            f"{self.path}: something else is there ({why}); nothing was changed. Move "
            "that file away, or name another path"
        )

    def close(self) -> None:
        """Close the file."""
        for fd in {self._fd, self._tiles_fd} - {-1}:
            self.files.close(fd)
        self._fd = self._tiles_fd = -1

    def shape_of(self, rows: int, cols: int) -> tuple[int, int]:
        """Return the shape of a tile; those of a packed file are padded."""
        return self.manifest.chunk if self.is_packed else (rows, cols)

    def write(self, tile: Tile, block: AnyArray, *, is_mirrored: bool) -> int:
        """Write a tile into the file: at once, or row by row."""
        data = block.reshape(-1).view(np.uint8).data
        spans = self._spans(tile, is_mirrored)
        if len(spans) == 1:
            ((_, offset, n),) = spans
            whole = n // PAGE * PAGE
            self.files.write_at(self._tiles_fd, data[:whole], offset)
            if whole < n:
                self.files.write_at(self._fd, data[whole:], offset + whole)
            return n
        with self._turn:  # two writers of one file would only wait for each other
            for start, offset, n in spans:
                self.files.write_at(self._fd, data[start : start + n], offset)
        return len(data)

    def read(self, tile: Tile, *, is_mirrored: bool) -> AnyArray:
        """Return a tile; ValueError if the file ends before it does."""
        n1, n2 = _shape(tile, is_mirrored)
        shape = self.shape_of(n1, n2)
        data = bytearray(shape[0] * shape[1] * self.dtype.itemsize)
        for start, offset, n in self._spans(tile, is_mirrored):
            part = os.pread(self._fd, n, offset)
            if len(part) != n:
                raise ValueError("truncated")
            data[start : start + n] = part
        return np.frombuffer(data, self.dtype).reshape(shape)

    def size(self, tile: Tile, *, is_mirrored: bool) -> int:
        """Return the bytes of a tile, -1 if the file ends before it does."""
        spans = self._spans(tile, is_mirrored)
        end = os.fstat(self._fd).st_size
        if any(offset + n > end for _, offset, n in spans):
            return -1
        return sum(n for _, _, n in spans)

    def sync(self, tiles: list[tuple[Tile, bool]]) -> None:
        """Sync the file."""
        self.files.sync(self._fd)

    def finish(self) -> None:
        """Move the file to its final place, which must be free."""
        is_there = self.path.exists()
        if not self._growing.is_file():
            return
        if is_there:
            raise self._foreign(f"the matrix is complete, in {self._growing}")
        try:
            self.files.rename(self._growing, self.path)
        except FileNotFoundError:  # another shard did it in the same moment
            if not self.path.is_file():
                raise
        self.files.sync_path(self.path.parent)

    @property
    def _growing(self) -> Path:
        return meta_folder(self.path) / "data.npy"

    def _spans(self, tile: Tile, is_mirrored: bool) -> list[tuple[int, int, int]]:
        """Return (start in the tile, offset in the file, bytes) of its runs."""
        item, head = self.dtype.itemsize, len(self.header)
        if self.is_packed:
            n = self.manifest.chunk[0] * self.manifest.chunk[1] * item
            return [(0, head + tile.index * n, n)]
        rows, cols = (tile.cols, tile.rows) if is_mirrored else (tile.rows, tile.cols)
        n = (cols.stop - cols.start) * item
        step = self.manifest.shape[1] * item
        first = head + rows.start * step + cols.start * item
        if n == step:
            return [(0, first, n * (rows.stop - rows.start))]
        return [(k * n, first + k * step, n) for k in range(rows.stop - rows.start)]


def _shape(tile: Tile, is_mirrored: bool) -> tuple[int, int]:
    n1, n2 = tile.rows.stop - tile.rows.start, tile.cols.stop - tile.cols.start
    return (n2, n1) if is_mirrored else (n1, n2)


def _npy_header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """Return the header of a NumPy file, format 1.0, that fills a page."""
    buffer = io.BytesIO()
    fields = {"descr": dtype.newbyteorder("<").str, "fortran_order": False}
    np.lib.format.write_array_header_1_0(buffer, {**fields, "shape": shape})
    magic, text = buffer.getvalue()[:8], buffer.getvalue()[10:].rstrip()
    n = PAGE - len(magic) - 2
    return magic + n.to_bytes(2, "little") + text.ljust(n - 1) + b"\n"
