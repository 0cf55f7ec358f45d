"""A store as a zarr v3 array, a file for each tile.

A chunk is written beside its place and renamed into it, so that there is never half of
one; a checksum at its end (the crc32c codec) is verified by whoever reads it.
"""

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import NotSupportedError
from fastntk._typing import AnyArray
from fastntk.store.files import DIRECT, FileLayer
from fastntk.store.manifest import Manifest, meta_folder
from fastntk.tiling.plan import Tile

__all__ = ["ZarrFormat"]

WAITING = "chunk-"  # names of files that are not yet in their place


class ZarrFormat:
    """A zarr v3 array, a file for each chunk; `Format` in choose.py says what for."""

    def __init__(self, path: Path, manifest: Manifest, files: FileLayer) -> None:
        self.path, self.manifest, self.files = path, manifest, files
        self.dtype = np.dtype(manifest.dtype)
        self.level = int(manifest.compression.partition("-")[2] or 0)
        self._codec: Any = None
        self._crc: Any = None
        self.label = ""

    def create(self, folder: Path) -> None:
        """Write ``zarr.json`` by zarr itself."""
        zarr = _import_zarr()
        codecs: list[Any] = [zarr.codecs.Crc32cCodec()]
        if self.level:
            codecs.insert(0, zarr.codecs.ZstdCodec(level=self.level))
        zarr.create_array(
            store=str(folder),
            shape=self.manifest.shape,
            chunks=self.manifest.chunk,
            dtype=self.dtype,
            compressors=codecs,
            filters=None,
            fill_value=np.nan,
            zarr_format=3,
            attributes={"fastntk": {"layout": self.manifest.layout}},
            overwrite=True,
        )

    def open(self, label: str | None = None) -> None:
        """Get the codecs; remove what a killed writer of the same shard left."""
        _import_zarr()
        if label is not None:
            self.label = label
            for left in meta_folder(self.path).glob(f"{WAITING}{label}-*"):
                left.unlink(missing_ok=True)
        import google_crc32c
        import numcodecs

        self._crc = google_crc32c.value
        if self.level:
            self._codec = numcodecs.Zstd(level=self.level)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def shape_of(self, rows: int, cols: int) -> tuple[int, int]:
        """Return the shape of a chunk: those at the edges are padded."""
        return self.manifest.chunk

    def write(self, tile: Tile, block: AnyArray, *, is_mirrored: bool) -> int:
        """Write a chunk under another name, and move it to its place."""
        place = self._place(tile, is_mirrored)
        body = block.reshape(-1).view(np.uint8)
        if self._codec is not None:
            body = np.frombuffer(self._codec.encode(block), np.uint8)
        tail = self._crc(body).to_bytes(4, "little")
        name = f"{WAITING}{self.label}-{threading.get_ident()}"
        waiting = meta_folder(self.path) / name
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            if self._codec is None:
                flags |= DIRECT
            fd = self.files.open(waiting, flags)
            try:
                self.files.write(fd, body.data)
                self.files.write(fd, tail)
                if self._codec is not None:
                    self.files.begin_sync(fd)
            finally:
                self.files.close(fd)
            place.parent.mkdir(parents=True, exist_ok=True)
            self.files.rename(waiting, place)
        except OSError:
            waiting.unlink(missing_ok=True)
            raise
        return len(body) + len(tail)

    def read(self, tile: Tile, *, is_mirrored: bool) -> AnyArray:
        """Return a chunk; ValueError if its checksum is not right."""
        data = self._place(tile, is_mirrored).read_bytes()
        body, tail = data[:-4], data[-4:]
        if self._crc(body).to_bytes(4, "little") != tail:
            raise ValueError("checksum")
        if self._codec is not None:
            body = self._codec.decode(body)
        return np.frombuffer(body, self.dtype).reshape(self.manifest.chunk)

    def size(self, tile: Tile, *, is_mirrored: bool) -> int:
        """Return the bytes of a chunk's file, -1 if there is none."""
        try:
            return self._place(tile, is_mirrored).stat().st_size
        except OSError:
            return -1

    def sync(self, tiles: list[tuple[Tile, bool]]) -> None:
        """Sync the files of some chunks, and the folders that hold their names."""
        places = [self._place(tile, is_mirrored) for tile, is_mirrored in tiles]
        for place in places:
            self.files.sync_path(place)
        for folder in sorted({place.parent for place in places}):
            self.files.sync_path(folder)
        self.files.sync_path(self.path / "c")

    def finish(self) -> None:
        """Do nothing: chunks are where they belong."""

    def _place(self, tile: Tile, is_mirrored: bool) -> Path:
        i = tile.rows.start // self.manifest.chunk[0]
        j = tile.cols.start // self.manifest.chunk[1]
        first, second = (j, i) if is_mirrored else (i, j)
        return self.path / "c" / str(first) / str(second)


def _import_zarr() -> Any:
    try:
        import zarr
        import zarr.codecs
    except ImportError:
        raise NotSupportedError(
            "a .zarr store needs zarr 3; install fastntk[store], or name a .npy file"
        ) from None
    return zarr
