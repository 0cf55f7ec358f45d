"""A prepared computation, walked into arrays."""

import numpy as np

from fastntk._typing import AnyArray
from fastntk.request.progress import make_progress
from fastntk.tiling.driver import walk
from fastntk.tiling.memory import check_available
from fastntk.tiling.setup import Setup
from fastntk.tiling.sinks import DenseSink

__all__ = ["run_dense"]


def run_dense(
    setup: Setup,
    outs: tuple[AnyArray, ...] | None = None,
) -> tuple[AnyArray, ...]:
    """Compute all kernels of a setup, into ``outs`` or new arrays.

    Raises
    ------
    RangeError
        If a diagonal leaves the range of the dtype.
    MemoryBudgetError
        Before anything is allocated, if it cannot fit.
    """
    plan = setup.plan(used=0 if outs is not None else setup.n_bytes)
    if outs is None:
        check_available(setup)
    bar = make_progress(setup.options.progress, setup.shape[0] * setup.shape[1])
    setup.prepare_rows()
    if outs is None:
        outs = tuple(np.empty(setup.shape, setup.dtype) for _ in setup.get)
    diagonals = None
    if setup.x2 is None:
        diagonals = tuple(setup.rows1.diagonal(name) for name in setup.get)
    walk(
        plan,
        lambda: setup.new_worker(plan),
        DenseSink(outs, diagonals),
        threads=setup.threads,
        progress=bar,
    )
    return outs
