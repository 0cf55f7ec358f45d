"""Work out of the reach of signals."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fastntk._jit.apart import apart

ROOT = Path(__file__).parents[2]


def test_the_result_comes_back() -> None:
    assert apart(lambda: 7) == 7


def test_the_error_comes_back() -> None:
    def refuse() -> None:
        raise ZeroDivisionError("as it was raised")

    with pytest.raises(ZeroDivisionError, match="as it was raised"):
        apart(refuse)


def test_other_threads_do_the_work_themselves() -> None:
    found: list[threading.Thread] = []
    thread = threading.Thread(
        target=lambda: found.append(apart(threading.current_thread))
    )
    thread.start()
    thread.join()
    assert found == [thread]


def test_without_another_thread_the_caller_does_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert apart(threading.current_thread) is threading.main_thread()


def test_an_interrupt_is_answered_at_once_and_the_work_ends() -> None:
    begun, go_on, ended = (threading.Event() for _ in range(3))

    def work() -> None:
        begun.set()
        go_on.wait(30)
        ended.set()

    def interrupt() -> None:
        begun.wait(30)  # then the caller waits too
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        apart(work)
    assert time.monotonic() - start < 20  # not when the work ends
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(30)


def test_a_handler_that_raises_something_else() -> None:
    def handler(number: int, frame: object) -> None:
        raise TimeoutError("of the caller's own")

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(TimeoutError, match="caller's own"):
            apart(work)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("value", ["0", "-1", "many", ""])
def test_a_number_of_threads_that_is_none_does_not_stop_the_import(value: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import fastntk._jit; print(1)"],
        check=False,
        env=os.environ | {"NUMBA_NUM_THREADS": value, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "1\n", run.stderr
