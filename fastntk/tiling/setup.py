"""Rows on the host, made ready: checked, lowered, prepared, planned."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastntk._typing import InputMatrix
from fastntk._validation import as_input, check_pair, is_same_input, owned_rows
from fastntk.backends import Backend, Worker, get_backend
from fastntk.program import Program, lower
from fastntk.request.options import Options
from fastntk.request.request import Request
from fastntk.spec import Spec
from fastntk.tiling.memory import budget_left
from fastntk.tiling.plan import MAX_SIDE, TilePlan, plan_tiles

__all__ = ["Setup", "prepare"]

SPARSE_TILES = 4  # a product of sparse rows takes, in tiles, besides its result


@dataclasses.dataclass
class Setup:
    """One Gram computation, ready to walk."""

    program: Program
    backend: Backend
    dtype: np.dtype[Any]
    get: tuple[str, ...]
    x1: InputMatrix
    x2: InputMatrix | None
    threads: int
    options: Options
    rows1: Any = None
    rows2: Any = None
    runs: Program | None = None
    given_bytes: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the matrix."""
        other = self.x1 if self.x2 is None else self.x2
        return self.x1.shape[0], other.shape[0]

    @property
    def budget(self) -> int | None:
        """Bytes that the computation may take; None: no limit."""
        return self.options.budget

    @property
    def n_bytes(self) -> int:
        """Bytes of all kernels asked for."""
        n1, n2 = self.shape
        return n1 * n2 * self.dtype.itemsize * len(self.get)

    @property
    def input_bytes(self) -> int:
        """Bytes of all that is made of the inputs: copies, row tables, conversions."""
        return self.given_bytes + sum(
            self.backend.side_bytes(
                self.program,
                x,
                self.dtype,
                is_sparse=self.is_sparse,
                threads=self.threads,
            )
            for x in self.sides
        )

    @property
    def sides(self) -> list[InputMatrix]:
        """The inputs: one if the matrix is symmetric."""
        return [self.x1] if self.x2 is None else [self.x1, self.x2]

    @property
    def is_sparse(self) -> bool:
        """Whether an input is sparse."""
        return any(not isinstance(x, np.ndarray) for x in self.sides)

    def own_rows(self, request: Request) -> None:
        """Keep copies of rows that are the caller's memory; they count as inputs."""
        first, second = owned_rows(self.x1, request.x1), self.x2
        if second is self.x1:
            second = first
        elif second is not None:
            second = owned_rows(second, request.x2)
        self.x1, self.x2 = first, second

    def prepare_rows(self) -> None:
        """Normalise the rows of both sides and run the variance pass."""
        rows = [
            self.backend.prepare(self.program, x, self.dtype, is_sparse=self.is_sparse)
            for x in self.sides
        ]
        self.rows1, self.rows2 = rows[0], rows[-1]
        self.optimise()

    def optimise(self) -> None:
        """Look for a cheaper program with the same result for the rows prepared."""
        self.runs = self.program
        if self.options.collapse:
            self.runs = self.backend.optimise(self.program, self.rows1, self.rows2)

    def plan(
        self, *, used: int = 0, copies: int = 1, side: int | None = None
    ) -> TilePlan:
        """Plan the tiles.

        ``used`` bytes of the budget are taken; ``copies`` tiles of each kernel are
        alive at once per thread.
        """
        budget = budget_left(self, used)
        if budget is not None:
            budget //= copies
        return plan_tiles(
            self.shape,
            is_symmetric=self.x2 is None,
            itemsize=self.dtype.itemsize,
            n_kernels=len(self.get) + SPARSE_TILES * self.is_sparse,
            threads=self.threads,
            budget=budget,
            step=self.backend.tile_step(self.dtype),
            side=side,
            max_side=getattr(self.backend, "max_side", MAX_SIDE),
        )

    def new_worker(self, plan: TilePlan) -> Worker:
        """Return the workspace of one thread."""
        runs = self.program if self.runs is None else self.runs
        return self.backend.worker(runs, self.rows1, self.rows2, plan.side)


def prepare(request: Request) -> Setup:
    """Check the rows and lower the network; nothing large is allocated.

    Raises
    ------
    InputError
        For rows that do not fit.
    NetworkError
        If the network has no infinite-width limit.
    NotSupportedError
        For a backend that is not there.
    """
    options = request.options
    first = as_input(request.x1, "x1")
    second = None if request.x2 is None else as_input(request.x2, "x2")
    check_pair(first, second)
    kind = options.dtype_of(first, second)
    program = _lowered(request.spec, request.names, int(first.shape[1]))
    if second is not None and program.has_dropout and is_same_input(first, second):
        second = None  # a row with itself shares the dropped features
    other = first if second is None else second
    runner = get_backend(options.backend, int(first.shape[0]) * int(other.shape[0]))
    sides = [first] if second is None else [first, second]
    program = runner.specialise(program, sides, kind)
    if options.backend == "auto" and not _suits(runner, program, sides):
        runner = get_backend("cpu")
    workers = getattr(runner, "workers", int)
    return Setup(
        program=program,
        backend=runner,
        dtype=kind,
        get=request.names,
        x1=first,
        x2=second,
        threads=workers(options.n_threads),
        options=options,
        given_bytes=_made_bytes(first, request.x1) + _made_bytes(second, request.x2),
    )


def _lowered(spec: Spec, get: tuple[str, ...], n_features: int) -> Program:
    """Return the network's program, from the last calls if it is one of theirs."""
    try:
        return _cached(spec, get, n_features)
    except TypeError:  # an argument of a layer cannot be hashed
        return lower(spec, get, n_features)


def _suits(runner: Backend, program: Program, sides: Sequence[InputMatrix]) -> bool:
    """Return whether a backend that nobody asked for by name can do it all."""
    suits = getattr(runner, "suits", None)
    return suits is None or bool(suits(program, sides))


@functools.lru_cache(maxsize=32)
def _cached(spec: Spec, get: tuple[str, ...], n_features: int) -> Program:
    return lower(spec, get, n_features)


def _made_bytes(x: InputMatrix | None, given: Any) -> int:
    """Return the bytes that checking took: of a list, or of another sparse format."""
    if x is None or x is given:
        return 0
    if isinstance(x, np.ndarray):
        return x.nbytes if x.flags.owndata else 0
    known = [getattr(given, name, None) for name in ("data", "indices", "indptr")]
    arrays = (x.data, x.indices, x.indptr)
    return sum(a.nbytes for a in arrays if not any(a is b for b in known))
