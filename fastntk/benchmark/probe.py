"""What a fresh process does for start-up and memory figures.

``python -m fastntk.benchmark.probe first|memory`` reads one JSON object with the
problem from standard input, and prints one.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

__all__ = ["first", "main", "memory"]


def first(problem: dict[str, Any]) -> dict[str, Any]:
    """Compute two Gram matrices; say when imports were done, and how long each took."""
    from fastntk import stax
    from fastntk.benchmark.settings import random_rows
    from fastntk.calls import gram

    net = stax.from_json(problem["net"])
    x = random_rows(problem["n"], problem["d"], problem["dtype"])
    imported = time.monotonic()
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        gram(net, x, None, problem["get"], threads=problem["threads"])
        seconds.append(time.perf_counter() - start)
    return {
        "imported": imported,
        "first_s": seconds[0],
        "second_s": seconds[1],
    }


def memory(problem: dict[str, Any]) -> dict[str, Any]:
    """Return peak resident memory, and by how much one Gram matrix raised it.

    Imports, compiled code and a tiny Gram matrix come before it.
    """
    from fastntk import stax
    from fastntk.benchmark.machine import peak_memory, reset_peak_memory
    from fastntk.benchmark.settings import random_rows
    from fastntk.calls import gram

    net = stax.from_json(problem["net"])
    x = random_rows(problem["n"], problem["d"], problem["dtype"])
    gram(net, x[:64], None, problem["get"], threads=problem["threads"])
    before = reset_peak_memory()
    kernel = gram(net, x, None, problem["get"], threads=problem["threads"])
    peak = peak_memory()
    grown = None if before is None or peak is None else peak - before
    return {
        "peak": peak,
        "grown": grown,
        "result": kernel.nbytes,
        "inputs": x.nbytes,
    }


def main() -> None:
    """Run one probe."""
    probes = {"first": first, "memory": memory}
    answer = probes[sys.argv[1]](json.load(sys.stdin))
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
