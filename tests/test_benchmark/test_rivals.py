"""Other libraries: their processes, their environments, and what is compared."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import FastntkError, InputError, NotSupportedError, stax
from fastntk.benchmark import Settings
from fastntk.benchmark.rivals import environments as rivals
from fastntk.benchmark.rivals.compare import (
    Comparison,
    compared,
    deviation,
    deviation_of_product,
    relu_depth,
    same_function,
)
from fastntk.benchmark.rivals.environments import Rival, UnableError

PYTHON = Path(sys.executable)
PLAIN: dict[str, Any] = {"W_std": 1.3, "b_std": 0.2}


def serial(*activations: Any) -> stax.Network:
    layers = [part for a in activations for part in (stax.Dense(8, **PLAIN), a)]
    return stax.serial(*layers, stax.Dense(1, **PLAIN))


@pytest.mark.parametrize("get", ["ntk", "nngp"])
@pytest.mark.parametrize(
    "activation",
    [
        stax.Relu(),
        stax.LeakyRelu(0.3),
        stax.ABRelu(-0.5, 1.2),
        stax.Abs(),
        stax.Erf(),
        stax.Erf(a=1.5, b=0.7, c=0.1),
        stax.Sin(),
        stax.Sin(a=1.1, b=0.6, c=0.4),
    ],
    ids=str,
)
def test_the_numpy_version_computes_the_same(
    activation: Any, get: str, rng: np.random.Generator
) -> None:
    net = serial(activation, activation)
    x, other = rng.normal(size=(12, 5)), rng.normal(size=(7, 5))
    columns = rng.normal(size=(12, 2))
    with Rival("numpy", PYTHON, 1, True) as rival:
        rival.prepare(net.spec.to_dict(), x, other, columns, get)
        comparison = Comparison("numpy", rival, net)
        arrays = x, other, columns
        whole = fastntk.gram(net, x, get=get)
        cross = fastntk.gram(net, x, other, get=get)
        assert compared(comparison, "gram", whole, arrays, get) < 1e-7
        assert compared(comparison, "rectangular", cross, arrays, get) < 1e-12
        product = whole @ columns
        assert compared(comparison, "streamed product", product, arrays, get) < 1e-7


def test_a_rivals_process_answers_every_request(rng: np.random.Generator) -> None:
    net, x = serial(stax.Relu()), rng.normal(size=(10, 3))
    with Rival("numpy", PYTHON, 1, True) as rival:
        versions = rival.ask("versions")
        assert versions["packages"]["numpy"] == np.__version__
        rival.prepare(net.spec.to_dict(), x, x, x, "ntk")
        assert rival.seconds("gram") > 0.0
        memory = rival.ask("memory", case="gram")
        assert memory["result"] == 10 * 10 * 8
        with pytest.raises(FastntkError, match="numpy failed: KeyError"):
            rival.seconds("no such case")
        assert rival.seconds("gram") > 0.0  # it goes on


def test_what_a_rival_cannot_compute_is_said(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 3))
    standard = stax.Dense(4, parameterization="standard")
    with Rival("numpy", PYTHON, 1, True) as rival:
        for net, words in (
            (serial(stax.Gelu()), "has no Gelu"),
            (stax.serial(standard, stax.Relu()), "no standard parameterization"),
        ):
            with pytest.raises(UnableError, match=words):
                rival.prepare(net.spec.to_dict(), x, x, x, "ntk")


def test_a_process_that_dies_is_an_error(rng: np.random.Generator) -> None:
    rival = Rival("numpy", PYTHON, 1, True)
    rival._process.kill()
    rival._process.wait()
    with pytest.raises(FastntkError, match="process of numpy ended with code -9"):
        rival.ask("versions")
    rival.close()


def test_the_worker_needs_nothing_of_fastntk(tmp_path: Path) -> None:
    code = f"import runpy; runpy.run_path({str(rivals.WORKER)!r}); import sys; "
    code += "print('fastntk' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_rival_is_one_of_those_known() -> None:
    with pytest.raises(InputError, match="found 'jax'; expected one of neural-tang"):
        Rival("jax", PYTHON, 1, True)


# --- environments ---------------------------------------------------------------------


def test_numpy_runs_in_this_python() -> None:
    assert rivals.find_python("numpy") == PYTHON


def test_environments_lie_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = rivals.environment_folder("scikit-ntk")
    assert folder.parent == tmp_path / "fastntk" / "rivals"
    assert folder != rivals.environment_folder("neural-tangents")
    assert rivals.find_python("scikit-ntk") is None


def test_an_environment_without_the_library(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't import neural_tangents; expected"):
        rivals.find_python("neural-tangents", tmp_path)
    with pytest.raises(InputError, match="can't import no_such_module"):
        old = rivals.MODULES["neural-tangents"]
        try:
            rivals.MODULES["neural-tangents"] = "no_such_module"
            rivals.find_python("neural-tangents", PYTHON)
        finally:
            rivals.MODULES["neural-tangents"] = old


def test_an_environment_is_made_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a library that is a folder here, so that pip needs no network."""
    source = tmp_path / "source"
    (source / "tiny_rival").mkdir(parents=True)
    (source / "tiny_rival" / "__init__.py").write_text("")
    wheel = _wheel(source)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(rivals.REQUIREMENTS, "scikit-ntk", (str(wheel),))
    monkeypatch.setitem(rivals.MODULES, "scikit-ntk", "tiny_rival")
    python = rivals.make_environment("scikit-ntk")
    assert rivals.find_python("scikit-ntk") == python
    folder = rivals.environment_folder("scikit-ntk")
    assert rivals.find_python("scikit-ntk", folder) == python


