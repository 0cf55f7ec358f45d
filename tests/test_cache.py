"""Where compiled kernels go, and that the rest of the process does not notice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastntk import _jit

ROOT = Path(__file__).parents[1]
FOLDER = "from fastntk import _jit; print(_jit.cache_folder())"
MOVED = """
import os
from fastntk import _jit
before = _jit.cache_folder()
import numpy as np
from fastntk.kernels.cpu.ops import OPS
os.chdir("/")
OPS["copy"].compiled(np.dtype("float64"))
print(before)
"""
CONCURRENT = """
import sys, threading
import numba
import numpy as np
import fastntk
from fastntk import stax

before = numba.config.CACHE_DIR
sys.setswitchinterval(1e-6)
dense = stax.Dense(4, W_std=1.3, b_std=0.1)
nets = [
    stax.serial(dense, layer, dense)
    for layer in (stax.Relu(), stax.Erf(), stax.Sign(), stax.Abs(), stax.LeakyRelu(0.1))
]
nets.append(stax.serial(stax.FanOut(2), stax.parallel(dense, dense), stax.FanInSum()))
x = np.random.default_rng(0).standard_normal((9, 3))
barrier, results, errors = threading.Barrier(6), [None] * 6, []

def first_use(k):
    try:
        barrier.wait()
        kind = np.float64 if k % 2 else np.float32
        results[k] = fastntk.gram(nets[k], x.astype(kind), threads=1)
    except BaseException as error:
        errors.append(repr(error))

threads = [threading.Thread(target=first_use, args=(k,)) for k in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
same = all(
    np.array_equal(result, fastntk.gram(net, x.astype(result.dtype), threads=1))
    for net, result in zip(nets, results)
    if result is not None
)
print(errors, same, numba.config.CACHE_DIR == before)
"""


def run(script: str, folder: Path, **variables: str) -> str:
    """Run a script in a fresh process in ``folder`` and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def source_hash() -> str:
    return _jit._source_hash()


@pytest.mark.parametrize("times", range(2))
def test_first_use_from_six_threads_leaves_the_setting_alone(
    tmp_path: Path, times: int
) -> None:
    assert run(CONCURRENT, tmp_path) == "[] True True"


def test_kernels_land_below_the_given_folder(tmp_path: Path) -> None:
    base = tmp_path / "kernels"
    folder = Path(run(MOVED, tmp_path, NUMBA_CACHE_DIR=str(base)))
    assert folder.is_relative_to(base)
    assert folder != base
    assert source_hash() in folder.name
    files = [path for path in base.rglob("*") if path.is_file()]
    assert any(path.suffix == ".nbc" for path in files)
    assert all(path.is_relative_to(folder) for path in files)


def test_a_relative_folder_is_made_absolute(tmp_path: Path) -> None:
    """A process that changes its folder keeps the same cache."""
    folder = Path(run(MOVED, tmp_path, NUMBA_CACHE_DIR="kernels"))
    assert folder.is_absolute()
    assert folder.is_relative_to(tmp_path / "kernels")
    assert any(path.suffix == ".nbc" for path in folder.rglob("*"))


@pytest.mark.parametrize("variable", ["NUMBA_CACHE_DIR", "XDG_CACHE_HOME"])
def test_a_tilde_is_the_home_folder(tmp_path: Path, variable: str) -> None:
    variables = {"HOME": str(tmp_path), "NUMBA_CACHE_DIR": "", variable: "~/kernels"}
    folder = Path(run(FOLDER, tmp_path, **variables))
    assert folder.is_relative_to(tmp_path / "kernels")
    assert not (tmp_path / "~").exists()


def test_without_a_setting_it_is_below_the_home_folder(tmp_path: Path) -> None:
    variables = {"HOME": str(tmp_path), "NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": ""}
    folder = Path(run(FOLDER, tmp_path, **variables))
    assert folder.is_relative_to(tmp_path / ".cache")
    assert source_hash() in folder.name
