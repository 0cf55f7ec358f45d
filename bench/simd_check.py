"""Check that the hot loop of every CPU op is packed SIMD.

Every op body is compiled afresh, its assembly is searched for innermost loops, and
the check fails when

- a loop with packed floating-point arithmetic also has scalar arithmetic (``sd`` or
  ``ss``) or a call in it, or uses 128-bit registers only;
- a loop with scalar arithmetic, or with a call, is not the remainder of a packed one
  (LLVM leaves such a loop behind every packed loop, for the last few items);
- an op that computes has no packed loop at all.

``python -m bench.simd_check`` prints one line per loop; ``--demonstrate`` also compiles
a branchy kernel and exits with an error unless the check fails on it.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.asm_loops import BULK_MOVES, PACKED, SCALAR, Loop, innermost_loops

NARROW = ("none", "xmm")
MAX_UNROLLING = 8
# Behind a packed loop LLVM leaves a narrower one, and a scalar one or two (the second
# when it unrolls what runs if two strips should overlap).
REMAINDERS = 3


@dataclass
class Finding:
    """What was found in one op body for one dtype."""

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
    if loop.packed and loop.scalar:
        yield f"{loop.label}: {loop.scalar} scalar operations in a packed loop"
    called = loop.targets - BULK_MOVES
    if called or (loop.calls and not loop.targets):
        yield f"{loop.label}: {loop.calls} calls ({', '.join(sorted(called)) or '?'})"


def inspect(op: str, dtype: str, assembly: str, moves_data: bool = False) -> Finding:
    """Judge one compiled op body by the rules at the head of this module."""
    found = Finding(op, dtype, list(innermost_loops(assembly)))
    wide = [w for w in found.hot if w.width not in NARROW and not w.scalar]
    excuses = {w: REMAINDERS for w in wide}
    for loop in found.loops:
        found.faults += _faults(loop)
        if loop in excuses or not (loop.packed or loop.scalar):
            continue
        pattern = PACKED if loop.packed else SCALAR
        for w in wide:
            if (
                w.function == loop.function
                and excuses[w]
                and _repeats(loop, pattern, w)
            ):
                excuses[w] -= 1
                break
        else:
            found.faults.append(
                f"{loop.label}: neither packed nor the rest of a packed loop"
            )
    if not wide and not moves_data:
        found.faults.append("no packed loop")
    return found


def assembly_of(op: Any, dtype: str) -> str:
    """Return the assembly of a `fastntk._jit.CpuOp`; compiled here, never loaded."""
    import numpy as np

    # Objects that come from Numba's disk cache have no assembly to show.
    return str(op.compiled(np.dtype(dtype))._library.get_asm_str())


def findings(dtypes: Iterable[str] = ("float64", "float32")) -> list[Finding]:
    """Inspect every registered op in every dtype."""
    from fastntk.kernels.cpu_ops import OPS

    moves = {"copy"}
    return [
        inspect(name, dtype, assembly_of(op, dtype), name in moves)
        for name, op in OPS.items()
        for dtype in dtypes
    ]


def demonstration() -> tuple[Finding, Finding]:
    """Return what the check says of a branchy kernel and of a branch-free one."""
    from bench.simd_bodies import branchy, smooth
    from fastntk._jit import CpuOp

    bodies: tuple[Callable[..., None], ...] = (branchy, smooth)
    bad, good = (
        inspect(body.__name__, "float64", assembly_of(CpuOp(body), "float64"))
        for body in bodies
    )
    return bad, good


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
        found = findings()
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
