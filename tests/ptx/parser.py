"""The text of PTX as data: instructions, labels, registers, arrays, parameters."""

import dataclasses
import re
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["DTYPES", "Instruction", "Module", "Symbol", "number", "parse"]

DTYPES: dict[str, np.dtype[Any]] = {
    f"{kind}{bits}": np.dtype(f"{name}{bits}")
    for kind, name in (("b", "uint"), ("u", "uint"), ("s", "int"), ("f", "float"))
    for bits in (8, 16, 32, 64)
    if (kind, bits) != ("f", 8)
} | {"pred": np.dtype(bool)}
"""The numbers that a type of PTX stands for; untyped bits are unsigned."""


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One instruction: ``@guard opcode operands;``."""

    opcode: str
    operands: tuple[str, ...]
    guard: str
    line: int

    @property
    def name(self) -> str:
        """The opcode up to its first dot."""
        return self.opcode.split(".", 1)[0]

    @property
    def parts(self) -> list[str]:
        """What follows the name, dot by dot."""
        return re.split(r"\.|::", self.opcode)[1:]

    def __str__(self) -> str:
        guard = f"@{self.guard} " if self.guard else ""
        return f"line {self.line}: {guard}{self.opcode} {', '.join(self.operands)}"


@dataclasses.dataclass(frozen=True)
class Symbol:
    """An array in shared, global, constant or local memory."""

    name: str
    space: str
    size: int
    initial: bytes | None = None


@dataclasses.dataclass
class Module:
    """A module with one kernel."""

    name: str = ""
    params: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    registers: dict[str, str] = dataclasses.field(default_factory=dict)
    symbols: dict[str, Symbol] = dataclasses.field(default_factory=dict)
    instructions: list[Instruction] = dataclasses.field(default_factory=list)
    labels: dict[str, int] = dataclasses.field(default_factory=dict)

    def type_of(self, register: str) -> np.dtype[Any]:
        """Return what a register holds."""
        kind = self.registers.get(register)
        if kind is None:  # %r<10> declares %r0 to %r9
            kind = self.registers[register.rstrip("0123456789") + "<>"]
        return DTYPES[kind]


_SYMBOL = re.compile(
    r"\.(shared|global|const|local)\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+([\w$]+)"
    r"((?:\[\d*\])*)\s*(?:=\s*(.*))?$",
    re.S,
)
_ENTRY = re.compile(r"\.entry\s+([\w$]+)\s*(?:\((.*)\))?", re.S)
_PARAM = re.compile(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)[^,]*?([\w$]+)\s*(?:,|$)")
_INSTRUCTION = re.compile(r"(?:@(!?%\w+)\s+)?([a-z][\w.:]*)\s*(.*)$", re.S)


def parse(text: str) -> Module:
    """Return the module of a PTX text.

    Raises
    ------
    NotImplementedError
        For functions that were not inlined, and directives that we do not know.
    """
    module, scopes = Module(), 0
    for line, statement in _statements(text):
        if statement == "{":
            scopes += 1
        elif statement == "}":
            scopes -= 1
        elif statement.endswith(":"):
            module.labels[statement[:-1]] = len(module.instructions)
        elif statement.startswith("."):
            _directive(module, statement, line)
        else:
            module.instructions.append(_instruction(statement, line))
    assert scopes == 0, "braces"
    return module


_STATEMENT = re.compile(
    r"\s*(?:([{}])|([\w$]+:)(?!:)|((?:\.\w+\s+)*\.(?:entry|func)\b[^{;]*)|([^;]*);)"
)
_HEADS = re.compile(r"^\s*\.(version|target|address_size)[^\n]*", re.M)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, statement): without comments; a label ends in a colon."""
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    text = _HEADS.sub("", text).rstrip()
    place, line = 0, 1
    while place < len(text):
        found = _STATEMENT.match(text, place)
        if found is None:
            raise NotImplementedError(f"line {line}: {text[place : place + 80]!r}")
        statement = next(part for part in found.groups() if part is not None)
        start = found.start(found.lastindex or 0)
        line += text.count("\n", place, start)
        if statement:
            yield line, statement.strip()
        line += text.count("\n", start, found.end())
        place = found.end()


def _directive(module: Module, statement: str, line: int) -> None:
    """Take in a declaration."""
    if found := re.match(r"\.reg\s+\.(\w+)\s+(.*)$", statement, re.S):
        for name in found[2].split(","):
            key = re.sub(r"<\d+>", "<>", name.strip())
            module.registers[key] = found[1]
        return
    statement = re.sub(r"^(\.(visible|weak|common|extern)\s+)+", "", statement)
    if found := _ENTRY.match(statement):
        assert not module.name, "one kernel a module"
        module.name = found[1]
        module.params = [(k, name) for k, name in _PARAM.findall(found[2] or "")]
        return
    if found := _SYMBOL.match(statement):
        space, kind, name, sizes, values = found.groups()
        width = DTYPES[kind].itemsize
        count = int(np.prod([int(n) for n in re.findall(r"\d+", sizes)] or [1]))
        initial = _initial(values, kind) if values else None
        module.symbols[name] = Symbol(name, space, count * width, initial)
        return
    if not statement.startswith((".pragma", ".maxntid", ".minnctapersm", ".reqntid")):
        raise NotImplementedError(f"line {line}: {statement[:80]}")


def _initial(values: str, kind: str) -> bytes:
    numbers = [int(v, 0) for v in values.strip("{} \n").split(",")]
    return np.array(numbers).astype(DTYPES[kind]).tobytes()


def _instruction(statement: str, line: int) -> Instruction:
    found = _INSTRUCTION.match(statement)
    if found is None:
        raise NotImplementedError(f"line {line}: {statement}")
    guard, opcode, rest = found.groups()
    operands = re.findall(r"\[[^\]]*\]|\{[^}]*\}|[^,\s][^,]*", rest.strip())
    return Instruction(opcode, tuple(o.strip() for o in operands), guard or "", line)


def number(text: str, kind: np.dtype[Any]) -> Any:
    """Return a number written in a kernel."""
    if found := re.fullmatch(r"0[fFdD]([0-9a-fA-F]{8,16})", text):
        raw = bytes.fromhex(found[1])
        (value,) = struct.unpack(">f" if len(raw) == 4 else ">d", raw)
        if len(raw) == kind.itemsize:  # also a NaN keeps its bits
            return np.frombuffer(raw[::-1], kind)[0]
        return kind.type(value)
    if kind.kind == "b":
        return np.bool_(int(text, 0))
    if kind.kind == "f":
        return kind.type(float(text))
    bits = int(text.rstrip("U"), 0) & ((1 << 8 * kind.itemsize) - 1)
    return np.array(bits, f"u{kind.itemsize}").view(kind)[()]
