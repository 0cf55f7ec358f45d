"""Tell learning curves from few rows, and measure them.

``python -m bench.learning_curves [--seeds N] [--out FOLDER]`` from the root of the
repository; writes ``learning_curves.json`` and ``learning_curves.md`` into
``bench/results/<date>-<machine>/`` and exits with 1 if what is asked does not hold.
It takes about two minutes, and needs scikit-learn for the real sets.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from bench.learning_curves.measure import FACTORS, Run, Summary, runs, summary
from bench.learning_curves.problems import PROBLEMS
from bench.machine import ROOT, describe, short_name

HELD, WIDTH, DRAWN = 0.8, 2.0, 0.5
HALVES = {
    "first": "the problems that the constants of the method were chosen on",
    "second": "problems that it had not seen",
}


def _holds(found: Summary) -> bool:
    return found.held >= HELD and found.width <= WIDTH and found.drawn >= DRAWN


def _summaries(found: list[Run]) -> dict[str, dict[str, Summary]]:
    """Return shares for each half and size."""
    halves = {half: [run for run in found if run.half == half] for half in HALVES}
    return {
        half: {f"{f}x": summary(some, (i,)) for i, f in enumerate(FACTORS)}
        | {"both": summary(some)}
        for half, some in (halves | {"all": found}).items()
    }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _markdown(
    found: list[Run], shares: dict[str, dict[str, Summary]], machine: dict[str, Any]
) -> Iterator[str]:
    yield "# Learning curves: told and measured\n"
    yield f"{machine['cpu']}, {machine['cores']} cores; fastntk {machine['fastntk']}, "
    yield ", ".join(f"{k} {v}" for k, v in machine["versions"].items()) + ".\n"
    yield (
        "`python -m bench.learning_curves`: the error after 2 and 4 times as many rows "
        "as are known, told by `theory.learning_curve` with its 90 % interval, beside "
        f"the error measured. {len(PROBLEMS)} problems, {len(found)} runs. Half "
        + "; half ".join(f'"{name}": {words}' for name, words in HALVES.items())
        + ". Asked: at least 80 % of the intervals that are drawn hold, the median of "
        "their upper over their lower end is at most 2, and a line is drawn in half of "
        "the cases or more.\n"
    )
    yield "| half | rows | runs | drawn | hold | median width | hold, of all | |"
    yield "|---|---|---|---|---|---|---|---|"
    for half, sizes in shares.items():
        for rows, s in sizes.items():
            verdict = "ok" if _holds(s) else "FAIL"
            yield (
                f"| {half} | {rows} | {s.n_runs} | {s.drawn:.0%} | {s.held:.0%} | "
                f"{s.width:.2f} | {s.held_of_all:.0%} | {verdict} |"
            )
    yield (
        "\nErrors are in units of the variance of the targets (of made ones, without "
        "noise). A star marks an interval that does not hold, brackets one that "
        "is too wide for a line.\n"
    )
    heads = [f"{f}x told | interval | measured" for f in FACTORS]
    yield "| problem | half | d | noise | n | seed | " + " | ".join(heads) + " |"
    yield "|---|---|---|---|---|---|" + "---|---|---|" * len(FACTORS)
    for run in found:
        cells = [run.problem, run.half, str(run.d), _number(run.noise)]
        cells += [str(run.n), str(run.seed)]
        for i in range(len(FACTORS)):
            ends = f"{_number(run.low[i])} to {_number(run.high[i])}"
            ends = ends if run.is_told[i] else f"({ends})"
            star = "" if run.holds(i) else " *"
            cells += [_number(run.told[i]), ends, _number(run.measured[i]) + star]
        yield "| " + " | ".join(cells) + " |"


def main() -> int:
    """Run all problems and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    day = time.strftime("%Y-%m-%d")
    folder = options.out or ROOT / "bench/results" / f"{day}-{short_name()}"
    folder.mkdir(parents=True, exist_ok=True)
    names = ("numpy", "scipy", "scikit-learn", "numba")
    machine = describe() | {"versions": {name: version(name) for name in names}}
    with threadpool_limits(limits=1, user_api="blas"):  # small matrices
        found = list(runs(range(options.seeds)))
    shares = _summaries(found)
    record = {
        "machine": machine,
        "summary": {
            half: {rows: asdict(s) for rows, s in sizes.items()}
            for half, sizes in shares.items()
        },
        "runs": [asdict(run) for run in found],
    }
    path = folder / "learning_curves.json"
    path.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    text = "\n".join(_markdown(found, shares, machine)) + "\n"
    path.with_suffix(".md").write_text(text)
    print(text.split("\nErrors")[0])
    return (
        0 if all(_holds(s) for sizes in shares.values() for s in sizes.values()) else 1
    )


if __name__ == "__main__":
    sys.exit(main())
