"""The registers and predicates of one thread, as far as they are known."""

import re
from collections.abc import Mapping

__all__ = ["MASK", "WORD", "Registers", "Unknown", "is_predicate"]

WORD = 1 << 32
MASK = WORD - 1
CONSTANT = re.compile(r"c\[0x0\]\[(0x[0-9a-f]+)\]")
REGISTER = re.compile(r"(U?R)(\d+)(?:\.64)?$")
ZERO = frozenset({"RZ", "URZ", "SRZ"})


class Unknown(Exception):
    """A value was asked for that is not known."""


def is_predicate(text: str) -> bool:
    """Return whether an operand is a predicate, such as ``!UP0``."""
    return re.fullmatch(r"!?U?P[T\d]", text) is not None


class Registers:
    """What a thread knows.

    Parameters
    ----------
    special : mapping of str to int
        Registers such as "SR_TID.X".
    constants : mapping of int to int
        Words of the first bank of constants, by their offset in bytes.
    """

    def __init__(
        self, special: Mapping[str, int], constants: Mapping[int, int]
    ) -> None:
        self.special, self.constants = special, constants
        self._values: dict[str, int | None] = {}
        self._predicates: dict[str, bool | None] = {}

    def guard(self, text: str) -> bool | None:
        """Return a predicate such as ``!P0``, None where it is not known."""
        name = text.lstrip("!")
        is_fixed = name in ("", "PT", "UPT")
        value = True if is_fixed else self._predicates.get(name)
        return value if value is None or name == text else not value

    def truth(self, text: str) -> bool:
        """Return a predicate that has to be known."""
        value = self.guard(text)
        if value is None:
            raise Unknown(text)
        return value

    def decide(self, name: str, value: bool | None) -> None:
        """Set a predicate."""
        self._predicates[name] = value

    def set(self, name: str, *words: int | None) -> None:
        """Set a register, or some that follow each other; RZ takes nothing."""
        match = REGISTER.match(name)
        if match is None:
            return
        for k, word in enumerate(words):
            key = f"{match.group(1)}{int(match.group(2)) + k}"
            self._values[key] = None if word is None else word & MASK

    def set_pair(self, name: str, value: int) -> None:
        """Set two registers to 64 bits."""
        self.set(name, value, value >> 32)

    def forget(self, name: str, n: int = 1) -> None:
        """Take registers, or a predicate, for unknown."""
        if is_predicate(name):
            self.decide(name, None)
        else:
            self.set(name, *[None] * n)

    def get(self, text: str, offset: int = 0) -> int:
        """Return an operand: a register, a number, or a word of the constants.

        Raises
        ------
        Unknown
            If it is not known.
        """
        name = text.lstrip("-~")
        match, place = REGISTER.match(name), CONSTANT.match(name)
        value: int | None
        if name in ZERO:
            value = 0
        elif match is not None:
            key = f"{match.group(1)}{int(match.group(2)) + offset}"
            value = self._values.get(key)
        elif place is not None:
            value = self.constants.get(int(place.group(1), 16) + 4 * offset)
        else:
            value = _number(name)
        if value is None:
            raise Unknown(text)
        if name != text:
            value = ~value if text.startswith("~") else -value
        return value & MASK

    def pair(self, text: str) -> int:
        """Return 64 bits: two registers or constants; a number is extended."""
        name = text.lstrip("-~")
        is_wide = REGISTER.match(name) or CONSTANT.match(name)
        return self.get(text, 1) << 32 | self.get(text) if is_wide else self.get(text)


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None
