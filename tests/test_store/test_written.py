"""Stores hold what `fastntk.gram` gives, to the last bit, in every format."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import zarr

import fastntk
from tests.test_store.cases import MATRIX, NET, X, n_tiles, rows, store, whole

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("get", ["nngp", "ntk"])
@pytest.mark.parametrize("chunk", [64, 128, 512, None])
def test_a_npy_file(chunk: int | None, get: str, dtype: str, tmp_path: Path) -> None:
    report = store(tmp_path / "K.npy", chunk=chunk, get=get, dtype=dtype)
    right = fastntk.gram(NET, X, get=get, dtype=dtype)
    found = np.load(tmp_path / "K.npy", mmap_mode="r")
    assert np.array_equal(found, right)
    assert np.array_equal(whole(tmp_path / "K.npy"), right)
    assert report.is_complete
    assert report.computed == report.tiles == n_tiles(chunk=chunk or 64)
    assert report.n_bytes == right.nbytes


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1300, 1301])
def test_a_npy_file_of_whole_rows(n: int, dtype: str, tmp_path: Path) -> None:
    x = rows(n)
    report = store(tmp_path / "K.npy", x=x, chunk=None, dtype=dtype)
    assert report.tiles == 11  # of 128 rows: pieces of the disk, or not
    right = fastntk.gram(NET, x, dtype=dtype)
    assert np.array_equal(np.load(tmp_path / "K.npy", mmap_mode="r"), right)
    assert fastntk.verify_store(tmp_path / "K.npy", x, samples=None).is_good
    two = fastntk.gram_to_store(NET, x, x[:300], path=tmp_path / "C.npy", dtype=dtype)
    assert two.tiles == 11
    cross = fastntk.gram(NET, x, x[:300], dtype=dtype)
    assert np.array_equal(whole(tmp_path / "C.npy"), cross)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("compression", [None, "zstd", 1])
@pytest.mark.parametrize("layout", ["full", "lower"])
def test_a_zarr_array(
    layout: str, compression: Any, dtype: str, tmp_path: Path
) -> None:
    path = tmp_path / "K.zarr"
    store(path, layout=layout, compression=compression, dtype=dtype)
    right = fastntk.gram(NET, X, dtype=dtype)
    array: Any = zarr.open_array(path, mode="r")
    assert (array.shape, array.dtype, array.chunks) == (right.shape, dtype, (64, 64))
    found = array[:]
    if layout == "lower":
        lower = np.tril(np.ones_like(right, dtype=bool))
        assert np.array_equal(found[lower], right[lower])
        assert np.isnan(found[:64, 64:]).all()
    else:
        assert np.array_equal(found, right)
    assert np.array_equal(whole(path), right)


def test_half_of_a_matrix_is_half_of_the_disk(tmp_path: Path) -> None:
    full = store(tmp_path / "a.npy", chunk=64)
    half = store(tmp_path / "b.npy", chunk=64, layout="lower")
    tiles = np.load(tmp_path / "b.npy")
    assert tiles.shape == (15, 64, 64)
    assert np.array_equal(tiles[0], MATRIX[:64, :64])
    assert np.array_equal(tiles[1], MATRIX[64:128, :64])
    assert np.array_equal(whole(tmp_path / "b.npy"), MATRIX)
    assert half.n_bytes < 0.7 * full.n_bytes


@pytest.mark.parametrize("name", ["K.npy", "K.zarr"])
@pytest.mark.parametrize("shape", [(300, 100), (30, 200), (1, 1)])
def test_two_sides(shape: tuple[int, int], name: str, tmp_path: Path) -> None:
    x1, x2 = rows(shape[0]), rows(shape[1], seed=9)
    report = fastntk.gram_to_store(NET, x1, x2, tmp_path / name, chunk=64)
    right = fastntk.gram(NET, x1, x2)
    assert np.array_equal(whole(tmp_path / name), right)
    assert report.is_complete
    again = fastntk.gram_to_store(NET, x1, x2, tmp_path / name)
    assert (again.found, again.computed) == (report.tiles, 0)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_same_bits_for_every_number_of_threads(
    threads: int, tmp_path: Path
) -> None:
    store(tmp_path / "K.zarr", threads=threads)
    assert np.array_equal(whole(tmp_path / "K.zarr"), MATRIX)


def test_sparse_rows(tmp_path: Path) -> None:
    x = scipy.sparse.random(150, 30, 0.2, "csr", random_state=0)
    fastntk.gram_to_store(NET, x, path=tmp_path / "K.npy", chunk=64)
    right = fastntk.gram(NET, x)
    assert np.allclose(np.load(tmp_path / "K.npy"), right, rtol=1e-12)
    again = fastntk.gram_to_store(NET, x, path=tmp_path / "K.npy")
    assert again.computed == 0
    assert fastntk.verify_store(tmp_path / "K.npy", x).is_good


@pytest.mark.parametrize("layout", ["full", "lower"])
@pytest.mark.parametrize("name", ["K.npy", "K.zarr"])
def test_parts_are_read(name: str, layout: str, tmp_path: Path) -> None:
    store(tmp_path / name, layout=layout)
    with fastntk.open_store(tmp_path / name) as K:
        assert (K.shape, K.dtype, K.layout, K.kernel) == (
            (300, 300),
            np.dtype(np.float64),
            layout,
            "ntk",
        )
        assert (len(K), K.missing) == (300, 0)
        assert K.net == NET.spec
        assert np.array_equal(K[3:70, 250:], MATRIX[3:70, 250:])
        assert np.array_equal(K[[299, 0, 65]], MATRIX[[299, 0, 65]])
        assert np.array_equal(K[5], MATRIX[5])
        assert np.array_equal(K[-1, 64:66], MATRIX[-1, 64:66])
        assert K[7, 200] == MATRIX[7, 200]
        assert np.array_equal(K.block([1, 1], [2, 150]), MATRIX[[1, 1]][:, [2, 150]])
        with pytest.raises(fastntk.InputError, match="found 300; expected numbers"):
            K[300]


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    store(tmp_path / "K.npy", progress=lambda *counts: told.append(counts))
    assert told[-1] == (90_000, 90_000)


def test_the_budget_chooses_smaller_tiles_and_fewer_threads(tmp_path: Path) -> None:
    x = rows(2000)
    budget = 2_500_000
    report = fastntk.gram_to_store(
        NET, x, path=tmp_path / "K.npy", max_memory=budget, threads=8, layout="lower"
    )
    assert report.tiles > n_tiles(2000, 320)
    with pytest.raises(fastntk.MemoryBudgetError, match="two tiles of"):
        fastntk.gram_to_store(NET, x, path=tmp_path / "L.npy", max_memory=100_000)
    assert not (tmp_path / "L.npy.fastntk").exists()
