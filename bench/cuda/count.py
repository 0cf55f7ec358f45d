"""Instructions per pair, counted in the machine code of a kernel."""

import collections
import re
from typing import Any, NamedTuple

import numpy as np

from bench.cuda.sass import Listing, disassembled, disassembler, parse
from bench.cuda.thread import path
from fastntk import stax
from fastntk.backends.cuda.launch import FUSED_FEATURES, program_source
from fastntk.kernels.cuda.source import ARGUMENTS, KernelSource
from fastntk.kernels.cuda.target import machine_code
from fastntk.program import lower
from tests.test_cuda.assembler import assembled, has_assembler, registers

__all__ = ["Count", "count_pairs", "count_threads"]

FLOATS = frozenset(
    "FADD FMUL FFMA FMNMX FSEL FSETP FSET FCHK MUFU DADD DMUL DFMA DMNMX DSETP".split()
)
PARAMETER = re.compile(r"c\[0x0\]\[(0x[0-9a-f]+)\]")
TILES = 100  # along each side of the matrix that a thread is followed in
ROW, COL = 50, 10  # a tile below its diagonal
WARP = 32
PTX = re.compile(r"^\s*(add|sub|mul|fma|div|r?sqrt|rcp|min|max|setp)\S*\.f32", re.M)


class Count(NamedTuple):
    """Instructions that a thread issues for a pair.

    Attributes
    ----------
    arithmetic : float
        On floating-point numbers, without features that only fill a block.
    issued : float or None
        The same, with those.
    total : float or None
        All instructions.
    kinds : dict
        All of them, by name without modifiers.
    registers : int or None
        Of a thread.
    source : {"sass", "ptx"}
        Where they were counted. In PTX a square root or a division is one, and signs
        and selections are left out, which may be free: a lower bound.
    reason : str
        Why in PTX.
    """

    arithmetic: float
    issued: float | None
    total: float | None
    kinds: dict[str, float]
    registers: int | None
    source: str
    reason: str = ""


def count_pairs(
    net: stax.Network,
    n_features: int,
    capability: tuple[int, ...] = (9, 0),
    *,
    is_mirrored: bool = True,
) -> Count:
    """Count for the NTK in float32.

    Parameters
    ----------
    net : Network
        The network.
    n_features : int
        Of the rows.
    capability : tuple of int
        Of the device.
    is_mirrored : bool
        Whether both halves of a symmetric matrix are written.
    """
    program = lower(net.spec, ("ntk",), n_features)
    kind = np.dtype(np.float32)
    source = "product" if n_features <= FUSED_FEATURES else "correlation"
    options: dict[str, Any] = {"has_zeros": False, "is_mirrored": is_mirrored}
    made = program_source(program, kind, source, **options)
    try:
        return _count_machine_code(made, n_features, capability)
    except Exception as error:  # no disassembler, or code that is not understood
        reason = f"{type(error).__name__}: {error}"
        per_pair = _count_ptx(program, kind)
    product = n_features if source == "product" else 0
    return Count(product + 3 + per_pair, None, None, {}, None, "ptx", reason)


def _count_ptx(program: Any, kind: np.dtype[Any]) -> float:
    """Return what a kernel has in PTX more than one without layers."""
    full = program_source(program, kind, "complement", has_zeros=False)
    bare = program_source(program, kind, "complement", is_similarity=True)
    counts = [len(PTX.findall(machine_code(made, (9, 0)))) for made in (full, bare)]
    pairs = full.plan.micro if "slot_0_0_1" in full.text else 1
    return (counts[0] - counts[1]) / pairs


def _count_machine_code(
    made: KernelSource, n_features: int, capability: tuple[int, ...]
) -> Count:
    tool = disassembler()
    if tool is None:
        raise LookupError("nvdisasm was not found")
    if not has_assembler():
        raise LookupError("neither nvJitLink nor ptxas was found")
    major, minor = capability
    ptx = machine_code(made, (major, minor))
    code, report = assembled(ptx, f"sm_{major}{minor}")
    listing = parse(disassembled(code, tool))
    kinds = count_threads(listing, made.plan.threads, made.plan.side, n_features)
    pairs = made.plan.micro**2
    per_pair = {name: n / pairs for name, n in kinds.most_common()}
    issued = sum(n for name, n in per_pair.items() if name in FLOATS)
    is_fused = made.plan.source == "product"
    filling = -n_features % made.plan.unrolled if is_fused else 0
    total = sum(per_pair.values())
    used = registers(report)
    return Count(issued - filling, issued, total, per_pair, used, "sass")


def count_threads(
    listing: Listing, threads: int, side: int, n_features: int
) -> collections.Counter[str]:
    """Return the instructions of a thread by name: the mean of a block's warps.

    The block is inside the matrix and below its diagonal. The threads of a warp go the
    same way there, but for predicates, which take an issue slot whether on or off.
    """
    constants = _parameters(listing, TILES * side, n_features)
    firsts = range(0, threads**2, WARP)
    found: collections.Counter[str] = collections.Counter()
    for lane in firsts:
        special = {
            "SR_TID.X": lane % threads,
            "SR_TID.Y": lane // threads,
            "SR_CTAID.X": COL,
            "SR_CTAID.Y": ROW,
        }
        found.update(step.kind for step in path(listing, special, constants))
    for name in found:
        found[name] /= len(firsts)  # type: ignore[assignment]
    return found


def _parameters(listing: Listing, n: int, n_features: int) -> dict[int, int]:
    """Return the integers among a kernel's arguments, by their offset.

    They are the last ones, 8 bytes each, and every kernel reads the very last.
    """
    places = [
        int(place, 16)
        for step in listing.instructions
        for word in step.operands
        for place in PARAMETER.findall(word)
    ]
    names = ARGUMENTS[ARGUMENTS.index("n_rows") :]
    values = dict.fromkeys(names, 0) | {
        **{"n_rows": n, "n_cols": n, "n_features": n_features, "out_stride": n},
        **{"stride_rows": n, "stride_cols": n, "is_lower": 1},
    }
    first = max(places) & ~7
    first -= 8 * (len(names) - 1)
    found: dict[int, int] = {}
    for k, name in enumerate(names):
        found[first + 8 * k], found[first + 8 * k + 4] = values[name], 0
    return found
