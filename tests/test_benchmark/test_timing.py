"""Timing, noise and the machine."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastntk.benchmark import Settings
from fastntk.benchmark.machine import (
    OthersShare,
    available_cores,
    busy_share,
    describe,
    peak_memory,
    reset_peak_memory,
    wait_for_quiet,
)
from fastntk.benchmark.noise import Noise
from fastntk.benchmark.timing import Times, in_turns, looped, stopwatch, timer_cost
from fastntk.stax import Dense


def test_a_stopwatch_times_the_call_and_nothing_else() -> None:
    seconds = stopwatch(lambda: time.sleep(0.01))()
    assert 0.01 <= seconds < 0.1
    assert 0.0 < timer_cost() < 1e-4


def test_short_calls_are_repeated_and_long_ones_are_not() -> None:
    calls = []
    run = looped(lambda: calls.append(None), target=1e-3)
    calls.clear()
    assert 0.0 < run() < 1e-3
    assert len(calls) > 10
    calls.clear()

    def slow() -> None:
        calls.append(None)
        time.sleep(0.01)

    run = looped(slow, target=1e-3)
    assert len(calls) == 1
    run()
    assert len(calls) == 2


def test_runs_take_turns() -> None:
    order = []

    def run_of(name: str) -> float:
        order.append(name)
        return float(len(order))

    runs = {name: (lambda name=name: run_of(name)) for name in "abc"}
    times = in_turns(runs, 3, at_most={"c": 1}, pause=0.0)
    assert "".join(order) == "abcabab"
    assert times["a"].seconds == [1.0, 4.0, 6.0] and times["c"].seconds == [3.0]
    assert all(found.spent >= 0.0 for found in times.values())


def test_long_runs_are_repeated_less() -> None:
    def slow() -> float:
        time.sleep(0.02)
        return 0.02

    times = in_turns({"slow": slow}, 9, pause=0.0, enough=0.03)
    assert len(times["slow"].seconds) == 2


@given(st.lists(st.floats(0.1, 10.0), min_size=1, max_size=30))
def test_the_spread_has_the_unit_of_the_median(seconds: list[float]) -> None:
    times, scaled = Times(seconds), Times([3.0 * s for s in seconds])
    assert times.best <= times.median <= max(seconds)
    assert 0.0 <= times.spread
    assert scaled.spread == pytest.approx(times.spread)
    assert Times([seconds[0]] * 5).spread == 0.0


def test_one_slow_run_of_many_leaves_the_spread_alone() -> None:
    assert Times([1.0] * 7 + [9.0]).spread == 0.0
    assert Times([1.0, 9.0]).spread > 0.5


# --- the machine ----------------------------------------------------------------------


def test_the_machine_is_described() -> None:
    found = describe()
    assert found["cores"] == available_cores() <= found["cores_all"]
    assert found["packages"]["numpy"][0].isdigit()
    assert found["blas"] and found["blas"][0]["num_threads"] >= 1
    assert isinstance(found["simd"], list)


def test_other_processes_are_told_from_this_one() -> None:
    share = OthersShare()
    end = time.perf_counter() + 0.3
    while time.perf_counter() < end:
        pass
    assert 0.0 <= share() <= 1.0
    assert 0.0 <= busy_share(0.05) <= 1.0
    assert wait_for_quiet(limit=1.1) <= 1.1


def test_peak_memory_counts_from_the_reset() -> None:
    before = reset_peak_memory()
    if before is None:
        pytest.skip("needs Linux to reset the high-water mark")
    block = bytearray(os.urandom(1 << 20)) * 64
    peak = peak_memory()
    del block
    assert peak is not None and peak - before >= 60 << 20
    reset_peak_memory()
    again = peak_memory()
    assert again is not None and again < peak


# --- warnings -------------------------------------------------------------------------


def settings(**changes: object) -> Settings:
    return Settings(net=Dense(1), threads=1, **changes)  # type: ignore[arg-type]


def test_a_quiet_run_has_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    monkeypatch.setattr(
        "fastntk.benchmark.noise.describe", lambda: {"governor": "unknown"}
    )
    noise = Noise()
    noise.waited("ceilings", 0.01)
    noise.timed("gram", {"fastntk": Times([1.0, 1.01, 1.02], others=0.02)})
    assert noise.words(settings()) == []


def test_noise_is_said_with_the_stage_and_the_amount(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setattr(
        "fastntk.benchmark.noise.describe", lambda: {"governor": "powersave"}
    )
    noise = Noise()
    noise.timed("gram", {"a": Times([1.0, 2.0], others=0.4), "b": Times([1.0, 1.0])})
    found = noise.words(settings())
    assert "took up to 40% of the machine (gram)" in found[0]
    assert "1 of 2 timings" in found[1] and "(gram: a)" in found[1]
    assert "governor is powersave" in found[2]
    assert "OPENBLAS_CORETYPE=Haswell" in found[3]


def test_more_threads_than_cores() -> None:
    many = available_cores() + 1
    found = Noise().words(Settings(net=Dense(1), threads=many))
    assert any(f"{many} threads on {many - 1} cores" in words for words in found)
