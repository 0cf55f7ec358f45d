"""The progress callback tells of a walk while it runs."""

import threading
import time

import numpy as np
import pytest

import fastntk
from tests.networks import RELU, build, mlp

N = 3000
NET = build(mlp(RELU, 250, b_std=0.1))


class Calls:
    """Remembers when, where and with what it was called."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.done: list[int] = []
        self.totals: set[int] = set()
        self.threads: set[int] = set()

    def __call__(self, done: int, total: int) -> None:
        self.times.append(time.perf_counter())
        self.done.append(done)
        self.totals.add(total)
        self.threads.add(threading.get_ident())


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("is_symmetric", [True, False])
def test_a_long_walk_is_reported_as_it_goes(threads: int, is_symmetric: bool) -> None:
    x = np.random.default_rng(24).standard_normal((N, 4))
    fastntk.gram(NET, x[:100], threads=threads)  # compile
    calls = Calls()
    x2 = None if is_symmetric else x[: N // 2].copy()
    start = time.perf_counter()
    fastntk.gram(NET, x, x2, threads=threads, progress=calls)
    duration = time.perf_counter() - start
    total = N * N if is_symmetric else N * (N // 2)
    assert calls.totals == {total}
    assert calls.threads == {threading.get_ident()}
    assert len(calls.times) >= 2
    assert calls.done == sorted(calls.done)
    assert calls.done[-1] == total
    # spread: there are reports of the middle, and no long silence
    assert any(0.1 * total < done < 0.9 * total for done in calls.done)
    gaps = np.diff([start, *calls.times, start + duration])
    assert gaps.max() <= max(0.5 * duration, 0.3)


def test_it_is_not_called_for_every_tile() -> None:
    x = np.random.default_rng(25).standard_normal((N, 4))
    calls = Calls()
    start = time.perf_counter()
    fastntk.gram(NET, x, threads=1, progress=calls)
    # ten a second, the first one, and the last
    assert len(calls.times) <= 10 * (time.perf_counter() - start) + 3
