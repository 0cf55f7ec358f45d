"""What is said where no GPU can be used, on machines of every kind."""

import contextlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.backends import get_backend
from fastntk.backends import select as base
from fastntk.backends.cuda import arrays as cuda_arrays
from fastntk.backends.cuda import backend as _loaded_before_anything_is_replaced  # noqa: F401
from fastntk.backends.cuda import info as cuda_info
from fastntk.backends.cuda.dlpack import borrowed
from fastntk.backends.cuda.memory import is_out_of_memory
from fastntk.kernels.cuda import target as cuda_target

pytestmark = pytest.mark.jit_off
NET = stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))


class FakeCuda:
    """What is asked of `numba.cuda`, on a machine of our choice."""

    def __init__(self, gpus: int = 0, error: str = "", version: Any = (13, 0)) -> None:
        self.config = SimpleNamespace(ENABLE_CUDASIM=False)
        self.gpus = [SimpleNamespace()] * gpus
        self.cudadrv = SimpleNamespace(
            driver=SimpleNamespace(get_version=lambda: version)
        )
        self._error = error

    def is_available(self) -> bool:
        return bool(self.gpus)

    def cuda_error(self) -> str:
        return self._error


def machine(monkeypatch: pytest.MonkeyPatch, fake: Any, *, driver: bool = True) -> None:
    monkeypatch.setattr(cuda_target, "cuda", lambda: fake)
    monkeypatch.setattr(cuda_target, "_has_driver", lambda: driver)


def test_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(
        monkeypatch, FakeCuda(error="\nError at driver init: \nnot found"), driver=False
    )
    with pytest.raises(
        fastntk.NotSupportedError, match="no CUDA driver was found.*Use backend='cpu'"
    ):
        get_backend("cuda")
    assert "no CUDA driver" in str(cuda_info.why_unusable())
    assert cuda_info.describe().startswith("none: no CUDA driver")
    assert dict(cuda_info.describe_cuda())["cuda"].startswith("not usable: no CUDA")
    with pytest.raises(fastntk.NotSupportedError, match="no CUDA driver"):
        fastntk.gram(NET, np.eye(2), backend="cuda")
    with pytest.raises(fastntk.NotSupportedError, match="no CUDA driver"):
        fastntk.diagonal(NET, np.eye(2), backend="cuda")
    assert fastntk.diagonal(NET, np.eye(2)).shape == (2,)


def test_a_driver_without_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(
        monkeypatch, FakeCuda(error="Call to cuInit results in CUDA_ERROR_NO_DEVICE")
    )
    monkeypatch.setattr(cuda_target, "package_version", lambda: "0.30.4")
    with pytest.raises(fastntk.NotSupportedError, match="no device.*CUDA_ERROR_NO_DEV"):
        get_backend("cuda")


def test_an_old_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, FakeCuda(1, version=(12, 4)))
    monkeypatch.setattr(cuda_target, "package_version", lambda: "0.30.4")
    monkeypatch.setattr(cuda_target, "toolkit_version", lambda: (13, 5))
    with pytest.raises(
        fastntk.NotSupportedError,
        match=r"driver supports CUDA 12\.4.*made for CUDA 13\.5.*numba-cuda\[cu12\]",
    ):
        get_backend("cuda")
    machine(monkeypatch, FakeCuda(1, version=(13, 0)))
    assert cuda_info.why_unusable() is None


def test_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, FakeCuda(error="libNVVM cannot be found"))
    monkeypatch.setattr(cuda_target, "package_version", lambda: None)
    with pytest.raises(fastntk.NotSupportedError, match="numba-cuda is not installed"):
        get_backend("cuda")


def test_numba_without_a_cuda_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba.cuda", None)
    cuda_target.cuda.cache_clear()
    try:
        assert "expected the package numba-cuda" in str(cuda_info.why_unusable())
        with pytest.raises(fastntk.NotSupportedError, match="pip install"):
            get_backend("cuda")
    finally:
        cuda_target.cuda.cache_clear()


def test_a_usable_device_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    fake: Any = FakeCuda(2)
    names = iter((b"NVIDIA H200", "NVIDIA A100"))
    fake.list_devices = lambda: [
        SimpleNamespace(name=next(names), compute_capability=(9, 0)) for _ in range(2)
    ]
    memory = SimpleNamespace(get_memory_info=lambda: (2**30, 4 * 2**30))
    fake.current_context = lambda: memory
    fake.gpus = [contextlib.nullcontext()] * 2
    machine(monkeypatch, fake)
    monkeypatch.setattr(cuda_target, "toolkit_version", lambda: (13, 5))
    monkeypatch.setattr(cuda_target, "package_version", lambda: "0.30.4")
    words = cuda_info.describe()
    assert words.startswith("driver: supports CUDA 13.0; device 0: NVIDIA H200, comp")
    assert "; device 1: NVIDIA A100, compute capability 9.0, 1.0 of 4.0 GiB" in words
    assert "; products: " in words
    assert "numba-cuda" not in words  # has a line of its own


def test_looking_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise RuntimeError("a driver in pieces")

    monkeypatch.setattr(cuda_target, "cuda", broken)
    assert "a driver in pieces" in str(cuda_info.why_unusable())
    lines = dict(cuda_info.describe_cuda())
    assert lines["cuda"].startswith("not usable")
    assert "cuda libraries" in lines


