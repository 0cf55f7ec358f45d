"""Errors inside a walk reach the caller, and no thread or BLAS setting stays behind."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import fastntk
from tests.networks import RELU, build, mlp

NET = build(mlp(RELU, 2))
X = np.random.default_rng(0).standard_normal((500, 4))


class Refusal(Exception):
    """Raised by the callback below."""


def refuse(done: int, total: int) -> None:
    raise Refusal(f"{done} of {total}")


def n_threads() -> int:
    return sum("fastntk" in t.name for t in threading.enumerate())


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_the_callback_ends_the_walk(threads: int) -> None:
    with pytest.raises(Refusal, match="of 250000"):
        fastntk.gram(NET, X, threads=threads, progress=refuse)
    assert n_threads() == 0
    assert np.isfinite(fastntk.gram(NET, X)).all()


def blas_threads() -> list[int]:
    return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]


def test_the_number_of_blas_threads_is_restored() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        fastntk.gram(NET, X, threads=2)
        list(fastntk.tiles(NET, X, threads=2))
        with pytest.raises(Refusal):
            fastntk.gram(NET, X, progress=refuse)
        assert blas_threads() == before


def test_no_thread_survives_a_call() -> None:
    fastntk.gram(NET, X, threads=3)
    assert n_threads() == 0


def test_concurrent_calls_do_not_disturb_each_other() -> None:
    expected = fastntk.gram(NET, X)
    results: list[np.ndarray] = []

    def call() -> None:
        results.extend(fastntk.gram(NET, X, threads=2) for _ in range(3))

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(results) == 9
    for value in results:
        np.testing.assert_array_equal(value, expected)
