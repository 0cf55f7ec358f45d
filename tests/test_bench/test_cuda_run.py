"""The program `bench.cuda` without a GPU: time, errors, names, solves, rivals."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fastntk
from bench.cuda import __main__ as program
from bench.cuda import clock, figures, rivals, solving
from bench.cuda.count import Count
from bench.cuda.figures import FIGURES, Figure, Run
from bench.cuda.inputs import error_of, rows
from bench.cuda.recursion import ntk
from bench.cuda.solving import Deadline, solve
from bench.nets import build
from fastntk import stax
from fastntk.backends.cuda.info import why_unusable


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose card does everything at once."""
    monkeypatch.setattr(program, "why_unusable", lambda: None)
    monkeypatch.setattr(program, "_machine", lambda: {"cuda device 0": "Card, 1 GiB"})
    monkeypatch.setattr(program, "_checks", lambda seconds: 1 / 0)
    monkeypatch.setattr(program, "_ceilings", lambda: {"copy_bytes_per_s": 2.0})
    monkeypatch.setattr(clock, "tidy", lambda: None)


def take(monkeypatch: pytest.MonkeyPatch, **named: Figure) -> None:
    """Put other figures in the place of those of the program."""
    monkeypatch.setattr(figures, "FIGURES", named)


def good(run: Run) -> dict[str, Any]:
    """A figure that holds."""
    return {"asked": "-", "seconds": run.ceilings["copy_bytes_per_s"], "holds": True}


def broken(run: Run) -> dict[str, Any]:
    raise RuntimeError("launch failed\nmore of it")


def record_of(folder: Path) -> Any:
    return json.loads((folder / "cuda.json").read_text())


def test_without_a_card(capsys: pytest.CaptureFixture[str]) -> None:
    if why_unusable() is None:
        pytest.skip("there is a GPU, or the simulator")
    assert program.main([]) == 2
    assert "no GPU can be used here" in capsys.readouterr().out


@pytest.mark.usefixtures("card")
def test_an_error_leaves_the_other_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(monkeypatch, a=Figure(broken, 1.0), b=Figure(good, 1.0), c=Figure(good, 1e6))
    assert program.main(["--results", str(tmp_path)]) == 1
    found = record_of(tmp_path)
    assert found["figures"]["a"]["error"] == "RuntimeError: launch failed"
    expected = {"asked": "-", "seconds": 2.0, "holds": True}
    assert found["figures"]["b"] == expected | {"what": "A figure that holds."}
    assert "no time left" in found["figures"]["c"]["error"]
    assert found["checks"]["error"].startswith("ZeroDivisionError")
    assert 0 < found["seconds_in_all"] < 60


@pytest.mark.usefixtures("card")
def test_some_figures_without_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take(monkeypatch, a=Figure(broken, 1.0), b=Figure(good, 1.0))
    assert program.main(["--results", str(tmp_path), "--only", "b"]) == 0
    assert set(record_of(tmp_path)["figures"]) == {"b"}
    assert "checks" not in record_of(tmp_path)
    assert program.main(["--only", "x", "b"]) == 2
    assert "no figure x; expected some of a, b" in capsys.readouterr().out


@pytest.mark.usefixtures("card")
def test_a_kill_loses_only_the_figure_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(run: Run) -> dict[str, Any]:
        raise SystemExit

    take(monkeypatch, a=Figure(good, 1.0), b=Figure(killed, 1.0))
    with pytest.raises(SystemExit):
        program.main(["--results", str(tmp_path)])
    found = record_of(tmp_path)["figures"]
    assert found["a"]["holds"] is True
    assert found["b"]["error"] == program.UNFINISHED
    assert program.UNFINISHED in (tmp_path / "cuda.md").read_text()


def test_the_default_leaves_a_margin_and_the_million_comes_last() -> None:
    assert program._options([]).seconds == program.SECONDS <= 560
    assert list(FIGURES)[-1] == "solve-million"
    assert sum(figure.seconds for figure in FIGURES.values()) < program.SECONDS
    assert program._options(["--only", "a", "--seconds", "700"]).seconds == 700


