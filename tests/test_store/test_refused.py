"""What stores refuse, in words."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.store.formats import npy as store_npy
from fastntk.store.formats import zarr as store_zarr
from tests.test_store.cases import NET, OTHER_NET, X, rows, store


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path": None}, "path: found None; expected where to write"),
        ({"path": "K.hdf5"}, "a name that ends in .zarr or .npy"),
        ({"path": "K"}, "a name that ends in .zarr or .npy"),
        ({"get": ("nngp", "ntk")}, "a store is one matrix"),
        ({"get": "cov1"}, "get: found 'cov1'"),
        ({"layout": "upper"}, "layout: found 'upper'; expected 'full' or 'lower'"),
        ({"layout": "lower", "x2": X}, "only a symmetric matrix has a half"),
        ({"check": "none"}, "check: found 'none'"),
        ({"chunk": 100}, "chunk: found 100; expected a multiple of 64"),
        ({"chunk": "64"}, "chunk: found '64'"),
        ({"compression": 0, "path": "K.zarr"}, "compression: found 0; expected None"),
        ({"compression": "gzip", "path": "K.zarr"}, "compression: found 'gzip'"),
        ({"compression": "zstd"}, "a .npy file, which has none"),
        ({"shard": (0, 4)}, r"shard: found \(0, 4\); expected \(i, k\)"),
        ({"shard": (5, 4)}, r"shard: found \(5, 4\)"),
        ({"shard": 3}, "shard: found 3"),
        ({"shard": (1.0, 2)}, "shard: found"),
        ({"x1": X[:0]}, "x1: found an empty array"),
    ],
)
def test_bad_options(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    name = options.get("path", "K.npy")
    path = None if name is None else tmp_path / name
    call = {"x1": X, "path": path, **{k: v for k, v in options.items() if k != "path"}}
    with pytest.raises(fastntk.InputError, match=words):
        fastntk.gram_to_store(NET, **call)
    assert os.listdir(tmp_path) == []


def test_networks_on_whole_matrices(tmp_path: Path) -> None:
    with pytest.raises(fastntk.NotSupportedError, match="gram_to_store: found"):
        fastntk.gram_to_store(NET, np.ones((3, 4, 5)), path=tmp_path / "K.npy")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(fastntk.StoreError, match="there is no such folder; make it"):
        store(tmp_path / "a" / "K.npy")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(fastntk.StoreError, match="can't be written to"):
        store(tmp_path / "K.npy")


def test_a_folder_without_permission_as_seen_by_anyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(fastntk.StoreError, match="can't be written to; name another"):
        store(tmp_path / "K.npy")


def test_zarr_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Any:
        raise fastntk.NotSupportedError("a .zarr store needs zarr 3")

    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(fastntk.NotSupportedError, match=r"install fastntk\[store\]"):
        store(tmp_path / "K.zarr")
    assert os.listdir(tmp_path) == []
    assert store(tmp_path / "K.npy").is_complete
    assert store_zarr.ZarrFormat is not None


def test_stores_that_are_not_there(tmp_path: Path) -> None:
    for call in (fastntk.open_store, fastntk.verify_store):
        with pytest.raises(fastntk.StoreError, match="there is no store; write one"):
            call(tmp_path / "K.npy")


def test_verify_refuses_other_data_and_networks(tmp_path: Path) -> None:
    path = tmp_path / "K.npy"
    store(path)
    with pytest.raises(fastntk.StoreError, match="a store of other data than x1"):
        fastntk.verify_store(path, rows(seed=5))
    with pytest.raises(fastntk.StoreError, match="a store of another network"):
        fastntk.verify_store(path, X, net=OTHER_NET)
    with pytest.raises(fastntk.InputError, match="x2: found it without x1"):
        fastntk.verify_store(path, x2=X)
    with pytest.raises(fastntk.InputError, match="samples: found 0"):
        fastntk.verify_store(path, samples=0)


def test_a_npy_file_that_went_away(tmp_path: Path) -> None:
    path = tmp_path / "K.npy"
    store(path)
    path.unlink()
    with pytest.raises(fastntk.StoreError, match="the file is gone, its journals are"):
        store(path)


def test_a_file_beside_an_unfinished_store_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "K.npy"
    store(path, shard=(1, 2))
    mine = np.ones(X.shape[0])
    np.save(path, mine)
    with pytest.raises(fastntk.StoreError, match="something else is there .the store"):
        store(path, shard=(2, 2))
    assert np.array_equal(np.load(path), mine)
    assert fastntk.verify_store(path).missing > 0
    path.unlink()
    assert store(path, shard=(2, 2)).is_complete


@pytest.mark.parametrize("n", [3, 300, 400])
def test_a_file_in_the_place_of_a_finished_store_is_kept(
    n: int, tmp_path: Path
) -> None:
    path = tmp_path / "K.npy"
    store(path)
    np.save(path, np.ones((n, n)))
    before = path.read_bytes()
    with pytest.raises(fastntk.StoreError, match="its size or its header is not that"):
        store(path)
    assert path.read_bytes() == before


def test_a_file_that_appears_before_the_store_is_finished_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "K.npy"
    finish = store_npy.NpyFormat.finish

    def late(self: store_npy.NpyFormat) -> None:
        path.write_bytes(b"mine")
        finish(self)

    monkeypatch.setattr(store_npy.NpyFormat, "finish", late)
    with pytest.raises(fastntk.StoreError, match="the matrix is complete, in"):
        store(path)
    assert path.read_bytes() == b"mine"
