"""Public calls whose inputs live on a GPU: checks of options, and named tuples."""

import contextlib
from collections.abc import Iterator
from typing import Any

from fastntk._errors import NotSupportedError
from fastntk._typing import GetArg
from fastntk._validation import check_flag, check_get
from fastntk.backends.cuda.where import device_of, is_on_device
from fastntk.layerwise.stages import is_one_run
from fastntk.request.progress import ProgressArg, make_progress
from fastntk.request.results import pack
from fastntk.spec import Spec

__all__ = [
    "as_device_array",
    "beside",
    "device_diagonal",
    "device_gram",
    "device_number",
    "device_tiles",
    "is_on_device",
    "on_device_number",
    "rows_on_host",
    "to_host",
]


def device_gram(
    spec: Spec,
    x1: Any,
    x2: Any,
    get: GetArg,
    *,
    dtype: Any,
    backend: str,
    out: Any,
    collapse: bool,
    progress: ProgressArg,
) -> Any:
    """Return `fastntk.gram` of arrays on a GPU, as arrays there."""
    from fastntk.device.gram import gram_on_device

    _check_run(spec)
    names, is_tuple = check_get(get)
    check_flag(collapse, "collapse")
    bar = None
    if progress is not False:
        n1 = x1.shape[0]
        bar = make_progress(progress, n1 * (n1 if x2 is None else x2.shape[0]))
    values = gram_on_device(
        spec,
        x1,
        x2,
        names,
        dtype=dtype,
        backend=backend,
        out=out,
        collapse=collapse,
        progress=bar,
    )
    return pack(values, names, is_tuple)


def device_diagonal(spec: Spec, x: Any, get: GetArg, dtype: Any, backend: str) -> Any:
    """Return `fastntk.diagonal` of rows on a GPU, as arrays there."""
    from fastntk.device.blocks import diagonal_on_device

    _check_run(spec)
    names, is_tuple = check_get(get)
    values = diagonal_on_device(spec, x, names, dtype=dtype, backend=backend)
    return pack(values, names, is_tuple)


def device_tiles(
    spec: Spec,
    x1: Any,
    x2: Any,
    get: GetArg,
    *,
    dtype: Any,
    backend: str,
    collapse: bool,
) -> Iterator[tuple[slice, slice, Any]]:
    """Return `fastntk.tiles` of arrays on a GPU: blocks there."""
    from fastntk.device.blocks import tiles_on_device

    _check_run(spec)
    names, is_tuple = check_get(get)
    check_flag(collapse, "collapse")
    options: dict[str, Any] = {"dtype": dtype, "backend": backend}
    blocks = tiles_on_device(spec, x1, x2, names, collapse=collapse, **options)
    return (
        (rows, cols, pack(values, names, is_tuple)) for rows, cols, values in blocks
    )


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


def _check_run(spec: Spec) -> None:
    """Refuse networks that are evaluated on whole matrices of the host."""
    if not is_one_run(spec):
        raise NotSupportedError(
            "found inputs on a GPU, and a network with layers that are evaluated on "
            "whole matrices; expected layers with kernels of their own. Copy the "
            "inputs to the host, and use backend='cpu'"
        )
