"""Measure the figures of the solvers beside what was asked.

``python -m bench.solvers [--only NAME ...] [--rivals-env FOLDER]`` from the root of the
repository, on a machine that does nothing else; writes ``solvers.json`` and
``solvers.md`` into ``bench/results/<date>-<machine>/`` and exits with 1 if a figure
does not hold. All of it takes about 50 minutes; ``--list`` names the parts.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.machine import ROOT, OthersShare, describe, short_name, wait_for_quiet
from bench.solvers.figures import FIGURES, Row

LIMIT = 3600.0


def run_task(*words: str) -> dict[str, Any]:
    """Run a task in a process of its own; return what it measured."""
    wait_for_quiet()
    others = OthersShare()
    command = [sys.executable, "-m", "bench.solvers.tasks", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode:
        msg = f"{' '.join(words)} failed"
        raise RuntimeError(msg)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["others_share"] = others()
    found["command"] = f"python -m bench.solvers.tasks {' '.join(words)}"
    return found


def run_rival(environment: Path, n: int, memory: float, seconds: float) -> Any:
    """Return what neural-tangents measured at n rows, or None if it failed."""
    script = Path(__file__).with_name("rival.py")
    command = [str(environment / "bin/python"), str(script), str(n), str(memory)]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode else json.loads(done.stdout.splitlines()[-1])


def _markdown(rows: list[dict[str, Any]], machine: dict[str, Any]) -> Iterator[str]:
    yield "# Solvers: asked beside measured\n"
    yield f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_GiB']} GiB.\n"
    yield "`python -m bench.solvers`; every row is one process.\n"
    yield "| figure | case | asked | measured | | others' share | command |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        share = row["details"].get("others_share")
        busy = "" if share is None else f"{100 * share:.0f} %"
        command = row["details"].get("command", "")
        yield (
            f"| {row['figure']} | {row['case']} | {row['asked']} | {row['measured']} | "
            f"{'ok' if row['holds'] else 'FAIL'} | {busy} | `{command}` |"
        )


def _merge(path: Path, rows: list[Row], names: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a file, those of some figures replaced."""
    old = json.loads(path.read_text())["rows"] if path.exists() else []
    kept = [row for row in old if row["figure"] not in names]
    merged = kept + [vars(row) for row in rows]
    order = list(FIGURES)
    return sorted(merged, key=lambda row: order.index(row["figure"]))


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(FIGURES), default=None)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--rivals-env", type=Path, default=ROOT / "bench/rivals/env")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{k:<15} {f.__doc__}" for k, f in FIGURES.items()))
        return 0
    names = options.only or list(FIGURES)
    folder = options.out or ROOT / "bench/results" / (
        f"{time.strftime('%Y-%m-%d')}-{short_name()}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    machine, path = describe(), folder / "solvers.json"
    rows: list[Row] = []
    for name in names:
        print(f"== {name}", flush=True)
        found = list(FIGURES[name](run_task, run_rival, options.rivals_env))
        for row in found:
            row.figure = name
            verdict = "ok" if row.holds else "FAIL"
            print(f"   {row.case}: {row.measured} (asked {row.asked}) {verdict}")
        rows += found
        merged = _merge(path, rows, names)
        path.write_text(json.dumps({"machine": machine, "rows": merged}, indent=1))
        path.with_suffix(".md").write_text("\n".join(_markdown(merged, machine)) + "\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
