"""The meaning of every opcode: types of its operands and result, and the function."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ptx import floats, integers
from tests.ptx.floats import ROUND, Noise
from tests.ptx.parser import DTYPES

__all__ = ["Operation", "operation"]

B32, U32, U64 = np.dtype(np.uint32), np.dtype(np.uint32), np.dtype(np.uint64)
PRED = np.dtype(bool)


@dataclasses.dataclass(frozen=True)
class Operation:
    """Types of the operands, type of the result, and what is computed."""

    args: tuple[np.dtype[Any], ...]
    result: np.dtype[Any]
    function: Callable[..., Any]


def operation(name: str, parts: list[str], noise: Noise) -> Operation:
    """Return the meaning of an opcode.

    Raises
    ------
    NotImplementedError
        If it is none that we know.
    """
    kinds = [DTYPES[p] for p in parts if p in DTYPES]
    words = [p for p in parts if p not in DTYPES]
    maker = _MAKERS.get(name)
    if maker is None or not kinds:
        raise NotImplementedError(name)
    if kinds[0].kind == "f" and set(words) & {"rz", "rm", "rp", "sat"}:
        raise NotImplementedError(".".join([name, *parts]))
    made = maker(words, kinds, noise)
    if "ftz" in words:
        made = dataclasses.replace(made, function=floats.flushed(made.function))
    return made


Maker = Callable[[list[str], list[np.dtype[Any]], Noise], Operation]


def _plain(function: Callable[..., Any], count: int = 2) -> Maker:
    """Return operands and a result of one type."""

    def make(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
        return Operation((kinds[-1],) * count, kinds[-1], function)

    return make


def _by_kind(real: Callable[..., Any], whole: Callable[..., Any], n: int = 2) -> Maker:
    def make(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
        is_real = kinds[-1].kind == "f"
        return Operation((kinds[-1],) * n, kinds[-1], real if is_real else whole)

    return make


def _mul(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    (kind,) = kinds
    if "wide" in words:
        wide, product = integers.wide_product(kind)
        return Operation((kind, kind), wide, product)
    if "hi" in words:
        return Operation((kind, kind), kind, integers.high_product(kind))
    return Operation((kind, kind), kind, np.multiply)


def _mad(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    if kinds[0].kind == "f":
        return _fma(words, kinds, noise)
    first = _mul(words, kinds, noise)

    def add(a: Any, b: Any, c: Any) -> Any:
        return first.function(a, b) + c

    return Operation((*first.args, first.result), first.result, add)


def _fma(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    return Operation(tuple(kinds) * 3, kinds[0], floats.fused())


def _div(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    (kind,) = kinds
    if kind.kind == "f":
        is_exact = "rn" in words
        function = np.divide if is_exact else noise.approximate("div", kind)
        return Operation((kind, kind), kind, function)

    def divide(a: Any, b: Any) -> Any:  # towards zero
        return (a - np.fmod(a, b)) // b

    return Operation((kind, kind), kind, divide)


def _root(name: str, exact: Callable[[Any], Any]) -> Maker:
    def make(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
        (kind,) = kinds
        function = exact if "rn" in words else noise.approximate(name, kind)
        return Operation((kind,), kind, function)

    return make


def _approximate(name: str) -> Maker:
    def make(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
        return Operation((kinds[0],), kinds[0], noise.approximate(name, kinds[0]))

    return make


def _shift(is_left: bool) -> Maker:
    def make(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
        function = integers.shifted(kinds[0], is_left=is_left)
        return Operation((kinds[0], U32), kinds[0], function)

    return make


def _setp(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    order = integers.compared(words[0], kinds[-1])
    if join := [w for w in words[1:] if w in ("and", "or", "xor")]:
        both = getattr(np, f"logical_{join[0]}")
        return Operation(
            (kinds[-1], kinds[-1], PRED), PRED, lambda a, b, c: both(order(a, b), c)
        )
    return Operation((kinds[-1],) * 2, PRED, order)


def _set(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    goal, kind = kinds
    order = integers.compared(words[0], kind)
    yes = goal.type(1.0) if goal.kind == "f" else ~goal.type(0)

    def choose(a: Any, b: Any) -> Any:
        return np.where(order(a, b), yes, goal.type(0))

    return Operation((kind, kind), goal, choose)


def _selp(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    def choose(a: Any, b: Any, p: Any) -> Any:
        found: Any = np.where(p, a, b)
        return found[()]

    return Operation((kinds[0], kinds[0], PRED), kinds[0], choose)


def _cvt(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    goal, source = kinds
    rounding = next((w for w in words if w in ROUND), None)
    if source.kind == "f" and goal.kind != "f":
        function = floats.to_integer(rounding or "", goal)
    elif source.kind == goal.kind == "f":
        function = ROUND[rounding] if rounding else lambda a: a.astype(goal)
    elif goal.kind == "f":
        function = lambda a: a.astype(goal)  # noqa: E731
    else:
        function = integers.narrowed(source, goal, "sat" in words)
    return Operation((source,), goal, function)


def _count(function: Callable[..., Any]) -> Maker:
    def make(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
        return Operation((kinds[0],), U32, function)

    return make


def _funnel(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    return Operation((B32,) * 3, B32, integers.funnel(words))


def _field(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    return Operation((kinds[0], U32, U32), kinds[0], integers.field(kinds[0]))


def _lop3(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    return Operation(
        (B32,) * 4, B32, lambda a, b, c, t: integers.table_of(a, b, c, int(t))
    )


def _test(words: list[str], kinds: list[Any], noise: Noise) -> Operation:
    tests: dict[str, Any] = {
        "finite": np.isfinite,
        "infinite": np.isinf,
        "notanumber": np.isnan,
    }
    tests["number"] = lambda a: ~np.isnan(a)
    return Operation((kinds[0],), PRED, tests[words[0]])


_MAKERS: dict[str, Maker] = {
    **{"add": _plain(np.add), "sub": _plain(np.subtract), "mul": _mul, "mad": _mad},
    **{"fma": _fma, "div": _div, "rem": _plain(np.fmod)},
    **{"abs": _plain(np.abs, 1), "neg": _plain(np.negative, 1)},
    "min": _by_kind(floats.smallest, np.minimum),
    "max": _by_kind(floats.largest, np.maximum),
    # the sign of the first operand on the second
    "copysign": _plain(lambda a, b: np.copysign(b, a)),
    "rcp": _root("rcp", lambda a: np.divide(a.dtype.type(1), a)),
    "sqrt": _root("sqrt", np.sqrt),
    **{name: _approximate(name) for name in ("rsqrt", "ex2", "lg2", "sin", "cos")},
    "tanh": _approximate("tanh"),
    **{"and": _plain(np.bitwise_and), "or": _plain(np.bitwise_or)},
    **{"xor": _plain(np.bitwise_xor), "not": _plain(np.invert, 1)},
    **{"shl": _shift(True), "shr": _shift(False), "shf": _funnel, "bfe": _field},
    **{"prmt": _plain(integers.permuted, 3), "lop3": _lop3},
    **{"popc": _count(integers.counted), "clz": _count(integers.leading_zeros)},
    **{"setp": _setp, "set": _set, "selp": _selp, "cvt": _cvt, "testp": _test},
    **{"mov": _plain(lambda a: a, 1), "cvta": _plain(lambda a: a, 1)},
}
