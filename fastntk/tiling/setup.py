"""What every public call does first: check, lower, prepare the rows, plan the tiles."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._errors import MemoryBudgetError, NetworkError
from fastntk._typing import GetArg, InputMatrix, MatrixLike
from fastntk._validation import (
    as_input,
    check_get,
    check_max_memory,
    check_pair,
    check_threads,
    resolve_dtype,
)
from fastntk.backends import Backend, get_backend
from fastntk.backends.base import Worker
from fastntk.program import Program, lower
from fastntk.spec import Spec
from fastntk.tiling.plan import TilePlan, plan_tiles

__all__ = ["Setup", "as_spec", "prepare"]


def as_spec(net: Any) -> Spec:
    """Return the spec of a network or of a spec itself."""
    spec = getattr(net, "spec", net)
    if not isinstance(spec, Spec):
        raise NetworkError(
            f"net: found {type(net).__name__}; expected a network made by "
            "fastntk.stax, e.g. stax.serial(stax.Dense(512), stax.Relu(), "
            "stax.Dense(1))"
        )
    return spec


@dataclasses.dataclass
class Setup:
    """One Gram computation, ready to walk."""

    program: Program
    backend: Backend
    dtype: np.dtype[Any]
    get: tuple[str, ...]
    is_tuple: bool
    x1: InputMatrix
    x2: InputMatrix | None
    threads: int
    budget: int | None
    rows1: Any = None
    rows2: Any = None
    runs: Program | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the matrix."""
        other = self.x1 if self.x2 is None else self.x2
        return self.x1.shape[0], other.shape[0]

    @property
    def n_bytes(self) -> int:
        """Bytes of all kernels asked for."""
        n1, n2 = self.shape
        return n1 * n2 * self.dtype.itemsize * len(self.get)

    @property
    def input_bytes(self) -> int:
        """Bytes of the copies of the inputs in the compute dtype."""
        total = 0
        for x in (self.x1, self.x2):
            if x is not None:
                n = x.size if isinstance(x, np.ndarray) else 2 * x.nnz
                total += n * self.dtype.itemsize + 64 * x.shape[0]
        return total

    def prepare_rows(self) -> None:
        """Normalise the rows of both sides and run the variance pass."""
        sides = [self.x1] if self.x2 is None else [self.x1, self.x2]
        is_sparse = any(not isinstance(x, np.ndarray) for x in sides)
        rows = [
            self.backend.prepare(self.program, x, self.dtype, is_sparse=is_sparse)
            for x in sides
        ]
        self.rows1, self.rows2 = rows[0], rows[-1]
        self.runs = self.backend.optimise(self.program, self.rows1, self.rows2)

    def plan(self, *, used: int = 0, side: int | None = None) -> TilePlan:
        """Plan the tiles; ``used`` bytes of the budget are taken."""
        budget = self.budget
        if budget is not None:
            budget -= used + self.input_bytes
            if budget <= 0:
                raise MemoryBudgetError(
                    f"max_memory is {self.budget:,} bytes; this call needs more than "
                    f"{used + self.input_bytes:,}: {used:,} for the result and "
                    f"{self.input_bytes:,} for a copy of the inputs. Raise max_memory, "
                    "pass out= (for instance a numpy.memmap), or stream blocks with "
                    "fastntk.tiles"
                )
        return plan_tiles(
            self.shape,
            is_symmetric=self.x2 is None,
            itemsize=self.dtype.itemsize,
            n_kernels=len(self.get),
            threads=self.threads,
            budget=budget,
            step=self.backend.tile_step(self.dtype),
            side=side,
        )

    def new_worker(self, plan: TilePlan) -> Worker:
        """Return the workspace of one thread."""
        runs = self.program if self.runs is None else self.runs
        return self.backend.worker(runs, self.rows1, self.rows2, plan.side)


def prepare(
    net: Any,
    x1: MatrixLike,
    x2: MatrixLike | None,
    get: GetArg,
    *,
    dtype: Any = None,
    backend: str = "auto",
    threads: int | None = None,
    max_memory: int | float | str | None = None,
) -> Setup:
    """Check all arguments and lower the network; nothing large is allocated."""
    spec = as_spec(net)
    names, is_tuple = check_get(get)
    first = as_input(x1, "x1")
    second = None if x2 is None else as_input(x2, "x2")
    check_pair(first, second)
    kind = resolve_dtype(dtype, first, second)
    return Setup(
        program=lower(spec, names, int(first.shape[1])),
        backend=get_backend(backend),
        dtype=kind,
        get=names,
        is_tuple=is_tuple,
        x1=first,
        x2=second,
        threads=check_threads(threads),
        budget=check_max_memory(max_memory),
    )
