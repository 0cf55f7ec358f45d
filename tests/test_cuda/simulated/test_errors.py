"""What arrays on the device and the backend refuse, and short memory; simulated."""

import weakref
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.backends import get_backend
from fastntk.backends.cuda import arrays as cuda_arrays
from fastntk.backends.cuda import backend as cuda
from fastntk.backends.cuda import launch as cuda_launch
from fastntk.backends.cuda import rows as cuda_rows
from fastntk.backends.cuda.multiply import Products
from fastntk.device import blocks as cuda_blocks
from fastntk.device import gram as cuda_device
from tests.networks import build
from tests.test_cuda.nets import NETS, rows
from tests.test_cuda.simulated.simulator import SIMULATED, ShortMemory, device
from tests.test_cuda.simulated.test_networks import RELU, on_device

pytestmark = SIMULATED


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(3), "shape \\(3,\\); expected rows"),
        (np.ones((0, 3)), "empty device array"),
        (np.ones((2, 2), complex), "complex128; expected float32"),
        (np.ones((2, 2), np.float16), "float16; expected float32"),
        (np.array([[1.0, np.nan], [1.0, 1.0]]), "found nan in row 0, column 1"),
        (np.array([[1.0, 1.0], [np.inf, 1.0]]), "found inf in row 1, column 0"),
    ],
)
def test_bad_arrays_on_the_device(x: np.ndarray, message: str) -> None:
    with pytest.raises(fastntk.InputError, match=message):
        fastntk.gram(RELU, device(x))


def test_bad_calls_with_arrays_on_the_device() -> None:
    x = device(rows())
    with pytest.raises(
        fastntk.InputError, match="backend='cpu': found inputs on a GPU"
    ):
        fastntk.gram(RELU, x, backend="cpu")
    with pytest.raises(
        fastntk.InputError, match="backend='cpu': found inputs on a GPU"
    ):
        fastntk.diagonal(RELU, x, backend="cpu")
    with pytest.raises(fastntk.NotSupportedError, match="tol: inputs on a GPU have"):
        fastntk.gram(RELU, x, tol=1e-9)
    with pytest.raises(fastntk.InputError, match="found 5 and 2 features"):
        fastntk.gram(RELU, x, device(np.ones((2, 2))))
    with pytest.raises(fastntk.InputError, match="out: found a device array of shape"):
        fastntk.gram(RELU, x, out=device(np.ones((2, 2))))
    with pytest.raises(fastntk.InputError, match="adjacent numbers"):
        fastntk.gram(RELU, x, out=device(np.ones((9, 9)).T.copy("F")))
    with pytest.raises(fastntk.InputError, match="one per kernel, 2"):
        fastntk.gram(RELU, x, None, ("nngp", "ntk"), out=(device(np.ones((9, 9))),))


def test_rows_with_strides_are_read_as_they_are() -> None:
    x = rows()
    turned = device(np.asfortranarray(x))
    np.testing.assert_allclose(
        fastntk.gram(RELU, turned).copy_to_host(), fastntk.gram(RELU, x), atol=1e-12
    )


def test_python_functions_run_on_the_cpu_only() -> None:
    net = stax.serial(
        stax.Dense(1), stax.Elementwise(nngp_fn=lambda c, p, q: c), stax.Dense(1)
    )
    with pytest.raises(fastntk.NotSupportedError, match="Elementwise.*backend='cpu'"):
        fastntk.gram(net, rows(), get="nngp", backend="cuda")


def test_out_of_memory_falls_back_to_smaller_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = rows()
    setup = on_device(RELU, x)
    memory = ShortMemory(30)
    monkeypatch.setattr(cuda, "empty", memory.empty)
    monkeypatch.setattr(cuda, "MIN_SIDE", 2)
    worker = setup.new_worker(setup.plan(side=9))
    assert memory.refused == 1
    assert worker.side == (5, 5)  # type: ignore[attr-defined]
    (block,) = worker.run(slice(0, 9), slice(0, 9))
    lower = np.tril_indices(9, -1)
    np.testing.assert_allclose(block[lower], fastntk.gram(RELU, x)[lower], atol=1e-12)
    (block,) = worker.run(slice(0, 9), slice(0, 9), is_diagonal=True)
    np.testing.assert_allclose(block[lower], fastntk.gram(RELU, x)[lower], atol=1e-12)


