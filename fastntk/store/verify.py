"""Check a store: its files against the journals, and tiles computed anew."""

import dataclasses
import os
from typing import Any

import numpy as np

from fastntk._errors import InputError, StoreError
from fastntk._jit import kernel_hash
from fastntk._shown import shown
from fastntk._typing import AnyArray, MatrixLike
from fastntk._validation.arguments import as_generator, as_index_or_none, as_path
from fastntk.request.options import Options
from fastntk.request.progress import Progress, ProgressArg, make_progress
from fastntk.request.request import Request, paired
from fastntk.spec import Spec, as_spec, resolve_axes
from fastntk.store.formats.choose import Format
from fastntk.store.journal import Record, read_journals
from fastntk.store.manifest import Manifest, data_hash
from fastntk.store.place import Place
from fastntk.store.resume import is_sound
from fastntk.store.sink import ChunkWorker
from fastntk.tiling.plan import Tile, TilePlan
from fastntk.tiling.setup import prepare

__all__ = ["VerifyReport", "verify_store"]

CLOSE = {"float32": 1e-5, "float64": 1e-12}  # other kernels, other machines


@dataclasses.dataclass(frozen=True)
class VerifyReport:
    """What `verify_store` found.

    Attributes
    ----------
    path : str
        Of the store.
    kernel, dtype, layout : str
        What it is a store of.
    shape : tuple of int
        Of the matrix.
    network : str
        As text.
    tiles : int
        Of the whole matrix.
    missing : int
        Tiles not there yet.
    checked : int
        Tiles that were read and compared with their checksums.
    damaged : tuple of int
        Numbers (from 1) of the tiles whose bytes are not those that were written.
    recomputed : int
        Tiles that were computed anew.
    wrong : tuple of int
        Numbers of the tiles that differ from what was computed anew.
    largest_error : float
        Largest difference, relative to ``sqrt(K(x, x) K(y, y))``; 0 if all entries are
        equal to the last bit.
    """

    path: str
    kernel: str
    dtype: str
    layout: str
    shape: tuple[int, int]
    network: str
    tiles: int
    missing: int
    checked: int
    damaged: tuple[int, ...]
    recomputed: int
    wrong: tuple[int, ...]
    largest_error: float

    @property
    def is_good(self) -> bool:
        """Whether nothing that was checked is damaged or wrong."""
        return not self.damaged and not self.wrong

    @property
    def is_complete(self) -> bool:
        """Whether all tiles are there."""
        return self.missing == 0


def verify_store(
    path: str | os.PathLike[str],
    x1: MatrixLike | None = None,
    x2: MatrixLike | None = None,
    *,
    net: Any = None,
    samples: int | None = 16,
    seed: int = 0,
    threads: int | None = None,
    progress: ProgressArg = False,
) -> VerifyReport:
    """Check tiles of a store, drawn at random: their bytes, and their numbers.

    Parameters
    ----------
    path : path-like
        Of the store.
    x1, x2 : array-like or CSR matrix, optional
        The inputs it was made of. With them tiles are computed anew and compared;
        without them only bytes are compared with their checksums.
    net : Network or Spec, optional
        Compared with the network of the store; by default that one is taken.
    samples : int or None, default=16
        Tiles to check; None for all.
    seed : int, default=0
        Of the draw.
    threads : int, optional
        Used where tiles are computed.
    progress : bool or callable, default=False
        As in `fastntk.gram`, in entries checked.

    Returns
    -------
    VerifyReport
        ``is_good`` and ``is_complete``, and what is wrong.

    Raises
    ------
    StoreError
        If there is no store, or it was made of other data or of another network.
    InputError
        For arguments that do not fit.

    Notes
    -----
    Tiles of the same version of fastntk must be equal to the last bit; those of
    another one within 1e-12 (float32: 1e-5) of ``sqrt(K(x, x) K(y, y))``.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(64), stax.Relu(), stax.Dense(1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = fastntk.gram_to_store(net, np.eye(4), path=f"{folder}/K.npy")
    ...     found = fastntk.verify_store(f"{folder}/K.npy", np.eye(4))
    >>> found.is_good, found.recomputed, found.largest_error
    (True, 1, 0.0)
    """
    place = Place(as_path(path))
    manifest = place.manifest()
    if manifest is None:
        raise StoreError(
            f"{path}: there is no store; write one with fastntk.gram_to_store"
        )
    spec = _network(place, manifest, net)
    records = read_journals(place.meta)
    known = [tile for tile in manifest.plan if tile.index in records]
    drawn = _draw(known, samples, seed)
    recompute = None
    if x1 is not None:
        recompute = _Recompute(place, manifest, spec, x1, x2, threads)
    elif x2 is not None:
        raise InputError("x2: found it without x1; expected both sides, or none")
    store = place.open(manifest)
    try:
        with make_progress(progress, sum(t.n_entries for t in drawn)) as bar:
            damaged, wrong, largest = _check(drawn, records, store, recompute, bar)
    finally:
        store.close()
    return VerifyReport(
        path=str(path),
        kernel=manifest.kernel,
        dtype=manifest.dtype,
        layout=manifest.layout,
        shape=manifest.shape,
        network=repr(spec),
        tiles=len(manifest.plan),
        missing=len(manifest.plan) - len(known),
        checked=len(drawn),
        damaged=tuple(damaged),
        recomputed=0 if recompute is None else len(drawn) - len(damaged),
        wrong=tuple(wrong),
        largest_error=largest,
    )


