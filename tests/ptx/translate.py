"""From instructions to Python: one function for every straight run of them.

The text that is made can be read (`Program.text`): registers that live in one run are
local names, the rest are entries of ``R``.
"""

import dataclasses
import linecache
from typing import Any

import numpy as np

from tests.ptx.arithmetic import operation
from tests.ptx.floats import Noise
from tests.ptx.flow import ENDS, exposed, runs, shared_names, written
from tests.ptx.parser import DTYPES, Instruction, Module, number

__all__ = ["Block", "Program", "translate"]

IGNORED = ("membar", "fence")


@dataclasses.dataclass
class Block:
    """A run of instructions, and how it ends.

    ``function(R, lanes, space)`` returns the condition of a branch, the predicate of a
    barrier that joins them, or None. ``goal`` is a block, ``result`` a register.
    """

    function: Any
    end: str
    goal: int = 0
    result: int = -1
    line: int = 0


@dataclasses.dataclass
class Program:
    """A kernel as functions."""

    module: Module
    blocks: list[Block]
    registers: dict[str, int]
    text: str

    def start(self) -> list[Any]:
        """Return registers that nobody has written: NaN, and odd numbers."""
        found: list[Any] = []
        for name in self.registers:
            kind = self.module.type_of(name)
            poison = {"f": np.nan, "u": 0xDB, "i": -0x25, "b": 0}[kind.kind]
            found.append(kind.type(poison))
        return found


def translate(module: Module, noise: Noise | None = None) -> Program:
    """Return the program of a module."""
    return _Translator(module, noise or Noise()).program()


