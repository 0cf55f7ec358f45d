"""Operators and the GPU: products that stay there, rows and columns that lie there."""

import functools
from collections.abc import Callable
from typing import Any

from fastntk._typing import AnyArray, FloatArray
from fastntk._validation import refuse_masked
from fastntk.request.placement import as_device_array, is_on_device, to_host
from fastntk.request.progress import Progress
from fastntk.tiling.setup import Setup

__all__ = ["Multiplier", "columns_anywhere", "entry_flops", "multiplier"]

OP_COST = 1.3  # time of a flop of the layers, in those of the product
DEVICE_SPEED = 20.0  # of entries on a GPU, in those of the host; not yet measured

Multiplier = Callable[..., FloatArray]
"""``multiplier(x, is_transposed=, progress=)``: a product, computed on the device."""


def multiplier(setup: Setup) -> Multiplier | None:
    """Return what multiplies on the device; None if tiles are the host's."""
    make = getattr(setup.backend, "products", None)
    if make is None:
        return None
    runs = setup.program if setup.runs is None else setup.runs
    products = make(runs, setup.rows1, setup.rows2)

    def multiply(x: AnyArray, *, is_transposed: bool, progress: Progress) -> FloatArray:
        def done(entries: int) -> None:
            progress.add(entries)
            progress.tick()

        with progress:
            found: FloatArray = products(x, is_transposed=is_transposed, done=done)
            return found

    return multiply


def entry_flops(setup: Setup) -> float:
    """Return the cost of an entry, in flops of a matrix product on the host."""
    runs = setup.program if setup.runs is None else setup.runs
    flops = 2 * setup.x1.shape[1] + OP_COST * runs.flops
    is_on_host = getattr(setup.backend, "products", None) is None
    return float(flops if is_on_host else flops / DEVICE_SPEED)


def columns_anywhere(method: Callable[..., AnyArray]) -> Callable[..., Any]:
    """Let a product take columns on a GPU too; its result then lies beside them."""

    @functools.wraps(method)
    def product(self: Any, x: Any) -> Any:
        if not is_on_device(x):
            refuse_masked(x, method.__name__)
            return method(self, x)
        return as_device_array(method(self, to_host(x)), x)

    return product
