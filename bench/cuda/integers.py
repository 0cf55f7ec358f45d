"""What instructions on integers do: only those that paths through kernels depend on.

A function gets the registers, the modifiers of the name, and the operands, the result
first. It raises `Unknown` where an operand is not known, and ValueError, IndexError or
KeyError for forms that are not described here: then the result is taken for unknown.
"""

import operator
import struct
from collections.abc import Callable

from bench.cuda.registers import MASK, WORD, Registers, is_predicate

__all__ = ["OPERATIONS"]

COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    **{"GE": operator.ge, "GT": operator.gt, "LE": operator.le},
    **{"LT": operator.lt, "EQ": operator.eq, "NE": operator.ne},
}
COMBINED: dict[str, Callable[[bool, bool], bool]] = {
    **{"AND": operator.and_, "OR": operator.or_, "XOR": operator.xor},
}


def _signed(value: int) -> int:
    return value - WORD if value >> 31 else value


def _outs(operands: list[str]) -> list[str]:
    """Take the predicates that follow the result out of the operands."""
    found = []
    while len(operands) > 1 and is_predicate(operands[1]):
        found.append(operands.pop(1))
    return found


def _ins(state: Registers, operands: list[str]) -> int:
    """Take the predicates at the end out of the operands; return how many are true."""
    total = 0
    while operands and is_predicate(operands[-1]):
        total += state.truth(operands.pop())
    return total


def _term(state: Registers, text: str) -> int:
    """Return a term of a sum; of ``-a`` the one that carries unless a is 0."""
    if text.startswith("-") and text[1:2] in "RUc":
        return WORD - state.get(text[1:])
    return state.get(text)


def _finish(state: Registers, goal: str, carries: list[str], total: int) -> None:
    state.set(goal, total)
    for k, name in enumerate(carries):
        state.decide(name, total >> 32 > k)


def add(state: Registers, how: list[str], operands: list[str]) -> None:
    carries = _outs(operands)
    carry = _ins(state, operands)
    total = sum(_term(state, word) for word in operands[1:])
    _finish(state, operands[0], carries, total + carry * ("X" in how))


def multiply_add(state: Registers, how: list[str], operands: list[str]) -> None:
    carries = _outs(operands)
    carry = _ins(state, operands) if "X" in how else 0
    goal, a, b, c = operands[:4]
    factors = state.get(a), state.get(b)
    is_wide = "WIDE" in how or "HI" in how
    if is_wide and "U32" not in how:
        factors = _signed(factors[0]), _signed(factors[1])
    product = factors[0] * factors[1]
    if is_wide:
        total = (product + state.pair(c)) % (1 << 64)
        if "WIDE" in how:
            state.set_pair(goal, total)
        else:
            state.set(goal, total >> 32)
        return
    _finish(state, goal, carries, (product & MASK) + _term(state, c) + carry)


def shift_add(state: Registers, how: list[str], operands: list[str]) -> None:
    carries = _outs(operands)
    carry = _ins(state, operands) if "X" in how else 0
    goal, a, b = operands[:3]
    shift = int(operands[-1], 0) if len(operands) > 3 else 0
    value = state.get(a)
    if "HI" in how:
        is_extended = "SX32" in how
        high = (MASK if value >> 31 else 0) if is_extended else state.get(operands[3])
        value = (high << 32 | value) << shift >> 32
    else:
        value <<= shift
    _finish(state, goal, carries, (value & MASK) + _term(state, b) + carry)


def logic(state: Registers, how: list[str], operands: list[str]) -> None:
    is_nonzero = operands.pop(0) if is_predicate(operands[0]) else None
    goal, a, b, c, table = operands[:5]
    words = [state.get(word) for word in (a, b, c)]
    chosen, result = int(table, 0), 0
    for k in range(8):
        if chosen >> k & 1:
            bits = [w if k >> (2 - i) & 1 else ~w for i, w in enumerate(words)]
            result |= bits[0] & bits[1] & bits[2] & MASK
    state.set(goal, result)
    if is_nonzero is not None:
        state.decide(is_nonzero, result != 0)


def predicate_logic(state: Registers, how: list[str], operands: list[str]) -> None:
    goals, words, tables = operands[:2], operands[2:5], operands[5:7]
    index = 0
    for word in words:
        index = index << 1 | state.truth(word)
    for goal, table in zip(goals, tables, strict=True):
        state.decide(goal, bool(int(table, 0) >> index & 1))


