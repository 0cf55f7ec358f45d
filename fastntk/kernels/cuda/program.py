"""The ops of a program as text, for a few pairs of rows that one thread carries.

The bodies are those of the CPU (`fastntk.kernels.cpu.ops`), written out by
`fastntk.kernels.cuda.inline`: a slot is a variable here, a row table an array in shared
memory, and what a body asks of a whole strip (is a pair of it near?) it asks of a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastntk import _jit
from fastntk.kernels.abi import RECTIFIED_TERMS, RHO, TABLE, TAU
from fastntk.kernels.cpu import panel as cpu_panel
from fastntk.kernels.cpu.ops import OPS
from fastntk.kernels.cuda.inline import Inliner
from fastntk.kernels.cuda.series import (
    last_terms,
    series_complement,
    series_slope,
    two_terms,
)
from fastntk.kernels.cuda.text import ONCE, Index, Known, Strip, Text
from fastntk.kernels.formulas import polynomials
from fastntk.kernels.formulas.pairs import correlation

__all__ = ["Pairs", "Tables"]

SERIES_OPS = ("mehler", "expansion")
ROWS, COLS, DIMS, CONSTANTS = "rows", "cols", [ONCE] * 5, "constants"


class Tables:
    """Where a kernel finds row tables, and which of them it reads.

    Parameters
    ----------
    known : tuple of int
        The program's numbers of the tables that the kernel is given, in order.

    Attributes
    ----------
    pitch : int
        Numbers per table in shared memory; 0: they are read from global memory.
    used : set of int
        Those that were asked for; all where a loop of the kernel counts them.
    """

    def __init__(self, known: tuple[int, ...]) -> None:
        self.known, self.pitch = known, 0
        self.used: set[int] = set()

    def load(self, side: str, index: str, table: int | Index) -> str:
        """Return the text of a table's number for one row of a side."""
        if isinstance(table, int):
            self.used.add(table)
            place = self.known.index(table)
            number, start = f"U{place}", f"U{place * self.pitch}"
        else:
            self.used.update(self.known)
            number, start = str(table), f"{table} * U{self.pitch}"
        if not self.pitch:
            return f"{side}[{number} * stride_{side} + at_{side}_{index}]"
        row = "i" if side == "rows" else "j"
        return f"shared_{side}[{start} + {row}_{index}]"


class _Dynamic(Exception):
    """A loop of the kernel counts row tables: they cannot be arguments."""


class _Formula:
    """What an op's body asks for while it is written as a function of its own."""

    def __init__(self) -> None:
        self.slots: list[int] = []
        self.tables: list[tuple[str, int]] = []

    def slot(self, k: int) -> Strip:
        """Return the parameter that stands for a slot."""
        if k not in self.slots:
            self.slots.append(k)
        return Strip(f"slot_{self.slots.index(k)}")

    def load(self, side: str, table: int | Index) -> Text:
        """Return the parameter that stands for a row table's number."""
        if not isinstance(table, int):
            raise _Dynamic
        if (side, table) not in self.tables:
            self.tables.append((side, table))
        return Text(f"table_{self.tables.index((side, table))}")


