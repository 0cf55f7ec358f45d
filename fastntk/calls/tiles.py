"""Tiles one after the other, for libraries that want blocks instead of a matrix."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from fastntk._typing import AnyArray, GetArg, MatrixLike
from fastntk._validation import check_max_memory, check_threads
from fastntk.backends.base import Worker
from fastntk.kernels.cpu.tile import symmetrise_block
from fastntk.layerwise.evaluate import refuse_staged
from fastntk.request.placement import device_tiles, is_on_device
from fastntk.request.results import pack
from fastntk.tiling.driver import THREAD_NAME
from fastntk.tiling.plan import Tile, TilePlan
from fastntk.tiling.setup import Setup, as_spec, prepare

__all__ = ["tiles"]


def tiles(
    net: Any,
    x1: MatrixLike,
    x2: MatrixLike | None = None,
    get: GetArg = "ntk",
    *,
    dtype: Any = None,
    backend: str = "auto",
    threads: int | None = None,
    max_memory: int | float | str | None = None,
    collapse: bool = True,
) -> Iterator[tuple[slice, slice, Any]]:
    """Yield the kernel matrix block by block; it is never held as a whole.

    Parameters
    ----------
    net, x1, x2, get, dtype, backend, threads
        As in `fastntk.gram`.
    max_memory : int or str, optional
        Bytes for the copy of the inputs and all blocks alive at once, in host memory.
    collapse : bool, default=True
        As in `fastntk.gram`.

    Yields
    ------
    rows, cols : slice
        Where the block lies.
    block : ndarray, or a named tuple of these
        Yours to keep or change. With ``x2=None`` each block below the diagonal is
        computed once and followed by its mirror image, so the blocks cover the matrix.

    Raises
    ------
    InputError, NetworkError, RangeError, MemoryBudgetError, NotSupportedError
        As for `fastntk.gram`, at the call, before the first block. NotSupportedError
        also for networks that are evaluated on whole matrices: with layers made by a
        user, or inputs with positions.

    Notes
    -----
    Up to ``2 * threads`` tiles are computed ahead. The order is that of the plan for
    every thread count. Closing the iterator stops the threads.

    Examples
    --------
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(64), stax.Relu(), stax.Dense(1))
    >>> x = np.eye(3)
    >>> trace = 0.0
    >>> for rows, cols, block in fastntk.tiles(net, x):
    ...     if rows == cols:
    ...         trace += np.trace(block)
    >>> bool(np.isclose(trace, np.trace(fastntk.gram(net, x))))
    True
    """
    spec = as_spec(net)
    if is_on_device(x1, x2):
        check_threads(threads)
        check_max_memory(max_memory)
        options: dict[str, Any] = {"dtype": dtype, "backend": backend}
        return device_tiles(spec, x1, x2, get, collapse=collapse, **options)
    refuse_staged(spec, x1, "tiles")
    setup = prepare(
        spec,
        x1,
        x2,
        get,
        dtype=dtype,
        backend=backend,
        threads=threads,
        max_memory=max_memory,
        collapse=collapse,
    )
    plan = setup.plan(copies=1 + 2 * 2)  # workspace, tiles ahead, their mirror images
    setup.prepare_rows()
    return _stream(setup, plan)


def _stream(setup: Setup, plan: TilePlan) -> Iterator[tuple[slice, slice, Any]]:
    workers: SimpleQueue[Worker] = SimpleQueue()
    threads = min(setup.threads, len(plan))
    for _ in range(threads):
        workers.put(setup.new_worker(plan))

    def run(tile: Tile) -> tuple[Tile, list[AnyArray]]:
        worker = workers.get()
        try:
            return tile, _finish(setup, worker, tile)
        finally:
            workers.put(worker)

    ahead: deque[Future[tuple[Tile, list[AnyArray]]]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix=THREAD_NAME)
    try:
        for tile in plan:
            ahead.append(executor.submit(run, tile))
            if len(ahead) > 2 * threads:
                yield from _emit(setup, *ahead.popleft().result())
        while ahead:
            yield from _emit(setup, *ahead.popleft().result())
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _finish(setup: Setup, worker: Worker, tile: Tile) -> list[AnyArray]:
    """Run a tile and copy it out of the worker's memory."""
    blocks = worker.run(tile.rows, tile.cols, is_diagonal=tile.is_diagonal)
    copies = [block.copy() for block in blocks]
    if tile.is_diagonal:
        for name, block in zip(setup.get, copies, strict=True):
            exact = setup.rows1.diagonal(name)[tile.rows]
            symmetrise_block(block, exact.astype(block.dtype))
    return copies


def _emit(
    setup: Setup, tile: Tile, blocks: list[AnyArray]
) -> Iterator[tuple[slice, slice, Any]]:
    """Yield a tile and, below the diagonal, its mirror image."""
    is_lower = tile.is_symmetric and not tile.is_diagonal
    images = [block.T.copy() for block in blocks] if is_lower else []
    yield tile.rows, tile.cols, pack(blocks, setup.get, setup.is_tuple)
    if is_lower:
        yield tile.cols, tile.rows, pack(images, setup.get, setup.is_tuple)
