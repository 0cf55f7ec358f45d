"""Rows on a GPU, evaluated there; results are arrays of the library they came from."""

from collections.abc import Iterator
from typing import Any

from fastntk.device.blocks import diagonal_on_device, tiles_on_device
from fastntk.device.gram import gram_on_device
from fastntk.request.progress import make_progress
from fastntk.request.request import Request

__all__ = ["DeviceRows"]


class DeviceRows:
    """Evaluates networks that are one program, on the device of the rows."""

    def gram(self, request: Request, out: Any = None) -> list[Any]:
        """Return the whole matrices, written into ``out`` if that is given."""
        request.refuse_tol("inputs on a GPU have")
        options, bar = request.options, None
        if options.progress is not False:
            n1 = request.x1.shape[0]
            n2 = n1 if request.x2 is None else request.x2.shape[0]
            bar = make_progress(options.progress, n1 * n2)
        return gram_on_device(
            request.spec,
            request.x1,
            request.x2,
            request.names,
            dtype=options.dtype,
            backend=options.backend,
            out=out,
            collapse=options.collapse,
            progress=bar,
        )

    def diagonal(self, request: Request) -> list[Any]:
        """Return the kernels of every row with itself."""
        options = request.options
        return diagonal_on_device(
            request.spec,
            request.x1,
            request.names,
            dtype=options.dtype,
            backend=options.backend,
        )

    def tiles(self, request: Request) -> Iterator[tuple[slice, slice, Any]]:
        """Return the matrix block by block, each in new arrays on the device."""
        options = request.options
        blocks = tiles_on_device(
            request.spec,
            request.x1,
            request.x2,
            request.names,
            dtype=options.dtype,
            backend=options.backend,
            collapse=options.collapse,
        )
        return ((rows, cols, request.pack(values)) for rows, cols, values in blocks)
