"""The calls that are timed, and what each of them has to do at least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastntk._typing import AnyArray
from fastntk.benchmark.ceilings import Ceilings
from fastntk.benchmark.settings import Settings
from fastntk.calls import gram
from fastntk.operators import operator
from fastntk.program import Program
from fastntk.program.one_run import is_one_run
from fastntk.request.options import Options
from fastntk.request.request import Request
from fastntk.tiling.setup import prepare

__all__ = [
    "CASES",
    "Case",
    "Work",
    "cases_of",
    "floor_seconds",
    "program_of",
    "work_of",
]

CASES = ("gram", "gram, reused output", "rectangular", "streamed product")


@dataclass(frozen=True)
class Work:
    """What a case has to do at least.

    Attributes
    ----------
    entries : int
        Entries of the matrix.
    product_flops, layer_flops : float or None
        Flops of products and of layers; None for networks without a program.
    written : float
        Bytes written to memory.
    is_fresh : bool
        Whether they go to pages that were never touched.
    """

    entries: int
    product_flops: float | None
    layer_flops: float | None
    written: float
    is_fresh: bool

    @property
    def flops(self) -> float | None:
        """All flops."""
        if self.product_flops is None or self.layer_flops is None:
            return None
        return self.product_flops + self.layer_flops


@dataclass(frozen=True)
class Case:
    """A call, by name."""

    name: str
    shape: tuple[int, int]
    call: Callable[[], Any]
    work: Work


def cases_of(settings: Settings) -> list[Case]:
    """Return the calls of fastntk that are timed, in the order of `CASES`.

    A network that is evaluated on whole matrices has no streamed product.
    """
    s = settings
    x, other = s.rows(s.n), s.rows(s.n_cross, seed=1)
    out = np.zeros((s.n, s.n), s.kind)
    options: dict[str, Any] = {"threads": s.threads}
    calls: dict[str, Callable[[], Any]] = {
        CASES[0]: lambda: gram(s.net, x, None, s.get, **options),
        CASES[1]: lambda: gram(s.net, x, None, s.get, out=out, **options),
        CASES[2]: lambda: gram(s.net, x, other, s.get, **options),
    }
    if is_one_run(s.net.spec):
        columns = np.random.default_rng(2).standard_normal((s.n, s.columns))
        streamed = operator(s.net, x, get=s.get, cache=0, **options)
        calls[CASES[3]] = lambda: streamed.matmat(columns)
    return [
        Case(name, _shape(name, s), call, work_of(name, s))
        for name, call in calls.items()
    ]


def _shape(name: str, settings: Settings) -> tuple[int, int]:
    return settings.n, settings.n_cross if name == CASES[2] else settings.n


def program_of(net: Any, x1: AnyArray, x2: AnyArray | None, get: str) -> Program | None:
    """Return the program that runs on these rows; None for whole-matrix networks."""
    request = Request.of(net, x1, x2, get, Options())
    if request.is_layerwise:
        return None
    setup = prepare(request)
    setup.prepare_rows()
    return setup.program if setup.runs is None else setup.runs


def work_of(name: str, settings: Settings) -> Work:
    """Return what a case of `CASES` has to do.

    A symmetric matrix has half of its entries computed, and all of them written; a
    streamed product multiplies every one of them, and writes the result alone.
    """
    s = settings
    n1, n2 = _shape(name, s)
    is_symmetric, is_product = name != CASES[2], name == CASES[3]
    computed = n1 * (n1 + 1) // 2 if is_symmetric else n1 * n2
    sides = s.rows(n1), None if is_symmetric else s.rows(n2, seed=1)
    program = program_of(s.net, *sides, s.get)
    product = layers = None
    if program is not None:
        product = 2.0 * s.d * computed + 2.0 * s.columns * n1 * n2 * is_product
        layers = float(program.flops) * computed
    written = float(8 * n1 * s.columns if is_product else n1 * n2 * s.kind.itemsize)
    return Work(n1 * n2, product, layers, written, is_fresh=name != CASES[1])


def floor_seconds(work: Work, ceilings: Ceilings) -> float | None:
    """Return the seconds below which the machine's ceilings forbid to go.

    Products at the rate of the matrix product, layers at that of the packed polynomial
    loop, one after the other; or the writing, if that takes longer.
    """
    if work.product_flops is None or work.layer_flops is None:
        return None
    rate = ceilings.write_fresh if work.is_fresh else ceilings.write_reused
    computing = work.product_flops / ceilings.best_product
    computing += work.layer_flops / ceilings.polynomial
    return max(computing, work.written / rate) / 1e9
