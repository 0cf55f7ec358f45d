"""The walk over a tile plan: threads, progress and interrupts.

Threads are plain Python threads, one tile each: kernels and BLAS run without the GIL.
Tiles are handed out in plan order; every entry is written by one thread, from numbers
that do not depend on the others, so the result is the same for every thread count.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from fastntk.backends.base import Worker
from fastntk.tiling.plan import Tile, TilePlan
from fastntk.tiling.progress import Progress
from fastntk.tiling.sinks import Sink

__all__ = ["single_blas_thread", "walk"]

THREAD_NAME = "fastntk"


def walk(
    plan: TilePlan,
    new_worker: Callable[[], Worker],
    sink: Sink,
    *,
    threads: int,
    progress: Progress,
    skip: Callable[[Tile], bool] | None = None,
) -> None:
    """Run every tile of a plan and give it to a sink.

    Parameters
    ----------
    plan : TilePlan
        The tiles.
    new_worker : callable
        Makes the workspace of one thread.
    sink : Sink
        Takes the finished tiles; committed at the end, aborted on any exception.
    threads : int
        Workers; 1 runs in the calling thread.
    progress : Progress
        Told of every finished tile.
    skip : callable, optional
        Says of a tile that it need not be run (a resumed job).

    Raises
    ------
    BaseException
        Whatever a worker, the sink or an interrupt raised, after all threads ended.
    """
    todo = (tile for tile in plan if skip is None or not skip(tile))
    threads = min(threads, len(plan))
    sink.begin(plan)
    try:
        with single_blas_thread(), progress:
            if threads == 1:
                _work(_Shared(todo), new_worker(), sink, progress)
            else:
                _run_threads(_Shared(todo), threads, new_worker, sink, progress)
    except BaseException:
        sink.abort()
        raise
    sink.commit()


class _Shared:
    """What the threads of a walk share: the tiles left, and the first error."""

    def __init__(self, tiles: Iterable[Tile]) -> None:
        self._tiles = iter(tiles)
        self._lock = threading.Lock()
        self.error: BaseException | None = None
        self.is_stopped = False

    def __iter__(self) -> Iterator[Tile]:
        while not self.is_stopped:
            with self._lock:
                tile = next(self._tiles, None)
            if tile is None:
                return
            yield tile

    def stop(self, error: BaseException | None = None) -> None:
        """Let no further tile begin."""
        with self._lock:
            self.is_stopped = True
            self.error = self.error or error


def _work(shared: _Shared, worker: Worker, sink: Sink, progress: Progress) -> None:
    """Run tiles until there are none left."""
    for tile in shared:
        blocks = worker.run(tile.rows, tile.cols, is_diagonal=tile.is_diagonal)
        sink.tile(tile, blocks)
        if tile.is_symmetric and not tile.is_diagonal:
            sink.mirror(tile, blocks)
        progress.add(tile.n_entries)


def _run_threads(
    shared: _Shared,
    threads: int,
    new_worker: Callable[[], Worker],
    sink: Sink,
    progress: Progress,
) -> None:
    """Run workers in threads; the calling thread waits, so that Ctrl-C reaches it."""

    def target(worker: Worker) -> None:
        try:
            _work(shared, worker, sink, progress)
        except BaseException as error:
            shared.stop(error)

    pool = [
        threading.Thread(target=target, args=(new_worker(),), name=f"{THREAD_NAME}-{k}")
        for k in range(threads)
    ]
    started: list[threading.Thread] = []
    try:
        for thread in pool:
            thread.start()
            started.append(thread)
        for thread in started:
            while thread.is_alive():
                thread.join(0.2)
                progress.show()
    finally:
        shared.stop()
        for thread in started:
            thread.join()
    if shared.error is not None:
        raise shared.error


_blas_lock = threading.Lock()
_blas_state: dict[str, Any] = {"users": 0, "controller": None, "limiter": None}


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread per caller while any walk is running."""
    with _blas_lock:
        if _blas_state["controller"] is None:
            from threadpoolctl import ThreadpoolController

            _blas_state["controller"] = ThreadpoolController()
        if _blas_state["users"] == 0:
            _blas_state["limiter"] = _blas_state["controller"].limit(
                limits=1, user_api="blas"
            )
        _blas_state["users"] += 1
    try:
        yield
    finally:
        with _blas_lock:
            _blas_state["users"] -= 1
            if _blas_state["users"] == 0:
                _blas_state["limiter"].restore_original_limits()
