"""A thread followed through machine code: integers are computed, floats are not.

Loops and bounds depend on integers alone, so the path is known exactly. Where it
depends on floats, it is that of a usual pair: calls (square roots and divisions of
numbers near underflow or overflow) are passed by, and no pair is near.
"""

from collections.abc import Callable, Iterator, Mapping

from bench.cuda.integers import OPERATIONS
from bench.cuda.registers import Registers, Unknown, is_predicate
from bench.cuda.sass import Instruction, Listing

__all__ = ["Undecided", "path"]

LONGEST = 1_000_000
NO_RESULT = frozenset({"STS", "STG", "ST", "STL", "BAR", "RED", "BSSY", "BSYNC"})
ENDS = frozenset({"BRA", "EXIT", "RET", "JMP", "BRX"})


class Undecided(Exception):
    """A branch depends on what is not known."""


def path(
    listing: Listing, special: Mapping[str, int], constants: Mapping[int, int]
) -> Iterator[Instruction]:
    """Yield the instructions that a thread issues, in order.

    Parameters
    ----------
    listing : Listing
        The kernel.
    special : mapping of str to int
        Registers such as "SR_TID.X".
    constants : mapping of int to int
        Words of the parameters, by their offset in bytes.

    Raises
    ------
    Undecided
        If the path depends on a value that is not known.
    """
    state = Registers(special, constants)
    at = 0
    for _ in range(LONGEST):
        instruction = listing.instructions[at]
        yield instruction
        is_on = state.guard(instruction.guard)
        at += 1
        if instruction.kind == "EXIT":
            if is_on is None:
                raise Undecided("whether a thread ends")
            if is_on:
                return
        elif instruction.kind == "BRA" or _is_jump(listing, instruction):
            at = _branch(listing, instruction, state, is_on, at)
        elif instruction.kind in ("CALL", "RET", "JMP", "BRX"):
            raise Undecided(f"the path goes into {instruction.name}")
        elif is_on is not False:
            _execute(instruction, state, is_sure=is_on is True)
    raise Undecided("the path does not end")


def _branch(
    listing: Listing,
    instruction: Instruction,
    state: Registers,
    is_on: bool | None,
    following: int,
) -> int:
    """Return where the path goes on."""
    *more, label = instruction.operands
    goal = listing.labels[label.strip("`() ")]
    for predicate in more:
        value = state.guard(predicate)
        is_on = False if False in (is_on, value) else (is_on and value)
    if is_on is not None:
        return goal if is_on else following
    calls = [_calls(listing, place) for place in (following, goal)]
    if calls[0] == calls[1]:
        raise Undecided(f"a branch to {label}")
    return goal if calls[0] else following


def _is_jump(listing: Listing, instruction: Instruction) -> bool:
    """Return whether a call, as ptxas writes some jumps, stays in the function."""
    if instruction.kind != "CALL" or not instruction.operands:
        return False
    return instruction.operands[-1].strip("`() ") in listing.labels


def _calls(listing: Listing, at: int) -> bool:
    """Return whether the block that begins here calls a function."""
    places = set(listing.labels.values())
    for place in range(at, len(listing.instructions)):
        if place > at and place in places:
            return False
        instruction = listing.instructions[place]
        if instruction.kind in ENDS or _is_jump(listing, instruction):
            return False
        if instruction.kind == "CALL":
            return True
    return False


def _execute(instruction: Instruction, state: Registers, *, is_sure: bool) -> None:
    """Run one instruction; what it writes is not known where it is not an integer's."""
    operands = instruction.operands
    if instruction.kind in NO_RESULT or not operands:
        return
    if instruction.kind == "B2R":  # of a vote whether a pair is near: none is
        state.decide(operands[-1], False)
        return
    operation = _operation(instruction.kind)
    if operation is not None and is_sure:
        try:
            operation(state, instruction.name.split(".")[1:], list(operands))
            return
        except (Unknown, ValueError, IndexError, KeyError):
            pass
    state.forget(operands[0], _width(instruction))
    for word in operands[1:3]:
        if not is_predicate(word):
            break
        state.forget(word)


def _operation(kind: str) -> Callable[..., None] | None:
    """Return what an integer instruction does; those of uniform registers do it too."""
    found = OPERATIONS.get(kind)
    if found is None and kind.startswith("U"):
        found = OPERATIONS.get(kind[1:])
    return found


def _width(instruction: Instruction) -> int:
    """Return how many registers an instruction writes."""
    parts = instruction.name.split(".")
    if "128" in parts:
        return 4
    is_double = instruction.kind.startswith("D") or "64" in parts or "WIDE" in parts
    return 2 if is_double else 1
