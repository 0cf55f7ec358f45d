"""Find the innermost loops of functions in x86-64 assembly (AT&T syntax, LLVM)."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

BULK_MOVES = {"memset", "memcpy", "memmove"}  # a whole strip at a time
_ARITHMETIC = (
    "add|sub|mul|div|sqrt|min|max|fn?m(?:add|sub)(?:132|213|231)|cmp\\w*?|u?comi"
    "|round|rndscale|rcp14|rsqrt14|rcp|rsqrt|getexp|getmant|scalef|range|reduce"
    "|cvt\\w+?2"
)
PACKED = re.compile(rf"^v?({_ARITHMETIC})p[sd](x|y)?$")
SCALAR = re.compile(rf"^v?({_ARITHMETIC})s[sd](?:l|q)?$|^v?cvtt?s[sd]2u?si(?:l|q)?$")
WIDTH = re.compile(r"%([xyz])mm\d+")
_JUMP = re.compile(r"^j[a-z]+$")
_LABEL = re.compile(r"^(\.L[\w$.]+|\"[^\"]+\"|[\w$.@?-]+):")
_LOADED = re.compile(r"^movabsq\s+\$(\"[^\"]+\"|[^,\s]+),\s*(%\w+)")
_CALL = re.compile(r"^callq?\s+\*?(\"[^\"]+\"|\S+)")
_FUNCTION = re.compile(r"^\s*\.type\s+(\"[^\"]+\"|[^,\s]+),\s*@function")


def _kind(stem: str | None) -> str:
    """Merge what compilers exchange: FMA forms, add and sub, ways to compare."""
    if stem is None or stem.startswith("cvt"):
        return "convert"
    if stem.startswith(("fm", "fnm")):
        return "fma"
    if stem.startswith(("cmp", "comi", "ucomi")):
        return "compare"
    return "add" if stem == "sub" else stem


@dataclass
class Block:
    """A run of instructions with one entry; ``jumps`` are label targets."""

    label: str
    code: list[str] = field(default_factory=list)
    jumps: list[str] = field(default_factory=list)
    falls_through: bool = True


@dataclass(frozen=True)
class Loop:
    """An innermost loop and what it computes with."""

    function: str
    label: str
    code: tuple[str, ...]
    targets: frozenset[str] = frozenset()

    def kinds(self, pattern: re.Pattern[str]) -> Counter[str]:
        """Return how often each kind of arithmetic occurs (see `_kind`)."""
        matches = (pattern.match(line.split()[0]) for line in self.code)
        return Counter(_kind(match.group(1)) for match in matches if match)

    @property
    def packed(self) -> int:
        """Packed floating-point instructions."""
        return sum(self.kinds(PACKED).values())

    @property
    def scalar(self) -> int:
        """Scalar floating-point instructions, comparisons and conversions too."""
        return sum(self.kinds(SCALAR).values())

    @property
    def calls(self) -> int:
        """Calls."""
        return sum(line.startswith("call") for line in self.code)

    @property
    def width(self) -> str:
        """The widest register that packed arithmetic uses: xmm, ymm, zmm or none."""
        used = {
            letter
            for line in self.code
            if PACKED.match(line.split()[0])
            for letter in WIDTH.findall(line)
        }
        return f"{max(used)}mm" if used else "none"


def functions(assembly: str) -> dict[str, list[str]]:
    """Return the lines of every function by symbol."""
    names = {
        m.group(1) for line in assembly.splitlines() if (m := _FUNCTION.match(line))
    }
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in assembly.splitlines():
        label = _LABEL.match(line)
        if label and label.group(1) in names:
            current = found.setdefault(label.group(1), [])
        elif label and label.group(1).startswith(".Lfunc_end"):
            current = None
        elif current is not None:
            current.append(line)
    return found


def blocks(lines: list[str]) -> list[Block]:
    """Cut a function into basic blocks."""
    found = [Block("entry")]
    for raw in lines:
        label = _LABEL.match(raw)
        line = raw.split("#")[0].strip()
        if label:
            found.append(Block(label.group(1)))
        elif line and not line.startswith("."):
            _append(found, line)
    return found


def _append(found: list[Block], line: str) -> None:
    block = found[-1]
    block.code.append(line)
    word, _, target = line.partition("\t")
    if _JUMP.match(word):
        block.jumps.append(target.strip())
        block.falls_through = word != "jmp"
        found.append(Block(f"{block.label}+{len(found)}"))
    elif word.startswith("ret"):
        block.falls_through = False
        found.append(Block(f"{block.label}+{len(found)}"))


def _successors(parts: list[Block]) -> list[list[int]]:
    position = {block.label: i for i, block in enumerate(parts)}
    return [
        [position[t] for t in block.jumps if t in position]
        + ([i + 1] if block.falls_through and i + 1 < len(parts) else [])
        for i, block in enumerate(parts)
    ]


def _dominators(successors: list[list[int]]) -> list[set[int]]:
    n = len(successors)
    before: list[list[int]] = [[] for _ in range(n)]
    reached, stack = {0}, [0]
    while stack:
        fresh = set(successors[stack.pop()]) - reached
        reached |= fresh
        stack += fresh
    for i in reached:
        for j in successors[i]:
            before[j].append(i)
    everything = set(range(n))
    dominated_by = [everything if i in reached else set() for i in range(n)]
    dominated_by[0] = {0}
    changed = True
    while changed:
        changed = False
        for i in sorted(reached - {0}):
            new = set.intersection(*(dominated_by[p] for p in before[i])) | {i}
            changed |= new != dominated_by[i]
            dominated_by[i] = new
    return dominated_by


def _natural_loops(parts: list[Block]) -> dict[int, set[int]]:
    successors = _successors(parts)
    dominated_by = _dominators(successors)
    found: dict[int, set[int]] = {}
    for tail, targets in enumerate(successors):
        for head in targets:
            if head not in dominated_by[tail]:
                continue
            body = found.setdefault(head, {head})
            stack = [tail]
            while stack:
                i = stack.pop()
                if i not in body:
                    body.add(i)
                    stack += [p for p, ts in enumerate(successors) if i in ts]
    return found


def _call_targets(lines: list[str], code: tuple[str, ...]) -> frozenset[str]:
    """Return the symbols that ``code`` calls; ``lines`` is its whole function."""
    held: dict[str, set[str]] = {}
    for line in lines:
        if loaded := _LOADED.match(line.strip()):
            held.setdefault(loaded.group(2), set()).add(loaded.group(1))
    called = [m.group(1) for line in code if (m := _CALL.match(line))]
    return frozenset().union(*(held.get(name, {name}) for name in called))


def innermost_loops(assembly: str) -> Iterator[Loop]:
    """Yield every loop that holds no other loop, function by function.

    A loop whose calls all go to functions of the same assembly that have loops
    themselves is an outer loop too.
    """
    bodies = functions(assembly)
    nests = {name: blocks(lines) for name, lines in bodies.items()}
    loops = {name: _natural_loops(parts) for name, parts in nests.items()}
    looping = {name for name, found in loops.items() if found}
    for name, found in loops.items():
        for head, body in found.items():
            if any(other in body for other in found if other != head):
                continue
            code = tuple(line for i in sorted(body) for line in nests[name][i].code)
            targets = _call_targets(bodies[name], code)
            if targets & looping and targets <= looping | BULK_MOVES:
                continue
            yield Loop(name, nests[name][head].label, code, targets)
