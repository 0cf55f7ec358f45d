"""The source of a CUDA kernel for one sequence of ops.

A block of threads computes a tile of pairs::

    similarity   own product of unit rows in shared memory, or a block that cuBLAS wrote
    complement   and near pairs anew, from |a -+ b|^2 / 2, if the tile has any
    program      every thread a few pairs at a time, all of their slots in registers
    output       the tile, and its mirror image below the diagonal of a symmetric matrix

``i`` = row, ``j`` = column of the block of pairs that a launch computes; ``p``, ``q``
count the pairs of a thread. All indices are unsigned: Numba would handle negative ones.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastntk.kernels.cuda.inline import Inliner
from fastntk.kernels.cuda.program import Pairs, Tables
from fastntk.kernels.cuda.similarity import Plan, Similarity

__all__ = ["ARGUMENTS", "KernelSource", "Plan", "Step", "kernel_source"]

ARGUMENTS = (
    *("unit_rows", "unit_cols", "block", "rows", "cols", "coefs", "limit"),
    *("out_0", "out_1", "diagonal_0", "diagonal_1"),
    *("n_rows", "n_cols", "n_features", "first_row", "first_col"),
    *("out_row", "out_col", "out_stride", "stride_rows", "stride_cols", "is_lower"),
)
"""Of every kernel, in order; see `fastntk.backends.cuda.launch`."""

# lines of a kernel by bytes of a number; where more are needed, fewer pairs at a time
LONGEST = {4: 1300, 8: 800}


@dataclasses.dataclass(frozen=True)
class Step:
    """An op as numbers: its body's name, ints and coefs (`fastntk.kernels.abi`)."""

    name: str
    ints: tuple[int, ...]
    coefs: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class KernelSource:
    """The text of a module with one kernel, and what it was made for.

    ``tables``: the program's row tables that the kernel reads, in order.
    """

    text: str
    dtype: str
    plan: Plan
    n_coefs: int
    tables: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """A hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:20]


def kernel_source(
    steps: Sequence[Step],
    outputs: Sequence[tuple[int, int, int]],
    dtype: np.dtype[Any],
    plan: Plan,
    *,
    n_slots: int,
    n_tables: int,
    is_simulated: bool = False,
) -> KernelSource:
    """Write the kernel of a sequence of ops.

    Parameters
    ----------
    steps : sequence of Step
        The ops, in the order they run.
    outputs : sequence of (slot, table, kind)
        What is written: kind 0 nngp, 1 ntk, 2 the slot as it is.
    dtype : numpy dtype
        Compute dtype.
    plan : Plan
        Where similarities come from, and the shape of a block.
    n_slots, n_tables : int
        Of the program.
    is_simulated : bool
        Write for the simulator.

    Returns
    -------
    KernelSource
    """
    what = (tuple(steps), tuple(outputs), np.dtype(dtype), plan)
    return _written(*what, n_slots, n_tables, is_simulated)


@functools.lru_cache(maxsize=64)  # an operator asks for the same one again and again
def _written(
    steps: tuple[Step, ...],
    outputs: tuple[tuple[int, int, int], ...],
    dtype: np.dtype[Any],
    plan: Plan,
    n_slots: int,
    n_tables: int,
    is_simulated: bool,
) -> KernelSource:
    """Write a kernel, see `kernel_source`: once more with the tables that it reads."""
    tables, width = Tables(tuple(range(n_tables))), plan.micro
    while True:
        out = Inliner(dtype, is_simulated=is_simulated)
        writer = _Writer(out, plan, len(outputs), tables)
        writer.head()
        writer.complements()
        writer.program(steps, outputs, n_slots, width)
        if width > 1 and out.n_lines > LONGEST[dtype.itemsize]:
            width //= 2
        elif len(tables.used) < len(tables.known):
            tables = Tables(tuple(sorted(tables.used)))
        else:
            break
    writer.copy_out()
    n_coefs = max(1, sum(len(step.coefs) for step in steps))
    return KernelSource(_module(out), dtype.name, plan, n_coefs, tables.known)


def _module(out: Inliner) -> str:
    """Return the text of the module around the lines of the kernel."""
    dtype, is_simulated = out.dtype, out.is_simulated
    body = "\n".join([*_formulas(out), f"def kernel({', '.join(ARGUMENTS)}):"])
    body += "\n" + "\n".join(out.lines)
    numbers = {int(n) for n in _unsigned(body)}
    head = [
        '"""Written by fastntk.kernels.cuda.source; not to be edited."""',
        "from math import copysign, sqrt",
        "import numpy as np",
        "from numba import cuda",
        *(f"U{n} = np.uint64({n})" for n in sorted(numbers)),
        *(
            f"K{k} = np.{dtype.name}({v!r})"
            for k, v in enumerate(out.constants.values())
        ),
    ]
    if is_simulated:
        head.append("smaller = min")
    else:
        minimum = "fminf" if dtype.itemsize == 4 else "fmin"
        head.append("from numba.cuda import libdevice")
        head.append(f"smaller = libdevice.{minimum}")
    if "inverse_power" in body:
        head.append("from fastntk.kernels.cuda.simulated import inverse_power")
    return "\n".join([*head, "", body, ""])


def _formulas(out: Inliner) -> list[str]:
    """Return the functions that the kernel calls, each to be written out there."""
    mark = "" if out.is_simulated else "@cuda.jit(device=True, forceinline=True)\n"
    return [f"{mark}def {name}{text}\n" for text, name in out.formulas.items()]


def _unsigned(text: str) -> set[str]:
    """Return the numbers that the text names as ``U<number>``."""
    return set(re.findall(r"\bU(\d+)\b", text))


class _Writer(Similarity):
    """Writes the parts of a kernel that follow the complements."""

    def program(
        self,
        steps: Sequence[Step],
        outputs: Sequence[tuple[int, int, int]],
        n_slots: int,
        width: int,
    ) -> None:
        """Run the ops, ``width`` pairs of a row at a time."""
        out, plan = self.out, self.plan
        parts = plan.micro // width
        with out.block(f"for turn in range(U0, U{plan.micro * parts}, U1):"):
            out.line(f"i_0 = ty * U{plan.micro} + turn // U{parts}")
            column = f"tx * U{plan.micro} + (turn % U{parts}) * U{width}"
            for k in range(width):
                out.line(f"j_{k} = {column} + U{k}")
            if not self.has_tables:
                self._rows_of_tables(width)
            pairs = Pairs(out, (1, width), n_slots, self.tables)
            out.line(f"here = i_0 * U{self.pitch}")
            for k in range(width):
                out.line(f"{pairs.slot(0, (0, k))} = tile_0[here + j_{k}]")
            pairs.begin()
            for step in steps:
                pairs.op(step.name, step.ints, step.coefs)
            for k, (slot, table, kind) in enumerate(outputs):
                for (_, q), value in pairs.output(slot, table, kind).items():
                    out.line(f"tile_{k}[here + j_{q}] = {value}")

    def _rows_of_tables(self, width: int) -> None:
        """Write which rows of tables a few pairs take; past the end, the last."""
        for name, start, index in (("rows", "top", "i"), ("cols", "left", "j")):
            for k in range(width if index == "j" else 1):
                at = f"at_{name}_{k}"
                self.out.line(f"{at} = {start} + {index}_{k}")
                with self.out.block(f"if {at} >= n_{name}:"):
                    self.out.line(f"{at} = n_{name} - U1")

    def copy_out(self) -> None:
        """Copy the tile to its place; what is below the diagonal also to its mirror's.

        Tiles that are whole need no comparisons.
        """
        out, side = self.out, f"U{self.plan.side}"
        whole = f"top + {side} <= n_rows and left + {side} <= n_cols"
        if self.plan.is_mirrored:
            whole += f" and first_row + top >= first_col + left + {side}"
        out.line("cuda.syncthreads()")
        out.line("below = out_row + top")
        out.line("beside = out_col + left")
        with out.block(f"if {whole}:"):
            self._copy_whole()
            if self.plan.is_mirrored:
                self._copy_whole(is_mirror=True)
        with out.block("else:"):
            self._copy_part("ty", "tx")
            if self.plan.is_mirrored:
                self._copy_part("tx", "ty", is_mirror=True)

    def _copy_whole(self, *, is_mirror: bool = False) -> None:
        """Copy a tile, or its mirror image."""
        out, t = self.out, self.plan.threads
        down, aside = ("beside", "below") if is_mirror else ("below", "beside")
        for p in range(self.plan.micro):
            start = f"({down} + ty + U{p * t}) * out_stride"
            goal = out.new(f"{start} + {aside} + tx", "to")
            for q in range(self.plan.micro):
                i, j = (q, p) if is_mirror else (p, q)
                place = self.shared(i, j, is_turned=is_mirror)
                for k in range(self.n_tiles):
                    out.line(f"out_{k}[{goal} + U{q * t}] = tile_{k}[{place}]")

    def _copy_part(self, row: str, column: str, *, is_mirror: bool = False) -> None:
        """Copy what is inside the matrix and below the diagonal, and the diagonal."""
        out, t, micro = self.out, self.plan.threads, self.plan.micro
        tiles, place = range(self.n_tiles), f"i * U{self.pitch} + j"
        with out.block(f"for e in range(U0, U{micro**2}, U1):"):
            out.line(f"i = {row} + (e // U{micro}) * U{t}")
            out.line(f"j = {column} + (e % U{micro}) * U{t}")
            to = "(below + i) * out_stride + beside + j"
            if is_mirror:
                to = "(beside + j) * out_stride + below + i"
            inside = "top + i < n_rows and left + j < n_cols"
            where = "first_row + top + i {} first_col + left + j"
            if self.plan.is_mirrored:
                inside += " and " + where.format(">")
            with out.block(f"if {inside}:"):
                for k in tiles:
                    out.line(f"out_{k}[{to}] = tile_{k}[{place}]")
            if self.plan.is_mirrored and not is_mirror:
                with out.block(f"if top + i < n_rows and {where.format('==')}:"):
                    for k in tiles:
                        out.line(f"out_{k}[{to}] = diagonal_{k}[top + i]")
