"""Which GPU is the current one while rows, tiles and products are made: two of them."""

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.backends.cuda import backend as cuda
from fastntk.backends.cuda import memory as cuda_memory
from fastntk.backends.cuda import multiply as cuda_multiply
from fastntk.backends.cuda import where as cuda_where
from fastntk.kernels.cuda import target as cuda_target
from fastntk.request import placement as device
from fastntk.solvers import solve as solve_module  # noqa: F401 - loaded for its name
from fastntk.solvers import systems

pytestmark = pytest.mark.jit_off
NET = stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))


class Current:
    """The devices that were made current, in order, and the one that is."""

    def __init__(self) -> None:
        self.stack: list[int | None] = [0]
        self.seen: list[int | None] = []

    @contextlib.contextmanager
    def on(self, number: int | None) -> Iterator[None]:
        self.stack.append(self.stack[-1] if number is None else number)
        try:
            yield
        finally:
            self.stack.pop()

    def note(self, *args: Any, **options: Any) -> None:
        self.seen.append(self.stack[-1])


class Rows:
    """Rows that say that they are on the second GPU."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape = values, values.shape

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 1


@pytest.mark.parametrize("method", ["cholesky", "cg"])
def test_a_solve_uses_the_gpu_of_its_rows(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = Current()
    for name in ("gram_of", "operator_of"):
        known = getattr(systems, name)

        def watched(*args: Any, known: Any = known, **options: Any) -> Any:
            current.note()
            return known(*args, **options)

        monkeypatch.setattr(systems, name, watched)
    monkeypatch.setattr(systems, "on_device_number", current.on)
    solve = sys.modules["fastntk.solvers.solve"]
    monkeypatch.setattr(solve, "to_host", lambda x: x.values)
    x = np.random.default_rng(0).standard_normal((6, 3))
    options: Any = {"ridge": 0.1, "method": method, "backend": "cpu"}
    expected = fastntk.solve(NET, x, x[:, 0], **options).x
    assert set(current.seen) == {0}
    current.seen.clear()
    given: Any = Rows(x)
    found = fastntk.solve(NET, given, x[:, 0], **options).x
    assert set(current.seen) == {1}
    np.testing.assert_array_equal(found, expected)
    assert current.stack == [0]


def test_the_number_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device.device_number(np.eye(2)) is None
    assert device.device_number(Rows(np.eye(2))) == 1
    gpus = SimpleNamespace(gpus=["first", "second"])
    monkeypatch.setattr(cuda_memory, "cuda", lambda: gpus)
    monkeypatch.setattr(cuda_memory, "is_simulated", lambda: False)
    monkeypatch.setattr(cuda_target, "cuda_problem", lambda: None)
    assert device.on_device_number(1) == "second"
    with device.on_device_number(None):
        pass
    monkeypatch.setattr(cuda_memory, "is_simulated", lambda: True)
    with device.on_device_number(1):
        pass


def test_a_backend_keeps_its_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    current = Current()
    monkeypatch.setattr(cuda, "require_cuda", lambda: None)
    monkeypatch.setattr(cuda, "current_device", lambda: 1)
    monkeypatch.setattr(cuda, "on_device", current.on)
    monkeypatch.setattr(cuda, "CudaRows", current.note)
    monkeypatch.setattr(cuda, "CudaWorker", current.note)
    backend: Any = cuda.CudaBackend()
    backend.prepare(SimpleNamespace(ops=(), taps=()), np.eye(2), np.dtype(float))
    backend.worker(None, None, None, (2, 2))
    assert current.seen == [1, 1]


def test_products_use_the_gpu_of_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    current = Current()
    monkeypatch.setattr(cuda_multiply, "on_device", current.on)
    monkeypatch.setattr(cuda_multiply.Products, "_multiply", current.note)
    rows: Any = SimpleNamespace(device=1)
    program: Any = None
    cuda_multiply.Products(program, rows, rows)(np.eye(2))
    assert current.seen == [1]


class Plain:
    """Memory that offers nothing but its address, and that on the instance."""

    def __init__(self) -> None:
        self.__cuda_array_interface__ = {"data": (4096, False)}


@pytest.mark.parametrize(("error", "expected"), [(0, 1), (201, None)])
def test_the_driver_knows_whose_an_address_is(
    error: int, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver: Any = ModuleType("cuda.bindings.driver")
    ordinal = SimpleNamespace(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL=9)
    driver.CUpointer_attribute = ordinal
    driver.cuPointerGetAttribute = lambda what, address: (
        (error, 1) if (what, address) == (9, 4096) else (1, None)
    )
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", driver)
    assert cuda_where.is_on_device(Plain())
    assert cuda_where.device_of(Plain()) == expected


def test_an_address_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", None)
    assert cuda_where.device_of(Plain()) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda x: fastntk.gram(NET, x),
        lambda x: fastntk.diagonal(NET, x),
        lambda x: list(fastntk.tiles(NET, x)),
        lambda x: fastntk.operator(NET, x),
        lambda x: fastntk.operator(NET, np.eye(6, 3)) @ x,
        lambda x: fastntk.solve(NET, x, np.ones(6), ridge=0.1),
        lambda x: fastntk.solve(NET, np.eye(6, 3), x, ridge=0.1),
        lambda x: fastntk.gram(NET, np.eye(6, 3), out=x),
    ],
)
@pytest.mark.parametrize("kind", [Rows, Plain])
def test_arrays_on_a_gpu_that_cannot_be_used(
    kind: Any, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another library made them; here the driver is missing, or numba-cuda is."""
    monkeypatch.setattr(cuda_target, "cuda_problem", lambda: "no CUDA driver was found")
    given = Rows(np.eye(6, 3)) if kind is Rows else Plain()
    with pytest.raises(fastntk.NotSupportedError, match="no CUDA driver was found"):
        call(given)
