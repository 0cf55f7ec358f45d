"""What a store is a store of: network, data, dtype, format; compared before it goes on.

The manifest is a JSON file, written once when the store is made. A store goes on only
if all that decides its numbers is equal.
"""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import StoreError
from fastntk._jit import kernel_hash
from fastntk._typing import InputMatrix
from fastntk._validation import float_dtype
from fastntk._version import __version__
from fastntk.spec import Spec
from fastntk.tiling.plan import TilePlan
from fastntk.tiling.setup import Setup

__all__ = [
    "FORMAT",
    "Manifest",
    "data_hash",
    "make_manifest",
    "meta_folder",
    "read_manifest",
]

FORMAT = "fastntk gram store, 2"
_PIECE = 8 << 20  # bytes of the inputs hashed together


@dataclasses.dataclass(frozen=True)
class Manifest:
    """All that decides what a store holds, as plain data.

    Attributes
    ----------
    format : str
        Of the store itself.
    arithmetic : str
        Version of fastntk and hash of its kernels: other ones round differently.
    network : dict
        The spec, as `Spec.to_dict` gives it.
    data : str
        Hash of the inputs, as `data_hash` gives it.
    kernel : str
        "nngp" or "ntk".
    dtype : str
        Of the entries.
    shape : tuple of int
        Of the matrix.
    is_symmetric : bool
        Whether there is one side only.
    layout : str
        "full", or "lower": tiles on and below the diagonal.
    chunk : tuple of int
        Sides of a tile of the store.
    tile : int
        Side in which entries are computed.
    kind : str
        "zarr" or "npy".
    compression : str
        "none" or "zstd-<level>".
    """

    format: str
    arithmetic: str
    network: dict[str, Any]
    data: str
    kernel: str
    dtype: str
    shape: tuple[int, int]
    is_symmetric: bool
    layout: str
    chunk: tuple[int, int]
    tile: int
    kind: str
    compression: str

    @property
    def plan(self) -> TilePlan:
        """The tiles of the store."""
        is_half = self.is_symmetric and not self.has_panels
        return TilePlan(self.shape, self.chunk, is_half)

    @property
    def has_panels(self) -> bool:
        """Whether tiles are whole rows: those of a symmetric matrix too."""
        return self.chunk[1] == self.shape[1] and self.chunk[0] < self.chunk[1]

    @property
    def has_mirrors(self) -> bool:
        """Whether tiles below the diagonal are written twice."""
        is_half = self.is_symmetric and not self.has_panels
        return is_half and self.layout == "full"

    def to_json(self) -> str:
        """Return the manifest as text."""
        return json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True)

    def check_same(self, other: "Manifest", path: Path) -> None:
        """Refuse to go on with a store of something else.

        Raises
        ------
        StoreError
            That names the first difference.
        """
        words = {
            "format": "a store of another format",
            "kind": "a store of another kind",
            "network": "another network",
            "kernel": "another kernel",
            "dtype": "another dtype",
            "shape": "another shape",
            "is_symmetric": "other inputs (one side, or two)",
            "data": "other data",
            "arithmetic": "another version of fastntk, which may round differently",
            "layout": "another layout",
            "compression": "another compression",
        }
        for name, what in words.items():
            found, expected = getattr(self, name), getattr(other, name)
            if found != expected:
                shown = f": {_short(found)}, not {_short(expected)}"
                raise StoreError(
                    f"{path}: found a store of {what}{shown}; nothing was changed. "
                    "Name another path, or pass overwrite=True to begin anew"
                )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def meta_folder(path: Path) -> Path:
    """Return the folder of manifest and journals that belongs to a store."""
    if path.suffix == ".zarr":
        return path / ".fastntk"
    return path.with_name(path.name + ".fastntk")


def make_manifest(
    spec: Spec,
    setup: Setup,
    *,
    layout: str,
    chunk: tuple[int, int],
    tile: int,
    kind: str,
    compression: str,
) -> Manifest:
    """Describe the store of a prepared computation."""
    return Manifest(
        format=FORMAT,
        arithmetic=f"fastntk {__version__}, kernels {kernel_hash()}",
        network=json.loads(json.dumps(spec.to_dict())),
        data=data_hash(setup.x1, setup.x2),
        kernel=setup.get[0],
        dtype=setup.dtype.name,
        shape=setup.shape,
        is_symmetric=setup.x2 is None,
        layout=layout,
        chunk=chunk,
        tile=tile,
        kind=kind,
        compression=compression,
    )


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises
    ------
    StoreError
        If the file is not one that this version can read.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["format"] != FORMAT:
            raise StoreError(
                f"{path}: found the format {fields['format']!r}; expected {FORMAT!r}. "
                "Read it with the version of fastntk that wrote it"
            )
        for name in ("shape", "chunk"):
            first, second = fields[name]
            fields[name] = (int(first), int(second))
        return Manifest(**fields)
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path}: this is no manifest of a store ({error}); name another path, or "
            "pass overwrite=True to begin anew"
        ) from None


def data_hash(x1: InputMatrix, x2: InputMatrix | None) -> str:
    """Return a hash of the values, shapes and precision of the inputs.

    Notes
    -----
    SHA-256 of the rows in the dtype in which they are read (float32 or float64), some
    at a time; zeros that a sparse matrix does not store are not hashed.
    """
    digest = hashlib.sha256()
    for x in (x1, x2):
        if x is None:
            digest.update(b"none")
            continue
        kind = float_dtype(x.dtype)
        digest.update(f"{tuple(map(int, x.shape))} {kind.name} ".encode())
        if isinstance(x, np.ndarray):
            step = max(1, _PIECE // (kind.itemsize * x.shape[1]))
            for start in range(0, x.shape[0], step):
                part = np.ascontiguousarray(x[start : start + step], kind)
                digest.update(part.view(np.uint8).data)
        else:
            digest.update(b"csr ")
            for array, dtype in (
                (x.indptr, np.int64),
                (x.indices, np.int64),
                (x.data, kind),
            ):
                for start in range(0, array.size, _PIECE // 8):
                    piece = array[start : start + _PIECE // 8]
                    part = np.ascontiguousarray(piece, dtype)
                    digest.update(part.view(np.uint8).data)
    return digest.hexdigest()
