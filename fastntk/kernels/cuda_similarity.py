"""The first part of a CUDA kernel: complements of a tile, near pairs compared anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from fastntk.kernels.cuda_inline import Inliner
from fastntk.kernels.scalars import complement

__all__ = ["Plan", "Similarity"]

SHARED_BYTES = 48 << 10  # what every device gives a block without being asked


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a kernel starts from and writes, and its block of threads.

    Attributes
    ----------
    source : {"product", "correlation", "complement"}
        Unit rows, or a block of correlations or of complements.
    is_mirrored : bool
        Write lower triangle, exact diagonal and mirror image of a symmetric matrix.
    threads : int
        Threads along each side of a block.
    micro : int
        Pairs of a thread along each side.
    depth : int
        Features in shared memory at a time.
    """

    source: str
    is_mirrored: bool = False
    threads: int = 16
    micro: int = 4
    depth: int = 16

    @property
    def side(self) -> int:
        """Pairs along each side of a tile."""
        return self.threads * self.micro


class Similarity:
    """Writes a kernel up to the complements of its tile, in shared memory.

    Parameters
    ----------
    out : Inliner
        The text.
    plan : Plan
        Where similarities come from, and the shape of a block.
    n_outputs, n_tables : int
        Of the program.
    """

    def __init__(self, out: Inliner, plan: Plan, n_outputs: int, n_tables: int) -> None:
        self.out, self.plan, self.n_tables = out, plan, n_tables
        self.pitch = plan.side + 1  # so that columns fall into different banks
        self.n_tiles = n_outputs if plan.is_mirrored else 1
        taken = self.n_tiles * plan.side * self.pitch
        if plan.source != "complement":
            taken += 2 * plan.depth * self.pitch
        stride = n_tables | 1
        needed = (taken + 2 * plan.side * stride) * out.dtype.itemsize
        self.stride = stride if n_tables and needed <= SHARED_BYTES else 0

    def pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of a thread."""
        micro = range(self.plan.micro)
        return [(p, q) for p in micro for q in micro]

    def place(self, row: str, column: str) -> str:
        """Return the text of a pair's place in the tile."""
        return f"{row} * U{self.pitch} + {column}"

    def head(self) -> None:
        """Write shared memory, the thread's place, and blocks with nothing to do."""
        out, plan = self.out, self.plan
        names = {f"tile_{k}": plan.side * self.pitch for k in range(self.n_tiles)}
        if plan.source != "complement":
            names |= dict.fromkeys(("part_rows", "part_cols"), plan.depth * self.pitch)
        if self.stride:
            size = plan.side * self.stride
            names |= dict.fromkeys(("shared_rows", "shared_cols"), size)
        for name, size in names.items():
            out.line(f"{name} = cuda.shared.array({size}, np.{out.dtype.name})")
        out.line("tx = np.uint64(cuda.threadIdx.x)")
        out.line("ty = np.uint64(cuda.threadIdx.y)")
        out.line(f"lane = ty * U{plan.threads} + tx")
        out.line(f"top = np.uint64(cuda.blockIdx.y) * U{plan.side}")
        out.line(f"left = np.uint64(cuda.blockIdx.x) * U{plan.side}")
        reach = f"first_row + top + U{plan.side - 1} < first_col + left"
        with out.block(f"if is_lower != U0 and {reach}:"):
            out.line("return")

    def complements(self) -> None:
        """Write the complements of the tile into shared memory."""
        if self.stride:
            self._stage_tables()
        if self.plan.source == "product":
            self._product()
        else:
            self._read_block()
        if self.plan.source != "complement":
            self._turn()
        t = self.plan.threads
        for p, q in self.pairs():
            place = self.place(f"(ty + U{p * t})", f"(tx + U{q * t})")
            self.out.line(f"tile_0[{place}] = x_{p}_{q}")
        if self.stride:
            self.out.line("cuda.syncthreads()")

    def _stage_tables(self) -> None:
        """Copy the row tables of the tile to shared memory, a row's side by side."""
        out, side = self.out, self.plan.side
        stop, step = side * self.n_tables, self.plan.threads**2
        for name, start in (("rows", "top"), ("cols", "left")):
            with out.block(f"for e in range(lane, U{stop}, U{step}):"):
                out.line(f"r = e % U{side}")
                out.line(f"t = e // U{side}")
                out.line(f"at = {start} + r")
                with out.block(f"if at >= n_{name}:"):  # numbers of some row: not used
                    out.line(f"at = n_{name} - U1")
                place = f"r * U{self.stride} + t"
                out.line(f"shared_{name}[{place}] = {name}[t * stride_{name} + at]")

    def _read_block(self) -> None:
        """Read the pairs of a thread from a block in global memory."""
        out, t = self.out, self.plan.threads
        one = out.number(1.0)
        for p, q in self.pairs():
            i, j = f"(top + ty + U{p * t})", f"(left + tx + U{q * t})"
            out.line(f"x_{p}_{q} = {one}")
            with out.block(f"if {i} < n_rows and {j} < n_cols:"):
                out.line(f"x_{p}_{q} = block[{i} * n_cols + {j}]")

    def _product(self) -> None:
        """Sum products of unit rows."""
        out = self.out
        zero = out.number(0.0)
        for p, q in self.pairs():
            out.line(f"x_{p}_{q} = {zero}")

        def add() -> None:
            for p, q in self.pairs():
                out.line(f"x_{p}_{q} = x_{p}_{q} + a_{p} * b_{q}")

        self._features(add)

    def _turn(self) -> None:
        """Turn correlations into complements; compare near pairs anew."""
        out = self.out
        zero, half, one = out.number(0.0), out.number(0.5), out.number(1.0)
        out.line("near = np.int32(0)")
        for p, q in self.pairs():
            value = out.call(complement, f"x_{p}_{q}")
            out.line(f"x_{p}_{q} = {value}")
            with out.block(f"if abs(x_{p}_{q}) < limit:"):
                out.line("near = np.int32(1)")
        with out.block("if cuda.syncthreads_or(near) != 0:"):
            for p, q in self.pairs():
                out.line(f"end_{p}_{q} = copysign({one}, x_{p}_{q})")
                out.line(f"sum_{p}_{q} = {zero}")

            def add() -> None:
                for p, q in self.pairs():
                    out.line(f"gap = a_{p} - end_{p}_{q} * b_{q}")
                    out.line(f"sum_{p}_{q} = sum_{p}_{q} + gap * gap")

            self._features(add)
            for p, q in self.pairs():
                with out.block(f"if abs(x_{p}_{q}) < limit:"):
                    out.line(f"x_{p}_{q} = end_{p}_{q} * ({half} * sum_{p}_{q})")

    def _features(self, add: Callable[[], None]) -> None:
        """Write a loop over features, a few in shared memory at a time."""
        out, plan = self.out, self.plan
        zero, t = out.number(0.0), plan.threads
        stop, step = plan.side * plan.depth, t**2
        with out.block(f"for first in range(U0, n_features, U{plan.depth}):"):
            for name, start in (("rows", "top"), ("cols", "left")):
                with out.block(f"for e in range(lane, U{stop}, U{step}):"):
                    out.line(f"k = e % U{plan.depth}")
                    out.line(f"r = e // U{plan.depth}")
                    out.line(f"item = {zero}")
                    inside = f"{start} + r < n_{name} and first + k < n_features"
                    with out.block(f"if {inside}:"):
                        index = f"({start} + r) * n_features + first + k"
                        out.line(f"item = unit_{name}[{index}]")
                    out.line(f"part_{name}[k * U{self.pitch} + r] = item")
            out.line("cuda.syncthreads()")
            with out.block(f"for k in range(U0, U{plan.depth}, U1):"):
                for p in range(plan.micro):
                    place = f"k * U{self.pitch} + U{p * t}"
                    out.line(f"a_{p} = part_rows[{place} + ty]")
                    out.line(f"b_{p} = part_cols[{place} + tx]")
                add()
            out.line("cuda.syncthreads()")
