"""Compute the tiles of a store that are not there yet."""

import dataclasses
import math
import threading
import time

from fastntk._errors import FastntkError
from fastntk.request.progress import make_progress
from fastntk.store.files import worded
from fastntk.store.formats.choose import Format
from fastntk.store.journal import Journal, Record, read_journals
from fastntk.store.layout import StoreOptions
from fastntk.store.manifest import Manifest
from fastntk.store.place import Place
from fastntk.store.resume import sound_tiles
from fastntk.store.sink import ChunkWorker, StoreSink
from fastntk.tiling.driver import walk
from fastntk.tiling.plan import Tile, TilePlan
from fastntk.tiling.setup import Setup

__all__ = ["StoreReport", "fill_store"]


@dataclasses.dataclass(frozen=True)
class StoreReport:
    """What `gram_to_store` did.

    Attributes
    ----------
    path : str
        Of the store.
    shape : tuple of int
        Of the matrix.
    dtype, layout : str
        Of the store.
    tiles : int
        Of the whole matrix.
    found : int
        Tiles that were there, of all shards.
    damaged : int
        Tiles that a journal spoke of, but that were torn or changed, as far as they
        were looked at.
    computed : int
        Tiles computed by this call.
    is_complete : bool
        Whether all tiles are there now; other shards may still be at work.
    n_bytes : int
        Written by this call.
    seconds : float
        Of this call.
    """

    path: str
    shape: tuple[int, int]
    dtype: str
    layout: str
    tiles: int
    found: int
    damaged: int
    computed: int
    is_complete: bool
    n_bytes: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Job:
    """All that a call of `fastntk.gram_to_store` was asked for, checked."""

    setup: Setup
    walkers: int
    place: Place
    manifest: Manifest
    options: StoreOptions
    is_durable: bool


def fill_store(job: Job) -> StoreReport:
    """Compute the tiles of a shard that are not there yet.

    Raises
    ------
    StoreError
        If a file can't be written; tiles that are finished are kept.
    """
    journal = job.place.journal(job.options.shard)
    try:
        store = job.place.open(job.manifest, journal.path.name)
        try:
            return _fill(job, store, journal)
        finally:
            store.close()
    except OSError as error:
        if isinstance(error, FastntkError):
            raise
        raise worded(error, job.options.path, "writing") from error
    finally:
        journal.close()


def _fill(job: Job, store: Format, journal: Journal) -> StoreReport:
    """Do it with open files."""
    began = time.monotonic()
    place, manifest, options = job.place, job.manifest, job.options
    plan = manifest.plan
    records = read_journals(place.meta)
    mine = _shard_range(len(plan), options.shard)
    looked_at = _looked_at(records, mine, options.check)
    found = sound_tiles(store, manifest, looked_at, options.check, job.setup.threads)
    todo = [tile for tile in plan if tile.index in mine and tile.index not in found]
    if manifest.kind == "zarr" and manifest.compression == "none":
        size = math.prod(manifest.chunk) * job.setup.dtype.itemsize
        place.check_free(len(todo) * size * (1 + manifest.has_mirrors))
    sink = StoreSink(
        options.path,
        store,
        journal,
        has_mirrors=manifest.has_mirrors,
        is_durable=job.is_durable,
    )
    if todo:
        _walk_shard(job, store, sink, todo)
    damaged = set(looked_at) - found
    lost = damaged - {tile.index for tile in todo}
    now = read_journals(place.meta)
    lost |= _lost_elsewhere(job, store, now, lost, looked_at)
    is_complete = len(set(now) - lost) == len(plan)
    if is_complete:
        store.finish()
    return StoreReport(
        path=str(options.path),
        shape=manifest.shape,
        dtype=manifest.dtype,
        layout=manifest.layout,
        tiles=len(plan),
        found=len(records) - len(damaged | (lost & set(records))),
        damaged=len(damaged | lost),
        computed=sink.n_tiles,
        is_complete=is_complete,
        n_bytes=sink.n_bytes,
        seconds=time.monotonic() - began,
    )


def _looked_at(
    records: dict[int, Record], mine: range, check: str
) -> dict[int, Record]:
    """Return the finished tiles to look at before the work goes on.

    Those of this shard, which can be computed anew; each shard looks at its own. With
    ``check="all"`` those of all shards.
    """
    if check == "all":
        return records
    return {index: record for index, record in records.items() if index in mine}


def _lost_elsewhere(
    job: Job,
    store: Format,
    records: dict[int, Record],
    lost: set[int],
    known: dict[int, Record],
) -> set[int]:
    """Return tiles of other shards that are not as they were written.

    They are looked at where all tiles seem to be there, before the store is said to be
    complete: their sizes, and what is not yet known to be on the disk is read.
    """
    mine = _shard_range(len(job.manifest.plan), job.options.shard)
    others = {
        index: record
        for index, record in records.items()
        if index not in mine and index not in known
    }
    if not others or len(set(records) - lost) < len(job.manifest.plan):
        return set()
    good = sound_tiles(store, job.manifest, others, "recent", job.setup.threads)
    return set(others) - good


def _shard_range(n_tiles: int, shard: tuple[int, int]) -> range:
    """Return the indices of the tiles of a shard: neighbours in the plan."""
    i, k = shard
    return range(n_tiles * (i - 1) // k, n_tiles * i // k)


def _walk_shard(job: Job, store: Format, sink: StoreSink, todo: list[Tile]) -> None:
    """Compute and write some tiles."""
    setup, manifest = job.setup, job.manifest
    bar = make_progress(
        job.setup.options.progress, sum(tile.n_entries for tile in todo)
    )
    setup.prepare_rows()
    diagonal = None
    if manifest.is_symmetric:
        diagonal = setup.rows1.diagonal(setup.get[0])
    sides = (min(manifest.tile, setup.shape[0]), min(manifest.tile, setup.shape[1]))
    small = TilePlan(setup.shape, sides, manifest.is_symmetric)

    turns = threading.Semaphore(setup.threads)

    def new_worker() -> ChunkWorker:
        worker = setup.new_worker(small)
        dtype, chunk = setup.dtype, manifest.chunk
        return ChunkWorker(worker, manifest.tile, store, chunk, dtype, diagonal, turns)

    walk(
        manifest.plan,
        new_worker,
        sink,
        threads=min(job.walkers, len(todo)),
        progress=bar,
        tiles=todo,
    )