class _Translator:
    """Writes the functions."""

    def __init__(self, module: Module, noise: Noise) -> None:
        self.module, self.noise = module, noise
        self.names: dict[str, Any] = {"np": np}
        self.params = {name: k for k, (_, name) in enumerate(module.params)}
        self.runs = runs(module)
        self.registers = {
            name: k for k, name in enumerate(sorted(shared_names(self.runs)))
        }

    def program(self) -> Program:
        starts = {run[0].line: k for k, run in enumerate(self.runs)}
        texts, blocks = [], []
        for k, run in enumerate(self.runs):
            lines, block = self._run(run, starts, k)
            body = "\n".join("    " + line for line in lines or ["pass"])
            texts.append(f"def block_{k}(R, lanes, space, special, params):\n{body}\n")
            blocks.append(block)
        text = "\n".join(texts)
        name = f"<ptx {hash(text):x}>"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        exec(compile(text, name, "exec"), self.names)
        for k, block in enumerate(blocks):
            block.function = self.names[f"block_{k}"]
        return Program(self.module, blocks, self.registers, text)

    def _run(
        self, run: list[Instruction], starts: dict[int, int], k: int
    ) -> tuple[list[str], Block]:
        """Return the lines of a run, and its block."""
        last = run[-1] if run[-1].name in ENDS else None
        body = run if last is None else run[:-1]
        read, changed = exposed(run), written(run)
        lines = [f"{_local(name)} = R[{self.registers[name]}]" for name in sorted(read)]
        for instruction in body:
            try:
                lines += self._instruction(instruction)
            except NotImplementedError as error:
                raise NotImplementedError(f"{instruction}: {error}") from None
        for name in sorted(changed):
            if name in self.registers:
                place, value = self.registers[name], _local(name)
                lines.append(f"if lanes.mask is None: R[{place}] = {value}")
                lines.append(
                    f"else: R[{place}] = np.where(lanes.mask, {value}, R[{place}])"
                )
        block = Block(None, "fall", k + 1, line=run[-1].line)
        if last is not None:
            lines += self._end(last, block, starts)
        return lines, block

    def _end(
        self, last: Instruction, block: Block, starts: dict[int, int]
    ) -> list[str]:
        """Return the lines of the last instruction; say in the block what it does."""
        block.end = "ret" if last.name in ("ret", "exit", "trap") else last.name
        guard = _guard(last.guard)
        if last.name == "bra":
            where = self.module.labels[last.operands[-1]]
            if where >= len(self.module.instructions):
                block.goal = len(self.runs)
            else:
                block.goal = starts[self.module.instructions[where].line]
        if last.name not in ("bar", "barrier"):
            if block.end == "ret" and guard:
                block.end, block.goal = "bra", len(self.runs)
            return [f"return {guard}"] if guard else []
        if guard or len(last.operands) > (3 if "red" in last.parts else 1):
            raise NotImplementedError(str(last))
        block.end = "bar"
        if "red" in last.parts:
            words = [w for w in ("or", "and") if w in last.parts]
            if not words or last.parts[-1] != "pred":
                raise NotImplementedError(str(last))
            block.end = f"bar.{words[0]}"
            block.result = self.registers[last.operands[0]]
            return [f"return {self._operand(last.operands[-1], DTYPES['pred'])}"]
        return []

    # --- single instructions ----------------------------------------------------------

    def _instruction(self, what: Instruction) -> list[str]:
        """Return the lines of an instruction."""
        if what.name in IGNORED or what.opcode.startswith("bar.warp"):
            return []
        if what.name in ("ld", "ldu"):
            return self._load(what)
        if what.name == "st":
            return self._store(what)
        if what.name == "mov" and any(o.startswith("{") for o in what.operands):
            return self._pack(what)
        return self._compute(what)

    def _compute(self, what: Instruction) -> list[str]:
        parts = what.parts
        made = operation(what.name, parts, self.noise)
        goals, *sources = what.operands
        function = self._constant(made.function)
        args = [
            self._operand(o, kind) for o, kind in zip(sources, made.args, strict=True)
        ]
        value = f"{function}({', '.join(args)})"
        goal, _, other = goals.partition("|")
        lines = self._assign(goal, value, made.result, what.guard)
        if other:
            opposite = f"~{_local(goal)}"
            lines += self._assign(other, opposite, made.result, what.guard)
        return lines

    def _assign(
        self, goal: str, value: str, kind: np.dtype[Any], guard: str
    ) -> list[str]:
        """Return lines that set a register to a value of a type."""
        if goal == "_":
            return [value]
        own, name = self.module.type_of(goal), _local(goal)
        if own != kind:
            if own.itemsize == kind.itemsize:
                value = f"({value}).view({self._constant(own)})"
            else:  # loads and conversions of 8 bits
                value = f"({value}).astype({self._constant(own)})"
        if guard:
            value = f"np.where({_guard(guard)}, {value}, {name})"
        return [f"{name} = {value}"]

    def _load(self, what: Instruction) -> list[str]:
        goals, place = what.operands
        kind = DTYPES[what.parts[-1]]
        if "param" in what.parts:
            name = place.strip("[] ")
            return self._assign(goals, f"params[{self.params[name]}]", kind, what.guard)
        lanes = self._lanes(what)
        lines = []
        for k, goal in enumerate(_items(goals)):
            address = self._address(place, k * kind.itemsize)
            parts = f"{lanes}, {address}, {self._constant(kind)}, {what.line}"
            lines += self._assign(goal, f"space.load({parts})", kind, what.guard)
        return lines

    def _store(self, what: Instruction) -> list[str]:
        place, sources = what.operands
        kind = DTYPES[what.parts[-1]]
        lines = []
        for k, source in enumerate(_items(sources)):
            parts = [self._lanes(what), self._address(place, k * kind.itemsize)]
            parts += [self._operand(source, kind), self._constant(kind), str(what.line)]
            lines.append(f"space.store({', '.join(parts)})")
        return lines

    def _pack(self, what: Instruction) -> list[str]:
        """Take a register apart, or put it together."""
        goal, source = what.operands
        if goal.startswith("{"):
            whole = np.dtype(f"u{DTYPES[what.parts[-1]].itemsize}")
            items = _items(goal)
            part = np.dtype(f"u{whole.itemsize // len(items)}")
            lines = [f"whole = {self._operand(source, whole)}"]
            for k, item in enumerate(items):
                amount = self._constant(whole.type(8 * part.itemsize * k))
                value = f"(whole >> {amount}).astype({self._constant(part)})"
                lines += self._assign(item, value, part, what.guard)
            return lines
        items = _items(source)
        whole = np.dtype(f"u{DTYPES[what.parts[-1]].itemsize}")
        part, kind = np.dtype(f"u{whole.itemsize // len(items)}"), self._constant(whole)
        terms = [
            f"({self._operand(item, part)}.astype({kind}) << "
            f"{self._constant(whole.type(8 * part.itemsize * k))})"
            for k, item in enumerate(items)
        ]
        return self._assign(goal, " | ".join(terms), whole, what.guard)

    # --- operands ---------------------------------------------------------------------

    def _lanes(self, what: Instruction) -> str:
        return f"lanes.narrowed({_guard(what.guard)})" if what.guard else "lanes"

    def _address(self, place: str, more: int) -> str:
        """Return the text of an address in brackets."""
        base, _, offset = place.strip("[] ").partition("+")
        shift = int(offset or "0", 0) + more
        text = self._operand(base, np.dtype(np.uint64))
        if not shift:
            return text
        return f"{text} + {self._constant(np.uint64(shift & (1 << 64) - 1))}"

    def _operand(self, text: str, kind: np.dtype[Any]) -> str:
        """Return the text of an operand, as a number of a type."""
        if text in _SPECIAL:
            return f"special[{text!r}].view({self._constant(kind)})"
        if text.startswith(("%", "!%")):
            own = self.module.type_of(text.lstrip("!"))
            name = _guard(text) if kind.kind == "b" else _local(text)
            if own == kind:
                return name
            if own.itemsize == kind.itemsize:
                return f"{name}.view({self._constant(kind)})"
            unsigned = self._constant(np.dtype(f"u{kind.itemsize}"))
            return f"{name}.astype({unsigned}).view({self._constant(kind)})"
        if text in self.module.symbols:
            return f"special[{text!r}].astype({self._constant(kind)})"
        return self._constant(number(text, kind))

    def _constant(self, value: Any) -> str:
        """Return a name for an object."""
        if isinstance(value, np.dtype):
            name = f"t_{value.name}"
        elif isinstance(value, np.generic):
            name = f"c_{value.dtype.name}_{value.tobytes().hex()}"
        elif isinstance(value, np.ufunc):
            name = f"np_{value.__name__}"
        else:
            name = f"f_{len(self.names)}"
        self.names[name] = value
        return name


_SPECIAL = {f"%{name}.{axis}" for name in ("tid", "ntid", "ctaid", "nctaid")
            for axis in "xyz"} | {"%laneid", "WARP_SZ"}  # fmt: skip


def _local(register: str) -> str:
    return register.lstrip("!%").replace("$", "_")


def _guard(guard: str) -> str:
    return f"(~{_local(guard)})" if guard.startswith("!") else _local(guard)


def _items(operand: str) -> list[str]:
    """Return the parts of ``{a, b}``, or the operand."""
    return [part.strip() for part in operand.strip("{} ").split(",")]
