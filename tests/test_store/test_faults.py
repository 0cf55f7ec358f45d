"""Torn files, full disks, power cuts: nothing finished is lost, nothing wrong kept."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.store import sink as store_sink
from fastntk.store.files import FileLayer
from fastntk.store.journal import read_journals
from fastntk.store.manifest import meta_folder
from tests.test_store.cases import MATRIX, NET, X, store, whole

NAMES = ["K.npy", "K.zarr"]


def data_file(path: Path) -> Path:
    """Return a file that holds tiles."""
    return path if path.suffix == ".npy" else path / "c" / "3" / "1"


def damage(file: Path, how: str) -> None:
    data = bytearray(file.read_bytes())
    if how == "truncated":
        del data[len(data) // 2 :]
    elif how == "zeros":
        data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    elif how == "a bit":
        data[len(data) // 2] ^= 1
    elif how == "empty":
        data.clear()
    file.write_bytes(data)


@pytest.mark.parametrize("layout", ["full", "lower"])
@pytest.mark.parametrize("how", ["truncated", "zeros", "a bit", "empty"])
@pytest.mark.parametrize("name", NAMES)
def test_damaged_tiles_are_computed_again(
    name: str, how: str, layout: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    store(path, layout=layout)
    damage(data_file(path), how)
    assert not fastntk.verify_store(path, samples=None).is_good
    report = store(path, layout=layout)
    assert 0 < report.damaged == report.computed < 15 or how in ("empty", "truncated")
    assert report.damaged == report.computed > 0
    assert np.array_equal(whole(path), MATRIX)
    assert fastntk.verify_store(path, X, samples=None).is_good


def test_a_missing_chunk_is_computed_again(tmp_path: Path) -> None:
    path = tmp_path / "K.zarr"
    store(path)
    data_file(path).unlink()
    report = store(path, check="recent")
    assert (report.damaged, report.computed) == (1, 1)
    assert np.array_equal(whole(path), MATRIX)


@pytest.mark.parametrize("cut", [1, 30, 51, 52, 60])
def test_a_torn_journal_costs_its_last_tiles(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "K.npy"
    store(path)
    (file,) = meta_folder(path).glob("journal-*")
    data = file.read_bytes()
    file.write_bytes(data[:-cut])
    assert store(path).computed <= 2
    file.write_bytes(data[:-cut] + b"\xff" * 77)
    assert store(path).computed <= 2
    damaged = bytearray(data)
    damaged[60] ^= 4  # the second record
    file.write_bytes(damaged)
    report = store(path)
    assert report.computed == 1
    assert np.array_equal(whole(path), MATRIX)


def test_recent_tiles_are_read_again_and_old_ones_by_size(tmp_path: Path) -> None:
    path = tmp_path / "K.npy"
    store(path)
    damage(path, "a bit")
    assert store(path, check="recent").computed == 0  # known to be on the disk
    assert store(path, check="all").computed > 0
    assert np.array_equal(whole(path), MATRIX)
    path = tmp_path / "L.npy"
    store(path, durable=False)
    damage(path, "a bit")
    assert store(path, check="recent").computed > 0
    assert np.array_equal(whole(path), MATRIX)


# --- a file layer that fails ---------------------------------------------------------


class Disk:
    """Makes the k-th operation fail, from then on all, or none."""

    OPERATIONS = ("open", "write", "write_at", "allocate", "sync", "rename")

    def __init__(self, patch: pytest.MonkeyPatch, number: int, lasts: bool) -> None:
        self.count, self.number, self.lasts = 0, number, lasts
        for name in self.OPERATIONS:
            patch.setattr(FileLayer, name, self._failing(getattr(FileLayer, name)))

    def _failing(self, method: Any) -> Any:
        def run(layer: FileLayer, *args: Any) -> Any:
            self.count += 1
            is_due = self.count >= self.number if self.lasts else False
            if is_due or self.count == self.number:
                if method.__name__ in ("write", "write_at"):  # half of it is written
                    data = memoryview(args[1])
                    method(layer, args[0], data[: len(data) // 2], *args[2:])
                raise OSError(errno.ENOSPC, "No space left on device")
            return method(layer, *args)

        return run


SMALL: dict[str, Any] = {"x": X[:150], "threads": 1, "layout": "lower"}


def failures(name: str, lasts: bool, tmp_path: Path, patch: Any) -> Iterator[int]:
    """Yield every other operation that a store of one thread needs."""
    with patch.context() as inner:
        disk = Disk(inner, 10**9, False)
        store(tmp_path / f"count-{name}", **SMALL)
    yield from range(1 + lasts, disk.count + 1, 2)


@pytest.mark.parametrize("lasts", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_at_every_operation(
    name: str, lasts: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_sink, "SYNC_SECONDS", 0.001)
    right = fastntk.gram(NET, X[:150])
    for number in failures(name, lasts, tmp_path, monkeypatch):
        path = tmp_path / f"{number}-{name}"
        with monkeypatch.context() as patch:
            Disk(patch, number, lasts)
            try:
                store(path, **SMALL)
            except fastntk.StoreError as error:
                assert "disk is full" in str(error)
                assert str(tmp_path) in str(error)
        report = store(path, **SMALL)
        assert report.damaged == 0
        assert report.is_complete
        assert np.array_equal(whole(path), right)
        left = [p for p in meta_folder(path).iterdir() if p.name.startswith("chunk")]
        assert left == []


def test_too_small_a_disk_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileLayer, "free_bytes", lambda *_: 1000)
    for name in NAMES:
        with pytest.raises(fastntk.StoreError, match="bytes; 1,000 are free"):
            store(tmp_path / name)


# --- a power cut ---------------------------------------------------------------------


class Power:
    """Remembers what was written and not yet synced; `cut` takes it away."""

    def __init__(self, patch: pytest.MonkeyPatch, last: int) -> None:
        self.unsynced: dict[Path, list[tuple[int, int]]] = {}
        self.count, self.last = 0, last
        for name in ("write", "write_at", "sync", "rename"):
            wrapped = getattr(self, name)
            patch.setattr(
                FileLayer, name, self._bound(getattr(FileLayer, name), wrapped)
            )

    def _bound(self, method: Any, note: Any) -> Any:
        def run(layer: FileLayer, *args: Any) -> Any:
            self.count += 1
            if self.count > self.last:
                raise OSError(errno.EIO, "the power is off")
            if method.__name__ == "sync":
                result = method(layer, *args)
                note(*args)
                return result
            note(*args)
            return method(layer, *args)

        return run

    @staticmethod
    def _path(fd: int) -> Path:
        return Path(os.readlink(f"/proc/self/fd/{fd}"))

    def write(self, fd: int, data: Any) -> None:
        here = os.lseek(fd, 0, os.SEEK_CUR)
        self.write_at(fd, data, here)

    def write_at(self, fd: int, data: Any, offset: int) -> None:
        spans = self.unsynced.setdefault(self._path(fd), [])
        spans.append((offset, memoryview(data).nbytes))

    def sync(self, fd: int) -> None:
        self.unsynced.pop(self._path(fd), None)

    def rename(self, source: Path, target: Path) -> None:
        for path in list(self.unsynced):
            if path == source or source in path.parents:
                moved = target / path.relative_to(source)
                self.unsynced[moved] = self.unsynced.pop(path)

    def cut(self, rng: np.random.Generator) -> None:
        """Lose what was not synced: zeros in its place, or shorter files."""
        for path, spans in self.unsynced.items():
            if not path.exists():
                continue
            data = bytearray(path.read_bytes())
            for offset, n in spans:
                if rng.random() < 0.7:
                    data[offset : offset + n] = bytes(min(n, len(data) - offset))
            if path.suffix != ".npy" and rng.random() < 0.5:
                del data[int(rng.integers(len(data) + 1)) :]
            path.write_bytes(data)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", NAMES)
def test_a_power_cut(
    name: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_sink, "SYNC_SECONDS", 0.002 * (seed % 3))
    rng = np.random.default_rng(seed)
    path = tmp_path / name
    with monkeypatch.context() as patch:
        power = Power(patch, int(rng.integers(10, 400 if name == "K.npy" else 120)))
        try:
            store(path)
        except fastntk.StoreError:
            power.cut(rng)
    there = meta_folder(path) / "manifest.json"
    known = len(read_journals(meta_folder(path))) if there.exists() else 0
    report = store(path, check="recent")
    assert report.is_complete
    assert report.found + report.computed == 15
    assert report.found <= known
    assert np.array_equal(whole(path), MATRIX)