def test_auto_is_the_cpu_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_has_cuda", lambda: False)
    assert get_backend("auto", 1 << 50).name == "cpu"
    asked = []
    monkeypatch.setattr(base, "_has_cuda", lambda: asked.append(1))
    assert get_backend("auto", 100).name == "cpu"
    assert not asked


# --- arrays of other libraries --------------------------------------------------------


class OnDevice:
    """An array that says where it is."""

    def __init__(self, where: tuple[int, int]) -> None:
        self.where = where

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.where


def test_where_arrays_are() -> None:
    assert not cuda_arrays.is_on_device(np.eye(2), None, [[1.0]], (np.eye(2),))
    assert not cuda_arrays.is_on_device(OnDevice((1, 0)))
    assert cuda_arrays.is_on_device(OnDevice((2, 0)))
    assert cuda_arrays.is_on_device(None, (np.eye(2), OnDevice((13, 1))))


def test_arrays_spread_over_devices_are_read_as_numpy_reads_them() -> None:
    class Spread:
        def __dlpack_device__(self) -> tuple[int, int]:
            raise BufferError("only supported for unsharded arrays")

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return np.eye(2)

    assert not cuda_arrays.is_on_device(Spread())
    np.testing.assert_array_equal(
        fastntk.gram(NET, Spread()), fastntk.gram(NET, np.eye(2))
    )


def test_arrays_on_two_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_arrays, "require_cuda", lambda: None)
    with pytest.raises(fastntk.InputError, match=r"devices \[0, 1\].*on one"):
        cuda_arrays.on_device_of(OnDevice((2, 0)), OnDevice((2, 1)))
    with cuda_arrays.on_device_of(np.eye(2), None):
        pass


def test_arrays_of_numba_say_where_they_are() -> None:
    context = SimpleNamespace(device=SimpleNamespace(id=1))
    array = SimpleNamespace(gpu_data=SimpleNamespace(context=context))
    assert cuda_arrays.device_of(array) == 1
    assert cuda_arrays.device_of(SimpleNamespace(gpu_data=None)) is None


def test_a_read_only_output(monkeypatch: pytest.MonkeyPatch) -> None:
    out: Any = SimpleNamespace(__cuda_array_interface__={"data": (0, True)})
    monkeypatch.setattr(cuda_arrays, "_as_numba", lambda *_: np.eye(2))
    jax: Any = type("ArrayImpl", (), {"__module__": "jaxlib._jax"})()
    for array in (out, jax):
        with pytest.raises(fastntk.InputError, match="out: found a read-only"):
            cuda_arrays.flat_output(array, (2, 2), np.dtype(np.float64))


def test_arrays_that_are_still_computed_are_waited_for() -> None:
    waited = []

    class Lazy(OnDevice):
        def block_until_ready(self) -> None:
            waited.append(self)

    with pytest.raises(fastntk.InputError, match="cannot be read"):
        cuda_arrays.as_device_matrix(Lazy((2, 0)), "x1")
    assert len(waited) == 1


def test_an_array_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(fastntk.InputError, match="cannot be read.*detach"):
        cuda_arrays.as_device_matrix(OnDevice((2, 0)), "x1")


@pytest.mark.parametrize(
    "x",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6, dtype=np.float32).reshape(2, 3)[:, ::2],
        np.arange(6, dtype=np.int64).reshape(3, 2).T,
        np.array([[True, False]]),
    ],
)
def test_dlpack_says_where_the_numbers_are(x: np.ndarray) -> None:
    view = borrowed(x)
    found = view.__cuda_array_interface__
    strides = found["strides"] or x.strides
    assert (found["shape"], strides, found["typestr"]) == (
        x.shape,
        x.strides,
        x.dtype.str,
    )
    assert found["data"] == (x.ctypes.data, False)


def test_dlpack_keeps_the_memory() -> None:
    x = np.arange(4.0).reshape(2, 2)
    before = sys.getrefcount(x)
    view = borrowed(x)
    assert sys.getrefcount(x) > before
    del view
    assert sys.getrefcount(x) == before


def test_out_of_memory_is_known_by_its_words() -> None:
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"))
    assert is_out_of_memory(RuntimeError("[2] cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY"))
    assert not is_out_of_memory(ValueError("no"))


def test_results_go_back_to_their_library(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def maker(*args: Any, **options: Any) -> str:
        made.append((args, options))
        return "array"

    cupy: Any = ModuleType("cupy")
    cupy.empty = maker
    cupy.asarray = lambda x: x
    torch: Any = ModuleType("torch")
    torch.empty, torch.float32 = maker, "float32!"
    jax: Any = ModuleType("jax")
    jax.dlpack = SimpleNamespace(from_dlpack=lambda x: f"jax {x}")
    for module in (cupy, torch, jax):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    example: Any = type("Tensor", (), {"device": "cuda:0", "__module__": "torch"})()
    kind = np.dtype(np.float32)
    assert cuda_arrays.new_output((2, 3), kind, example) == "array"
    assert made[-1] == (((2, 3),), {"dtype": "float32!", "device": "cuda:0"})
    example = type("ndarray", (), {"__module__": "cupy"})()
    cuda_arrays.new_output((2, 3), kind, example)
    assert made[-1] == (((2, 3), kind), {})
    example = type("Array", (), {"__module__": "jaxlib"})()
    assert cuda_arrays.given_back("result", example) == "jax result"
    assert cuda_arrays.given_back("result", 1) == "result"
