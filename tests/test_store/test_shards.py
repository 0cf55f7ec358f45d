"""A shard looks at its own tiles; the one that completes a store looks at sizes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.store.formats.npy import NpyFormat
from fastntk.store.formats.zarr import ZarrFormat
from fastntk.store.journal import journal_paths
from fastntk.store.manifest import meta_folder
from tests.test_store.cases import MATRIX, n_tiles, store, whole

NAMES = ["K.npy", "K.zarr"]
SHARDS = 5


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list of the tiles that are read again from here on."""
    seen: list[int] = []

    def watched(plain: Callable[..., Any]) -> Callable[..., Any]:
        def found(self: Any, tile: Any, *, is_mirrored: bool) -> Any:
            seen.append(tile.index)
            return plain(self, tile, is_mirrored=is_mirrored)

        return found

    for kind in (NpyFormat, ZarrFormat):
        monkeypatch.setattr(kind, "read", watched(kind.read))
    return seen


@pytest.mark.parametrize("name", NAMES)
def test_no_tile_is_read_while_shards_follow_each_other(
    name: str, tmp_path: Path, read: list[int]
) -> None:
    path = tmp_path / name
    reports = [store(path, shard=(i, SHARDS)) for i in range(1, SHARDS + 1)]
    assert read == []
    assert [report.found for report in reports] == [0, 3, 6, 9, 12]
    assert [report.computed for report in reports] == [3] * SHARDS
    assert [report.is_complete for report in reports] == [False] * 4 + [True]
    assert np.array_equal(whole(path), MATRIX)


@pytest.mark.parametrize("name", NAMES)
def test_a_shard_that_goes_on_reads_its_own_tiles(
    name: str, tmp_path: Path, read: list[int]
) -> None:
    path = tmp_path / name
    for i in range(1, SHARDS):
        store(path, shard=(i, SHARDS))
    report = store(path, shard=(2, SHARDS))
    assert set(read) == {3, 4, 5}
    assert (report.found, report.computed, report.damaged) == (12, 0, 0)
    read.clear()
    store(path, shard=(2, SHARDS), check="all")
    assert set(read) == set(range(12))
    read.clear()
    store(path)
    assert set(read) == set(range(12))


def _change(path: Path, tile: int) -> None:
    """Change a byte of a tile of a store, the size stays."""
    if path.suffix == ".zarr":
        at = {0: "0/0", 14: "4/4"}[tile]
        chunk = path / "c" / at
        data = bytearray(chunk.read_bytes())
        data[8] ^= 1
        chunk.write_bytes(data)
        return
    file = meta_folder(path) / "data.npy"
    with file.open("r+b") as f:
        f.seek(4096 if tile == 0 else file.stat().st_size - 8)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("name", NAMES)
def test_each_shard_finds_what_is_changed_in_its_own(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    store(path, shard=(1, SHARDS))
    store(path, shard=(2, SHARDS))
    _change(path, 0)
    assert store(path, shard=(2, SHARDS)).damaged == 0
    assert store(path, shard=(2, SHARDS), check="all").damaged == 1
    report = store(path, shard=(1, SHARDS))
    assert (report.damaged, report.computed) == (1, 1)
    for i in range(3, SHARDS + 1):
        store(path, shard=(i, SHARDS))
    assert np.array_equal(whole(path), MATRIX)


def _forget_barriers(path: Path, shard: int) -> None:
    """Make a journal one that was cut off before its tiles were synced."""
    journal = journal_paths(meta_folder(path))[shard - 1]
    data = journal.read_bytes()
    size = len(data) // 4  # three tiles and a barrier
    parts = [data[k : k + size] for k in range(0, len(data), size)]
    assert parts[-1].startswith(b"sync")
    journal.write_bytes(b"".join(parts[:-1]))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_known_to_be_on_the_disk_is_read_before_the_end(
    name: str, tmp_path: Path, read: list[int]
) -> None:
    path = tmp_path / name
    for i in range(1, SHARDS):
        store(path, shard=(i, SHARDS))
    _forget_barriers(path, 1)
    _change(path, 0)
    last = store(path, shard=(SHARDS, SHARDS))
    assert set(read) == {0, 1, 2}
    assert not last.is_complete
    assert last.damaged == 1
    mended = store(path, shard=(1, SHARDS))
    assert (mended.damaged, mended.computed, mended.is_complete) == (1, 1, True)
    assert np.array_equal(whole(path), MATRIX)


def test_a_chunk_that_went_away_keeps_a_store_from_being_complete(
    tmp_path: Path,
) -> None:
    path = tmp_path / "K.zarr"
    for i in range(1, SHARDS):
        store(path, shard=(i, SHARDS))
    (path / "c" / "0" / "0").unlink()
    last = store(path, shard=(SHARDS, SHARDS))
    assert not last.is_complete
    assert (last.damaged, last.found) == (1, n_tiles() - 4)
    assert store(path, shard=(1, SHARDS)).is_complete
    assert np.array_equal(whole(path), MATRIX)
    assert fastntk.verify_store(path, samples=None).is_good
