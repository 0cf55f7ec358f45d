"""What evaluates a request: chosen here and nowhere else, before any work.

::

    DeviceRows    rows or an output on a GPU, of a network that is one program
    Layerwise     networks that are not one program, and samples with positions
    HostRows      all others: by tiles
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from fastntk._errors import NotSupportedError
from fastntk.layerwise.evaluator import Layerwise, refuse_layerwise
from fastntk.program.one_run import is_one_run
from fastntk.request.protocol import Evaluator
from fastntk.request.request import Request, lies_on_device
from fastntk.tiling.evaluator import HostRows

__all__ = ["by_tiles", "choose", "layerwise"]


def choose(request: Request, out: Any = None) -> Evaluator:
    """Return what evaluates a request.

    Parameters
    ----------
    request : Request
        The checked call.
    out : array, tuple of arrays or None
        Where the result is to go; it may lie on a GPU.

    Raises
    ------
    NotSupportedError
        For rows on a GPU and a network that is evaluated on whole matrices.
    """
    if request.is_on_device or lies_on_device(out):
        return _device_rows(request)
    return layerwise() if request.is_layerwise else HostRows()


def layerwise() -> Layerwise:
    """Return what evaluates networks layer by layer, on rows in host memory."""
    return Layerwise(HostRows())


@contextlib.contextmanager
def by_tiles(request: Request, name: str) -> Iterator[Request]:
    """Yield a request that walks over tiles of the host can serve.

    Rows on a GPU are copied to the host, and their GPU is current.

    Parameters
    ----------
    request : Request
        The checked call.
    name : str
        The public function, for the message.

    Raises
    ------
    NotSupportedError
        If the network is evaluated on whole matrices.
    """
    with request.on_host() as found:
        if found.is_layerwise:
            refuse_layerwise(name)
        yield found


def _device_rows(request: Request) -> Evaluator:
    """Return what evaluates rows on a GPU, if it can run the network."""
    if not is_one_run(request.spec):
        raise NotSupportedError(
            "found inputs on a GPU, and a network with layers that are evaluated on "
            "whole matrices; expected layers with kernels of their own. Copy the "
            "inputs to the host, and use backend='cpu'"
        )
    from fastntk.device.evaluator import DeviceRows

    return DeviceRows()
