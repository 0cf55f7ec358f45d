"""Time and memory of each method against n: ``python -m bench.solvers.sweep``.

Writes ``docs/pictures/solvers.json``, which the picture of the guide is drawn from.
Each point is a process of its own; a method stops at the first n that takes over
5 seconds. All of it takes about three minutes.
"""

import json
import sys

from bench.machine import ROOT, describe
from bench.solvers.__main__ import run_task

__all__ = ["main"]

SIZES = (500, 1000, 2000, 4000, 8000, 16000)
METHODS = ("cholesky", "eigh", "cg", "falkon", "askotch")
PATIENCE = 5.0


def main() -> int:
    """Measure and write."""
    points: dict[str, list[dict[str, float]]] = {}
    for method in METHODS:
        points[method] = []
        for n in SIZES:
            found = run_task("solve", method, "gaussian", str(n))
            point = {
                "n": n,
                "seconds": found["wall"],
                "GiB": found["peak_GiB"],
                "residual": found["residual"],
            }
            points[method].append(point)
            print(method, point, flush=True)
            if found["wall"] > PATIENCE:
                break
    path = ROOT / "docs/pictures/solvers.json"
    path.write_text(json.dumps({"machine": describe(), "points": points}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
