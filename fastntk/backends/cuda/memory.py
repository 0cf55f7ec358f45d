"""Memory of the device: allocation, out of memory, pinned buffers, arguments."""

import contextlib
from typing import Any, NoReturn

import numpy as np

from fastntk._errors import MemoryBudgetError
from fastntk._typing import AnyArray
from fastntk.kernels.cuda.target import cuda, is_simulated

__all__ = [
    "current_device",
    "empty",
    "free_bytes",
    "is_out_of_memory",
    "numbers",
    "on_device",
    "pinned",
    "refuse_memory",
    "settle",
    "to_device",
]


def empty(size: int, dtype: Any) -> Any:
    """Return a flat device array; its numbers are undefined."""
    return cuda().device_array(max(1, size), np.dtype(dtype))


def to_device(values: AnyArray, stream: Any = 0) -> Any:
    """Return a copy of an array on the device, in C order.

    On a stream of one's own the values must live until it was waited for. Without one
    the copy is finished when this returns, also where the driver's default stream is
    that of the thread, for which other streams do not wait.
    """
    array = cuda().to_device(np.ascontiguousarray(values), stream=stream)
    if isinstance(stream, int):
        settle()
    return array


def current_device() -> int | None:
    """Return the number of the current device, None on the simulator."""
    return None if is_simulated() else int(cuda().get_current_device().id)


def on_device(number: int | None) -> Any:
    """Return a context in which a device is the current one, in any thread."""
    if number is None or is_simulated():
        return contextlib.nullcontext()
    return cuda().gpus[number]


def settle() -> None:
    """Wait for all that runs on the device, on streams of other libraries too.

    Arrays of other libraries are read and written on streams of our own, which only
    wait for the default stream by themselves.
    """
    cuda().synchronize()


def numbers(*values: int) -> list[np.uint64]:
    """Return counts and places as kernels take them: unsigned."""
    return [np.uint64(value) for value in values]


def pinned(size: int, dtype: Any) -> AnyArray:
    """Return host memory that the device copies to by itself, if there is some left."""
    try:
        array: AnyArray = cuda().pinned_array(size, np.dtype(dtype))
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        array = np.empty(size, dtype)
    return array


def free_bytes() -> int | None:
    """Return the free bytes of the current device, None on the simulator."""
    if is_simulated():
        return None
    return int(cuda().current_context().get_memory_info()[0])


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error of the driver, or of CuPy, says that memory is short."""
    if isinstance(error, MemoryError):
        return True
    words = str(error)  # the second is cuBLAS's, for its workspace
    is_said = "OUT_OF_MEMORY" in words or "CUBLAS_STATUS_ALLOC_FAILED" in words
    return is_said or type(error).__name__ == "OutOfMemoryError"


def refuse_memory(needed: int, what: str) -> NoReturn:
    """Raise the error that says how much device memory a call needs."""
    free = free_bytes()
    found = "" if free is None else f"; {free:,} are free"
    raise MemoryBudgetError(
        f"backend='cuda': {what} needs {needed:,} bytes of device memory{found}. Free "
        "memory that other libraries hold, use dtype='float32', fewer rows at a time, "
        "or backend='cpu'"
    ) from None