def _wheel(source: Path) -> Path:
    """Return a wheel of the folder, written by hand: no build tools are needed."""
    from zipfile import ZipFile

    wheel = source.parent / "tiny_rival-1.0-py3-none-any.whl"
    info = "tiny_rival-1.0.dist-info"
    files = {
        "tiny_rival/__init__.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny_rival\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in files)
    with ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def test_an_environment_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **options: Any) -> Any:
        words = "warning\nERROR: no network\n"
        return subprocess.CompletedProcess(command, int("pip" in command), "", words)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("fastntk.benchmark.rivals.environments.subprocess.run", run)
    with pytest.raises(FastntkError, match="ERROR: no network") as caught:
        rivals.make_environment("scikit-ntk")
    assert "pip install scikit-ntk" in str(caught.value)
    assert not rivals.environment_folder("scikit-ntk").exists()


def test_a_python_too_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rivals.PYTHONS, "neural-tangents", ((3, 1), (3, 2)))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(NotSupportedError, match=r"needs Python 3.1 to 3.2; this is"):
        rivals._base_python("neural-tangents")
    monkeypatch.setattr("shutil.which", lambda name: f"/there/{name}")
    assert rivals._base_python("neural-tangents") == Path("/there/python3.2")


def test_threads_are_held_in_the_environment() -> None:
    found = rivals.worker_environment(3)
    assert found["OMP_NUM_THREADS"] == "3" and found["PATH"] == os.environ["PATH"]
    command = rivals.pinned(["program"], 1)
    assert command[-1] == "program"


# --- what is compared -----------------------------------------------------------------


def test_scikit_ntk_is_compared_on_its_own_function() -> None:
    net = serial(stax.Relu(), stax.Relu())
    found = same_function("scikit-ntk", Settings(net=net, d=6))
    assert found.is_own_function and found.depth == 2
    assert found.scale == pytest.approx(1.0 / 6.0)
    erf = same_function("scikit-ntk", Settings(net=serial(stax.Erf())))
    assert "ReLU networks, and nothing else" in erf.unable
    nngp = same_function("scikit-ntk", Settings(net=net, get="nngp"))
    assert nngp.unable
    assert not same_function("numpy", Settings(net=net)).is_own_function


def test_the_function_of_scikit_ntk() -> None:
    """Its recursion, written out: T = S + 1; S' = 2 k(S), T' = 2 k'(S) T + S' + 1."""
    x = np.random.default_rng(0).normal(size=(6, 4))
    found = same_function("scikit-ntk", Settings(net=serial(stax.Relu()), d=4))
    s = x @ x.T
    t, norms = s + 1.0, np.sqrt(np.diag(s))
    r = np.outer(norms, norms)
    angle = np.arccos(np.clip(s / r, -1.0, 1.0))
    s = r * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi
    t = t * (np.pi - angle) / np.pi + s + 1.0
    expected = t / 4.0  # 2 (depth + 1)
    ours = fastntk.gram(found.net, x)
    np.testing.assert_allclose(ours * found.scale, expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("net", "depth"),
    [
        (serial(stax.Relu(), stax.Relu(), stax.Relu()), 3),
        (stax.serial(stax.Dense(1)), 0),
        (serial(stax.Erf()), None),
        (stax.serial(stax.Dense(3), stax.Relu()), None),
    ],
)
def test_plain_relu_networks_are_recognised(net: Any, depth: int | None) -> None:
    assert relu_depth(net) == depth


def test_deviations_are_relative_to_the_diagonals() -> None:
    ours = np.array([[4.0, 2.0], [2.0, 9.0]])
    theirs = 2.0 * ours
    theirs[0, 1] += 2.0 * 0.6
    roots = np.array([2.0, 3.0]), np.array([2.0, 3.0])
    assert deviation(ours, theirs, roots, 2.0) == pytest.approx(0.1)
    assert deviation(ours, 2.0 * ours, roots, 2.0) == 0.0
    columns = np.array([[1.0], [-1.0]])
    product = ours @ columns
    gap = deviation_of_product(product, product + 0.5, columns, roots, 1.0)
    assert gap == pytest.approx(0.5 / (2.0 * 5.0))
