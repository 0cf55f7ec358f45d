"""After ``python -m fastntk.warmup`` nothing is left to compile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastntk import InputError, _jit, warmup

ROOT = Path(__file__).parents[1]
WARMUP = ("-m", "fastntk.warmup")
OPS_ONLY = """
from fastntk import warmup
warmup._gram_steps = lambda dtype: ()
print(warmup.warm_up(["float32"], print))
"""
# Kernels that no step of the warmup compiled.
MISSED = """
import os, pkgutil
from importlib import import_module
from pathlib import Path
from fastntk import kernels, warmup
assert warmup.warm_up() == 0
folder = Path(os.environ["NUMBA_CACHE_DIR"])
cached = {path.name.partition("-")[0] for path in folder.rglob("*.nbc")}
for info in pkgutil.walk_packages(kernels.__path__, "fastntk.kernels."):
    for value in vars(import_module(info.name)).values():
        if hasattr(value, "py_func"):
            home = value.py_func.__module__.rpartition(".")[2]
            name = f"{home}.{value.py_func.__qualname__}"
            if name not in cached:
                print(name)
"""
CALLS = """
import itertools
import numpy as np
import scipy.sparse as sp
import fastntk
from fastntk import stax

dense = stax.Dense(4, W_std=1.3, b_std=0.1)
block = stax.serial(stax.FanOut(2), stax.parallel(stax.Abs(), stax.Erf()))
join = stax.serial(stax.parallel(dense, dense), stax.FanInSum())
jacot = stax.Dense(4, b_std=0.0, parameterization="standard")
nets = [
    stax.serial(dense, stax.LeakyRelu(0.1), dense),
    stax.serial(stax.Dense(4), stax.Relu(), stax.Dense(1)),
    stax.serial(jacot, stax.Relu(), jacot),
    stax.serial(stax.Dense(4, W_std=1e3), stax.Erf(c=0.5), dense),
    stax.serial(dense, stax.Sign(), dense),
    stax.serial(dense, block, join, dense),
]
rows = np.random.default_rng(7).standard_normal((300, 6))
rows[1], rows[2] = rows[0], -rows[0]
zero = rows.copy()
zero[3] = 0
kinds = [
    lambda x: x,
    np.asfortranarray,
    lambda x: x[::-1],
    lambda x: np.broadcast_to(x, x.shape),
    sp.csr_matrix,
    sp.csc_array,
]
gets = ["nngp", "ntk", ("nngp", "ntk")]
for net, t in itertools.product(nets, ("float32", "float64")):
    for x, get in itertools.product((rows.astype(t), zero.astype(t)), gets):
        fastntk.gram(net, x, get=get)
        fastntk.gram(net, x, x[:20], get=get, threads=1)
    fastntk.diagonal(net, x)
    list(fastntk.tiles(net, x, max_memory="400KiB"))
    for order in "CF":
        fastntk.gram(net, x, out=np.empty((300, 300), t, order))
for a, b in itertools.product(kinds, kinds):
    for s, t, dtype in itertools.product(("float32", "float64"), repeat=3):
        x, y = a(rows[:20].astype(s)), b(rows[:20].astype(t))
        fastntk.gram(nets[3], x, y, dtype=dtype)
"""


def run(
    folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in a new process with its own cache folder."""
    names = {"NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | names | variables,
        cwd=ROOT,
    )


def contents(folder: Path) -> dict[Path, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def test_a_second_run_finds_everything_cached(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first = run(folder, "-c", OPS_ONLY)
    assert first.returncode == 0, first.stderr
    assert "float32  op abrelu: " in first.stdout
    n_ops = len(list(folder.rglob("*.nbc")))
    assert f"{n_ops} functions compiled, in" in first.stdout
    assert first.stdout.split()[-1] == str(n_ops)
    before = contents(folder)
    second = run(folder, "-c", OPS_ONLY)
    assert second.stdout.startswith("everything was cached already, in ")
    assert f"the cache folder is {folder}" in second.stdout
    assert second.stdout.split()[-1] == "0"
    assert contents(folder) == before


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(tmp_path / "file" / "cache", *WARMUP)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the cache folder")
    assert "cannot be written (Not a directory); set NUMBA" in done.stderr


def test_a_disk_that_fills_up_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_jit, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(_jit, "cache_problem", lambda: "the disk is full")
    for steps in ("_op_steps", "_gram_steps"):
        monkeypatch.setattr(warmup, steps, lambda dtype: ())
    lines: list[str] = []
    with pytest.raises(InputError, match="not all kernels are kept: the disk is full"):
        warmup.warm_up(report=lines.append)
    assert lines == []


def test_no_home_directory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_jit, "cache_folder", lambda: None)
    monkeypatch.setattr(_jit, "cache_problem", lambda: "there is no home directory")
    message = "no cache folder: there is no home directory; set NUMBA_CACHE_DIR"
    with pytest.raises(InputError, match=message):
        warmup.warm_up()


def test_without_the_jit_there_is_nothing_to_compile(tmp_path: Path) -> None:
    done = run(tmp_path / "cache", *WARMUP, NUMBA_DISABLE_JIT="1")
    assert done.returncode == 1
    assert "NUMBA_DISABLE_JIT is set" in done.stderr


def test_an_unknown_dtype_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path / "cache", *WARMUP, "--dtype", "float16")
    assert done.returncode == 2
    assert "invalid choice: 'float16'" in done.stderr


@pytest.mark.slow
def test_nothing_is_left_to_compile(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    done = run(folder, *WARMUP, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    before = contents(folder)
    missed = run(folder, "-c", MISSED)
    assert (missed.returncode, missed.stdout) == (0, ""), missed.stderr
    after = run(folder, "-c", CALLS)
    assert after.returncode == 0, after.stderr
    assert not {path.name for path in contents(folder).keys() - before.keys()}
    assert contents(folder) == before
