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
import resource
import numpy as np
import fastntk
from fastntk import stax

layer = stax.serial(stax.Dense(8, W_std=1.4, b_std=0.1), stax.Relu())
net = stax.serial(stax.repeat(layer, 3), stax.Dense(1))
x = np.random.default_rng(0).standard_normal((8000, 784))
fastntk.gram(net, x[:500])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
value = fastntk.gram(net, x)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(1024 * (after - before) - value.nbytes - x.nbytes)
"""


@pytest.mark.slow
def test_peak_memory_of_the_whole_process() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PEAK],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert int(run.stdout) <= 64 << 20
