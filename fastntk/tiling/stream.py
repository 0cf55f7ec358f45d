"""Tiles one after the other, some of them computed ahead."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from fastntk._typing import AnyArray
from fastntk.backends import Worker
from fastntk.kernels.cpu.tile import symmetrise_block
from fastntk.tiling.driver import THREAD_NAME
from fastntk.tiling.plan import Tile, TilePlan
from fastntk.tiling.setup import Setup

__all__ = ["AHEAD", "stream"]

AHEAD = 1 + 2 * 2  # tiles per thread: workspace, those ahead, their mirror images


def stream(
    setup: Setup, plan: TilePlan, pack: Callable[[list[AnyArray]], Any]
) -> Iterator[tuple[slice, slice, Any]]:
    """Yield the tiles of a prepared computation, and mirror images, in plan order.

    Parameters
    ----------
    setup : Setup
        With its rows prepared.
    plan : TilePlan
        The tiles.
    pack : callable
        Makes the block that is yielded of one array for each kernel.
    """
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
                yield from _emit(pack, *ahead.popleft().result())
        while ahead:
            yield from _emit(pack, *ahead.popleft().result())
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
    pack: Callable[[list[AnyArray]], Any], tile: Tile, blocks: list[AnyArray]
) -> Iterator[tuple[slice, slice, Any]]:
    """Yield a tile and, below the diagonal, its mirror image."""
    is_lower = tile.is_symmetric and not tile.is_diagonal
    images = [block.T.copy() for block in blocks] if is_lower else []
    yield tile.rows, tile.cols, pack(blocks)
    if is_lower:
        yield tile.cols, tile.rows, pack(images)
