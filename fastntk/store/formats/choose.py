"""Where the tiles of a store lie: a zarr folder, or a NumPy file.

::

    K.zarr/                 a zarr v3 array: zarr.json, chunks c/0/0, c/0/1, ...
      .fastntk/             manifest.json, journal-*
    K.npy                   the matrix (or its tiles, layout "lower"), once complete
    K.npy.fastntk/          manifest.json, journal-*, and data.npy until then
"""

from pathlib import Path
from typing import Any, Protocol

from fastntk._typing import AnyArray
from fastntk.store.files import FileLayer
from fastntk.store.formats.npy import NpyFormat
from fastntk.store.formats.zarr import ZarrFormat
from fastntk.store.manifest import Manifest
from fastntk.tiling.plan import Tile

__all__ = ["Format", "format_of"]


class Format(Protocol):
    """Reads and writes the tiles of a store."""

    manifest: Manifest

    def create(self, folder: Path) -> None:
        """Write what is there before the first tile into the new store's folder."""
        ...

    def open(self, label: str | None = None) -> None:
        """Open the store that is there, to write a shard of that label, or to read."""
        ...

    def close(self) -> None:
        """Close what `open` opened."""
        ...

    def shape_of(self, rows: int, cols: int) -> tuple[int, int]:
        """Return the shape in which a tile is written: padded, or not."""
        ...

    def write(self, tile: Tile, block: AnyArray, *, is_mirrored: bool) -> int:
        """Write a tile, or its mirror image; return the bytes on the disk."""
        ...

    def read(self, tile: Tile, *, is_mirrored: bool) -> AnyArray:
        """Return a tile as it was written; OSError or ValueError if it is damaged."""
        ...

    def size(self, tile: Tile, *, is_mirrored: bool) -> int:
        """Return the bytes of a tile on the disk, -1 if it is not there."""
        ...

    def sync(self, tiles: list[tuple[Tile, bool]]) -> None:
        """Bring some tiles to the disk."""
        ...

    def finish(self) -> None:
        """Give the store its final name, if all tiles are there."""
        ...


def format_of(path: Path, manifest: Manifest, files: FileLayer) -> Format:
    """Return the reader and writer of a store."""
    kinds: dict[str, Any] = {"zarr": ZarrFormat, "npy": NpyFormat}
    made: Format = kinds[manifest.kind](path, manifest, files)
    return made
