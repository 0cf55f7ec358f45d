"""The walk over a tile plan: threads, progress and interrupts.

Threads are plain Python threads, one tile each: kernels run without the GIL.
Tiles are handed out in plan order; every entry is written by one thread, from numbers
that do not depend on the others, so the result is the same for every thread count.
"""

import threading
from collections.abc import Callable, Iterable, Iterator

from fastntk.backends.base import Worker
from fastntk.request.progress import Progress
from fastntk.tiling.plan import Tile, TilePlan
from fastntk.tiling.sinks import Sink

__all__ = ["THREAD_NAME", "walk"]

THREAD_NAME = "fastntk"


def walk(
    plan: TilePlan,
    new_worker: Callable[[], Worker],
    sink: Sink,
    *,
    threads: int,
    progress: Progress,
    tiles: Iterable[Tile] | None = None,
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
    tiles : iterable of Tile, optional
        Those of the plan to run, in the order to run them (a resumed job).

    Raises
    ------
    BaseException
        Whatever a worker, the sink or an interrupt raised, after all threads ended.
    """
    todo = plan if tiles is None else tiles
    threads = min(threads, len(plan))
    sink.begin(plan)
    try:
        with progress:
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
        progress.tick()


def _run_threads(
    shared: _Shared,
    threads: int,
    new_worker: Callable[[], Worker],
    sink: Sink,
    progress: Progress,
) -> None:
    """Run workers in threads; the calling thread waits, so that Ctrl-C reaches it."""

    def target(worker: Worker, ended: threading.Event) -> None:
        try:
            _work(shared, worker, sink, progress)
        except BaseException as error:
            shared.stop(error)
        finally:
            ended.set()

    started: list[tuple[threading.Thread, threading.Event]] = []
    try:
        for k in range(threads):
            ended = threading.Event()
            thread = threading.Thread(
                target=target, args=(new_worker(), ended), name=f"{THREAD_NAME}-{k}"
            )
            thread.start()
            started.append((thread, ended))
        for _, ended in started:
            while not ended.wait(0.1):
                progress.show()
    finally:
        shared.stop()
        for thread, ended in started:
            # an interrupt inside Thread.join would make Python 3.11 forget the thread
            ended.wait()
            thread.join()
    if shared.error is not None:
        raise shared.error
