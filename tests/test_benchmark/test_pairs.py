"""Pairs of programs in rounds: how many there are, and what their ratio says."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest

from fastntk.benchmark.pairs import MOST, NEAR, in_rounds


class Busy:
    """A program of 1/8 s that a busy machine makes slower, for some rounds on end."""

    def __init__(self, seconds: float, seed: int) -> None:
        self.seconds = seconds
        self._rng = np.random.default_rng(seed)
        self._left = 0
        self._slow = 1.0

    def __call__(self) -> float:
        if not self._left:
            self._left = int(self._rng.integers(1, 8))
            self._slow = float(self._rng.choice([1.0, 1.7]))
        self._left -= 1
        return self.seconds * self._slow * (1.0 + 0.02 * float(self._rng.exponential()))


def test_steady_runs_take_the_rounds_asked_for() -> None:
    pair = in_rounds({"a": (lambda: 0.5, lambda: 1.0)}, 9, pause=0.0)["a"]
    assert len(pair.ratios) == len(pair.ours.seconds) == 9
    assert pair.ratio == 2.0 and pair.spread == 0.0 and pair.is_confirmed


def test_short_programs_are_repeated() -> None:
    pair = in_rounds({"a": (lambda: 0.03, lambda: 1.0)}, 5, pause=0.0)["a"]
    assert len(pair.ours.seconds) == 4 * 5 and len(pair.theirs.seconds) == 5


@pytest.mark.parametrize("seed", range(10))
def test_slow_moments_do_not_change_the_ratio(seed: int) -> None:
    runs = {"a": (Busy(0.5, seed), Busy(1.5, seed + 100))}
    pair = in_rounds(runs, 9, pause=0.0)["a"]
    assert pair.is_confirmed and 9 <= len(pair.ratios) <= MOST
    assert pair.ratio == pytest.approx(3.0, rel=NEAR)


def test_what_is_not_confirmed_takes_more_rounds() -> None:
    falling = iter(np.linspace(10.0, 1.0, MOST).tolist())  # a new best every time
    pair = in_rounds({"a": (lambda: 0.5, lambda: next(falling))}, 5, pause=0.0)["a"]
    assert len(pair.ratios) == MOST and not pair.is_confirmed


def test_time_ends_what_noise_would_not() -> None:
    falling = iter(np.linspace(10.0, 1.0, MOST).tolist())
    runs = {"a": (lambda: 0.5, lambda: next(falling)), "b": (lambda: 1.0, lambda: 2.0)}
    pairs = in_rounds(runs, 5, pause=0.0, limit=0.0)
    assert [len(pair.ratios) for pair in pairs.values()] == [3, 3]


def test_pairs_take_turns() -> None:
    order: list[str] = []

    def run(name: str) -> float:
        order.append(name)
        return 1.0

    in_rounds(
        {k: (lambda k=k: run(k), lambda k=k: run(k.upper())) for k in "ab"},  # type: ignore[misc]
        2,
        pause=0.0,
    )
    assert "".join(order[:8]) == "aAbBaAbB"


FAULTS = """
import resource
import numpy as np
from fastntk.benchmark.kept_memory import kept_memory


def faults():  # of writing 48 MiB into a new array
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.empty(3 << 24, np.uint8).fill(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


with kept_memory() as is_kept:
    assert is_kept
    faults()
    print(max(faults() for _ in range(3)))
faults()
print(min(faults() for _ in range(3)))
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc's memory is meant"
)
def test_kept_memory_is_not_cleared_again() -> None:
    command = [sys.executable, "-c", FAULTS]  # a heap without holes
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kept, usual = map(int, done.stdout.split())
    assert kept == 0 < usual
