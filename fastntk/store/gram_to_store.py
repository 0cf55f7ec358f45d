"""`fastntk.gram_to_store`: a kernel matrix on the disk, that survives being killed."""

import os
from typing import Any

from fastntk._errors import InputError
from fastntk._resources import memory_told
from fastntk._typing import MatrixLike
from fastntk._validation import check_flag
from fastntk.calls.choose import by_tiles
from fastntk.request.options import Options
from fastntk.request.progress import ProgressArg
from fastntk.request.request import Request
from fastntk.spec import Spec
from fastntk.store.fill import Job, StoreReport, fill_store
from fastntk.store.layout import (
    StoreOptions,
    check_options,
    choose_chunk,
    store_threads,
)
from fastntk.store.manifest import make_manifest
from fastntk.store.place import Place
from fastntk.tiling.plan import MAX_SIDE
from fastntk.tiling.setup import Setup, prepare

__all__ = ["gram_to_store"]


@memory_told("gram_to_store")
def gram_to_store(
    net: Any,
    x1: MatrixLike,
    x2: MatrixLike | None = None,
    path: str | os.PathLike[str] | None = None,
    get: str = "ntk",
    *,
    layout: str = "full",
    compression: str | int | None = None,
    shard: tuple[int, int] | None = None,
    chunk: int | None = None,
    dtype: Any = None,
    backend: str = "auto",
    threads: int | None = None,
    max_memory: int | float | str | None = None,
    overwrite: bool = False,
    check: str = "auto",
    durable: bool = True,
    progress: ProgressArg = False,
) -> StoreReport:
    """Write a kernel matrix to the disk; the same call goes on after an interruption.

    Parameters
    ----------
    net : Network or Spec
        The network.
    x1 : array-like or CSR matrix of shape (n1, d)
        One row per sample.
    x2 : array-like or CSR matrix of shape (n2, d), optional
        The other side; None means ``x1``.
    path : path-like
        ``.zarr``: a zarr v3 array (needs fastntk[store]); ``.npy``: a NumPy file, for
        ``numpy.load(path, mmap_mode="r")``. Its folder must exist.
    get : {"ntk", "nngp"}, default="ntk"
        Which kernel.
    layout : {"full", "lower"}, default="full"
        "lower" keeps tiles on and below the diagonal of a symmetric matrix: half the
        disk. A zarr array then reads as NaN above them; a ``.npy`` file is an array of
        tiles. `fastntk.open_store` reads all as the whole matrix.
    compression : None, "zstd" or int, default=None
        Level of zstd (1 to 22, "zstd" is 3), for ``.zarr``; kernels hardly shrink.
    shard : (int, int), optional
        ``(i, k)``: compute the i-th of k parts of the tile plan, 1 <= i <= k. Several
        machines fill one store; the last to end completes it.
    chunk : int, optional
        Side of a tile of the store, a multiple of 64; by default 64 to 2560, by the
        size of the matrix. A store that is there keeps its own.
    dtype : {"float32", "float64"}, optional
        Of computation and store.
    backend, threads
        As in `fastntk.gram`.
    max_memory : int or str, optional
        Bytes for the copy of the inputs and all tiles in work.
    overwrite : bool, default=False
        Replace a store that is there. Without it the call goes on with that store.
    check : {"auto", "all", "recent"}, default="auto"
        Which finished tiles of this shard are read again and compared with their
        checksums before the work goes on: "recent": those not yet known to be on the
        disk. "auto": all if they take up to 1 GiB, else recent ones. "all": those of
        all shards. Sizes of files are always compared. The shard that completes the
        store compares the sizes of all tiles, and reads recent ones.
    durable : bool, default=True
        Bring tiles to the disk as they are finished (fsync). Without it a power cut may
        cost more tiles; a killed process costs none.
    progress : bool or callable, default=False
        As in `fastntk.gram`.

    Returns
    -------
    StoreReport

    Raises
    ------
    InputError, NetworkError, RangeError, MemoryBudgetError, NotSupportedError
        As for `fastntk.gram`, before anything is written.
    StoreError
        If the path can't be written, the disk is full, another process writes the same
        shard, or the store there is of another network, data, dtype or version.
        Finished tiles are kept.
    KeyboardInterrupt
        After the threads ended; finished tiles are kept.

    Notes
    -----
    A tile is finished when its bytes and a record in the journal are with the system.
    Killed at any instant, the next call computes only tiles that were in work; after a
    power cut, tiles that did not reach the disk are found by their checksums. Tiles do
    not depend on threads, shards or interruptions: on machines of one kind the result
    is the same to the last bit.

    Memory: the copy of the inputs and two tiles of the store, one if there are two
    sides, per thread. With ``threads`` above 1, where memory allows, two threads more
    wait for the disk while others compute.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(64), stax.Relu(), stax.Dense(1))
    >>> x = np.eye(4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = fastntk.gram_to_store(net, x, path=f"{folder}/K.npy")
    ...     kernel = np.load(f"{folder}/K.npy")
    >>> report.is_complete, bool(np.all(kernel == fastntk.gram(net, x)))
    (True, True)
    """
    asked = check_options(path, get, layout, compression, shard, chunk, check)
    options = Options(
        dtype=dtype,
        backend=backend,
        threads=threads,
        max_memory=max_memory,
        progress=progress,
    )
    request = Request.of(net, x1, x2, get, options)
    with by_tiles(request, "gram_to_store") as found:
        setup = prepare(found)
    if layout == "lower" and setup.x2 is not None:
        raise InputError(
            "layout: found 'lower' with two sides; expected 'full': only a symmetric "
            "matrix has a half"
        )
    place = Place(asked.path)
    if check_flag(overwrite, "overwrite"):
        place.remove()
    return fill_store(
        _job(
            request.spec, setup, asked, place, is_durable=check_flag(durable, "durable")
        )
    )


def _job(
    spec: Spec, setup: Setup, asked: StoreOptions, place: Place, *, is_durable: bool
) -> Job:
    """Return the work to do, on a store that is there or is made now."""
    there = place.manifest()
    has_panels = asked.kind == "npy" and asked.layout == "full"
    sides = choose_chunk(setup, asked.chunk, has_panels=has_panels)
    wanted = make_manifest(
        spec,
        setup,
        layout=asked.layout,
        chunk=sides if there is None else there.chunk,
        tile=MAX_SIDE,
        kind=asked.kind,
        compression=asked.compression,
    )
    walkers = store_threads(setup, wanted.chunk)
    setup.threads = min(setup.threads, walkers)
    if there is None:
        there = place.create(wanted)
    there.check_same(wanted, asked.path)
    return Job(setup, walkers, place, there, asked, is_durable)
