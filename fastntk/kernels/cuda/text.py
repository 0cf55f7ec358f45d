"""The text of a CUDA kernel while it is written: lines, names, constants."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastntk._jit import like
from fastntk.kernels.cpu.panel import is_double
from fastntk.kernels.formulas import exponential, polynomials

__all__ = ["ONCE", "Index", "KernelText", "Known", "Strip", "Text"]


class Text(str):
    """An expression of the compute dtype (or a condition), as source text."""


class Strip(Text):
    """A variable in the place of a strip, to whose elements is assigned."""


class Known(Text):
    """A number that the text names, and whose value is known while it is written."""

    number: float

    def __new__(cls, text: str, number: float) -> Known:
        """Keep the value beside the name."""
        result = super().__new__(cls, text)
        result.number = number
        return result


class Index:
    """The number of a row table inside a loop of the kernel: a variable, plus a few."""

    def __init__(self, name: str, offset: int = 0) -> None:
        self.name, self.offset = name, offset

    def __add__(self, other: int) -> Index:
        return Index(self.name, self.offset + other)

    def __str__(self) -> str:
        return f"({self.name} + U{self.offset})" if self.offset else self.name


class _Once:
    """Lengths, and indices of loops over strips: each runs once here."""

    def _same(self, *_: object) -> _Once:
        return self

    __add__ = __sub__ = __radd__ = __rsub__ = __getitem__ = _same


ONCE = _Once()


# 2^-k from the bits of 1.5 * 2^mantissa + k: see `fastntk.kernels.formulas.exponential`
_POWER = {
    False: "libdevice.int_as_float(np.int32((127 - libdevice.float_as_int({})) << 23))",
    True: (
        "libdevice.longlong_as_double((1023 - libdevice.double_as_longlong({})) << 52)"
    ),
}


class KernelText:
    """Collects the lines of a kernel, and the constants that they name.

    Parameters
    ----------
    dtype : numpy dtype
        Compute dtype: float32 or float64.
    is_simulated : bool, default=False
        Write for the simulator, which has no functions on the bits of a number.

    Attributes
    ----------
    lines : list of str
        The text so far.
    constants : dict of str to float
        Names of numbers, to be defined in the compute dtype beside the kernel.
    functions : dict
        What takes the place of functions that are not written out.
    formulas : dict of str to str
        Functions beside the kernel, by their text: their names.
    n_lines : int
        Lines of the kernel with every call of those written out.
    """

    def __init__(self, dtype: np.dtype[Any], *, is_simulated: bool = False) -> None:
        self.dtype, self.is_simulated = dtype, is_simulated
        is_wide = dtype.itemsize == 8
        self.lines: list[str] = []
        self.constants: dict[str, float] = {}
        self.formulas: dict[str, str] = {}
        self.n_lines = 0
        self.functions: dict[Any, Callable[..., Any]] = {
            like: lambda x, value: self.number(value),
            exponential._pick: lambda x, for_64, for_32: self.number(
                for_64 if is_wide else for_32
            ),
            exponential._inverse_power: lambda x: Text(
                f"inverse_power({x})" if is_simulated else _POWER[is_wide].format(x)
            ),
            is_double: lambda x: is_wide,
            polynomials.polynomial: self.polynomial,
            bool: lambda value: value,
        }
        self.depth = 1
        self._count = 0

    # --- text ---------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Add a line at the present depth."""
        self.lines.append("    " * self.depth + text)
        self.n_lines += 1

    @contextlib.contextmanager
    def aside(self) -> Iterator[list[str]]:
        """Collect lines for a function beside the kernel, with names of its own."""
        before = self.lines, self.depth, self._count, self.n_lines
        self.lines, self.depth, self._count = [], 1, 0
        try:
            yield self.lines
        finally:
            self.lines, self.depth, self._count, self.n_lines = before

    def formula(self, parameters: list[str], lines: list[str]) -> str:
        """Return the name of a function with this text, written once."""
        text = "\n".join([f"({', '.join(parameters)}):", *lines])
        return self.formulas.setdefault(text, f"formula_{len(self.formulas)}")

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a line and indent what comes."""
        self.line(head)
        self.depth += 1
        yield
        self.depth -= 1

    def new(self, value: str, name: str = "v") -> Text:
        """Assign a value to a new variable."""
        result = Text(self.name(name))
        self.line(f"{result} = {value}")
        return result

    def name(self, stem: str) -> str:
        """Return a name that is not used yet."""
        self._count += 1
        return f"{stem}_v{self._count}"

    def number(self, value: float) -> Known:
        """Return the name of a constant of the compute dtype."""
        rounded = float(self.dtype.type(value))
        for name, known in self.constants.items():
            if known == rounded and np.signbit(known) == np.signbit(rounded):
                return Known(name, known)
        name = f"K{len(self.constants)}"
        self.constants[name] = rounded
        return Known(name, rounded)

    def root(self, x: str) -> Text:
        """Return the text of a square root.

        In float32 from the device's approximate inverse root and one step of Newton's
        method, to a unit in the last place: the exact instruction is a branch with a
        call, between which no two pairs overlap.
        """
        if self.dtype.itemsize == 8 or self.is_simulated:
            return Text(f"sqrt({x})")
        least, half = self.number(2.0**-126), self.number(0.5)
        y = self.new(x, "square")
        inverse = self.new(f"libdevice.rsqrtf(libdevice.fmaxf({y}, {least}))")
        root = self.new(f"{y} * {inverse}", "root")
        rest = f"libdevice.fmaf(-{root}, {root}, {y})"
        return Text(f"libdevice.fmaf({half} * {inverse}, {rest}, {root})")

    def quotient(self, a: str, b: str) -> Text:
        """Return the text of a quotient, in float32 to two units in the last place.

        By divisors above 2^126 the device returns 0: `fastntk.backends.cpu.row_trace`
        refuses networks whose factors come near.
        """
        if self.dtype.itemsize == 8 or self.is_simulated:
            return Text(f"({a} / {b})")
        return Text(f"libdevice.fast_fdividef({a}, {b})")

    def polynomial(self, x: Any, coefs: tuple[Any, ...]) -> Text:
        """Return the text of a polynomial: chains of six, joined by powers."""
        x = self.new(x, "z")
        c = [self.text(k) for k in coefs]
        starts = list(range(0, len(c), 6))
        if len(starts) > 1:
            power = self.new(f"({x} * {x} * {x}) * ({x} * {x} * {x})", "z6")
        total = _chain(x, c[starts[-1] :])
        for first in reversed(starts[:-1]):
            total = f"({_chain(x, c[first : first + 6])} + {power} * {total})"
        return Text(total)

    def text(self, value: Any) -> str:
        """Return a value as text."""
        if isinstance(value, str):
            return value
        return self.number(value)


def _chain(x: str, c: list[str]) -> str:
    """Return a Horner chain."""
    text = c[-1]
    for k in reversed(c[:-1]):
        text = f"({k} + {x} * {text})"
    return text
