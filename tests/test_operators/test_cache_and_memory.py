"""Tiles that are kept change no bit, and nothing takes more than the budget."""

import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.operators import tile_cache
from fastntk.operators.cache_options import disk_folder
from tests.test_operators.cases import RELU_NET, columns, rows

X = rows(1000, 6)
V = columns(1000, 20)


@pytest.fixture(autouse=True)
def _always_worth_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_cache, "MEMORY_RATE", 1e15)
    monkeypatch.setattr(tile_cache, "TRIALS", 10**9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cache", ["none", "ram", "auto", "folder"])
@pytest.mark.parametrize("budget", [None, "2MB", "6MB"])
def test_kept_tiles_change_no_bit(
    cache: str, budget: str | None, dtype: str, tmp_path: Path
) -> None:
    right = fastntk.operator(RELU_NET, X, dtype=dtype, cache="none", threads=2) @ V
    K = fastntk.operator(
        RELU_NET,
        X,
        dtype=dtype,
        cache=tmp_path if cache == "folder" else cache,
        max_memory=budget,
        threads=2,
    )
    plain = fastntk.operator(RELU_NET, X, dtype=dtype, max_memory=budget, cache=0) @ V
    assert np.allclose(plain, right, rtol=1e-4)  # small tiles have sums of their own
    for _ in range(3):
        assert np.array_equal(K @ V, plain)
    if cache == "folder":
        assert K.cache is not None
        assert len(K.cache) == len(K._layout.plan)
        assert K.cache.hits == 2 * len(K.cache)
        assert os.listdir(tmp_path) == []  # the file has no name
    if cache == "none":
        assert K.cache is None
    K.close()
    assert np.array_equal(K @ V, plain)


def test_wide_products_push_tiles_out() -> None:
    K = fastntk.operator(RELU_NET, X, max_memory="6MB", threads=1)
    K @ V[:, :1]
    assert K.cache is not None
    narrow = K.cache.n_bytes
    assert narrow > 0
    K @ np.ones((1000, 200))
    assert K.cache.n_bytes < narrow
    assert np.array_equal(
        K @ V, fastntk.operator(RELU_NET, X, max_memory="6MB", cache="none") @ V
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cache", ["none", "auto"])
@pytest.mark.parametrize("n_columns", [1, 60])
@pytest.mark.parametrize("budget", [800_000, 3_000_000])
def test_the_budget_holds(budget: int, n_columns: int, cache: str, dtype: str) -> None:
    x = np.random.default_rng(0).standard_normal((1500, 5)).astype(dtype)
    v = np.asfortranarray(np.random.default_rng(1).standard_normal((1500, n_columns)))
    options: dict[str, Any] = {"max_memory": budget, "cache": cache, "threads": 3}
    fastntk.operator(RELU_NET, x, **options) @ v  # compiles
    tracemalloc.start()
    K = fastntk.operator(RELU_NET, x, **options)
    for _ in range(2):
        assert np.isfinite(K @ v).all()
    peak = tracemalloc.get_traced_memory()[1] - v.nbytes
    tracemalloc.stop()
    assert peak <= budget + 150_000  # Python's own objects


def test_the_sum_does_not_depend_on_threads_within_a_budget() -> None:
    products = [
        fastntk.operator(RELU_NET, X, max_memory=600_000, threads=threads) @ V
        for threads in (1, 2, 5)
    ]
    assert np.array_equal(products[0], products[1])
    assert np.array_equal(products[0], products[2])


def test_a_disk_that_is_slower_than_computing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_cache, "TRIALS", 2)
    K = fastntk.operator(RELU_NET, X, max_memory="1.5MB", cache=tmp_path, threads=1)
    right = K @ V
    assert K.cache is not None
    assert K.cache.disk is not None
    K.cache._compute = 0.0  # as if tiles cost nothing
    assert np.array_equal(K @ V, right)
    hits = K.cache.hits
    assert np.array_equal(K @ V, right)
    assert K.cache.hits - hits < 5


def test_a_full_disk_ends_the_cache_not_the_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = fastntk.operator(RELU_NET, X, max_memory="1.5MB", cache="none") @ V

    def full(*args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    K = fastntk.operator(RELU_NET, X, max_memory="1.5MB", cache=tmp_path)
    for _ in range(2):
        assert np.array_equal(K @ V, right)


def test_cheap_tiles_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_cache, "MEMORY_RATE", 1.0)
    K = fastntk.operator(RELU_NET, X, cache="ram")
    K @ V
    assert K.cache is not None
    assert len(K.cache) == 0


def test_temporary_files_in_memory_are_no_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/dev/shm")
    assert disk_folder() is None
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/proc")
    assert disk_folder() is not None or not Path("/proc/self/mounts").exists()
