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

from fastntk.kernels.cuda_inline import Inliner
from fastntk.kernels.cuda_program import Pairs, Tables
from fastntk.kernels.cuda_similarity import Plan, Similarity
from fastntk.kernels.cuda_text import Text

__all__ = ["ARGUMENTS", "KernelSource", "Plan", "Step", "kernel_source"]

ARGUMENTS = (
    *("unit_rows", "unit_cols", "block", "rows", "cols", "coefs", "limit"),
    *("out_0", "out_1", "diagonal_0", "diagonal_1"),
    *("n_rows", "n_cols", "n_features", "first_row", "first_col"),
    *("out_row", "out_col", "out_stride", "stride_rows", "stride_cols", "is_lower"),
)
"""Of every kernel, in order; see `fastntk.backends.cuda_launch`."""

LONGEST = 1200  # lines of a kernel; where more are needed, pairs go one at a time


@dataclasses.dataclass(frozen=True)
class Step:
    """An op as numbers: its body's name, ints and coefs (`fastntk.kernels.abi`)."""

    name: str
    ints: tuple[int, ...]
    coefs: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class KernelSource:
    """The text of a module with one kernel, and what it was made for."""

    text: str
    dtype: str
    plan: Plan
    n_coefs: int

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
    """Write a kernel, see `kernel_source`."""
    sides = (2, 1) if plan.micro % 2 == 0 else (1,)
    for side in sides:
        out = Inliner(dtype, is_simulated=is_simulated)
        writer = _Writer(out, plan, len(outputs), n_tables)
        writer.head()
        writer.complements()
        writer.program(steps, outputs, n_slots, side)
        if plan.is_mirrored:
            writer.mirror()
        if len(out.lines) <= LONGEST:
            break
    n_coefs = max(1, sum(len(step.coefs) for step in steps))
    return KernelSource(_module(out, dtype, plan), dtype.name, plan, n_coefs)


def _module(out: Inliner, dtype: np.dtype[Any], plan: Plan) -> str:
    """Return the text of the module around the lines of the kernel."""
    body = "\n".join(out.lines)
    numbers = {int(n) for n in _unsigned(body)}
    head = [
        '"""Written by fastntk.kernels.cuda_source; not to be edited."""',
        "from math import copysign, sqrt",
        "import numpy as np",
        "from numba import cuda",
        *(f"U{n} = np.uint64({n})" for n in sorted(numbers)),
        *(
            f"K{k} = np.{dtype.name}({v!r})"
            for k, v in enumerate(out.constants.values())
        ),
    ]
    if "libdevice" in body:
        head.append("from numba.cuda import libdevice")
    if "inverse_power" in body:
        head.append("from fastntk.kernels.cuda_simulated import inverse_power")
    head += ["", f"def kernel({', '.join(ARGUMENTS)}):", body, ""]
    return "\n".join(head)


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
        side: int,
    ) -> None:
        """Run the ops, ``side^2`` pairs of a thread at a time, and store."""
        out, plan = self.out, self.plan
        turns = plan.micro // side
        with out.block(f"for turn in range(U0, U{turns**2}, U1):"):
            jump = side * plan.threads
            out.line(f"i_0 = ty + (turn // U{turns}) * U{jump}")
            out.line(f"j_0 = tx + (turn % U{turns}) * U{jump}")
            for k in range(1, side):
                out.line(f"i_{k} = i_0 + U{k * plan.threads}")
                out.line(f"j_{k} = j_0 + U{k * plan.threads}")
            for name, start, n, k in self._sides(side):
                index = f"{name}_{k}"
                if self.stride:
                    out.line(f"at_{index} = {n[0]}_{k} * U{self.stride}")
                else:
                    out.line(f"at_{index} = {start} + {n[0]}_{k}")
                    last = f"n_{name} - U1"
                    with out.block(f"if at_{index} > {last}:"):
                        out.line(f"at_{index} = {last}")
            pairs = Pairs(out, (side, side), n_slots, Tables(self.stride))
            for p in range(side):
                for q in range(side):
                    place = self.place(f"i_{p}", f"j_{q}")
                    out.line(f"{pairs.slot(0, (p, q))} = tile_0[{place}]")
            pairs.begin()
            for step in steps:
                pairs.op(step.name, step.ints, step.coefs)
            for k, (slot, table, kind) in enumerate(outputs):
                for (p, q), value in pairs.output(slot, table, kind).items():
                    self._store(k, p, q, value)

    def _sides(self, side: int) -> list[tuple[str, str, str, int]]:
        """Return both sides of a few pairs: name, start of the tile, index, number."""
        return [
            part
            for k in range(side)
            for part in (("rows", "top", "i", k), ("cols", "left", "j", k))
        ]

    def _store(self, k: int, p: int, q: int, value: Text) -> None:
        """Write a value to its place, and keep it for the mirror image."""
        out = self.out
        i, j = f"(top + i_{p})", f"(left + j_{q})"
        inside = f"{i} < n_rows and {j} < n_cols"
        goal = f"out_{k}[(out_row + {i}) * out_stride + out_col + {j}]"
        if not self.plan.is_mirrored:
            with out.block(f"if {inside}:"):
                out.line(f"{goal} = {value}")
            return
        out.line(f"tile_{k}[{self.place(f'i_{p}', f'j_{q}')}] = {value}")
        with out.block(f"if {inside}:"):
            with out.block(f"if first_row + {i} > first_col + {j}:"):
                out.line(f"{goal} = {value}")
            with out.block(f"if first_row + {i} == first_col + {j}:"):
                out.line(f"{goal} = diagonal_{k}[{i}]")

    def mirror(self) -> None:
        """Write the mirror image of what is below the diagonal, along its rows."""
        out, t = self.out, self.plan.threads
        out.line("cuda.syncthreads()")
        for k in range(self.n_tiles):
            for p, q in self.pairs():
                row, column = f"(tx + U{p * t})", f"(ty + U{q * t})"
                i, j = f"(top + {row})", f"(left + {column})"
                inside = f"{i} < n_rows and {j} < n_cols"
                with out.block(f"if {inside} and first_row + {i} > first_col + {j}:"):
                    goal = f"(out_col + {j}) * out_stride + out_row + {i}"
                    place = self.place(row, column)
                    out.line(f"out_{k}[{goal}] = tile_{k}[{place}]")
