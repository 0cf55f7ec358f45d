"""Stores go on where they were left, in shards, and refuse what is not theirs."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.store.manifest import meta_folder
from fastntk.store.sink import StoreSink
from tests.test_store.cases import MATRIX, NET, OTHER_NET, X, rows, store, whole

NAMES = ["K.npy", "K.zarr"]


class Stop(Exception):
    """Ends a walk in the middle."""


def stop_after(patch: pytest.MonkeyPatch, tiles: int) -> None:
    finish, turns = StoreSink._finish, threading.Semaphore(tiles)

    def counted(sink: StoreSink, *args: Any) -> None:
        if not turns.acquire(blocking=False):
            raise Stop
        finish(sink, *args)

    patch.setattr(StoreSink, "_finish", counted)


@pytest.mark.parametrize("layout", ["full", "lower"])
@pytest.mark.parametrize("name", NAMES)
def test_a_second_call_goes_on(
    name: str, layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    with monkeypatch.context() as patch, pytest.raises(Stop):
        stop_after(patch, 6)
        store(path, layout=layout)
    assert (name == "K.npy") != path.exists()  # a .npy file appears when complete
    second = store(path, layout=layout)
    assert second.is_complete
    assert (second.found, second.computed) == (6, 9)
    assert second.damaged == 0
    assert np.array_equal(whole(path), MATRIX)
    third = store(path, layout=layout)
    assert (third.found, third.computed, third.n_bytes) == (15, 0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_shards_fill_one_store(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    reports = [store(path, shard=(i, 4)) for i in (3, 1, 4, 2)]
    assert [r.is_complete for r in reports] == [False, False, False, True]
    assert sum(r.computed for r in reports) == 15
    assert np.array_equal(whole(path), MATRIX)
    assert store(path).computed == 0
    assert store(path, shard=(1, 3)).computed == 0


def test_more_shards_than_tiles(tmp_path: Path) -> None:
    reports = [store(tmp_path / "K.npy", chunk=320, shard=(i, 3)) for i in (1, 2, 3)]
    assert sum(r.computed for r in reports) == 1
    assert np.array_equal(whole(tmp_path / "K.npy"), MATRIX)


def test_another_split_takes_over(tmp_path: Path) -> None:
    path = tmp_path / "K.zarr"
    store(path, shard=(1, 2))
    report = store(path)
    assert (report.found, report.computed) == (7, 8)
    assert np.array_equal(whole(path), MATRIX)


@pytest.mark.parametrize("name", NAMES)
def test_an_unfinished_store_is_read_where_it_is_finished(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    store(path, shard=(1, 2))
    with fastntk.open_store(path) as K:
        assert K.missing == 8
        assert np.array_equal(K[:60, :60], MATRIX[:60, :60])
        if name == "K.zarr":
            with pytest.raises(fastntk.StoreError, match="tile 15 is not there"):
                K[299, 299]


CHANGES: list[tuple[str, dict[str, Any], str]] = [
    ("network", {}, "another network"),
    ("data", {"x": X + 1e-9}, "other data"),
    ("order", {"x": X[::-1]}, "other data"),
    ("rows", {"x": X[:200]}, "another shape"),
    ("precision", {"x": X.astype(np.float32), "dtype": "float64"}, "other data"),
    ("dtype", {"dtype": "float32"}, "another dtype"),
    ("kernel", {"get": "nngp"}, "another kernel"),
    ("layout", {"layout": "lower"}, "another layout"),
    ("sides", {}, "other inputs"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("change", "options", "words"), CHANGES)
def test_another_store_is_refused(
    change: str, options: dict[str, Any], words: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    store(path, shard=(1, 2))
    with pytest.raises(fastntk.StoreError, match=f"a store of {words}.*overwrite=True"):
        if change == "network":
            fastntk.gram_to_store(OTHER_NET, X, path=path)
        elif change == "sides":
            fastntk.gram_to_store(NET, X, X, path)
        else:
            store(path, **options)
    assert store(path).is_complete
    assert np.array_equal(whole(path), MATRIX)


@pytest.mark.parametrize("field", ["arithmetic", "format"])
def test_another_version_is_refused(field: str, tmp_path: Path) -> None:
    path = tmp_path / "K.zarr"
    store(path)
    file = meta_folder(path) / "manifest.json"
    fields = json.loads(file.read_text())
    file.write_text(json.dumps({**fields, field: "fastntk 99"}))
    with pytest.raises(fastntk.StoreError, match="version"):
        store(path)
    file.write_text("{")
    with pytest.raises(fastntk.StoreError, match="this is no manifest of a store"):
        store(path)


def test_equal_data_in_another_form_is_the_same_data(tmp_path: Path) -> None:
    x = np.arange(300.0).reshape(100, 3)
    path = tmp_path / "K.npy"
    fastntk.gram_to_store(NET, x, path=path)
    for same in (x.astype(int), np.asfortranarray(x), x.tolist(), x.astype(">f8")):
        assert fastntk.gram_to_store(NET, same, path=path).computed == 0


@pytest.mark.parametrize("name", NAMES)
def test_overwrite_begins_anew(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    store(path)
    report = fastntk.gram_to_store(OTHER_NET, X, path=path, overwrite=True)
    assert report.is_complete
    assert np.array_equal(whole(path), fastntk.gram(OTHER_NET, X))
    assert fastntk.gram_to_store(NET, rows(10), path=path, overwrite=True).is_complete
    assert np.array_equal(whole(path), fastntk.gram(NET, rows(10)))


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_a_store_is_never_touched(
    name: str, overwrite: bool, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text("mine")
    with pytest.raises(fastntk.StoreError, match="did not write; nothing was changed"):
        store(path, overwrite=overwrite)
    assert path.read_text() == "mine"
    path.unlink()
    path.mkdir()
    with pytest.raises(fastntk.StoreError, match="did not write"):
        store(path, overwrite=overwrite)
    assert os.listdir(tmp_path) == [name]


def test_two_processes_do_not_write_one_shard(tmp_path: Path) -> None:
    path = tmp_path / "K.zarr"
    store(path, shard=(1, 2))
    from fastntk.store.place import Place

    journal = Place(path).journal((2, 2))
    with pytest.raises(fastntk.StoreError, match="another process is writing this sh"):
        store(path, shard=(2, 2))
    store(path)  # all of it, as another shard
    journal.close()
    assert np.array_equal(whole(path), MATRIX)
