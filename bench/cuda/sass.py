"""Machine code as text: who disassembles it, and its instructions one by one."""

import contextlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

__all__ = ["Instruction", "Listing", "disassembled", "disassembler", "parse"]

LINE = re.compile(r"^\s*/\*(?P<place>[0-9a-f]+)\*/\s+(?P<text>.*?);", re.M)
TEXT = re.compile(
    r"(?:@(?P<guard>!?U?P\w+)\s+)?(?P<name>[A-Z][\w.]*)\s*(?P<operands>.*)"
)
LABEL = re.compile(r"^\s*(\.L\w+):", re.M)
SECTION = re.compile(r"^\s*\.section\s+\.text\.([^\s,]+)", re.M)


class Instruction(NamedTuple):
    """One line of machine code: ``@guard name operands``."""

    guard: str
    name: str
    operands: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The name without its modifiers."""
        return self.name.partition(".")[0]


class Listing(NamedTuple):
    """A function: instructions, and which of them labels stand before."""

    instructions: list[Instruction]
    labels: dict[str, int]


def disassembler() -> str | None:
    """Return the path of nvdisasm: on PATH, in NVIDIA's wheels, or in Triton's."""
    found = shutil.which("nvdisasm")
    if found is not None:
        return found
    with contextlib.suppress(Exception):  # not there, or of another version
        from cuda import pathfinder

        found = pathfinder.find_nvidia_binary_utility("nvdisasm")
        if found is not None:
            return str(found)
    with contextlib.suppress(Exception):
        place = importlib.util.find_spec("triton")
        if place is not None and place.origin is not None:
            path = Path(place.origin).parent / "backends" / "nvidia" / "bin"
            return shutil.which("nvdisasm", path=str(path))
    return None


def disassembled(code: bytes, tool: str) -> str:
    """Return the text of machine code (a cubin)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(code)
        result = subprocess.run(
            [tool, "-c", str(path)], capture_output=True, text=True, check=True
        )
    return result.stdout


def parse(text: str, name: str = "kernel") -> Listing:
    """Return the instructions of the function that has a word in its name."""
    starts = list(SECTION.finditer(text))
    stops = [match.start() for match in starts[1:]] + [len(text)]
    for match, stop in zip(starts, stops, strict=True):
        if name in match.group(1):
            return _parsed(text[match.end() : stop])
    raise ValueError(f"no function with {name!r} in its name")


def _parsed(text: str) -> Listing:
    instructions: list[Instruction] = []
    labels: dict[str, int] = {}
    for line in text.splitlines():
        label = LABEL.match(line)
        if label is not None:
            labels[label.group(1)] = len(instructions)
        match = LINE.match(line)
        parts = TEXT.match(match.group("text").strip()) if match is not None else None
        if parts is None:
            continue
        operands = tuple(
            word.strip().replace(".reuse", "")
            for word in parts.group("operands").split(",")
            if word.strip()
        )
        guard = parts.group("guard") or ""
        instructions.append(Instruction(guard, parts.group("name"), operands))
    return Listing(instructions, labels)
