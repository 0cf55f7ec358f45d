"""What is finished in a store: append-only records, one file for each shard.

A record of a tile holds checksums of what was written. It is appended as soon as the
tile's bytes are with the system, so that a killed process loses only tiles in flight.
A barrier is appended when those bytes are on the disk: after a power cut, tiles behind
the last barrier are compared with their checksums before they are believed.
"""

import dataclasses
import os
import struct
import threading
import zlib
from pathlib import Path

from fastntk._errors import StoreError
from fastntk.store.files import FileLayer

__all__ = ["Journal", "Record", "journal_paths", "read_journal", "read_journals"]

_BODY = struct.Struct("<4sQQQQQ")  # mark, index, two checksums, two sizes
_CRC = struct.Struct("<I")
_SIZE = _BODY.size + _CRC.size
_TILE, _BARRIER = b"tile", b"sync"


@dataclasses.dataclass(frozen=True)
class Record:
    """A finished tile.

    Attributes
    ----------
    index : int
        Its place in the plan.
    checksums, sizes : tuple of int
        Of the tile and of its mirror image (0 if there is none): checksums of the
        numbers, bytes on the disk.
    is_synced : bool
        Whether a barrier follows.
    """

    index: int
    checksums: tuple[int, int]
    sizes: tuple[int, int]
    is_synced: bool = False


def journal_paths(folder: Path) -> list[Path]:
    """Return the journals of all shards."""
    return sorted(folder.glob("journal-*"))


def read_journals(folder: Path) -> dict[int, Record]:
    """Return all finished tiles by index, those of the first journal if there are two.

    A synced record goes before one that is not.
    """
    found: dict[int, Record] = {}
    for path in journal_paths(folder):
        for record in read_journal(path)[0]:
            known = found.get(record.index)
            if known is None or (record.is_synced and not known.is_synced):
                found[record.index] = record
    return found


def read_journal(path: Path) -> tuple[list[Record], int]:
    """Return the records of a journal, and the bytes up to the last sound one.

    A torn end, or a record that was damaged, is left out.
    """
    data = path.read_bytes()
    records: list[Record] = []
    starts: list[int] = []
    synced, sound = 0, 0
    for start in range(0, len(data) - _SIZE + 1, _SIZE):
        body = data[start : start + _BODY.size]
        (crc,) = _CRC.unpack_from(data, start + _BODY.size)
        if zlib.crc32(body) != crc:
            continue
        sound = start + _SIZE
        mark, index, a, b, size_a, size_b = _BODY.unpack(body)
        if mark == _BARRIER:
            synced = index
        elif mark == _TILE:
            records.append(Record(index, (a, b), (size_a, size_b)))
            starts.append(start)
    return [
        dataclasses.replace(record, is_synced=start < synced)
        for record, start in zip(records, starts, strict=True)
    ], sound


class Journal:
    """Appends records to the journal of one shard, which it locks.

    Parameters
    ----------
    path : Path
        Made if it is not there.
    files : FileLayer
        How files are written.
    """

    def __init__(self, path: Path, files: FileLayer) -> None:
        self.path, self._files = path, files
        self._guard = threading.Lock()
        self._fd = files.open(path, os.O_RDWR | os.O_CREAT)
        if not files.lock(self._fd):
            files.close(self._fd)
            raise StoreError(
                f"{path}: another process is writing this shard; wait until it ends, "
                "or give it another one with shard=(i, k)"
            )
        _, self._end = read_journal(path)
        files.truncate(self._fd, self._end)

    def add(self, record: Record) -> int:
        """Append a finished tile; return where the journal ends."""
        body = _BODY.pack(_TILE, record.index, *record.checksums, *record.sizes)
        return self._append(body)

    def barrier(self, end: int) -> None:
        """Say that the tiles up to an end of the journal are on the disk."""
        self._append(_BODY.pack(_BARRIER, end, 0, 0, 0, 0))
        self._files.sync(self._fd)

    def close(self) -> None:
        """Give the shard up."""
        if self._fd >= 0:
            self._files.close(self._fd)
            self._fd = -1

    def _append(self, body: bytes) -> int:
        data = body + _CRC.pack(zlib.crc32(body))
        with self._guard:
            try:
                self._files.write_at(self._fd, data, self._end)
            except OSError:
                self._files.truncate(self._fd, self._end)
                raise
            self._end += len(data)
            return self._end
