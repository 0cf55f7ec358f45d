"""Runs a kernel: all threads of some blocks at once, each where it is in the program.

Threads that are furthest behind go first, so that they meet again after a branch. A
thread at a barrier waits until no other one can go on; then all of its block must wait
at the same barrier (synccheck).
"""

from typing import Any

import numpy as np

from tests.ptx.lanes import Lanes
from tests.ptx.memory import Memory, Space
from tests.ptx.parser import DTYPES
from tests.ptx.translate import Block, Program

__all__ = ["BarrierFault", "launch"]

LANES = 4096  # threads at a time: their registers should stay in the cache


class BarrierFault(Exception):
    """A barrier that some threads of a block do not reach."""


Shape = tuple[int, int, int]


def launch(program: Program, grid: Shape, threads: Shape, args: list[Any]) -> None:
    """Run a kernel.

    Parameters
    ----------
    program : Program
        The kernel.
    grid, threads : tuple of int
        Blocks, and threads of a block, along x, y and z.
    args : list
        One entry per parameter: a number, or ``(name, memory, offset, size)``.
    """
    n_blocks, size = int(np.prod(grid)), int(np.prod(threads))
    step = max(1, LANES // size)
    with np.errstate(all="ignore"):
        for first in range(0, n_blocks, step):
            count = min(step, n_blocks - first)
            _Launch(program, grid, threads, first, count, args).run()


def _three(index: np.ndarray, shape: Shape) -> list[np.ndarray]:
    x, y, _ = shape
    parts = index % x, index // x % y, index // (x * y)
    return [part.astype(np.uint32) for part in parts]


class _Launch:
    """A few blocks of a launch."""

    def __init__(
        self,
        program: Program,
        grid: Shape,
        threads: Shape,
        first: int,
        count: int,
        args: list[Any],
    ) -> None:
        self.program, self.count = program, count
        size = int(np.prod(threads))
        thread = np.tile(np.arange(size), count)
        block = np.repeat(np.arange(count), size)
        self.space = Space(block.astype(np.uint64), thread)
        self.special: dict[str, Any] = {"%laneid": (thread % 32).astype(np.uint32)}
        self.special["WARP_SZ"] = np.uint32(32)
        places = zip("xyz", _three(thread, threads), _three(block + first, grid),
                     threads, grid, strict=True)  # fmt: skip
        for axis, tid, ctaid, ntid, nctaid in places:
            self.special |= {f"%tid.{axis}": tid, f"%ctaid.{axis}": ctaid}
            self.special |= {f"%ntid.{axis}": np.uint32(ntid)}
            self.special |= {f"%nctaid.{axis}": np.uint32(nctaid)}
        self._symbols()
        self.params = [self._param(k, arg) for k, arg in enumerate(args)]
        self.registers = program.start()
        self.lanes = Lanes(np.arange(thread.size), None)
        self.pc = np.zeros(thread.size, np.int32)
        self.waits, self.votes = np.zeros((2, thread.size), bool)
        self.end = len(program.blocks)

    def _symbols(self) -> None:
        """Give the arrays of the module their places."""
        for symbol in self.program.module.symbols.values():
            if symbol.space == "shared":
                start = self.space.shared(symbol.name, symbol.size)
            elif symbol.space == "local":
                raise NotImplementedError(f"local memory: {symbol.name}")
            else:
                memory = Memory(symbol.size)
                raw = np.frombuffer(symbol.initial or bytes(symbol.size), np.uint8)
                memory.bytes[: raw.size], memory.written[: symbol.size] = raw, True
                start = self.space.add(symbol.name, memory, 0, symbol.size, "global", 0)
            self.special[symbol.name] = np.uint64(start)

    def _param(self, k: int, arg: Any) -> Any:
        """Return a parameter: a number as it is, an array by its address."""
        if not isinstance(arg, tuple):
            return arg.view(DTYPES[self.program.module.params[k][0]])
        name, memory, offset, size = arg
        return np.uint64(self.space.add(name, memory, offset, size, "global", 0))

    # --- the walk ---------------------------------------------------------------------

    def run(self) -> None:
        """Run until every thread has returned."""
        here: int | None = 0  # where all threads are, if they are in one place
        while True:
            lanes = self.lanes
            if here is None:
                ready = np.where(self.waits, self.end, self.pc)
                where = int(ready.min())
                if where == self.end:
                    if not self.waits.any():
                        return
                    self._release()
                    continue
                mask = ready == where
                if mask.all():
                    here = where
                else:
                    lanes = Lanes(self.lanes.index, mask)
            if here is not None:
                where = here
                if where == self.end:
                    return
            block = self.program.blocks[where]
            condition = block.function(
                self.registers, lanes, self.space, self.special, self.params
            )
            here = self._step(block, where, lanes, condition)

    def _step(
        self, block: Block, where: int, lanes: Lanes, condition: Any
    ) -> int | None:
        """Move on; return where all threads are, if they are in one place."""
        everyone = lanes.mask is None
        if block.end.startswith("bar"):
            return self._wait(block, where, lanes, condition)
        if block.end == "ret":
            target: Any = self.end
        elif block.end == "fall" or (block.end == "bra" and condition is None):
            target = block.goal
        elif np.ndim(condition) == 0:
            target = block.goal if condition else where + 1
        else:
            target = np.where(condition, np.int32(block.goal), np.int32(where + 1))
            first = int(target[lanes.index[0]])
            if everyone and (target == first).all():
                target = first
        if everyone and np.ndim(target) == 0:
            return int(target)
        if everyone:
            self.pc[:] = target
        else:
            self.pc[lanes.index] = lanes.of(target)
        return None

    def _wait(
        self, block: Block, where: int, lanes: Lanes, condition: Any
    ) -> int | None:
        """Let threads wait, or pass if all are there."""
        if block.result >= 0:
            self.votes[lanes.index] = lanes.of(condition)
        if lanes.mask is None:
            self._vote(block, np.ones(self.count, bool))
            self.space.at_barrier(None)
            return where + 1
        self.waits[lanes.index] = True
        self.pc[lanes.index] = where + 1
        return None

    def _vote(self, block: Block, blocks: np.ndarray) -> None:
        """Join a predicate over the threads of each of some blocks of threads."""
        if block.result < 0:
            return
        table = self.votes.reshape(self.count, -1)
        joined = table.any(1) if block.end == "bar.or" else table.all(1)
        size = table.shape[1]
        mask, found = np.repeat(blocks, size), np.repeat(joined, size)
        self.registers[block.result] = np.where(
            mask, found, self.registers[block.result]
        )

    def _release(self) -> None:
        """Let blocks pass whose threads all wait in one place; refuse others."""
        waits, pc = self.waits.reshape(self.count, -1), self.pc.reshape(self.count, -1)
        some = np.asarray(waits.any(axis=1))
        wrong = some & ~(waits.all(1) & (pc == pc[:, :1]).all(1))
        if wrong.any():
            block = int(np.flatnonzero(wrong)[0])
            where = int(pc[block][waits[block]][0]) - 1
            raise BarrierFault(
                f"synccheck: line {self.program.blocks[where].line}: "
                f"{int((waits[block] & (pc[block] == where + 1)).sum())} of "
                f"{waits.shape[1]} threads of a block are at this barrier"
            )
        for where in np.unique(pc[some]):
            barrier = self.program.blocks[int(where) - 1]
            self._vote(barrier, some & (pc[:, 0] == where))
        self.space.at_barrier(some)
        self.waits[:] = False
