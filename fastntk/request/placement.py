"""Arrays wherever they lie: in host memory, or on a GPU."""

import contextlib
from collections.abc import Iterator
from typing import Any

from fastntk.backends.cuda.where import device_of, is_on_device

__all__ = [
    "as_device_array",
    "beside",
    "device_number",
    "is_on_device",
    "on_device_number",
    "rows_on_host",
    "to_host",
]


def to_host(x: Any) -> Any:
    """Return a copy in host memory of an array on a GPU; anything else as it is."""
    if not is_on_device(x):
        return x
    from fastntk.backends.cuda.arrays import host_copy

    return host_copy(x)


def as_device_array(values: Any, example: Any) -> Any:
    """Return values of the host as an array on a GPU, beside another one."""
    from fastntk.backends.cuda.arrays import device_copy

    return device_copy(values, example)


def beside(values: Any, example: Any) -> Any:
    """Return values of the host as they are, or on the GPU that holds an example."""
    return as_device_array(values, example) if is_on_device(example) else values


def device_number(x: Any) -> int | None:
    """Return the number of the GPU that holds an array; None for one of the host."""
    return device_of(x) if is_on_device(x) else None


def on_device_number(number: int | None) -> Any:
    """Return a context in which a GPU is the current one; None changes nothing."""
    if number is None:
        return contextlib.nullcontext()
    from fastntk.backends.cuda.memory import on_device
    from fastntk.kernels.cuda.target import require_cuda

    require_cuda()
    return on_device(number)


@contextlib.contextmanager
def rows_on_host(x1: Any, x2: Any, backend: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield rows in host memory, and the backend; the device of the rows is current.

    Rows that are there already come back as they are, as does the backend.
    """
    if not is_on_device(x1, x2):
        yield x1, x2, backend
        return
    from fastntk.backends.cuda.arrays import on_device_of

    with on_device_of(x1, x2):
        yield to_host(x1), to_host(x2), "cuda" if backend == "auto" else backend
