"""Memory of the device: who may read and write where, and who did.

Every array has addresses of its own, far from those of others. Loads and stores report

memcheck    an address in no array, or not a multiple of the size
initcheck   a read of what nobody wrote
racecheck   threads that meet in one place, one of them to write, without a barrier
            between them
"""

import bisect
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.ptx.lanes import Lanes

__all__ = ["Memory", "MemoryFault", "Region", "Space"]

SHARED_START, GLOBAL_START = 1 << 20, 1 << 40
GAP = 1 << 20  # between arrays in shared memory; and 2^36 elsewhere
MANY = -1  # readers


class MemoryFault(Exception):
    """What a kernel did wrong with memory."""


class Memory:
    """Bytes, and which of them were written."""

    def __init__(self, size: int) -> None:
        self.bytes = np.full(max(8, -(-size // 8) * 8), 0xFF, np.uint8)
        self.written = np.zeros(self.bytes.size, bool)


class Region:
    """An array at an address: one for all threads, or one for each block.

    Parameters
    ----------
    name : str
        For messages.
    memory : Memory
        What holds it.
    start, offset, size : int
        Its address, its place in the memory, and its bytes.
    pitch : int
        Bytes from block to block; 0 if they share it.
    """

    def __init__(
        self, name: str, memory: Memory, start: int, offset: int, size: int, pitch: int
    ) -> None:
        self.name, self.memory, self.start, self.size = name, memory, start, size
        self.offset, self.pitch = offset, pitch

    def view(self, kind: np.dtype[Any]) -> np.ndarray:
        return self.memory.bytes.view(kind)

    def marks(self, kind: np.dtype[Any]) -> np.ndarray:
        """Return a number for every item: zero if nobody wrote it."""
        return self.memory.written.view(f"u{kind.itemsize}")


class Space:
    """All arrays that the threads of a launch see.

    Parameters
    ----------
    block_of : ndarray
        The block of every thread.
    threads : int
        In a block.
    """

    def __init__(self, block_of: np.ndarray, thread_of: np.ndarray) -> None:
        self.block_of, self.thread_of = block_of, thread_of
        self.n_blocks = int(block_of[-1]) + 1
        self.everyone = np.arange(block_of.size)
        self._starts: list[int] = []
        self._regions: list[Region] = []
        self._owners: dict[int, np.ndarray] = {}
        self._readers: dict[int, np.ndarray] = {}
        self._next = {"shared": SHARED_START, "global": GLOBAL_START}

    def add(
        self, name: str, memory: Memory, offset: int, size: int, space: str, pitch: int
    ) -> int:
        """Give an array an address, and return it."""
        start = self._next[space] + offset % 256
        gap = GAP if space == "shared" else 1 << 36
        self._next[space] += -(-(size + gap) // gap) * gap
        region = Region(name, memory, start, offset, size, pitch)
        place = bisect.bisect(self._starts, start)
        self._starts.insert(place, start)
        self._regions.insert(place, region)
        return start

    def shared(self, name: str, size: int) -> int:
        """Give every block an array of its own; return the address of all."""
        pitch = -(-size // 8) * 8
        memory = Memory(pitch * self.n_blocks)
        self._owners[id(memory)] = np.zeros(memory.bytes.size // 2, np.int32)
        self._readers[id(memory)] = np.zeros(memory.bytes.size // 2, np.int32)
        return self.add(name, memory, 0, size, "shared", pitch)

    def at_barrier(self, blocks: np.ndarray | None) -> None:
        """Forget who was where in shared memory, in some blocks or in all."""
        for key in self._readers:
            for marks in (self._owners[key], self._readers[key]):
                if blocks is None:
                    marks[:] = 0
                else:
                    marks.reshape(self.n_blocks, -1)[blocks] = 0

    # --- loads and stores -------------------------------------------------------------

    def load(self, lanes: Lanes, address: Any, kind: np.dtype[Any], line: int) -> Any:
        """Return numbers from memory."""
        parts = self._parts(lanes, address, kind, line)
        if len(parts) == 1:
            return lanes.spread(self._load(*parts[0], kind, line))
        found = np.zeros(lanes.everyone.shape, kind)
        for region, index, who in parts:
            found[who] = self._load(region, index, who, kind, line)
        return found

    def store(
        self, lanes: Lanes, address: Any, values: Any, kind: np.dtype[Any], line: int
    ) -> None:
        """Write numbers to memory."""
        if lanes.index.size:
            values = np.broadcast_to(values, lanes.everyone.shape)
            for region, index, who in self._parts(
                lanes, address, kind, line, is_store=True
            ):
                self._store(region, index, who, values[who], kind, line)

    def _parts(
        self,
        lanes: Lanes,
        address: Any,
        kind: np.dtype[Any],
        line: int,
        is_store: bool = False,
    ) -> list[tuple[Region, Any, np.ndarray]]:
        """Return regions, the items that are meant there, and by whom."""
        if not lanes.index.size:
            return []
        address = lanes.of(address)
        if is_store:
            address = np.broadcast_to(address, lanes.index.shape)
        region = self._region(int(np.ravel(address)[0]))
        offset = address - np.uint64(region.start)
        if np.any(offset > region.size - kind.itemsize):
            return list(self._several(lanes, address, kind, line))
        if np.any(address & np.uint64(kind.itemsize - 1)):
            raise MemoryFault(f"memcheck: misaligned access to {region.name}, {line=}")
        return [(region, self._index(region, offset, lanes.index, kind), lanes.index)]

    def _index(
        self, region: Region, offset: Any, who: np.ndarray, kind: np.dtype[Any]
    ) -> Any:
        index = (offset + np.uint64(region.offset)) // np.uint64(kind.itemsize)
        if region.pitch:
            index = index + self.block_of[who] * np.uint64(
                region.pitch // kind.itemsize
            )
        return index.astype(np.intp)

    def _several(
        self, lanes: Lanes, address: Any, kind: np.dtype[Any], line: int
    ) -> Iterator[tuple[Region, Any, np.ndarray]]:
        """Yield the regions of threads that do not mean the same one."""
        address = np.broadcast_to(address, lanes.index.shape)
        where = np.searchsorted(np.array(self._starts, np.uint64), address, "right") - 1
        for k in np.unique(where):
            region, chosen = self._regions[max(k, 0)], where == k
            offset = address[chosen] - np.uint64(region.start)
            if (wrong := offset > region.size - kind.itemsize).any():
                thread = lanes.index[chosen][wrong][0]
                self._refuse(thread, int(address[chosen][wrong][0]), line)
            who = lanes.index[chosen]
            yield region, self._index(region, offset, who, kind), who

    def _refuse(self, thread: int, address: int, line: int) -> None:
        """Say which array an address is beside."""
        near = min(
            self._regions,
            key=lambda r: max(r.start - address, address - r.start - r.size),
        )
        raise MemoryFault(
            f"memcheck: line {line}: thread {self.thread_of[thread]} of block "
            f"{self.block_of[thread]} is at byte {address - near.start} of "
            f"{near.name}, which has {near.size} bytes"
        )

    def _region(self, address: int) -> Region:
        return self._regions[max(0, bisect.bisect(self._starts, address) - 1)]

    def _load(
        self,
        region: Region,
        index: Any,
        who: np.ndarray,
        kind: np.dtype[Any],
        line: int,
    ) -> Any:
        if np.any(region.marks(kind)[index] == 0):
            raise MemoryFault(
                f"initcheck: line {line}: {region.name} is read where nobody wrote"
            )
        key = id(region.memory)
        if key in self._owners:
            place, me = self._place(region, index, kind), self._names(region, who)
            owner = self._owners[key][place]
            self._refuse_race((owner != 0) & (owner != me), region, "reads", line)
            if region.pitch:
                readers = self._readers[key]
                before = readers[place]
                readers[place] = me
                others = (before != 0) & (before != me) | (readers[place] != me)
                if others.any():
                    readers[place[others]] = MANY
        return region.view(kind)[index]

    def _store(
        self,
        region: Region,
        index: Any,
        who: np.ndarray,
        values: Any,
        kind: np.dtype[Any],
        line: int,
    ) -> None:
        key = id(region.memory)
        if key not in self._owners:
            self._owners[key] = np.zeros(region.memory.bytes.size // 2, np.int32)
        place, me = self._place(region, index, kind), self._names(region, who)
        owners = self._owners[key]
        clash = (owners[place] != 0) & (owners[place] != me)
        if region.pitch:
            reader = self._readers[key][place]
            clash |= (reader != 0) & (reader != me)
        owners[place] = me
        clash |= owners[place] != me
        self._refuse_race(clash, region, "writes", line)
        region.view(kind)[index] = values
        region.marks(kind)[index] = (1 << 8 * kind.itemsize) // 255

    def _place(self, region: Region, index: Any, kind: np.dtype[Any]) -> Any:
        """Return places among the marks, one for two bytes."""
        return index * kind.itemsize // 2

    def _names(self, region: Region, who: np.ndarray) -> Any:
        """Return threads as numbers from 1 on: of a block, or of the launch."""
        return (self.thread_of[who] if region.pitch else who) + 1

    def _refuse_race(self, clash: Any, region: Region, what: str, line: int) -> None:
        if np.any(clash):
            raise MemoryFault(
                f"racecheck: line {line}: a thread {what} {region.name} where another "
                "one was, with no barrier between them"
            )
