"""A whole benchmark as one JSON object."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from fastntk.benchmark.cases import CASES, Case, cases_of, floor_seconds, program_of
from fastntk.benchmark.ceilings import Ceilings, measure_ceilings
from fastntk.benchmark.kept_memory import kept_memory
from fastntk.benchmark.machine import describe
from fastntk.benchmark.noise import Noise
from fastntk.benchmark.pairs import Pair, in_rounds
from fastntk.benchmark.processes import first_call, memory_use
from fastntk.benchmark.rivals.compare import (
    AGREE_WITHIN,
    Comparison,
    compared,
    open_rivals,
    try_prepare,
)
from fastntk.benchmark.scaling import against_depth, against_size, against_threads
from fastntk.benchmark.session import Session, Tell
from fastntk.benchmark.settings import Settings
from fastntk.benchmark.timing import Run, Times, stopwatch, timer_cost
from fastntk.calls import gram
from fastntk.operators import operator

__all__ = ["FORMAT_VERSION", "run_benchmark"]

FORMAT_VERSION = 1
OURS = "fastntk"


def run_benchmark(settings: Settings, tell: Tell = lambda text: None) -> dict[str, Any]:
    """Measure the machine's ceilings, fastntk, and the rivals asked for.

    Parameters
    ----------
    settings : Settings
        What to measure.
    tell : callable, optional
        Called with a few words before every stage.

    Returns
    -------
    dict
        Plain numbers, text, lists and dicts, for JSON; `docs/guide/command_line.md`
        says what is where. Rates are in GFLOP/s and GB/s, times in seconds, memory in
        bytes.

    Raises
    ------
    FastntkError
        If a library fails; what it can't compute is only noted.

    Notes
    -----
    Runs of all libraries take turns. Before each stage it waits, for ``patience``
    seconds at most, until other processes rest.
    """
    started = time.perf_counter()
    noise = Noise()
    with threadpool_limits(settings.threads, user_api="blas"):
        bench = _Bench(settings, tell, noise)
        report = bench.report()
    timed = bench.timed
    total = time.perf_counter() - started
    report["overhead"] = {
        "stopwatch_s": timer_cost(),
        "total_s": total,
        "measured_s": timed,
        "share": 1.0 - min(timed / total, 1.0),
    }
    report["warnings"] = noise.words(settings)
    return report


class _Bench(Session):
    """The stages, in order."""

    def report(self) -> dict[str, Any]:
        """Measure everything."""
        s = self.settings
        self.stage("ceilings of the machine")
        start = time.perf_counter()
        counts = sorted({1, s.threads})
        ceilings = {k: measure_ceilings(s.dtype, k) for k in counts}
        self.timed += time.perf_counter() - start
        program = program_of(s.net, self.arrays[0], None, s.get)
        report: dict[str, Any] = {
            "fastntk_benchmark": FORMAT_VERSION,
            "date": time.strftime("%Y-%m-%d %H:%M:%S"),
            "machine": describe(),
            "settings": s.as_dict(),
            "network": {
                "text": str(s.net),
                "json": s.net.to_json(),
                "program": None if program is None else str(program),
                "layer_flops": None if program is None else program.flops,
            },
            "ceilings": {str(k): found.as_dict() for k, found in ceilings.items()},
        }
        with open_rivals(s, s.threads) as rivals:
            report |= self._compare(rivals, ceilings[s.threads])
            with kept_memory():
                report["sizes"] = against_size(self, rivals)
                report["depths"] = against_depth(self, rivals)
            report["memory"] |= self._memory(rivals)
        report["threads"] = against_threads(self, rivals)
        self.stage("first call in a new process")
        start = time.perf_counter()
        report["first_call"] = first_call(s)
        report["memory"][OURS] = memory_use(s)
        self.timed += time.perf_counter() - start
        return report

    # --- cases of all libraries -------------------------------------------------------

    def _compare(self, rivals: list[Comparison], ceilings: Ceilings) -> dict[str, Any]:
        """Time all cases of all libraries in turns, and compare their results."""
        s = self.settings
        self.stage("Gram matrices and products")
        cases = {case.name: case for case in cases_of(s)}
        runs = {f"{OURS}/{name}": stopwatch(c.call) for name, c in cases.items()}
        for case in cases.values():
            case.call()
        times = self.turns("Gram matrices and products", runs)
        first, pairs = {}, {}
        for comparison in rivals:
            library = comparison.library
            first[library] = self._prepared(comparison)
            pairs[library] = self._pairs(comparison, cases)
        rows = [
            _row(OURS, case, times[f"{OURS}/{name}"], ceilings)
            for name, case in cases.items()
        ]
        for comparison in rivals:
            rows += self._rival_rows(comparison, cases, pairs[comparison.library])
        notes = [
            {
                "library": c.library,
                "unable": c.unable or None,
                "own_function": str(c.net) if c.is_own_function else None,
                "first_s": first[c.library],
                "versions": None if c.rival is None else c.rival.ask("versions"),
            }
            for c in rivals
        ]
        return {"cases": rows, "rivals": notes, "memory": {}}

    def _prepared(self, comparison: Comparison) -> float | None:
        """Hand a rival the problem; return how long its first Gram matrix took."""
        if comparison.rival is None:
            return None
        self.tell(f"{comparison.library}: first call")
        if not try_prepare(comparison, comparison.net, self.arrays, self.settings.get):
            return None
        return comparison.rival.seconds(CASES[0])

    def _pairs(self, comparison: Comparison, cases: dict[str, Case]) -> dict[str, Pair]:
        """Time a rival's cases, each in turns with ours; both keep their memory."""
        rival, library = comparison.rival, comparison.library
        if rival is None or comparison.unable:
            return {}
        self.tell(f"{library}: ratios")
        runs: dict[str, tuple[Run, Run]] = {}
        for name in (CASES[0], CASES[2], CASES[3]):
            if name in cases:
                ours = stopwatch(self._ours(comparison, name))
                runs[name] = ours, partial(rival.seconds, name)
        with kept_memory():
            for both in runs.values():
                for run in both:
                    run()
            pairs = in_rounds(runs, self.settings.rival_repeats)
        rival.rest()
        self.timed += sum(pair.spent for pair in pairs.values())
        for name, pair in pairs.items():
            self.noise.timed(f"ratios, {name}", {library: Times(pair.ratios)})
        return pairs

    def _ours(self, comparison: Comparison, case: str) -> Callable[[], Any]:
        """Return our own call of a case, of the network that is compared."""
        s, net, (x, other, columns) = self.settings, comparison.net, self.arrays
        if case == CASES[3]:
            streamed = operator(net, x, get=s.get, threads=s.threads, cache=0)
            return lambda: streamed.matmat(columns)
        cols = other if case == CASES[2] else None
        return lambda: gram(net, x, cols, s.get, threads=s.threads)

    def _rival_rows(
        self, comparison: Comparison, cases: dict[str, Case], pairs: dict[str, Pair]
    ) -> list[dict[str, Any]]:
        """Return a row for every case that a rival ran."""
        library, rows = comparison.library, []
        self.tell(f"{library}: compare results")
        for name, pair in pairs.items():
            gap = compared(
                comparison,
                name,
                self._ours(comparison, name)(),
                self.arrays,
                self.settings.get,
            )
            row = _row(library, cases[name], pair.theirs, None) | {
                "ratio": pair.ratio,
                "ratio_spread": pair.spread,
                "ratios": pair.ratios,
                "our_seconds": pair.ours.seconds,
                "deviation": gap,
                "agrees": gap <= AGREE_WITHIN[self.settings.dtype],
            }
            rows.append(row)
        return rows

    def _memory(self, rivals: list[Comparison]) -> dict[str, Any]:
        """Return the peak memory of every rival's process during a Gram matrix."""
        found = {}
        for comparison in rivals:
            rival = comparison.rival
            if rival is None or comparison.unable:
                continue
            self.tell(f"{comparison.library}: memory")
            get = self.settings.get
            if not try_prepare(comparison, comparison.net, self.arrays, get):
                continue
            rival.seconds(CASES[0])
            answer = rival.ask("memory", case=CASES[0])
            grown = answer["grown"]
            answer["inputs"] = self.arrays[0].nbytes
            answer["over"] = None if grown is None else grown - answer["result"]
            found[comparison.library] = answer
        return found


def _row(
    library: str, case: Case, times: Times, ceilings: Ceilings | None
) -> dict[str, Any]:
    """Return what is said of one case of one library."""
    work = case.work
    row: dict[str, Any] = {
        "library": library,
        "case": case.name,
        "shape": list(case.shape),
        **times.as_dict(),
        "ns_per_entry": 1e9 * times.best / work.entries,
    }
    if library != OURS:
        return row
    floor = None if ceilings is None else floor_seconds(work, ceilings)
    row |= {
        "flops": work.flops,
        "written": work.written,
        "gflops": None if work.flops is None else work.flops / times.best / 1e9,
        "floor_s": floor,
        "fraction": None if floor is None else floor / times.best,
        "ratio": 1.0,
    }
    return row
