"""What the package asks of `numba.cuda`, on the machine: arrays, streams, kernels."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from fastntk._jit import cache_folder
from fastntk.kernels.cuda import target as cuda_target
from fastntk.kernels.cuda.target import cuda as real_cuda
from tests.ptx.floats import Noise
from tests.ptx.machine import launch
from tests.ptx.memory import Memory
from tests.ptx.parser import parse
from tests.ptx.translate import translate

__all__ = ["DeviceArray", "FakeCuda", "Kernel"]

CAPABILITY = (9, 0)


class DeviceArray:
    """An array in the memory of the machine, as Numba's device arrays.

    Parameters
    ----------
    memory : Memory
        What holds it.
    offset : int
        Its first byte there.
    shape, strides : tuple of int
        Strides in bytes.
    dtype : numpy dtype
        Of the items.
    """

    def __init__(
        self,
        memory: Memory,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        self.memory, self.offset = memory, offset
        self.shape, self.strides, self.dtype = shape, strides, np.dtype(dtype)
        self.ndim, self.size = len(shape), int(np.prod(shape))
        self.host = self._of(memory.bytes.data, self.dtype)
        self.__cuda_array_interface__ = self.host.__array_interface__ | {"owner": self}

    def _of(self, buffer: Any, dtype: np.dtype[Any]) -> np.ndarray:
        return np.ndarray(self.shape, dtype, buffer, self.offset, self.strides)

    def __getitem__(self, key: Any) -> "DeviceArray":
        part = self.host[key]
        start = self.memory.bytes.__array_interface__["data"][0]
        offset = part.__array_interface__["data"][0] - start
        return DeviceArray(self.memory, offset, part.shape, part.strides, self.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def reshape(self, *shape: Any) -> "DeviceArray":
        part = self.host.reshape(*shape)
        assert np.shares_memory(part, self.host) or not part.size
        return DeviceArray(
            self.memory, self.offset, part.shape, part.strides, self.dtype
        )

    def copy_to_host(self, goal: Any = None, stream: Any = 0) -> np.ndarray:
        """Copy to host memory, what nobody wrote included."""
        if goal is None:
            return self.host.copy()
        goal[...] = self.host.reshape(goal.shape)
        return np.asarray(goal)

    def copy_to_device(self, source: Any, stream: Any = 0) -> None:
        self.host[...] = getattr(source, "host", source)
        self.mark()

    def mark(self) -> None:
        """Count all of it as written."""
        width = np.dtype(f"u{self.dtype.itemsize}")
        self._of(self.memory.written.data, width)[...] = (
            1 << 8 * width.itemsize
        ) // 255

    def is_c_contiguous(self) -> bool:
        return bool(self.host.flags.c_contiguous)

    @property
    def span(self) -> int:
        """Bytes from the first item to the end of the last."""
        steps = zip(self.shape, self.strides, strict=True)
        return sum((n - 1) * s for n, s in steps) + self.dtype.itemsize


def empty(shape: Any, dtype: Any = np.float64) -> DeviceArray:
    """Return an array whose numbers nobody has written: NaN."""
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    dtype = np.dtype(dtype)
    memory = Memory(int(np.prod(shape)) * dtype.itemsize)
    strides = np.empty(shape, np.uint8).strides
    strides = tuple(s * dtype.itemsize for s in strides)
    return DeviceArray(memory, 0, tuple(int(n) for n in shape), strides, dtype)


def to_device(values: Any, stream: Any = 0) -> DeviceArray:
    """Return a copy of an array."""
    values = np.ascontiguousarray(values)
    array = empty(values.shape, values.dtype)
    array.copy_to_device(values)
    return array


def as_cuda_array(x: Any) -> DeviceArray:
    """Return a view of what has ``__cuda_array_interface__``, made by ourselves."""
    if isinstance(x, DeviceArray):
        return x
    interface = x.__cuda_array_interface__
    owner, shape = interface["owner"], interface["shape"]
    assert interface["strides"] is None
    size = owner.dtype.itemsize
    strides = tuple(s * size for s in np.empty(shape, np.uint8).strides)
    return DeviceArray(owner.memory, owner.offset, shape, strides, owner.dtype)


class Kernel:
    """A kernel that is compiled for the types of its arguments, and runs here."""

    _lock = threading.Lock()
    _programs: dict[Any, Any] = {}  # noqa: RUF012 - of all tests

    def __init__(self, function: Callable[..., None], cuda: "FakeCuda") -> None:
        self.function, self.noise, self.cuda = function, cuda.noise, cuda
        self._cache: Any = None

    def enable_caching(self) -> None:
        """Do nothing: PTX is kept by `ptx_of`."""

    def __getitem__(self, shape: Any) -> Callable[..., None]:
        grid, threads = (
            (*((n,) if np.ndim(n) == 0 else n), 1, 1)[:3] for n in shape[:2]
        )
        return lambda *args: self._launch(grid, threads, args)

    def _launch(self, grid: Any, threads: Any, args: tuple[Any, ...]) -> None:
        program = self.program(tuple(_type_of(a) for a in args))
        names = self.function.__code__.co_varnames
        numbers = [
            n for name, a in zip(names, args, strict=False) for n in _flat(name, a)
        ]
        kinds = [kind for kind, _ in program.module.params]
        assert len(kinds) == len(numbers), (len(kinds), len(numbers))
        launch(program, grid, threads, numbers)

    def program(self, types: tuple[Any, ...]) -> Any:
        """Return what the compiler makes of the function, and we of that."""
        code = self.function.__code__
        key = (code.co_filename, code.co_name, types, self.noise.share)
        with self._lock:
            if key not in self._programs:
                made = translate(parse(ptx_of(self.function, types)), self.noise)
                self._programs[key] = made
            return self._programs[key]


def ptx_of(function: Callable[..., None], types: tuple[Any, ...]) -> str:
    """Return the PTX of a kernel; that of earlier processes, if all is the same."""
    source = Path(function.__code__.co_filename)
    path, folder = None, cache_folder()
    if source.exists() and folder is not None:
        versions = (cuda_target.package_version(), cuda_target.toolkit_version())
        what = (function.__name__, types, CAPABILITY, versions)
        digest = hashlib.sha256(source.read_bytes() + repr(what).encode()).hexdigest()
        path = folder / "ptx" / f"{digest[:24]}.ptx"
        if path.exists():
            return path.read_text(encoding="utf-8")
    text = cuda_target.machine_code(function, CAPABILITY, types)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    return text


def _type_of(arg: Any) -> Any:
    """Return the Numba type of an argument, as a launch takes it."""
    import numba
    from numba import types

    if not isinstance(arg, DeviceArray):
        return numba.typeof(arg)
    layout = "C" if arg.host.flags.c_contiguous else "A"
    return types.Array(numba.from_dtype(arg.dtype), arg.ndim, layout)


def _flat(name: str, arg: Any) -> Iterator[Any]:
    """Yield the parameters that stand for an argument: Numba takes arrays apart."""
    if isinstance(arg, DeviceArray):
        yield from (np.uint64(0), np.uint64(0), np.int64(arg.size))
        yield np.int64(arg.dtype.itemsize)
        yield name, arg.memory, arg.offset, arg.span
        yield from (np.int64(n) for n in (*arg.shape, *arg.strides))
    elif isinstance(arg, tuple):
        for item in arg:
            yield from _flat(name, item)
    elif isinstance(arg, np.generic):
        yield arg
    else:
        yield np.float64(arg) if isinstance(arg, float) else np.int64(arg)


class FakeCuda:
    """Takes the place of the module `numba.cuda`.

    Parameters
    ----------
    error : float, optional
        Share of the errors that approximate instructions may have.
    """

    to_device = staticmethod(to_device)
    device_array = staticmethod(empty)
    as_cuda_array = staticmethod(as_cuda_array)

    def __init__(self, error: float = 0.0) -> None:
        self.noise = Noise(error)
        self.config = SimpleNamespace(ENABLE_CUDASIM=False)
        self.device = SimpleNamespace(
            id=0, name=b"PTX machine", compute_capability=CAPABILITY
        )
        self.gpus = [contextlib.nullcontext(self.device)]
        driver = SimpleNamespace(get_version=lambda: (99, 0))
        self.cudadrv = SimpleNamespace(driver=driver)

    def jit(self, function: Any = None, **options: Any) -> Any:
        """Return a kernel, or what makes one of a function."""
        if function is None:
            return lambda given: Kernel(given, self)
        return Kernel(function, self)

    def is_available(self) -> bool:
        return True

    def compile(self, *args: Any, **options: Any) -> Any:
        """Compile with the real one."""
        return real_cuda().compile(*args, **options)

    def stream(self) -> Any:
        return SimpleNamespace(synchronize=lambda: None, handle=0)

    def synchronize(self) -> None:
        """Everything has happened already."""

    def pinned_array(self, shape: Any, dtype: Any) -> np.ndarray:
        return np.full(shape, np.nan, dtype)

    def get_current_device(self) -> Any:
        return self.device

    def list_devices(self) -> list[Any]:
        return [self.device]

    def current_context(self) -> Any:
        return SimpleNamespace(get_memory_info=lambda: (1 << 34, 1 << 35))
