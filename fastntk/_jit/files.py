"""The files of one compiled function with one signature.

An index and the machine code, as Numba writes them, but for one signature: no process
changes a file that stands for another signature. Both are written whole or not at all,
and begin with a checksum of the rest.
"""

import contextlib
import hashlib
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from numba.core.caching import IndexDataCacheFile

from fastntk._files import beside

__all__ = ["KernelFile"]

_MAGIC = b"fastntk kernel 1\n"
_HEAD = len(_MAGIC) + hashlib.sha256().digest_size


class KernelFile(IndexDataCacheFile):  # type: ignore[misc]
    """The files of one function with one signature.

    Parameters
    ----------
    folder : Path
        Where they lie.
    name : str
        What their names begin with.
    signature : str
        All that the machine code depends on besides the sources.
    """

    def __init__(self, folder: Path, name: str, signature: str) -> None:
        super().__init__(str(folder), name, signature)
        self.signature = signature
        self.folder = folder
        self.lock = folder / f"{name}.lock"

    def read(self) -> Any:
        """Return what was saved, None if there is nothing that is sound."""
        try:
            found = self.load(self.signature)
        except Exception:  # of files that others write, anything
            return None
        is_ours = isinstance(found, tuple) and len(found) == 2
        if not is_ours or found[0] != self.signature:
            return None
        return found[1]

    def write(self, what: Any) -> None:
        """Save machine code under its signature."""
        self.save(self.signature, (self.signature, what))

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return _MAGIC + hashlib.sha256(data).digest() + data

    def _load_index(self) -> dict[str, str]:
        try:
            data = Path(self._index_path).read_bytes()
        except OSError:
            return {}
        version = pickle.dumps(self._version, protocol=-1)
        rest = _checked(data.removeprefix(version))
        if rest is None or not data.startswith(version):
            return {}
        signature, names = pickle.loads(rest)
        return dict(names) if signature == self.signature else {}

    def _load_data(self, name: str) -> Any:
        data = _checked(Path(self._data_path(name)).read_bytes())
        return None if data is None else pickle.loads(data)

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[BinaryIO]:
        """Open a file that takes its place when all is written.

        Nothing is synced: what a failing machine loses is found by its checksum.
        """
        part = beside(Path(filepath))
        try:
            with part.open("xb") as file:
                yield file
            os.replace(part, filepath)
        finally:
            part.unlink(missing_ok=True)


def _checked(data: bytes) -> bytes | None:
    """Return what follows the checksum, None if it does not fit."""
    rest = data[_HEAD:]
    head = _MAGIC + hashlib.sha256(rest).digest()
    return rest if data[:_HEAD] == head else None
