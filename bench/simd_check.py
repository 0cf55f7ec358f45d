"""Check that the hot loops of all CPU ops, and of a tile's steps, are packed SIMD.

Every function is compiled afresh (what comes from Numba's disk cache has no assembly
to show), its assembly is searched for innermost loops, and the check fails when

- a loop with packed floating-point arithmetic also has scalar arithmetic (``sd`` or
  ``ss``) or a call in it, or uses 128-bit registers only, and is not the remainder of
  one that does not (there LLVM may put two scalars into one register);
- a loop with scalar arithmetic, or with a call, is not the remainder of a packed one
  (LLVM leaves such a loop behind every packed loop, for the last few items);
- a function that computes has no packed loop at all.

``python -m bench.simd_check`` prints one line per loop; ``--demonstrate`` also compiles
a branchy kernel and exits with an error unless the check fails on it.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bench.asm_loops import BULK_MOVES, PACKED, SCALAR, Loop, innermost_loops
from bench.data import cone_rows
from bench.nets import build
from bench.simd_bodies import branchy, smooth

NARROW = ("none", "xmm")
MAX_UNROLLING = 8
# Behind a packed loop LLVM leaves a narrower one, and a scalar one or two (the second
# when it unrolls what runs if two strips should overlap).
REMAINDERS = 3


class Rules(Enum):
    """Which loops of a function are judged."""

    ALL_LOOPS = "all"
    PACKED_LOOPS_ONLY = "packed"  # its other loops run at edges of a tile only
    MOVES_DATA = "moves"  # as all, but there may be no arithmetic at all


OPS_RULES = {
    "copy": Rules.MOVES_DATA,
    "mehler": Rules.PACKED_LOOPS_ONLY,
    "expansion": Rules.PACKED_LOOPS_ONLY,
}
KERNELS = {
    "fastntk.kernels.product.packed.packed_product": Rules.PACKED_LOOPS_ONLY,
    "fastntk.kernels.product.packed.refine_near": Rules.PACKED_LOOPS_ONLY,
    "fastntk.kernels.product.packed.complement_rows": Rules.ALL_LOOPS,
    "fastntk.kernels.cpu.tile.run_program": Rules.PACKED_LOOPS_ONLY,
}


@dataclass
class Finding:
    """What was found in one function for one dtype."""

    op: str
    dtype: str
    loops: list[Loop]
    faults: list[str] = field(default_factory=list)

    @property
    def hot(self) -> list[Loop]:
        """Loops with packed arithmetic."""
        return [loop for loop in self.loops if loop.packed]


def _repeats(loop: Loop, pattern: re.Pattern[str], wide: Loop) -> bool:
    """Return whether ``loop`` does the arithmetic of ``wide``, up to unrolling."""
    mine, theirs = loop.kinds(pattern), wide.kinds(PACKED)
    for counts in (mine, theirs):  # selects are compares here and masks there
        counts.pop("compare", None)
    n_mine, n_theirs = sum(mine.values()), sum(theirs.values())
    if not n_mine or not n_theirs:
        return n_mine == n_theirs
    unrolling = n_mine / n_theirs
    distance = sum(abs(mine[k] - unrolling * theirs[k]) for k in mine | theirs)
    return unrolling <= MAX_UNROLLING and distance <= 0.35 * n_mine


def _faults(loop: Loop) -> Iterator[str]:
    """Yield what no loop may hold."""
    if loop.packed and loop.scalar and loop.width not in NARROW:
        yield f"{loop.label}: {loop.scalar} scalar operations in a packed loop"
    called = loop.targets - BULK_MOVES
    if called or (loop.calls and not loop.targets):
        yield f"{loop.label}: {loop.calls} calls ({', '.join(sorted(called)) or '?'})"


def _is_rest(loop: Loop, excuses: dict[Loop, int]) -> bool:
    """Return whether a loop is what a packed one leaves over, and use the excuse up."""
    pattern = SCALAR if loop.scalar else PACKED
    for wide, left in excuses.items():
        if wide.function == loop.function and left and _repeats(loop, pattern, wide):
            excuses[wide] -= 1
            return True
    return False


def inspect(name: str, dtype: str, assembly: str, rules: Rules) -> Finding:
    """Judge one compiled function by the rules at the head of this module."""
    found = Finding(name, dtype, list(innermost_loops(assembly)))
    wide = [w for w in found.hot if w.width not in NARROW and not w.scalar]
    excuses = dict.fromkeys(wide, REMAINDERS)
    for loop in found.loops:
        if not loop.packed and rules is Rules.PACKED_LOOPS_ONLY:
            continue
        found.faults += _faults(loop)
        if loop in excuses or not (loop.packed or loop.scalar):
            continue
        if not _is_rest(loop, excuses):
            found.faults.append(f"{loop.label}: not packed, nor a packed loop's rest")
    if not wide and rules is not Rules.MOVES_DATA:
        found.faults.append("no packed loop")
    return found


def op_findings(dtypes: Iterable[str]) -> Iterator[Finding]:
    """Inspect every registered op in every dtype."""
    from fastntk.kernels.cpu.ops import OPS

    for name, op in OPS.items():
        rules = OPS_RULES.get(name, Rules.ALL_LOOPS)
        for dtype in dtypes:
            assembly = op.compiled(np.dtype(dtype))._library.get_asm_str()
            yield inspect(name, dtype, str(assembly), rules)


def kernel_findings(dtypes: Iterable[str]) -> Iterator[Finding]:
    """Inspect the compiled steps of a tile, after running them in every dtype."""
    import fastntk
    from fastntk import stax

    net = build(stax, "relu-3", 20)
    for dtype in dtypes:
        fastntk.gram(net, cone_rows(64, 20, dtype))
    for path, rules in KERNELS.items():
        module, name = path.rsplit(".", 1)
        kernel: Any = getattr(import_module(module), name)
        for signature in kernel.signatures:
            single = "float32" in str(signature[0])
            dtype = "float32" if single else "float64"
            yield inspect(name, dtype, kernel.inspect_asm(signature), rules)


def demonstration() -> tuple[Finding, Finding]:
    """Return what the check says of a branchy kernel and of a branch-free one."""
    from fastntk._jit import cpu_kernel

    found = []
    for body in (branchy, smooth):
        kernel: Any = cpu_kernel(body)
        kernel(np.linspace(0.0, 1.0, 8))
        assembly = kernel.inspect_asm(kernel.signatures[0])
        found.append(inspect(body.__name__, "float64", assembly, Rules.ALL_LOOPS))
    return found[0], found[1]


def show(finding: Finding) -> None:
    """Print the loops and faults of one op."""
    verdict = "FAIL" if finding.faults else "ok"
    print(f"{verdict:4} {finding.op} {finding.dtype}")
    for loop in finding.loops:
        print(
            f"       {loop.label:12} packed {loop.packed:3} ({loop.width}) "
            f"scalar {loop.scalar:3} calls {loop.calls}"
        )
    for fault in finding.faults:
        print(f"     - {fault}")


def main() -> int:
    """Run the check from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--demonstrate", action="store_true", help="fail on purpose")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = str(Path(folder))
        dtypes = ("float64", "float32")
        found = [*op_findings(dtypes), *kernel_findings(dtypes)]
        for finding in found:
            show(finding)
        failed = any(finding.faults for finding in found)
        if arguments.demonstrate:
            bad, good = demonstration()
            show(bad)
            show(good)
            failed |= not bad.faults or bool(good.faults)
            print("shown to fail:", "yes" if bad.faults else "NO")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