def test_out_of_memory_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = on_device(RELU, rows())
    monkeypatch.setattr(cuda, "empty", ShortMemory(1).empty)
    with pytest.raises(
        fastntk.MemoryBudgetError, match="needs [0-9,]+ bytes of device"
    ):
        setup.new_worker(setup.plan(side=9))
    monkeypatch.setattr(cuda_rows, "empty", ShortMemory(1).empty)
    with pytest.raises(fastntk.MemoryBudgetError, match="one side of 9 rows needs"):
        on_device(RELU, rows())
    monkeypatch.undo()
    monkeypatch.setattr(cuda_arrays, "empty", ShortMemory(1).empty)
    with pytest.raises(fastntk.MemoryBudgetError, match="a 9 x 9 result"):
        fastntk.gram(RELU, device(rows()))


def test_out_of_memory_for_blocks_on_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net, x = build(NETS["steep-erf"]), rows()  # it needs room for similarities
    expected, memory = fastntk.gram(net, x), ShortMemory(30)
    monkeypatch.setattr(cuda_launch, "empty", memory.empty)
    monkeypatch.setattr("fastntk.backends.cuda.launch.STEEP", defaultdict(float))
    monkeypatch.setattr(cuda_device, "MAX_SIDE", 9)
    monkeypatch.setattr(cuda_device, "MIN_SIDE", 2)
    found = fastntk.gram(net, device(x)).copy_to_host()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert memory.refused == 1
    for i, j, block in fastntk.tiles(net, device(x)):
        assert block.shape == (i.stop - i.start, j.stop - j.start)
        np.testing.assert_allclose(block.copy_to_host(), expected[i, j], atol=1e-9)
    monkeypatch.setattr(cuda_device, "MIN_SIDE", 9)
    with pytest.raises(fastntk.MemoryBudgetError, match="a block of 9 rows needs"):
        fastntk.gram(net, device(x))


def test_outputs_of_different_strides_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, strides = rows(), iter((9, 12))
    outs = tuple(device(np.empty((9, 9))) for _ in range(2))
    known = cuda_arrays.flat_output
    monkeypatch.setattr(
        cuda_device, "flat_output", lambda *a: (known(*a)[0], next(strides))
    )
    with pytest.raises(fastntk.InputError, match=r"\[9, 12\] items from row to row"):
        fastntk.gram(RELU, device(x), None, ("nngp", "ntk"), out=outs)


def test_work_of_other_libraries_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []
    monkeypatch.setattr(cuda_device, "settle", lambda: waits.append("gram"))
    monkeypatch.setattr(cuda_blocks, "settle", lambda: waits.append("block"))
    fastntk.gram(RELU, device(rows()))
    assert waits == ["gram", "gram"]  # before rows are read, and before results
    list(fastntk.tiles(RELU, device(rows())))
    fastntk.diagonal(RELU, device(rows()))
    assert waits[2:] == ["gram", "block", "gram", "block", "block"]


def test_a_large_tile_is_let_go_before_a_smaller_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setup = on_device(RELU, rows())
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    most = [0]
    known: Any = cuda_launch.Launcher

    class Watched(known):  # type: ignore[misc]
        def __init__(self, *args: Any) -> None:
            most[0] = max(most[0], len(alive))
            super().__init__(*args)
            alive.add(self)

    monkeypatch.setattr(cuda, "Launcher", Watched)
    monkeypatch.setattr(cuda, "empty", ShortMemory(30).empty)
    monkeypatch.setattr(cuda, "MIN_SIDE", 2)
    worker: Any = setup.new_worker(setup.plan(side=9))
    assert worker.side == (5, 5)
    assert most == [0]


def test_a_product_that_fails_waits_for_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setup, waits = on_device(RELU, rows()), []
    products: Any = Products(setup.program, setup.rows1, setup.rows2)
    expected = products(np.eye(9))

    def interrupted(*args: Any) -> None:
        raise KeyboardInterrupt

    room = products._room
    stream = SimpleNamespace(synchronize=lambda: waits.append(1))
    with monkeypatch.context() as patch:
        patch.setattr(room, "stream", stream)
        patch.setattr(room, "_walk", interrupted)
        with pytest.raises(KeyboardInterrupt):
            products(np.eye(9))
    assert waits == [1]
    np.testing.assert_array_equal(products(np.eye(9)), expected)


def test_auto_never_chooses_the_simulator() -> None:
    assert get_backend("auto", 1 << 40).name == "cpu"
    assert get_backend("cuda").name == "cuda"
