"""The first part of a CUDA kernel: complements of a tile, near pairs compared anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import nullcontext

from fastntk.kernels.cuda.inline import Inliner
from fastntk.kernels.cuda.program import Tables
from fastntk.kernels.formulas.pairs import complement

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
    unrolled : int
        Features at a time in the loop over them; divides ``threads``.
    """

    source: str
    is_mirrored: bool = False
    threads: int = 16
    micro: int = 4
    unrolled: int = 4

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
    n_outputs : int
        Of the program.
    tables : Tables
        Its row tables.
    """

    def __init__(
        self, out: Inliner, plan: Plan, n_outputs: int, tables: Tables
    ) -> None:
        self.out, self.plan, self.tables = out, plan, tables
        self.n_tables = len(tables.known)
        # rows of 16 bytes: a thread reads its pairs, and tables of them, at once
        self.pitch = plan.side + 16 // out.dtype.itemsize
        self.n_tiles = n_outputs
        taken = self.n_tiles * plan.side * self.pitch
        if plan.source != "complement":
            taken += 2 * plan.threads * self.pitch
        needed = (taken + 2 * self.n_tables * self.pitch) * out.dtype.itemsize
        self.has_tables = self.n_tables > 0 and needed <= SHARED_BYTES
        tables.pitch = self.pitch if self.has_tables else 0

    def pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of a thread."""
        micro = range(self.plan.micro)
        return [(p, q) for p in micro for q in micro]

    def own(self, p: int, q: int) -> str:
        """Return the text of the place in the tile of one of the thread's pairs."""
        return _plus("own", p * self.pitch + q)

    def shared(self, p: int, q: int, *, is_turned: bool = False) -> str:
        """Return the text of the place of one of the pairs that a thread copies.

        Row ``ty + threads p`` and column ``tx + threads q``, or with ``tx`` and ``ty``
        turned: neighbours in a warp have neighbouring numbers in global memory.
        """
        t = self.plan.threads
        name = "turned" if is_turned else "along"
        return _plus(name, p * t * self.pitch + q * t)

    def head(self) -> None:
        """Write shared memory, the thread's place, and blocks with nothing to do."""
        out, plan = self.out, self.plan
        names = {f"tile_{k}": plan.side * self.pitch for k in range(self.n_tiles)}
        if plan.source != "complement":
            names |= dict.fromkeys(
                ("part_rows", "part_cols"), plan.threads * self.pitch
            )
        if self.has_tables:
            size = self.n_tables * self.pitch
            names |= dict.fromkeys(("shared_rows", "shared_cols"), size)
        kind = f"np.{out.dtype.name}" + (", 16" if not out.is_simulated else "")
        for name, size in names.items():
            out.line(f"{name} = cuda.shared.array({size}, {kind})")
        out.line("tx = np.uint64(cuda.threadIdx.x)")
        out.line("ty = np.uint64(cuda.threadIdx.y)")
        m = plan.micro
        out.line(f"own = ty * U{m * self.pitch} + tx * U{m}")
        out.line(f"along = ty * U{self.pitch} + tx")
        out.line(f"turned = tx * U{self.pitch} + ty")
        out.line(f"top = np.uint64(cuda.blockIdx.y) * U{plan.side}")
        out.line(f"left = np.uint64(cuda.blockIdx.x) * U{plan.side}")
        reach = f"first_row + top + U{plan.side - 1} < first_col + left"
        with out.block(f"if is_lower != U0 and {reach}:"):
            out.line("return")
        self._starts()

    def _starts(self) -> None:
        """Write how many rows the tile has, and where unit rows begin.

        A thread copies the feature ``tx`` of rows ``ty``, ``ty + threads`` ...; past
        the end, of the last row. Places within a tile have 32 bits.
        """
        out, t = self.out, self.plan.threads
        for name, start in (("rows", "top"), ("cols", "left")):
            last = f"U{self.plan.side - 1}"
            out.line(f"last_{name} = np.uint32({last})")
            with out.block(f"if {start} + {last} >= n_{name}:"):
                out.line(f"last_{name} = np.uint32(n_{name} - U1 - {start})")
            if self.plan.source == "complement":
                continue
            for m in range(self.plan.micro):
                at = self._inside(f"ty + U{m * t}", name)
                place = f"np.uint32({at} * n_features + tx)"
                out.line(f"from_{name}_{m} = {place}")

    def _inside(self, row: str, name: str) -> str:
        """Write a row of the tile, or its last."""
        at = self.out.new(f"np.uint32({row})", "at")
        with self.out.block(f"if {at} > last_{name}:"):
            self.out.line(f"{at} = last_{name}")
        return at

    def complements(self) -> None:
        """Write the complements of the tile into shared memory."""
        if self.has_tables:
            self._stage_tables()
        if self.plan.source == "product":
            self._product()
        else:
            self._read_block()
        if self.plan.source != "complement":
            self._turn()
            for p, q in self.pairs():
                self.out.line(f"tile_0[{self.own(p, q)}] = x_{p}_{q}")

    def _stage_tables(self) -> None:
        """Copy the row tables of the tile to shared memory."""
        out, t, n = self.out, self.plan.threads, self.n_tables
        for name, start in (("rows", "top"), ("cols", "left")):
            micro = range(self.plan.micro)
            places = [self._inside(f"tx + U{m * t}", name) for m in micro]
            for first in range(0, n, t):
                table = out.new(f"ty + U{first}", "table")
                is_full = first + t <= n
                with nullcontext() if is_full else out.block(f"if {table} < U{n}:"):
                    row = out.new(f"{table} * stride_{name} + {start}", "row")
                    goal = out.new(f"{table} * U{self.pitch} + tx", "goal")
                    for m, at in enumerate(places):
                        item = f"{name}[{row} + {at}]"
                        out.line(f"shared_{name}[{_plus(goal, m * t)}] = {item}")

    def _read_block(self) -> None:
        """Read the pairs of a tile from a block in global memory."""
        out, t = self.out, self.plan.threads
        one = out.number(1.0)
        for p in range(self.plan.micro):
            row = out.new(f"top + ty + U{p * t}", "row")
            start = out.new(f"{row} * n_cols + left + tx", "start")
            for q in range(self.plan.micro):
                out.line(f"item = {one}")
                inside = f"{row} < n_rows and left + tx + U{q * t} < n_cols"
                with out.block(f"if {inside}:"):
                    out.line(f"item = block[{_plus(start, q * t)}]")
                out.line(f"tile_0[{self.shared(p, q)}] = item")
        out.line("cuda.syncthreads()")
        if self.plan.source == "correlation":
            for p, q in self.pairs():
                out.line(f"x_{p}_{q} = tile_0[{self.own(p, q)}]")

    def _product(self) -> None:
        """Sum products of unit rows."""
        out, plan = self.out, self.plan
        zero = out.number(0.0)
        for p, q in self.pairs():
            out.line(f"x_{p}_{q} = {zero}")

        def add() -> None:
            for p, q in self.pairs():
                out.line(f"x_{p}_{q} = x_{p}_{q} + a_{p} * b_{q}")

        self._features(add, plan.unrolled)

    def _turn(self) -> None:
        """Turn correlations into complements; compare near pairs anew."""
        out = self.out
        zero, half, one = out.number(0.0), out.number(0.5), out.number(1.0)
        out.line(f"least = {out.number(2.0)}")
        for p, q in self.pairs():
            value = out.call(complement, f"x_{p}_{q}")
            out.line(f"x_{p}_{q} = {value}")
            out.line(f"least = smaller(least, abs(x_{p}_{q}))")
        with out.block("if cuda.syncthreads_or(np.int32(least < limit)) != 0:"):
            for p, q in self.pairs():
                out.line(f"end_{p}_{q} = copysign({one}, x_{p}_{q})")
                out.line(f"sum_{p}_{q} = {zero}")

            def add() -> None:
                for p, q in self.pairs():
                    out.line(f"gap = a_{p} - end_{p}_{q} * b_{q}")
                    out.line(f"sum_{p}_{q} = sum_{p}_{q} + gap * gap")

            self._features(add, 1)  # rare: a short text is compiled sooner
            for p, q in self.pairs():
                with out.block(f"if abs(x_{p}_{q}) < limit:"):
                    out.line(f"x_{p}_{q} = end_{p}_{q} * ({half} * sum_{p}_{q})")

    def _features(self, add: Callable[[], None], unrolled: int) -> None:
        """Write a loop over features, a few in shared memory at a time.

        A thread copies the feature ``tx`` of a few rows; behind the last are zeros.
        """
        out, plan = self.out, self.plan
        zero, t = out.number(0.0), plan.threads
        with out.block(f"for first in range(U0, n_features, U{t}):"):
            for name, start in (("rows", "top"), ("cols", "left")):
                out.line(f"begin = {start} * n_features + first")
                for m in range(plan.micro):
                    out.line(f"item_{m} = {zero}")
                with out.block("if first + tx < n_features:"):
                    for m in range(plan.micro):
                        place = f"begin + from_{name}_{m}"
                        out.line(f"item_{m} = unit_{name}[{place}]")
                for m in range(plan.micro):
                    out.line(f"part_{name}[{_plus('turned', m * t)}] = item_{m}")
            out.line("cuda.syncthreads()")
            out.line("stop = n_features - first")
            with out.block(f"if stop > U{t}:"):
                out.line(f"stop = U{t}")
            with out.block(f"for k in range(U0, stop, U{unrolled}):"):
                out.line(f"at_rows = k * U{self.pitch} + ty * U{plan.micro}")
                out.line(f"at_cols = k * U{self.pitch} + tx * U{plan.micro}")
                for turn in range(unrolled):
                    self._load(turn)
                    add()
            out.line("cuda.syncthreads()")

    def _load(self, k: int) -> None:
        """Read a feature of the thread's rows and columns."""
        for name, side in (("a", "rows"), ("b", "cols")):
            for p in range(self.plan.micro):
                place = _plus(f"at_{side}", k * self.pitch + p)
                self.out.line(f"{name}_{p} = part_{side}[{place}]")


def _plus(place: str, n: int) -> str:
    """Return the text of a sum."""
    return f"{place} + U{n}" if n else place
