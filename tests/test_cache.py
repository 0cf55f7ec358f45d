"""Where compiled kernels go, and that the rest of the process does not notice."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fastntk import _jit
from fastntk._jit import sources
from tests.test_house.imports import Module, imports_of, modules_of

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
FIGURE = """
import numpy as np
import fastntk
from fastntk import _jit, stax
net = stax.serial(stax.Dense(4), stax.Sign(), stax.Dense(1))
print(_jit.cache_folder().name, fastntk.gram(net, np.eye(2) + 0.5, get="nngp")[0, 1])
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
    return _jit.source_hash()


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


def test_an_edited_formula_is_compiled_anew(tmp_path: Path) -> None:
    """Numba itself looks at the file of the caller only, which stays as it is."""
    copy = tmp_path / "fastntk"
    shutil.copytree(
        ROOT / "fastntk", copy, ignore=shutil.ignore_patterns("__pycache__")
    )
    kernels = tmp_path / "kernels"

    def figure(**variables: str) -> tuple[str, float]:
        own = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(kernels)}
        folder, number = run(FIGURE, tmp_path, **own, **variables).split()
        return folder, float(number)

    def compiled() -> set[Path]:
        return set(kernels.rglob("*.nbc"))

    before, first = figure(), compiled()
    assert first
    assert (figure(), compiled()) == (before, first)  # all of it from the cache
    formulas = copy / "kernels" / "formulas" / "pairs.py"
    text = formulas.read_text()
    assert text.count("like(x, 2.0 / math.pi) * theta") == 1  # in `sign_pair`
    formulas.write_text(
        text.replace("2.0 / math.pi) * theta", "1.75 / math.pi) * theta")
    )
    (folder, number), (other, interpreted) = figure(), figure(NUMBA_DISABLE_JIT="1")
    assert number == pytest.approx(interpreted, rel=1e-14)
    assert folder == other
    assert folder != before[0]
    assert abs(number - before[1]) > 0.01
    new = compiled() - first
    assert {path.name for path in new} == {path.name for path in first}
    assert all(folder in path.parts for path in new)


def compiles(module: Module) -> bool:
    """Return whether a module takes from _jit, or Numba, what compiles functions."""
    taken: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            taken |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            taken |= {f"{alias.name}." for alias in node.names}
    names = ("JIT_ENABLED", "cache_folder", "cache_problem", "kernel_hash")
    harmless = {f"fastntk._jit.{name}" for name in names}
    ours = "fastntk._jit"
    return any(
        name == ours or name.startswith((f"{ours}.", "numba.", "llvmlite."))
        for name in taken - harmless
    )


def test_stores_are_held_against_kernels_and_not_against_benchmarks() -> None:
    loops = ROOT / "fastntk" / "benchmark" / "loops.py"
    assert set(_jit.compiled_sources()) - set(sources.kernel_sources()) == {loops}
    assert _jit.kernel_hash() != _jit.source_hash()


def test_every_source_that_is_compiled_is_in_the_hash() -> None:
    root = ROOT / "fastntk"
    hashed = set(_jit.compiled_sources())
    modules = modules_of(root)
    for_gpus = {root / "kernels" / "cuda", root / "backends" / "cuda"}
    compiled = {
        module.path
        for module in modules.values()
        if compiles(module) and for_gpus.isdisjoint(module.path.parents)
    }
    assert len(compiled) > 20
    assert compiled <= hashed
    # And what these import, whose constants are compiled into them.
    files = {name: module.path for name, module in modules.items()}
    asked = {files[b] for a, b, _ in imports_of(root) if files[a] in hashed}
    of_the_cache = {root / "_files.py", root / "_warnings.py"}  # imported by _jit
    assert asked - hashed <= {root / "_typing.py"} | of_the_cache
