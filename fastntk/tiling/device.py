"""Public calls whose inputs live on a GPU: checks of options, and named tuples."""

from collections.abc import Iterator
from typing import Any

from fastntk._errors import NotSupportedError
from fastntk._typing import GetArg
from fastntk._validation import check_flag, check_get
from fastntk.backends.cuda_where import is_on_device
from fastntk.spec import Spec
from fastntk.tiling.progress import ProgressArg, make_progress
from fastntk.tiling.results import pack
from fastntk.tiling.stages import is_one_run

__all__ = ["device_diagonal", "device_gram", "device_tiles", "is_on_device"]


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
    from fastntk.backends.cuda_device import gram_on_device

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


def device_diagonal(spec: Spec, x: Any, get: GetArg, dtype: Any) -> Any:
    """Return `fastntk.diagonal` of rows on a GPU, as arrays there."""
    from fastntk.backends.cuda_device import diagonal_on_device

    _check_run(spec)
    names, is_tuple = check_get(get)
    return pack(diagonal_on_device(spec, x, names, dtype=dtype), names, is_tuple)


def device_tiles(
    spec: Spec, x1: Any, x2: Any, get: GetArg, *, dtype: Any, backend: str
) -> Iterator[tuple[slice, slice, Any]]:
    """Return `fastntk.tiles` of arrays on a GPU: blocks there."""
    from fastntk.backends.cuda_device import tiles_on_device

    _check_run(spec)
    names, is_tuple = check_get(get)
    blocks = tiles_on_device(spec, x1, x2, names, dtype=dtype, backend=backend)
    return (
        (rows, cols, pack(values, names, is_tuple)) for rows, cols, values in blocks
    )


def _check_run(spec: Spec) -> None:
    """Refuse networks that are evaluated on whole matrices of the host."""
    if not is_one_run(spec):
        raise NotSupportedError(
            "found inputs on a GPU, and a network with layers that are evaluated on "
            "whole matrices; expected layers with kernels of their own. Copy the "
            "inputs to the host, and use backend='cpu'"
        )