def compare(state: Registers, how: list[str], operands: list[str]) -> None:
    goal, other, a, b, combined, *low = operands
    values = state.get(a), state.get(b)
    if "U32" not in how:
        values = _signed(values[0]), _signed(values[1])
    is_met = COMPARISONS[how[0]](*values)
    if "EX" in how:  # high words; what low words say counts where these are equal
        below = state.truth(low[0])
        is_equal = values[0] == values[1]
        is_met = below if is_equal else is_met
    mix = COMBINED["OR" if "OR" in how else "XOR" if "XOR" in how else "AND"]
    rest = state.truth(combined)
    state.decide(goal, mix(is_met, rest))
    state.decide(other, mix(not is_met, rest))


def select(state: Registers, how: list[str], operands: list[str]) -> None:
    goal, a, b, which = operands
    state.set(goal, state.get(a if state.truth(which) else b))


def smaller(state: Registers, how: list[str], operands: list[str]) -> None:
    goal, a, b, which = operands
    values = state.get(a), state.get(b)
    key = (lambda v: v) if "U32" in how else _signed
    state.set(goal, (min if state.truth(which) else max)(values, key=key))


def shift(state: Registers, how: list[str], operands: list[str]) -> None:
    goal, a, n, c = operands
    low, count, high = state.get(a), state.get(n), state.get(c)
    if "S32" in how:
        state.set(goal, _signed(high) >> min(count, 31))
        return
    both = high << 32 | low
    if how[0] == "R":
        state.set(goal, both >> count >> (32 if "HI" in how else 0))
        return
    state.set(goal, both << count >> (32 if "HI" in how else 0))


def move(state: Registers, how: list[str], operands: list[str]) -> None:
    state.set(operands[0], state.get(operands[1]))


def load_constant(state: Registers, how: list[str], operands: list[str]) -> None:
    n = 2 if "64" in how else 1
    state.set(operands[0], *[state.get(operands[1], k) for k in range(n)])


def read_special(state: Registers, how: list[str], operands: list[str]) -> None:
    if operands[1] == "SRZ":
        state.set(operands[0], *[0] * (1 if "32" in how else 2))
        return
    state.set(operands[0], state.special[operands[1]])


def halves(state: Registers, how: list[str], operands: list[str]) -> None:
    """Two numbers of 16 bits, as which ptxas writes some constants."""
    goal, a, b, high, low = operands
    if {a.lstrip("-"), b.lstrip("-")} != {"RZ"}:
        raise ValueError(f"{a} * {b}")
    state.set(
        goal, int.from_bytes(struct.pack("<ee", float(low), float(high)), "little")
    )


def pack(state: Registers, how: list[str], operands: list[str]) -> None:
    """P2R: predicates as bits of a register."""
    goal, _, source, mask = operands
    chosen, value = state.get(mask), state.get(source)
    for k in range(7):
        if chosen >> k & 1:
            bit = state.truth(f"P{k}")
            value = value & ~(1 << k) | bit << k
    state.set(goal, value)


def unpack(state: Registers, how: list[str], operands: list[str]) -> None:
    """R2P: bits of a register as predicates."""
    _, source, mask = operands
    value, chosen = state.get(source), state.get(mask)
    for k in range(7):
        if chosen >> k & 1:
            state.decide(f"P{k}", bool(value >> k & 1))


OPERATIONS: dict[str, Callable[[Registers, list[str], list[str]], None]] = {
    **dict.fromkeys(("IADD3", "VIADD", "IADD"), add),
    **{"IMAD": multiply_add, "LEA": shift_add},
    **{"LOP3": logic, "PLOP3": predicate_logic, "ISETP": compare},
    **{"SEL": select, "SHF": shift},
    **dict.fromkeys(("IMNMX", "VIMNMX"), smaller),
    **dict.fromkeys(("MOV", "R2UR"), move),
    **dict.fromkeys(("LDC", "LDCU"), load_constant),
    **dict.fromkeys(("S2R", "S2UR", "CS2R"), read_special),
    **{"HFMA2": halves, "P2R": pack, "R2P": unpack},
}
"""By the name without modifiers; those of uniform registers have a U before it."""