@pytest.mark.parametrize("name", ["solve_200k", "solve_million"])
def test_solves_get_what_is_left(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(figures, "solve", lambda *args: told.append(args))
    getattr(figures, name)(Run({}, lambda: 200.0))
    assert told[0][2] == (80.0 if name == "solve_200k" else 200.0 - figures.ENDING)


# --- solves ---------------------------------------------------------------------------


def test_a_solve_that_has_time() -> None:
    found = solve(300, 60.0, 1000.0, backend="cpu")
    assert found["holds"] is True
    assert "note" not in found
    assert found["residual"] <= solving.RTOL
    assert found["iterations"] > 0


def test_a_solve_that_is_stopped() -> None:
    found = solve(300, 60.0, 1e-3, backend="cpu")
    assert found["holds"] is None
    assert found["iterations"] == 1
    assert found["residual"] > solving.RTOL
    words = f"residual {found['residual']:.2g} after 1 iterations"
    assert found["note"] == f"not finished in the 0 s that were left; {words}"
    assert solve(300, 1e-9, 1e-3, backend="cpu")["holds"] is False


def test_a_deadline_leaves_time_for_the_last_residual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("bench.cuda.solving.time.monotonic", lambda: now[0])
    deadline = Deadline(100.0)
    stopped = []
    for now[0] in (10.0, 12.0, 14.0, 86.0):
        stopped.append(deadline(SimpleNamespace(seconds=2.0)))
    assert stopped == [False, False, False, True]  # 1.5 times 72 s
    assert deadline.iteration == 2.0
    other = Deadline(13.0)
    now[0] += 1.0
    assert not other(SimpleNamespace(seconds=1.9))
    now[0] += 1.0
    assert not other(SimpleNamespace(seconds=2.0))
    now[0] += 6.0
    assert other(SimpleNamespace(seconds=2.0))


# --- rivals ---------------------------------------------------------------------------


def test_the_recursion_of_the_rivals() -> None:
    x, net = rows(60, 30), build(stax, "relu-3", 30)
    wide = x.astype(float)
    found = ntk(wide @ wide.T, (wide * wide).sum(1), 30, 3, np)
    apart = ~np.eye(60, dtype=bool)
    exact = np.diag(fastntk.diagonal(net, wide))
    assert error_of(net, x, np.where(apart, found, exact)) < 1e-12
    assert error_of(net, x, found * 1.01) > 1e-3
    assert error_of(net, x, np.where(apart, found, np.nan)) == np.inf


def fake(x: np.ndarray, some: np.ndarray, depth: int) -> rivals.Measured:
    return 3.0, fastntk.gram(build(stax, "relu-3", 784), x[some]), "a library"


def test_a_rival_beside_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "_gram", lambda n, d: (1.0, {"error": 1e-7}))
    found = figures._beside("torch", fake, n=300)
    assert (found["seconds"], found["torch_seconds"], found["share"]) == (1.0, 3.0, 3.0)
    assert found["torch_error"] < 1e-5
    assert found["note"].startswith("a library: 3 s, ")


def test_a_rival_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, measure in (
        ("torch", rivals.measure_torch),
        ("jax", rivals.measure_jax),
    ):
        monkeypatch.setitem(sys.modules, name, None)
        found = figures._beside(name, measure, n=300)
        assert "is not installed" in found["note"]
        assert "holds" not in found


# --- figures --------------------------------------------------------------------------


