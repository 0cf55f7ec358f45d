"""Which runs of instructions follow each other, and what they hand on."""

import re

from tests.ptx.parser import Instruction, Module

__all__ = ["ENDS", "exposed", "runs", "shared_names", "written"]

ENDS = ("bra", "ret", "exit", "bar", "barrier", "trap")


def runs(module: Module) -> list[list[Instruction]]:
    """Return the instructions, cut where a label stands and after every jump."""
    heads = {0, *module.labels.values()}
    for k, instruction in enumerate(module.instructions):
        if instruction.name in ENDS and not instruction.opcode.startswith("bar.warp"):
            heads.add(k + 1)
    places = sorted(h for h in heads if h < len(module.instructions))
    ends = [*places[1:], len(module.instructions)]
    return [module.instructions[a:b] for a, b in zip(places, ends, strict=True)]


def _names(text: str) -> set[str]:
    return set(re.findall(r"%[\w]+(?!\.?\w)", text)) - {"%tid", "%ctaid"}


def _uses(what: Instruction) -> set[str]:
    """Return the registers that an instruction reads."""
    is_reader = what.name in (*ENDS, "st") and "red" not in what.parts
    texts = list(what.operands if is_reader else what.operands[1:])
    found = set().union(*map(_names, texts)) if texts else set()
    if what.guard:
        found |= _names(what.guard)
        found |= set() if is_reader else _names(what.operands[0])
    return found


def _sets(what: Instruction) -> set[str]:
    """Return the registers that an instruction writes."""
    if what.name in (*ENDS, "st"):
        return set()
    return _names(what.operands[0].replace("|", " "))


def exposed(run: list[Instruction]) -> set[str]:
    """Return registers that a run reads before it writes them."""
    found: set[str] = set()
    done: set[str] = set()
    for what in run:
        found |= _uses(what) - done
        done |= _sets(what)
    return found


def written(run: list[Instruction]) -> set[str]:
    """Return registers that a run writes."""
    return set().union(*map(_sets, run))


def shared_names(parts: list[list[Instruction]]) -> set[str]:
    """Return registers that carry numbers from run to run, or out of a barrier."""
    found = set().union(*map(exposed, parts))
    for run in parts:
        if run[-1].name in ("bar", "barrier") and "red" in run[-1].parts:
            found.add(run[-1].operands[0])
    return found
