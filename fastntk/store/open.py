"""Read a store: some rows and columns, or all of it, whatever its layout."""

import os
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from fastntk._errors import StoreError
from fastntk._resources import memory_told
from fastntk._typing import AnyArray, IntArray
from fastntk._validation import as_index
from fastntk._validation.arguments import as_path
from fastntk.spec import Spec
from fastntk.store.journal import read_journals
from fastntk.store.manifest import Manifest
from fastntk.store.place import Place
from fastntk.tiling.plan import Tile

__all__ = ["StoredGram", "open_store"]


class StoredGram:
    """A kernel matrix on the disk, read like an array; made by `open_store`.

    Attributes
    ----------
    path : Path
        Of the store.
    shape : tuple of int
        Of the matrix, both halves of a symmetric one.
    dtype : numpy dtype
        Of the entries.
    layout : str
        "full" or "lower".
    kernel : str
        "nngp" or "ntk".
    net : Spec
        The network it was made of.
    """

    def __init__(self, place: Place, manifest: Manifest) -> None:
        self._place, self.manifest = place, manifest
        self.path = place.path
        self.shape = manifest.shape
        self.dtype = np.dtype(manifest.dtype)
        self.layout, self.kernel = manifest.layout, manifest.kernel
        self._store = place.open(manifest)

    @property
    def net(self) -> Spec:
        """The network it was made of."""
        return Spec.from_dict(self.manifest.network)

    @property
    def missing(self) -> int:
        """Tiles that are not there yet."""
        return len(self.manifest.plan) - len(read_journals(self._place.meta))

    @memory_told("block")
    def block(self, rows: Any, cols: Any) -> AnyArray:
        """Return some rows and columns.

        Parameters
        ----------
        rows, cols : slice, int or sequence of int
            Which.

        Returns
        -------
        ndarray of shape (len(rows), len(cols))
            In the dtype of the store.

        Raises
        ------
        InputError
            For rows that are not there.
        StoreError
            For a tile that is not there, or damaged.
        """
        i = _numbers(rows, self.shape[0])
        j = _numbers(cols, self.shape[1])
        out = np.empty((len(i), len(j)), self.dtype)
        side1, side2 = self.manifest.chunk
        for p, at in _groups(i // side1):
            for q, where in _groups(j // side2):
                part = self._tile(p, q)
                inner = part[np.ix_(i[at] - p * side1, j[where] - q * side2)]
                out[np.ix_(at, where)] = inner
        return out

    def __getitem__(self, index: Any) -> AnyArray:
        first, second = index if isinstance(index, tuple) else (index, slice(None))
        block = self.block(first, second)
        axes = [
            axis
            for axis, item in enumerate((first, second))
            if not isinstance(item, slice) and np.ndim(item) == 0
        ]
        return block.squeeze(axis=tuple(axes))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        return self.block(slice(None), slice(None)).astype(dtype or self.dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the path: the store is opened again where it is read."""
        return open_store, (str(self.path.absolute()),)

    def close(self) -> None:
        """Close the files."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _tile(self, p: int, q: int) -> AnyArray:
        """Return the tile of row ``p`` and column ``q`` of tiles."""
        is_upper = self.manifest.is_symmetric and q > p
        tile = tile_at(self.manifest, *((q, p) if is_upper else (p, q)))
        is_image = is_upper and self.layout == "full"
        try:
            block = self._store.read(tile, is_mirrored=is_image)
        except (OSError, ValueError, RuntimeError) as error:
            raise StoreError(
                f"{self.path}: tile {tile.index + 1} is not there or damaged "
                f"({error}); call fastntk.gram_to_store again, which computes it"
            ) from None
        return block.T if is_upper and not is_image else block


def open_store(path: str | os.PathLike[str]) -> StoredGram:
    """Open a store that `fastntk.gram_to_store` wrote.

    Parameters
    ----------
    path : path-like
        Its ``.zarr`` folder or ``.npy`` file.

    Returns
    -------
    StoredGram
        ``K[rows, cols]``, ``K.block(rows, cols)``, ``numpy.asarray(K)``. It may be read
        while the store is being written, where tiles are finished. Pickled, it is its
        path, and is opened again in the other process.

    Raises
    ------
    StoreError
        If there is no such store.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(64), stax.Relu(), stax.Dense(1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/K.npy"
    ...     report = fastntk.gram_to_store(net, np.eye(4), path=path, layout="lower")
    ...     with fastntk.open_store(path) as K:
    ...         K[0, 1:3].round(4)
    array([0.0398, 0.0398])
    """
    place = Place(as_path(path))
    manifest = place.manifest()
    if manifest is None:
        raise StoreError(
            f"{path}: there is no store; write one with fastntk.gram_to_store"
        )
    return StoredGram(place, manifest)


def tile_at(manifest: Manifest, p: int, q: int) -> Tile:
    """Return the tile of row ``p``, column ``q`` of tiles, not above the diagonal."""
    side1, side2 = manifest.chunk
    n_cols = -(-manifest.shape[1] // side2)
    index = p * (p + 1) // 2 + q if manifest.is_symmetric else p * n_cols + q
    rows = slice(p * side1, min((p + 1) * side1, manifest.shape[0]))
    cols = slice(q * side2, min((q + 1) * side2, manifest.shape[1]))
    return Tile(index, rows, cols, manifest.is_symmetric)


def _numbers(index: Any, n: int) -> IntArray:
    """Return row numbers of an index."""
    if not isinstance(index, slice):
        index = np.atleast_1d(index)
    found = as_index(index, n, "rows or columns")
    return np.arange(found.start, found.stop) if isinstance(found, slice) else found


def _groups(tiles: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Yield every tile that is touched, with the places that touch it."""
    for tile in np.unique(tiles):
        yield int(tile), np.flatnonzero(tiles == tile)
