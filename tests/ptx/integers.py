"""What instructions on integers and bits compute: an opcode's words to a function.

Numbers are NumPy arrays over all threads, or scalars that all threads share. Unsigned
arithmetic wraps around, as that of the machine.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["compared", "high_product", "narrowed", "shifted", "wide_product"]

Function = Callable[..., Any]


def wide_product(kind: np.dtype[Any]) -> tuple[np.dtype[Any], Function]:
    """Return the type of a full product of 16 or 32 bits, and the product."""
    wide = np.dtype(f"{kind.kind}{2 * kind.itemsize}")
    return wide, lambda a, b: a.astype(wide) * b.astype(wide)


def high_product(kind: np.dtype[Any]) -> Function:
    """Return the upper half of a product."""
    if kind.itemsize == 8:
        return np.vectorize(
            lambda a, b: kind.type((int(a) * int(b)) >> 64), otypes=[kind]
        )
    wide, product = wide_product(kind)
    bits = 8 * kind.itemsize
    return lambda a, b: (product(a, b) >> wide.type(bits)).astype(kind)


def shifted(kind: np.dtype[Any], *, is_left: bool) -> Function:
    """Return a shift; by the width or more, nothing is left but the sign."""
    bits = 8 * kind.itemsize

    def shift(a: Any, amount: Any) -> Any:
        most = bits - 1
        few = np.minimum(amount, most).astype(kind)
        moved = a << few if is_left else a >> few
        if kind.kind == "i" and not is_left:
            return moved
        return np.where(amount > most, kind.type(0), moved)[()]

    return shift


def narrowed(source: np.dtype[Any], goal: np.dtype[Any], is_clamped: bool) -> Function:
    """Return a conversion between integers."""
    if not is_clamped:
        return lambda a: a.astype(goal)
    limits = np.iinfo(goal)
    own = np.iinfo(source)
    low, high = max(limits.min, own.min), min(limits.max, own.max)
    return lambda a: np.clip(a, source.type(low), source.type(high)).astype(goal)


_ORDER = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal}
_ORDER |= {"gt": np.greater, "ge": np.greater_equal}
_UNSIGNED = {"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}


def compared(word: str, kind: np.dtype[Any]) -> Function:
    """Return a comparison; of floats, it is false with NaN, and with a "u" true."""
    if kind.kind != "f":
        return _ORDER[_UNSIGNED.get(word, word)]
    if word == "num":
        return lambda a, b: ~(np.isnan(a) | np.isnan(b))
    if word == "nan":
        return lambda a, b: np.isnan(a) | np.isnan(b)
    if word.endswith("u") and word[:-1] in _ORDER:
        order = _ORDER[word[:-1]]
        return lambda a, b: order(a, b) | np.isnan(a) | np.isnan(b)
    order = _ORDER[word]
    if word == "ne":
        return lambda a, b: order(a, b) & ~(np.isnan(a) | np.isnan(b))
    return order


def field(kind: np.dtype[Any]) -> Function:
    """Return ``bfe``: a field of bits, signed or not."""
    bits = 8 * kind.itemsize

    def extract(a: Any, start: Any, length: Any) -> Any:
        def one(x: int, p: int, n: int) -> int:
            x, p, n = int(x), int(p) & 255, int(n) & 255
            if n == 0:
                return 0
            top = min(p + n - 1, bits - 1)
            found = ((x & ((1 << bits) - 1)) >> p) & ((1 << n) - 1)
            is_negative = kind.kind == "i" and (x >> top) & 1
            found |= (-1 << min(n, max(top - p + 1, 0))) if is_negative else 0
            return int(np.array(found & ((1 << bits) - 1), f"u{bits // 8}").view(kind))

        return np.vectorize(one, otypes=[kind])(a, start, length)

    return extract


def counted(a: Any) -> Any:
    """Return ``popc``: how many bits are set."""
    return np.bitwise_count(a).astype(np.uint32)


def leading_zeros(a: Any) -> Any:
    """Return ``clz``."""
    bits = 8 * a.dtype.itemsize
    found = np.zeros(np.shape(a), np.uint32)
    for k in range(bits):
        found += (a >> a.dtype.type(k)) == 0
    return found


def funnel(words: list[str]) -> Function:
    """Return ``shf``: 32 bits out of 64, shifted."""
    is_left, is_wrapped = "l" in words, "wrap" in words

    def shift(low: Any, high: Any, amount: Any) -> Any:
        both = (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)
        few = amount & np.uint32(31) if is_wrapped else np.minimum(amount, 32)
        few = few.astype(np.uint64)
        moved = (both << few) >> np.uint64(32) if is_left else both >> few
        return moved.astype(np.uint32)

    return shift


def permuted(a: Any, b: Any, choice: Any) -> Any:
    """Return ``prmt.b32``: four bytes out of eight, or their signs."""
    both = (b.astype(np.uint64) << np.uint64(32)) | a.astype(np.uint64)
    found: Any = np.uint32(0)
    for k in range(4):
        which = (choice >> np.uint32(4 * k)) & np.uint32(15)
        byte = (both >> ((which & np.uint32(7)) * np.uint32(8)).astype(np.uint64)) & (
            np.uint64(255)
        )
        sign = np.where(byte > 127, np.uint64(255), np.uint64(0))
        byte = np.where(which > 7, sign, byte).astype(np.uint32)
        found = found | (byte << np.uint32(8 * k))
    return found


def table_of(a: Any, b: Any, c: Any, table: int) -> Any:
    """Return ``lop3``: any function of three bits."""
    found = a & type(a.flat[0])(0)
    for k in range(8):
        if table >> k & 1:
            x, y, z = (v if k >> s & 1 else ~v for v, s in ((a, 2), (b, 1), (c, 0)))
            found = found | (x & y & z)
    return found
