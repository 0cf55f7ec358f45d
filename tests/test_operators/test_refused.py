"""What operators refuse, in words; and errors inside a product."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.backends.cpu.backend import CpuWorker
from tests.test_operators.cases import RELU_NET, rows

X = rows(700)
K = fastntk.operator(RELU_NET, X)
R = fastntk.operator(RELU_NET, X, X[:50] + 1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: K.matvec(np.ones(3)),
            r"matvec: found shape \(3,\); expected \(700,\)",
        ),
        (
            lambda: K.matmat(np.ones(700)),
            r"matmat: found shape \(700,\); expected \(700",
        ),
        (lambda: K @ np.ones((3, 2)), "matmat: found shape"),
        (lambda: R.rmatvec(np.ones(50)), r"rmatvec: found shape \(50,\)"),
        (lambda: R.rmatmat(np.ones((50, 2))), "rmatmat: found shape"),
        (lambda: K.matvec(np.array(["a"] * 700)), "found dtype <U1; expected real or"),
        (lambda: K.block([700], [0]), "rows: found 700; expected numbers from -700"),
        (lambda: K.block([0], [0.5]), "cols: found list of shape"),
        (lambda: K.block(np.ones(5, bool), [0]), "or a mask of shape"),
        (R.diagonal, "diagonal: found a kernel of two sides"),
        (lambda: R.shifted(1.0), "shifted: found a kernel of two sides"),
        (lambda: K.shifted(-1.0), r"ridge: found -1.0; expected finite numbers >= 0"),
        (lambda: K.shifted(np.nan), "ridge: found nan; expected finite"),
        (lambda: K.shifted("a"), "ridge: found 'a'; expected a number"),
        (lambda: K.shifted(np.ones(3)), r"ridge: found shape \(3,\)"),
    ],
)
def test_bad_arguments_of_products(call: Any, words: str) -> None:
    with pytest.raises(fastntk.InputError, match=words):
        call()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"get": ("nngp", "ntk")}, "an operator is one matrix"),
        ({"get": "cov1"}, "get: found 'cov1'"),
        ({"cache": 3}, "cache: found 3; expected 'auto'"),
        ({"dtype": "int8"}, "dtype: found 'int8'"),
        ({"threads": 0}, "threads: found 0"),
        ({"max_memory": "much"}, "max_memory: found 'much'"),
        ({"backend": "tpu"}, "backend is 'tpu'"),
    ],
)
def test_bad_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(fastntk.InputError, match=words):
        fastntk.operator(RELU_NET, X, **options)


def test_too_small_a_budget() -> None:
    with pytest.raises(fastntk.MemoryBudgetError, match="needs at least [0-9,]+: "):
        fastntk.operator(RELU_NET, X, max_memory=10_000)


def test_a_cache_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(fastntk.StoreError, match="the folder for the tile cache"):
        fastntk.operator(RELU_NET, X, cache=tmp_path / "none")


def test_networks_on_whole_matrices() -> None:
    with pytest.raises(fastntk.NotSupportedError, match="operator: found"):
        fastntk.operator(RELU_NET, np.ones((3, 4, 5)))


class Refusal(Exception):
    """Raised in a tile."""


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("fatal", [1, 4, 9])
def test_an_error_in_a_tile_ends_the_product(
    fatal: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = fastntk.operator(RELU_NET, X, threads=threads, cache="none")
    right = operator @ np.ones(700)
    run, count, lock = CpuWorker.run, [0], threading.Lock()

    def failing(self: CpuWorker, *args: Any, **options: Any) -> Any:
        with lock:
            count[0] += 1
            if count[0] == fatal:
                raise Refusal("in a tile")
        return run(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(CpuWorker, "run", failing)
        with pytest.raises(Refusal, match="in a tile"):
            operator @ np.ones(700)
    assert not any("fastntk" in t.name for t in threading.enumerate())
    assert np.array_equal(operator @ np.ones(700), right)


def test_an_interrupt_leaves_a_usable_operator() -> None:
    calls = [0]

    def stop(done: int, total: int) -> None:
        calls[0] += 1
        if calls[0] == 1:
            raise KeyboardInterrupt

    operator = fastntk.operator(RELU_NET, X, threads=2, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        operator @ np.ones(700)
    assert np.array_equal(operator @ np.ones(700), K @ np.ones(700))


def test_products_at_the_same_time() -> None:
    operator = fastntk.operator(RELU_NET, X, threads=2)
    right, found = operator @ np.ones(700), []

    def multiply() -> None:
        found.extend(operator @ np.ones(700) for _ in range(3))

    callers = [threading.Thread(target=multiply) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(np.array_equal(product, right) for product in found)
    assert len(found) == 9
