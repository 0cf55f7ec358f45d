"""Budgets are kept, and refusals come before anything is allocated."""

import os
import re
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from tests.networks import RELU, build, mlp

NET = build(mlp(RELU, 2))


def test_a_result_larger_than_the_machine_is_refused_at_once() -> None:
    x = np.ones((3_000_000, 1), np.float32)
    fastntk.gram(NET, x[:10])
    start = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(fastntk.MemoryBudgetError) as caught:
        fastntk.gram(NET, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.perf_counter() - start < 2
    assert peak < 1 << 20
    message = str(caught.value)
    found = max(int(n.replace(",", "")) for n in re.findall(r"[\d,]{6,}", message))
    assert found >= 36_000_000_000_000
    assert "fastntk.tiles" in message
    assert "memmap" in message


@pytest.mark.parametrize("get", ["ntk", ("nngp", "ntk")])
def test_a_budget_smaller_than_the_result_is_refused(get: str) -> None:
    x = np.ones((1000, 3))
    bytes_needed = 8_000_000 * (1 if get == "ntk" else 2)
    with pytest.raises(
        fastntk.MemoryBudgetError,
        match=rf"max_memory is 1,000,000 bytes.*{bytes_needed:,}.*fastntk\.tiles",
    ):
        fastntk.gram(NET, x, get=get, max_memory="1MB")


def test_a_budget_too_small_for_any_tile_is_refused() -> None:
    x = np.ones((1000, 3))
    with pytest.raises(fastntk.MemoryBudgetError, match="max_memory"):
        fastntk.gram(NET, x, out=np.empty((1000, 1000)), max_memory=1000)
    with pytest.raises(fastntk.MemoryBudgetError, match="max_memory"):
        fastntk.tiles(NET, x, max_memory=1000)


def test_the_output_of_the_caller_does_not_count() -> None:
    x = np.random.default_rng(0).standard_normal((1000, 3))
    out = np.empty((1000, 1000))
    fastntk.gram(NET, x, out=out, max_memory="2MB")
    np.testing.assert_allclose(out, fastntk.gram(NET, x), rtol=1e-12)


@pytest.mark.parametrize("budget", ["16MB", "3MB", "1MB"])
def test_tiles_keep_their_budget(budget: str) -> None:
    x = np.random.default_rng(1).standard_normal((2000, 4))
    list(fastntk.tiles(NET, x[:10]))  # load everything once
    tracemalloc.start()
    for _, _, block in fastntk.tiles(NET, x, max_memory=budget, threads=2):
        assert block.nbytes <= int(budget[:-2]) * 10**6
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 1.1 * int(budget[:-2]) * 10**6 + (1 << 20)


def test_gram_needs_the_output_a_copy_of_the_inputs_and_little_more() -> None:
    x = np.random.default_rng(2).standard_normal((3000, 100))
    fastntk.gram(NET, x[:50])
    tracemalloc.start()
    value = fastntk.gram(NET, x, threads=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= value.nbytes + x.nbytes + (64 << 20)


PEAK = """
import numpy as np
import scipy.sparse as sp
import fastntk
from fastntk import stax

layer = stax.serial(stax.Dense(8, W_std=1.4, b_std=0.1), stax.Relu())
relu = stax.serial(stax.repeat(layer, 3), stax.Dense(1))
steep = stax.serial(stax.Dense(8, W_std=1e3), stax.Erf(), stax.Dense(8))

def draw(n, d, dtype):
    if np.dtype(dtype).kind == "f":
        x, rng = np.empty((n, d), dtype), np.random.default_rng(0)
        for row in x:
            row[:] = rng.standard_normal(d)
        return x
    return np.random.default_rng(0).integers(0, 9, (n, d), dtype)

def rows(n, d, every, dtype=float):  # sparse: one column of each `every`
    k = d // every
    index = np.tile(np.arange(0, d, every, np.int32), n)
    index += np.random.default_rng(1).integers(0, every, len(index), np.int32)
    starts = np.arange(n + 1, dtype=np.int32) * k
    data = draw(1, n * k, dtype)[0]
    return sp.csr_matrix((data, index, starts), shape=(n, d))

def status(field):
    for line in open("/proc/self/status"):
        if line.startswith(field):
            return 1024 * int(line.split()[1])

def peak(net, x1, x2=None, **options):
    few = [None if x is None else x[:40] for x in (x1, x2)]
    fastntk.gram(net, *few, **options)  # compile
    if few[1] is None:
        fastntk.gram(net, few[0], few[0], **options)
    before = status("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # VmHWM starts anew
    value = fastntk.gram(net, x1, x2, **options)
    return status("VmHWM") - before

print(int(CALL))
"""


def run_peak(call: str) -> int:
    """Return by how many bytes a call raises the memory of a fresh process."""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("the high-water mark of memory cannot be reset here")
    run = subprocess.run(
        [sys.executable, "-c", PEAK.replace("CALL", call)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    return int(run.stdout)


PROMISES = {  # a call, and what its result and the copies of its inputs take
    "int8": ("relu, draw(300, 40_000, 'i1')", 300 * 300 + 300 * 40_000),
    "float16": ("relu, draw(300, 80_000, 'f2')", (300 * 300 + 300 * 80_000) / 2),
    "Fortran order": (
        "relu, np.asfortranarray(draw(300, 40_000, 'f8'))",
        300 * 300 + 300 * 40_000,
    ),
    "dense and sparse": (
        "relu, draw(400, 30_000, 'f8'), rows(200, 30_000, 100)",
        400 * 200 + 400 * 30_000 + 200 * 300,
    ),
}
LARGE = {
    "double": ("relu, draw(8000, 784, 'f8')", 8000 * 8000 + 8000 * 784),
    "int8": ("relu, draw(2000, 20_000, 'i1')", 2000 * 2000 + 2000 * 20_000),
    "sparse": ("relu, rows(2000, 40_000, 10)", 2000 * 2000 + 2000 * 4000),
    "full": ("relu, rows(300, 40_000, 1)", 300 * 300 + 300 * 40_000),
    "sparse integers": (
        "relu, rows(2000, 40_000, 10, 'i1')",
        2000 * 2000 + 2000 * 4000,
    ),
    "sparse and dense": (
        "relu, rows(1000, 20_000, 10), draw(2000, 20_000, 'f8')",
        1000 * 2000 + 1000 * 2000 + 2000 * 20_000,
    ),
    "steep, all near": (
        "steep, np.asfortranarray(draw(1, 40_000, 'f8').repeat(320, 0))",
        320 * 320 + 320 * 40_000,
    ),
    "mixed, near": (
        "relu, draw(600, 20_000, 'f8'), sp.csr_matrix(draw(600, 20_000, 'f8'))",
        600 * 600 + 600 * 40_000,
    ),
}


@pytest.mark.parametrize("kind", PROMISES)
def test_peak_memory_of_the_whole_process(kind: str) -> None:
    call, n_numbers = PROMISES[kind]
    assert run_peak(f"peak({call})") <= 8 * n_numbers + (64 << 20)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LARGE)
def test_peak_memory_of_large_inputs(kind: str) -> None:
    call, n_numbers = LARGE[kind]
    assert run_peak(f"peak({call})") <= 8 * n_numbers + (64 << 20)


@pytest.mark.parametrize(
    ("call", "budget"),
    [
        ("draw(300, 40_000, 'i1')", 120),
        ("draw(300, 40_000, 'f8'), rows(200, 40_000, 100)", 120),
        ("rows(400, 40_000, 10)", 60),
    ],
)
def test_budgets_hold_whatever_the_inputs_are(call: str, budget: int) -> None:
    found = run_peak(f"peak(relu, {call}, max_memory='{budget}MB', threads=2)")
    assert found <= 1.05 * budget * 10**6


@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_budget_below_the_copy_of_small_integers_is_refused(is_sparse: bool) -> None:
    x = np.ones((100, 1000), np.int8)
    with pytest.raises(fastntk.MemoryBudgetError, match="copy of the inputs"):
        fastntk.gram(NET, sp.csr_matrix(x) if is_sparse else x, max_memory=800_000)
