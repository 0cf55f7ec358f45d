"""`verify_store` finds what is damaged, wrong or missing, and nothing else."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import fastntk
from fastntk.store.checksum import checksum
from fastntk.store.journal import Journal, read_journals
from fastntk.store.manifest import meta_folder
from tests.test_store.cases import NET, X, rows, store


@pytest.mark.parametrize("name", ["K.npy", "K.zarr"])
@pytest.mark.parametrize("layout", ["full", "lower"])
def test_a_good_store(name: str, layout: str, tmp_path: Path) -> None:
    store(tmp_path / name, layout=layout)
    report = fastntk.verify_store(tmp_path / name, X, net=NET, samples=7, threads=1)
    assert report.is_good
    assert report.is_complete
    assert (report.checked, report.recomputed, report.largest_error) == (7, 7, 0.0)
    assert report.network == repr(NET.spec)
    blind = fastntk.verify_store(tmp_path / name, samples=None)
    assert (blind.checked, blind.recomputed) == (15, 0)


def test_two_sides(tmp_path: Path) -> None:
    x2 = rows(100, seed=3)
    fastntk.gram_to_store(NET, X, x2, tmp_path / "K.npy", chunk=64)
    report = fastntk.verify_store(tmp_path / "K.npy", X, x2, samples=None)
    assert report.is_good
    assert report.largest_error == 0.0


def test_missing_tiles(tmp_path: Path) -> None:
    store(tmp_path / "K.npy", shard=(1, 3))
    report = fastntk.verify_store(tmp_path / "K.npy", X)
    assert (report.missing, report.is_complete, report.is_good) == (10, False, True)


def forge(path: Path, factor: float) -> None:
    """Multiply one tile, and its checksum in the journal, as a wrong program would."""
    with fastntk.open_store(path) as K:
        tile = next(iter(K.manifest.plan))
        block = np.array(K._store.read(tile, is_mirrored=False)) * factor
    store_ = K._place.open(K.manifest, "forger")
    store_.write(tile, block, is_mirrored=False)
    store_.close()
    (file,) = meta_folder(path).glob("journal-*")
    records = read_journals(meta_folder(path))
    file.unlink()
    journal = Journal(file, K._place.files)
    for record in records.values():
        sums = record.checksums
        if record.index == tile.index:
            sums = (checksum(block), sums[1])
        journal.add(dataclasses.replace(record, checksums=sums))
    journal.close()


def test_wrong_numbers_with_right_checksums(tmp_path: Path) -> None:
    path = tmp_path / "K.npy"
    store(path)
    forge(path, 1.0 + 1e-9)
    assert fastntk.verify_store(path, samples=None).is_good
    report = fastntk.verify_store(path, X, samples=None)
    assert report.wrong == (1,)
    assert 0.5e-9 < report.largest_error < 2e-9


def test_rounding_of_another_version_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "K.npy"
    store(path)
    file = meta_folder(path) / "manifest.json"
    fields = json.loads(file.read_text())
    file.write_text(json.dumps({**fields, "arithmetic": "fastntk 0.0, kernels abc"}))
    forge(path, 1.0 + 1e-15)
    assert fastntk.verify_store(path, X, samples=None).is_good
    forge(path, 1.0 + 1e-9)
    assert fastntk.verify_store(path, X, samples=None).wrong == (1,)


def test_a_checksum_sees_every_word() -> None:
    block = np.random.default_rng(0).standard_normal((7, 9))
    sums = {checksum(block)}
    for k in range(63):
        other = block.copy()
        other.flat[k] += 1e-12
        sums.add(checksum(other))
    assert len(sums) == 64
    assert checksum(block.astype(np.float32)[:, :1].copy()) != checksum(
        block[:, :1].copy()
    )
    swapped = block.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert checksum(swapped) not in sums
