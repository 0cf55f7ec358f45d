"""Kill a solve again and again: ``python -m bench.solvers.kills [KILLS]``.

A solve with a checkpoint after every iteration is started, killed by SIGKILL at a
random instant, and started again, until it ends; then the next one begins, until there
were KILLS kills (200 by default). Each must end with the bits of an uninterrupted one.
A kill hit a write if the file being written was left behind. Prints a JSON report, and
exits with 1 if a result differs.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["main", "torture"]

ROOT = Path(__file__).resolve().parents[2]
ROWS, RELATIVE_RIDGE = 1000, 1e-7


def solve(checkpoint: str, out: str) -> None:
    """Solve a problem that takes a few hundred iterations; write the solution."""
    from fastntk.solvers import block_cg

    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, 2))
    distance = np.sqrt(((x[:, None] - x) ** 2).sum(-1))
    kernel = (1.0 + distance) * np.exp(-distance)
    b = rng.standard_normal((ROWS, 2))
    settings: dict[str, Any] = {"rank": 20, "width": 4, "rtol": 1e-8}
    if checkpoint != "-":
        settings |= {"checkpoint": checkpoint, "checkpoint_seconds": 0.0}
    result = block_cg(kernel, b, RELATIVE_RIDGE * ROWS, **settings)
    result.require_success()
    facts = [float(result.iterations), *result.residuals]
    np.savez(out, x=result.x, facts=np.array(facts))


def _command(checkpoint: Path | None, out: Path) -> list[str]:
    place = "-" if checkpoint is None else str(checkpoint)
    return [sys.executable, "-m", "bench.solvers.kills", "--solve", place, str(out)]


def _start(checkpoint: Path | None, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_command(checkpoint, out), cwd=ROOT)


def torture(kills: int, seed: int = 0) -> dict[str, Any]:
    """Kill ``kills`` times; return what happened."""
    chance = random.Random(seed)
    report: dict[str, Any] = {"kills": 0, "hit_a_write": 0, "ended": 0, "wrong": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth, out = folder / "truth.npz", folder / "out.npz"
        state = folder / "state.npz"
        start = time.monotonic()
        if _start(None, truth).wait():
            msg = "the uninterrupted solve failed"
            raise RuntimeError(msg)
        span = time.monotonic() - start
        while report["kills"] < kills or state.exists():
            process = _start(state, out)
            allowed = span if report["kills"] < kills else None
            wait = None if allowed is None else chance.uniform(0.3, 1.0) * allowed
            try:
                code = process.wait(wait)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                report["kills"] += 1
                report["hit_a_write"] += bool(list(folder.glob(".state.npz.*")))
                continue
            report["ended"] += 1
            report["wrong"] += bool(code) or not _is_same(truth, out)
            state.unlink(missing_ok=True)
    return report


def _is_same(first: Path, second: Path) -> bool:
    with np.load(first) as a, np.load(second) as b:
        return all(np.array_equal(a[name], b[name]) for name in ("x", "facts"))


def main(arguments: list[str]) -> int:
    """Solve, or torture and report."""
    if arguments[:1] == ["--solve"]:
        solve(*arguments[1:])
        return 0
    report = torture(int(arguments[0]) if arguments else 200)
    report = {"date": time.strftime("%Y-%m-%d"), **report}
    print(json.dumps(report, indent=1))
    return 1 if report["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
