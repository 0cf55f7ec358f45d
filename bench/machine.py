"""What the measurements ran on: the machine, the commit, the date."""

import re
import subprocess
import time
from pathlib import Path
from typing import Any

from fastntk.benchmark.machine import (
    OthersShare,
    available_cores,
    wait_for_quiet,
)
from fastntk.benchmark.machine import (
    describe as describe_machine,
)

__all__ = [
    "ROOT",
    "OthersShare",
    "available_cores",
    "describe",
    "short_name",
    "wait_for_quiet",
]

ROOT = Path(__file__).resolve().parents[1]


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _commit() -> str:
    """Return the commit measured, with + when files differ from it."""
    head = _git("rev-parse", "--short", "HEAD") or "none"
    return head + ("+" if _git("status", "--porcelain", "--", "fastntk") else "")


def describe() -> dict[str, Any]:
    """Return the machine, the software and the date of a run."""
    found = describe_machine()
    return found | {
        "date": time.strftime("%Y-%m-%d %H:%M:%S"),
        "memory_GiB": round((found["memory"] or 0) / 2**30, 1),
        "fastntk": _commit(),
    }


def short_name() -> str:
    """Return a name for the machine that can stand in a folder name."""
    cpu = re.sub(r"\(.*?\)|CPU|@.*", "", describe_machine()["cpu"])
    words = re.findall(r"[A-Za-z0-9]+", cpu)[:4]
    return "-".join([*words, f"{available_cores()}cores"]).lower()
