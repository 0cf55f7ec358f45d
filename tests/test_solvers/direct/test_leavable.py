"""Calls that an interrupt leaves running."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastntk._resources import left_behind
from fastntk.predict.given.method import choose_method
from fastntk.solvers.direct import leavable as module
from fastntk.solvers.direct.leavable import leavable
from fastntk.solvers.systems import memory_there

LARGE = 10_000  # rows


def interrupt_soon() -> None:
    """Send this process a Ctrl-C in a moment."""
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_results_and_errors_are_those_of_the_function() -> None:
    assert leavable(lambda: 3, 8, LARGE) == 3

    def fails() -> None:
        raise ZeroDivisionError("a bad day")

    with pytest.raises(ZeroDivisionError, match="a bad day"):
        leavable(fails, 8, LARGE)


def test_it_runs_beside_the_main_thread_if_it_may_take_long() -> None:
    here = threading.current_thread()
    assert leavable(threading.current_thread, 8, LARGE) is not here
    assert leavable(threading.current_thread, 8, module.SMALL - 1) is here
    found: list[bool] = []

    def elsewhere() -> None:
        me = threading.current_thread()
        found.append(leavable(threading.current_thread, 8, LARGE) is me)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [True]


def test_without_room_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert leavable(threading.current_thread, 8, LARGE) is threading.main_thread()


def test_an_interrupt_leaves_it_and_its_bytes_count_until_it_ends() -> None:
    may_end, has_ended = threading.Event(), threading.Event()
    before = left_behind()

    def slow() -> None:
        may_end.wait(30)
        has_ended.set()

    interrupt_soon()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        leavable(slow, 10**9, LARGE)
    assert time.monotonic() - start < 10
    assert not has_ended.is_set()
    assert left_behind() == before + 10**9
    assert memory_there(10**9 + 4096) == max(1, 4096 - before)
    assert choose_method("auto", 1000, False, 10**9 + 4096).name == "operator"
    may_end.set()
    assert has_ended.wait(10)
    for _ in range(100):
        if left_behind() == before:
            break
        time.sleep(0.05)
    assert left_behind() == before
    assert leavable(lambda: 5, 8, LARGE) == 5


CHILD = """
import sys, numpy as np, fastntk, fastntk.theory, fastntk.predict, fastntk.solvers
a = np.random.default_rng(0).standard_normal(({n}, {n}))
matrix = a @ a.T + np.eye({n})
matrix = (matrix + matrix.T) / 2
print("start", flush=True)
try:
    {call}
    print("finished", flush=True)
except KeyboardInterrupt:
    print("KeyboardInterrupt", flush=True)
sys.exit(7)
"""

CALLS = {
    "eigh": ("fastntk.solvers.EighFactor.of(matrix)", 3500),
    "decompose": ("fastntk.theory.decompose(matrix, np.ones(3500))", 3500),
    "cholesky": ("fastntk.solvers.CholeskyFactor.of(matrix, 1.0)", 9000),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_during_lapack(name: str) -> None:
    call, n = CALLS[name]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(call=call, n=n)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "start\n"
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        start = time.monotonic()
        assert child.stdout.readline() == "KeyboardInterrupt\n"
        assert child.wait(timeout=60) == 7  # the process ends although LAPACK has not
        assert time.monotonic() - start < 10  # of a machine that does other things


def test_thread_limits_go_along(monkeypatch: pytest.MonkeyPatch) -> None:
    class OpenMP:
        """A library that keeps its number of threads for every thread."""

        def __init__(self) -> None:
            self.own = threading.local()

        def get_num_threads(self) -> int:
            return int(getattr(self.own, "threads", 64))

        def set_num_threads(self, threads: int) -> None:
            self.own.threads = threads

    library = OpenMP()
    library.set_num_threads(2)

    class Controller:
        lib_controllers = (library,)

    monkeypatch.setattr(module, "_libraries", Controller)
    assert leavable(library.get_num_threads, 8, LARGE) == 2


def test_eigh_while_another_one_was_left() -> None:
    matrix = np.diag(np.arange(1.0, 401.0))
    from fastntk.solvers.direct.lapack import eigh

    may_end = threading.Event()
    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        leavable(lambda: may_end.wait(30), 1, LARGE)
    values, _ = eigh(matrix)
    may_end.set()
    np.testing.assert_allclose(values, np.arange(1.0, 401.0), rtol=1e-13)