class Pairs:
    """Writes ops for a block of pairs, ``n_rows`` by ``n_cols``, of one thread.

    Parameters
    ----------
    out : Inliner
        The text.
    shape : tuple of int
        Rows and columns of the block.
    n_slots : int
        Slots of the program.
    tables : Tables
        Where row tables are.
    """

    def __init__(
        self, out: Inliner, shape: tuple[int, int], n_slots: int, tables: Tables
    ) -> None:
        self.out = out
        self.shape = shape
        self.n_slots = n_slots
        self.tables = tables
        self.pair = (0, 0)
        self._coefs: list[Known] = []
        self._loaded: dict[tuple[str, int, str], Text] = {}
        self._formula: _Formula | None = None
        self._depth = out.depth
        self._replace(out)

    def _replace(self, out: Inliner) -> None:
        """Say what stands for the functions that look into a panel."""
        sizes = {"asin": 0, "excess": 1, "sinc": 2, "decay": 3}
        parts = polynomials._TABLES[out.dtype.name]
        out.functions |= {
            cpu_panel.slot: lambda slots, dims, k, i: self.slot(k),
            cpu_panel.row: lambda rows, dims, table, i: self.load("rows", table),
            cpu_panel.col: lambda cols, dims, table, i: Strip(self.load("cols", table)),
            cpu_panel.has_near: self._has_near,
            _jit.scratch: lambda x, n: Strip(out.new(out.number(0.0), "sum")),
            _jit.strip: lambda values, first, n: values[first : first + n],
            polynomials.fall_terms: lambda coefs: _terms(coefs, 0),
            polynomials.slope_terms: lambda coefs: _terms(coefs, 1),
        }
        for name, k in sizes.items():
            reader = getattr(polynomials, f"{name}_coefficients")
            out.functions[reader] = lambda _, part=parts[k]: part

    def _has_near(self, x: Text) -> Text:
        limit = self.out.call(cpu_panel.near_limit, x)
        return Text(f"(abs({x}) < {limit})")

    def slot(self, k: int, pair: tuple[int, int] | None = None) -> Strip:
        """Return the variable of a slot."""
        if self._formula is not None:
            return self._formula.slot(k)
        p, q = self.pair if pair is None else pair
        return Strip(f"slot_{k}_{p}_{q}")

    def load(self, side: str, table: int | Index) -> Text:
        """Return a row table's number for the present pair."""
        if self._formula is not None:
            return self._formula.load(side, table)
        index = self.pair[0 if side == "rows" else 1]
        key = (side, index, str(table))
        if key in self._loaded:
            return self._loaded[key]
        value = self.out.new(self.tables.load(side, str(index), table), "table")
        if self.out.depth == self._depth:  # and not in a branch or a loop
            self._loaded[key] = value
        return value

    def begin(self) -> None:
        """Clear all slots but that of the complement."""
        for p in range(self.shape[0]):
            for q in range(self.shape[1]):
                for k in range(1, self.n_slots):
                    self.out.line(f"{self.slot(k, (p, q))} = {self.out.number(0.0)}")

    def op(self, name: str, ints: Sequence[int], coefs: Sequence[float]) -> None:
        """Write an op for all pairs."""
        first = len(self._coefs)
        self._coefs += [Known(f"coefs[{first + k}]", c) for k, c in enumerate(coefs)]
        mine = self._coefs[first:]
        self._loaded = {}
        made = None if name in SERIES_OPS else self._written(name, ints, coefs)
        for p in range(self.shape[0]):
            for q in range(self.shape[1]):
                self.pair = (p, q)
                if name in SERIES_OPS:
                    self._hermite(tuple(ints), int(coefs[0]))
                elif made is None:
                    self._body(name, ints, mine)
                else:
                    self._call(*made, mine)

    def _body(self, name: str, ints: Sequence[int], coefs: list[Known]) -> None:
        """Write the body of an op for the present pair."""
        args = (ROWS, COLS, DIMS, tuple(ints), coefs, CONSTANTS)
        self.out.call(OPS[name].body, "slots", *args)

    def _written(
        self, name: str, ints: Sequence[int], coefs: Sequence[float]
    ) -> tuple[str, _Formula, int] | None:
        """Write an op as a function; return its name, arguments and lines.

        Layers and pairs share it: the compiler reads a body once. None where a loop
        over tables needs to stand in the kernel.
        """
        formula = self._formula = _Formula()
        known = [Known(f"coef_{k}", c) for k, c in enumerate(coefs)]
        try:
            with self.out.aside() as lines:
                self._body(name, ints, known)
        except _Dynamic:
            return None
        finally:
            self._formula = None
        parameters = [f"slot_{k}" for k in range(len(formula.slots))]
        lines = [*lines, f"    return {', '.join(parameters)}"]
        parameters += [f"table_{k}" for k in range(len(formula.tables))]
        parameters += known
        return self.out.formula(parameters, lines), formula, len(lines)

    def _call(
        self, name: str, formula: _Formula, n_lines: int, coefs: list[Known]
    ) -> None:
        """Write a call of an op for the present pair."""
        slots = [self.slot(k) for k in formula.slots]
        tables = [self.load(side, table) for side, table in formula.tables]
        args = ", ".join([*slots, *tables, *coefs])
        self.out.line(f"{', '.join(slots)} = {name}({args})")
        self.out.n_lines += n_lines

    def _hermite(self, ints: tuple[int, ...], n_terms: int) -> None:
        """Write a Hermite series: a loop over two terms at a time, highest first."""
        out, first, x = self.out, ints[TABLE], self.slot(ints[RHO])
        sums = [Strip(out.new(out.number(0.0), "sum")) for _ in range(6)]
        degree = Strip(out.new(out.number(n_terms - 1), "degree"))

        def tables(k: int | Index) -> list[Text]:
            return [self.load(s, t) for t in (k + 1, k) for s in ("rows", "cols")]

        if n_terms > 2:
            turn = out.name("turn")
            with out.block(f"for {turn} in range(U0, U{n_terms // 2 - 1}, U1):"):
                k = out.new(f"U{first + n_terms - 2} - {turn} * U2", "table")
                out.call(two_terms, *sums, degree, Text(x), *tables(Index(k)))
        out.call(last_terms, *sums, Text(x), *tables(first))
        apart, odd, even, _, move, slope = sums
        if ints[TAU] >= 0:
            f1, f = (self.load(s, first + n_terms) for s in ("rows", "cols"))
            out.call(series_slope, self.slot(ints[TAU]), slope, f1, f)
        out.call(series_complement, x, apart, odd, even, move)

    def output(self, slot: int, table: int, kind: int) -> dict[tuple[int, int], Text]:
        """Write a kernel's values; return their variables by pair."""
        values: dict[tuple[int, int], Text] = {}
        for p in range(self.shape[0]):
            for q in range(self.shape[1]):
                self.pair = (p, q)
                value: Any = self.slot(slot)
                if kind == 0:
                    value = self.out.call(correlation, value)
                if kind < 2:
                    left, right = self.load("rows", table), self.load("cols", table)
                    value = f"({value} * {left}) * {right}"
                values[p, q] = self.out.new(value, "value")
        return values


def _terms(coefs: list[Known], which: int) -> tuple[Known, ...]:
    """Return one of the two polynomials of a rectified power."""
    n = RECTIFIED_TERMS
    return tuple(coefs[which * n : (which + 1) * n])