class Library:
    """CuPy, as far as the products of the ceilings use it, with a rounding error."""

    def __init__(self, error: float) -> None:
        self._error = error

    asarray = staticmethod(np.asarray)
    asnumpy = staticmethod(np.asarray)
    empty = staticmethod(np.empty)

    def get_default_memory_pool(self) -> Any:
        return SimpleNamespace(free_all_blocks=lambda: None)

    def matmul(self, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        out[:2, :2] = a[:2].astype(float) @ b[:, :2] + self._error


def test_ceilings(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(work: Callable[[], Any], repeats: int = 5) -> tuple[float, list[float]]:
        work()
        return 0.5, [0.5] * repeats

    monkeypatch.setattr(clock, "_bandwidths", lambda: (2.0, 1.0))
    monkeypatch.setattr(clock, "_issue_rate", lambda: 3.0)
    monkeypatch.setattr(clock, "median_seconds", once)
    monkeypatch.setattr(clock, "SIDES", (("float32", 64), ("float64", 32)))
    found = clock.ceilings(Library(0.0))
    assert found["float32_product_flop_per_s"] == 2 * 64**3 / 0.5
    assert found["float64_product_flop_per_s"] == 2 * 32**3 / 0.5
    found = clock.ceilings(Library(0.004))  # as TF32 would be
    assert "the product in float32 is 0.004 off" in found["matrix products"]
    assert found["copy_bytes_per_s"] == 2.0
    assert "CuPy is missing" in clock.ceilings(None)["matrix products"]


def test_a_floor_that_is_not_known_does_not_fail() -> None:
    found = figures._figure(">= 60 %", float("nan"), 0.6, 1.0, {})
    assert found["holds"] is None
    assert found["note"] == "no matrix product was measured"
    assert figures._figure(">= 60 %", 0.7, 0.6, 1.0, {})["holds"]
    assert not figures._figure(">= 60 %", 0.5, 0.6, 1.0, {})["holds"]


class Device:
    """Arrays of a device that is the host."""

    def to_device(self, x: np.ndarray) -> np.ndarray:
        return x

    def get_current_device(self) -> Any:
        return SimpleNamespace(compute_capability=(9, 0))


class OnHost(np.ndarray):
    def copy_to_host(self) -> np.ndarray:
        return np.asarray(self)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure on the host what is meant for the device."""

    def unwritten(n: int, columns: int) -> OnHost:
        return np.full((n, columns), np.nan, np.float32).view(OnHost)

    def once(work: Callable[[], Any], repeats: int = 5) -> tuple[float, list[float]]:
        work()
        return 0.5, [0.5] * repeats

    job = SimpleNamespace(fill=lambda outs: None)
    monkeypatch.setattr(figures, "cuda", Device)
    monkeypatch.setattr(figures, "unwritten", unwritten)
    monkeypatch.setattr(figures, "median_seconds", once)
    monkeypatch.setattr(figures, "seconds", lambda work: once(work)[0])
    monkeypatch.setattr(figures, "DeviceGram", lambda *args: job)
    for name in ("gram", "operator"):
        monkeypatch.setattr(fastntk, name, on_cpu(getattr(fastntk, name)))


def on_cpu(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        return function(*args, **options | {"backend": "cpu"})

    return call


RATES = {
    "write_bytes_per_s": 1e12,
    "float32_instructions_per_s": 1e12,
    "float32_product_flop_per_s": 1e12,
}


@pytest.mark.usefixtures("host")
def test_figures_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = Count(100.0, 110.0, 200.0, {"FFMA": 100.0}, 64, "sass")
    monkeypatch.setattr(figures, "count_pairs", lambda *args, **options: fixed)
    run = Run(RATES, lambda: 100.0)
    for figure in (figures.gram_784, figures.gram_20, figures.product):
        found = figure(run, n=300)
        assert found["error"] < 1e-5
        assert found["floor_s"] > 0
        assert found["holds"] is False
    assert found["instructions"]["source"] == "sass"
    assert found["issuing_s_per_pair"] == 200 / 1e12
    assert figures.host_stream(run, n=300)["seconds"] == 0.5
    assert figures.against_cpu(run, n=300)["cpu_seconds"] > 0


@pytest.mark.usefixtures("host")
def test_a_wrong_result_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "error_of", lambda *args: 2e-5)
    with pytest.raises(AssertionError, match="the result is wrong: 2e-05"):
        figures.gram_784(Run(RATES, lambda: 100.0), n=300)
