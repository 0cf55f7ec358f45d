"""Several processes and one cache folder, some of them killed while they compile."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPS_ONLY = """
import ctypes, sys
import numpy as np
from fastntk._jit import JIT_ENABLED
from fastntk.kernels.cpu.known import known_panel
from fastntk.kernels.cpu.ops import OPS

function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 7)
n_loaded = 0
for name in ("dropout", "abrelu", "sign"):
    panel = known_panel(np.dtype(sys.argv[1]))
    if JIT_ENABLED:
        address = OPS[name].address(panel[0].dtype)
        function(address)(*(part.ctypes.data for part in panel))
        n_loaded += OPS[name].compiled(panel[0].dtype).cache_hits
    else:
        OPS[name].body(*panel)
    print(" ".join(f"{value:.5f}" for value in panel[0][:128] + 0.0))
print(n_loaded)
"""
GRAM = """
import sys
import numpy as np
import fastntk
from fastntk import stax

x = np.random.default_rng(0).standard_normal((24, 5)).astype(sys.argv[1])
net = stax.serial(stax.Dense(8, b_std=0.1), stax.Relu(), stax.Dense(1))
print(" ".join(f"{value:.4f}" for value in fastntk.gram(net, x).ravel()))
"""
WARNED = """
import numpy as np
from fastntk.kernels.checksum import fold_words
from fastntk.kernels.cpu.ops import OPS

words, lanes = np.arange(64, dtype=np.uint64), np.zeros(32, np.uint64)
fold_words(words, lanes)
OPS["copy"].compiled(np.dtype("float64"))
print(lanes.any())
"""


def start(
    script: str, *arguments: str, cache: Path, **variables: str
) -> subprocess.Popen[str]:
    names = {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | names | variables,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(process: subprocess.Popen[str]) -> list[str]:
    out, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    return out.splitlines()


def first_file(cache: Path, ending: str) -> None:
    """Wait for the first file of a kind."""
    end = time.monotonic() + 120
    while not any(cache.rglob(f"*.{ending}")) and time.monotonic() < end:
        time.sleep(0.01)


def test_two_processes_of_which_one_is_killed(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    killed = start(OPS_ONLY, "float64", cache=cache)
    first_file(cache, "lock")  # it compiles, and holds this lock
    others = [start(OPS_ONLY, dtype, cache=cache) for dtype in ("float32", "float64")]
    time.sleep(random.uniform(0.0, 1.0))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    for other, dtype in zip(others, ("float32", "float64"), strict=True):
        interpreted = start(OPS_ONLY, dtype, cache=cache, NUMBA_DISABLE_JIT="1")
        later = start(OPS_ONLY, dtype, cache=cache)
        expected = lines(interpreted)[:-1]
        assert lines(other)[:-1] == expected
        assert lines(later) == [*expected, "3"]  # all of them from the cache


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_eight_processes_killed_at_random(tmp_path: Path, seed: int) -> None:
    cache, dtypes = tmp_path / "cache", ("float32", "float64")
    expected = {
        dtype: lines(start(GRAM, dtype, cache=tmp_path / "own")) for dtype in dtypes
    }
    chance = random.Random(seed)
    processes = [start(GRAM, dtypes[k % 2], cache=cache) for k in range(8)]
    first_file(cache, "lock")
    for k in chance.sample(range(8), 5):
        time.sleep(chance.uniform(0.0, 3.0))
        processes[k].kill()
    for k, process in enumerate(processes):
        out, errors = process.communicate(timeout=600)
        if process.returncode != -signal.SIGKILL:
            assert (process.returncode, errors) == (0, "")
            assert out.splitlines() == expected[dtypes[k % 2]]
    later = {dtype: lines(start(GRAM, dtype, cache=cache)) for dtype in dtypes}
    assert later == expected
    before = sorted(cache.rglob("*.nbc"))
    assert {dtype: lines(start(GRAM, dtype, cache=cache)) for dtype in dtypes} == later
    assert sorted(cache.rglob("*.nbc")) == before


def test_without_a_folder_there_is_one_warning_at_the_line_of_the_caller(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    process = start(WARNED, cache=tmp_path / "file" / "cache")
    out, errors = process.communicate(timeout=300)
    assert out == "True\n"
    assert errors.startswith("<string>:7: UserWarning: compiled kernels are not kept")
    assert errors.count("UserWarning") == 1
    assert "(Not a directory)" in errors and "Set NUMBA_CACHE_DIR to" in errors