def _check(
    tiles: list[Tile],
    records: dict[int, Record],
    store: Format,
    recompute: "_Recompute | None",
    bar: Progress,
) -> tuple[list[int], list[int], float]:
    """Return the numbers of damaged and of wrong tiles, and the largest error."""
    damaged: list[int] = []
    wrong: list[int] = []
    largest = 0.0
    for tile in tiles:
        record = records[tile.index]
        if not is_sound(store, store.manifest, tile, record, is_read=True):
            damaged.append(tile.index + 1)
        elif recompute is not None:
            error = recompute.error(tile, store)
            largest = max(largest, error)
            if error > recompute.allowed:
                wrong.append(tile.index + 1)
        bar.add(tile.n_entries)
        bar.tick()
    return damaged, wrong, largest


def _network(place: Place, manifest: Manifest, net: Any) -> Spec:
    """Return the network of a store, which must be the one that was given, if any."""
    spec = Spec.from_dict(manifest.network)
    if net is not None and resolve_axes(as_spec(net), 2) != spec:
        raise StoreError(
            f"{place.path}: this is a store of another network, {spec!r}; pass that "
            "one, or leave net out"
        )
    return spec


def _draw(tiles: list[Tile], samples: Any, seed: int) -> list[Tile]:
    """Return some tiles in their order, all different."""
    count = len(tiles) if samples is None else as_index_or_none(samples)
    if count is None or (samples is not None and count < 1):
        raise InputError(
            f"samples: found {shown(samples)}; expected an integer >= 1, or "
            "None for all"
        )
    generator = as_generator(seed)
    if count >= len(tiles):
        return tiles
    chosen = generator.choice(len(tiles), count, replace=False)
    return [tiles[k] for k in sorted(chosen)]


class _Recompute:
    """Computes tiles of a store anew, and compares."""

    def __init__(
        self,
        place: Place,
        manifest: Manifest,
        spec: Spec,
        x1: MatrixLike,
        x2: MatrixLike | None,
        threads: int | None,
    ) -> None:
        self._manifest = manifest
        options = Options(dtype=manifest.dtype, threads=threads)
        setup = prepare(
            Request(spec, x1, paired(x1, x2), (manifest.kernel,), options=options)
        )
        if data_hash(setup.x1, setup.x2) != manifest.data:
            raise StoreError(
                f"{place.path}: this is a store of other data than x1 and x2; pass the "
                "arrays it was made of, in the same order and precision"
            )
        setup.prepare_rows()
        self._scales1 = np.sqrt(setup.rows1.diagonal(manifest.kernel))
        self._scales2 = np.sqrt(setup.rows2.diagonal(manifest.kernel))
        same = manifest.arithmetic.endswith(f"kernels {kernel_hash()}")
        self.allowed = 0.0 if same else CLOSE[manifest.dtype]
        sides = (manifest.tile, manifest.tile)
        plan = TilePlan(manifest.shape, sides, manifest.is_symmetric)
        self._setup = setup
        self._worker = setup.new_worker(plan)

    def error(self, tile: Tile, store: Format) -> float:
        """Return the largest difference of a tile, relative to its diagonals."""
        manifest, setup = self._manifest, self._setup
        exact = setup.rows1.diagonal(manifest.kernel) if setup.x2 is None else None
        worker = ChunkWorker(
            self._worker, manifest.tile, store, manifest.chunk, setup.dtype, exact
        )
        (block,) = worker.run(tile.rows, tile.cols, is_diagonal=tile.is_diagonal)
        n1, n2 = tile.rows.stop - tile.rows.start, tile.cols.stop - tile.cols.start
        found = store.read(tile, is_mirrored=False)[:n1, :n2]
        return self._largest(found, block[:n1, :n2], tile)

    def _largest(self, found: AnyArray, right: AnyArray, tile: Tile) -> float:
        if np.array_equal(found, right):
            return 0.0
        scale = self._scales1[tile.rows, None] * self._scales2[tile.cols]
        gap = np.abs(found.astype(np.float64) - right)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.nan_to_num(gap / scale, nan=0.0, posinf=np.inf)
        if np.isnan(gap).any():
            return float("inf")
        return float(error.max())
