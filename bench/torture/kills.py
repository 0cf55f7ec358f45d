"""Kill a target at instants drawn uniformly over its run, and go on with it."""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.torture.counters import Counters
from bench.torture.targets import Target


@dataclass
class Outcome:
    """What happened to a target."""

    name: str
    seconds: float  # of a run that nobody kills
    kills: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    hit_a_write_or_rename: int = 0
    finished_before_the_kill: int = 0
    runs_to_the_end: int = 0
    parts_finished_before: int = 0
    parts_found: int = 0
    parts_computed_again: int = 0
    wrong_results: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "hits": dict(self.hits)}


def torture(
    target: Target, kills: int, *, seed: int = 0, chain: float = 0.5
) -> Outcome:
    """Kill a target a number of times.

    After a kill the target goes on: with probability ``chain`` in a run that is killed
    too, else to the end, where its result is compared with that of a run in peace.
    """
    rng = np.random.default_rng(seed)
    counters = Counters()
    with tempfile.TemporaryDirectory(prefix="torture-") as base:
        right, seconds = _in_peace(target, Path(base))
        outcome = Outcome(target.name, seconds)
        folder = Path(base) / "work"
        while outcome.kills < kills:
            folder.mkdir(exist_ok=True)
            counters.clear()
            was_killed = _kill_once(target, folder, counters, rng.uniform(0, seconds))
            if was_killed:
                outcome.kills += 1
                hits = counters.in_flight()
                outcome.hits.update(hits or {"computing"})
                outcome.hit_a_write_or_rename += bool(
                    hits & {"write", "rename", "journal"}
                )
            else:
                outcome.finished_before_the_kill += 1
            if was_killed and rng.random() < chain and outcome.kills < kills:
                continue
            _go_on(target, folder, right, outcome)
            shutil.rmtree(folder)
    return outcome


def _in_peace(target: Target, base: Path) -> tuple[str, float]:
    """Return the right result, and the shorter of two times."""
    times = []
    for k in range(3):  # the first compiles
        folder = base / f"peace{k}"
        folder.mkdir()
        began = time.perf_counter()
        target.run(folder)
        times.append(time.perf_counter() - began)
    return target.digest(base / "peace0"), min(times)


def _kill_once(target: Target, folder: Path, counters: Counters, after: float) -> bool:
    """Run a target in a child, kill it after some seconds; False if it had ended."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            target.watch(counters)
            os.write(write, b"x")
            target.run(folder)
            code = 0
        os._exit(code)
    os.close(write)
    os.read(read, 1)
    os.close(read)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(f"{target.name} failed by itself")
    return os.WIFSIGNALED(status)


def _go_on(target: Target, folder: Path, right: str, outcome: Outcome) -> None:
    """Let a target come to its end, and compare."""
    before = target.finished(folder)
    found, _ = target.finish(folder)
    outcome.runs_to_the_end += 1
    outcome.parts_finished_before += before
    outcome.parts_found += found
    outcome.parts_computed_again += before - found
    outcome.wrong_results += target.digest(folder) != right
