"""Measure the figures: ``python -m bench.figures --rivals-env DIRECTORY``.

Every figure is measured and written; the exit status is 1 if one does not hold.
"""

import argparse
import math
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from bench import machine
from bench.figures import (
    activations,
    command_line,
    floors,
    layers,
    process,
    report,
    shapes,
    simd,
    speed,
    times,
)
from bench.figures.record import AT_MOST, FIGURES, Row
from bench.figures.session import Session
from bench.rivals.client import DEFAULT_ENV, Rival

MODULES = (
    speed,
    activations,
    floors,
    shapes,
    layers,
    times,
    process,
    simd,
    command_line,
)
ORDER = [
    name
    for module in MODULES
    for name, figure in FIGURES.items()
    if figure.measure.__module__ == module.__name__
]
RESULTS = machine.ROOT / "bench" / "results"


def parse() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rivals-env", type=Path, default=DEFAULT_ENV)
    parser.add_argument("--no-rivals", action="store_true")
    parser.add_argument("--only", nargs="+", choices=ORDER, metavar="FIGURE")
    parser.add_argument("--list", action="store_true", help="print figures' names")
    parser.add_argument("--threads", type=int, default=machine.available_cores())
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--rival-repeats", type=int, default=3)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="shrink n, for a trial"
    )
    parser.add_argument("--output", type=Path, help="folder of results")
    return parser.parse_args()


def measured(name: str, session: Session, version: str) -> list[Row]:
    """Return the rows of one figure; an error becomes a row that does not hold."""
    try:
        rows = list(FIGURES[name].measure(session))
    except Exception as error:
        traceback.print_exc()
        what = f"{type(error).__name__}: {error}".split("\n")[0]
        rows = [Row(name, 0.0, AT_MOST, math.nan, "", what)]
    for row in rows:
        row.figure = name
        row.version = version
        row.time = time.strftime("%Y-%m-%d %H:%M:%S")
        print(report.markdown_row(row), flush=True)
    return rows


def rivals_versions(session: Session) -> dict[str, Any]:
    """Return the versions in the rivals' environment."""
    if session.rivals_env is None:
        return {}
    with Rival(session.rivals_env, "neural-tangents", 1, False) as rival:
        return rival.ask("versions")


def main() -> int:
    """Measure, print and write."""
    options = parse()
    if options.list:
        print(*ORDER, sep="\n")
        return 0
    if options.scale != 1.0 and options.output is None:
        print("a trial run is no result: give --output with --scale", file=sys.stderr)
        return 2
    env = None if options.no_rivals else options.rivals_env
    session = Session(
        env, options.threads, options.repeats, options.rival_repeats, options.scale
    )
    about = machine.describe() | {
        "threads": session.threads,
        "repeats": session.repeats,
        "rival_repeats": session.rival_repeats,
        "scale": session.scale,
    }
    versions = rivals_versions(session)
    folder = options.output or RESULTS / f"{about['date'][:10]}-{machine.short_name()}"
    rows: list[Row] = []
    with threadpool_limits(session.threads, user_api="blas"):
        for name in options.only or ORDER:
            rows += measured(name, session, about["fastntk"])
            merged = report.merge(folder / "figures.json", rows, ORDER)
            report.write(folder, merged, about, versions)
    print(f"written to {folder}")
    return int(any(row.verdict in ("FAIL", "not measured") for row in rows))


if __name__ == "__main__":
    sys.exit(main())
