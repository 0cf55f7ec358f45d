"""A prepared computation, walked into arrays."""

import numpy as np

from fastntk._errors import MemoryBudgetError
from fastntk._typing import AnyArray
from fastntk.layerwise.memory import available_memory
from fastntk.request.progress import ProgressArg, make_progress
from fastntk.tiling.driver import walk
from fastntk.tiling.setup import Setup
from fastntk.tiling.sinks import DenseSink

__all__ = ["run_dense"]


def run_dense(
    setup: Setup,
    outs: tuple[AnyArray, ...] | None = None,
    progress: ProgressArg = False,
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
        _check_available(setup)
    bar = make_progress(progress, setup.shape[0] * setup.shape[1])
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


def _check_available(setup: Setup) -> None:
    """Refuse a result that cannot fit the machine's free memory."""
    available = available_memory()
    needed = setup.n_bytes + setup.input_bytes
    if available is not None and needed > available:
        n1, n2 = setup.shape
        raise MemoryBudgetError(
            f"a {n1} x {n2} {setup.dtype.name} result of {len(setup.get)} kernel(s) "
            f"needs {needed:,} bytes with its copy of the inputs; {available:,} are "
            "free. Pass out= with a numpy.memmap, or stream blocks with fastntk.tiles"
        )
