"""What speaks against the numbers: other processes, spread, settings of the machine."""

from __future__ import annotations

import os

from fastntk.benchmark.machine import available_cores, describe
from fastntk.benchmark.settings import Settings
from fastntk.benchmark.timing import Times

__all__ = ["OTHERS_LIMIT", "SPREAD_LIMIT", "Noise"]

OTHERS_LIMIT = 0.05  # of the machine
SPREAD_LIMIT = 0.10  # of the median


class Noise:
    """Takes note of disturbances while a benchmark runs."""

    def __init__(self) -> None:
        self._others: dict[str, float] = {}
        self._spread: dict[str, float] = {}

    def waited(self, what: str, share: float) -> None:
        """Take note of what others did before a stage, however long one waited."""
        self._others[what] = max(self._others.get(what, 0.0), share)

    def timed(self, what: str, times: dict[str, Times]) -> None:
        """Take note of what others did during runs, and of how far these differ."""
        for name, found in times.items():
            self._others[what] = max(self._others.get(what, 0.0), found.others)
            if len(found.seconds) > 1:
                self._spread[f"{what}: {name}"] = found.spread

    def words(self, settings: Settings) -> list[str]:
        """Return the warnings, worst first."""
        found = []
        busy = {k: v for k, v in self._others.items() if v > OTHERS_LIMIT}
        if busy:
            worst = max(busy, key=lambda what: busy[what])
            found.append(
                f"other processes took up to {busy[worst]:.0%} of the machine "
                f"({worst}); end them and measure again"
            )
        wide = {k: v for k, v in self._spread.items() if v > SPREAD_LIMIT}
        if wide:
            worst = max(wide, key=lambda what: wide[what])
            found.append(
                f"{len(wide)} of {len(self._spread)} timings spread by more than "
                f"{SPREAD_LIMIT:.0%} of their median, the worst by {wide[worst]:.0%} "
                f"({worst}): trust medians of many, not single ones"
            )
        return found + _about_the_machine(settings)


def _about_the_machine(settings: Settings) -> list[str]:
    found = []
    cores, governor = available_cores(), describe()["governor"]
    if settings.threads > cores:
        found.append(
            f"{settings.threads} threads on {cores} cores: they take turns; give "
            f"--threads {cores}"
        )
    if governor == "powersave":
        found.append(
            "the processor's governor is powersave; set it to performance for times "
            "that repeat"
        )
    blas = os.environ.get("OPENBLAS_CORETYPE")
    if blas:
        found.append(
            f"OPENBLAS_CORETYPE={blas} is set: NumPy's product may be slower than it "
            "could be"
        )
    return found
