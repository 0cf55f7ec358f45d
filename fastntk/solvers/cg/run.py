"""Cycles of block conjugate gradients: restarts, refinement, deflation, checkpoints."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.solvers.cg.checkpoint import Checkpoint, fingerprint
from fastntk.solvers.cg.krylov import advance, begin
from fastntk.solvers.cg.settings import CGSettings, CGStep
from fastntk.solvers.cg.state import CGState
from fastntk.solvers.measure import Meter
from fastntk.solvers.preconditioners import LowRankPreconditioner
from fastntk.solvers.protocol import KernelOperator, product, rounding_unit
from fastntk.solvers.ridges import as_shift, least
from fastntk.solvers.status import Status

__all__ = ["CGRun", "Problem"]

SAFETY = 0.8  # of rtol: what the recurrence must reach before the residual is looked at
DISAGREEMENT = 10.0  # between recurrence and residual, beyond which a cycle ends
WINDOWS = (100, 500)  # iterations without progress that end a cycle: n/10, within
MAX_FAILURES = 2  # cycles in a row that do not halve the residual
CONTRACTION = 0.1  # worse than this: float32 tiles are not good enough
DRIFT_EVERY, DRIFT = 5, 3.0  # iterations; ratio of residuals and what the basis has
GLANCE = 1e-2  # of a cycle with float32 tiles, where it is seen how far they lead


@dataclasses.dataclass(frozen=True)
class Problem:
    """``(K + ridge I) X = B`` with columns of norm 1.

    ``fast`` is iterated with; residuals are those of ``accurate``, the same or of more
    digits.
    """

    fast: KernelOperator
    accurate: KernelOperator
    b: FloatArray
    preconditioner: LowRankPreconditioner


class CGRun:
    """A solve, cycle by cycle; every step of it can be resumed.

    A cycle iterates on some columns, padded by probes, until the recurrence says that
    they are done. Then the residual is computed anew, by the accurate operator; what is
    left is solved for in the next cycle.
    """

    def __init__(
        self,
        problem: Problem,
        settings: CGSettings,
        meter: Meter,
        checkpoint: Checkpoint,
        callback: Callable[[CGStep], Any],
    ) -> None:
        self.problem, self.settings, self.meter = problem, settings, meter
        self._checkpoint, self._callback = checkpoint, callback
        self._start = time.monotonic()
        unit = rounding_unit(problem.fast)
        trace = float(np.sum(problem.fast.diagonal(), dtype=np.float64))
        self._rounding = 10.0 * unit * trace
        self._negligible = rounding_unit(problem.accurate) * trace
        self._shift, low = as_shift(settings.ridge), least(settings.ridge)
        self._is_regular = low > 0.0
        self.state = self._first_state()

    def run(self) -> Status:
        """Iterate until the end."""
        state = self.state
        while True:
            if state.krylov is None:
                status = self._begin_cycle()
                if status is not None:
                    self.save()
                    return status
            with self.meter.phase("iterations"):
                self._iterate()
            stop = self._callback(self._step()) is True
            if stop or self._is_cycle_over():
                self._end_cycle()
            if stop:
                return self._stopped()
            if self._checkpoint.is_due:
                self.save()

    def solution(self) -> FloatArray:
        """Return the solution so far, unfinished cycles included."""
        state = self.state
        x = state.x.copy()
        if state.krylov is not None:
            x[:, state.active] += self.problem.preconditioner.right(state.krylov.x)
        return x

    # --- cycles -----------------------------------------------------------------------

    def _begin_cycle(self) -> Status | None:
        """Choose columns and goals, or return how it ended."""
        state, settings = self.state, self.settings
        is_open = (state.levels > settings.rtol) & ~state.given_up
        if not is_open.any():
            return Status.STAGNATED if state.given_up.any() else Status.CONVERGED
        if state.iterations >= settings.max_iter:
            return Status.MAX_ITERATIONS
        state.active = np.flatnonzero(is_open)[: settings.max_width]
        levels = state.levels[state.active]
        aim = SAFETY * settings.rtol
        reduction = state.reduction if state.is_mixed else 0.0
        state.goals = np.maximum(aim, reduction * levels)
        state.started = levels.copy()
        state.in_cycle, state.best, state.since_best = 0, np.inf, 0
        state.has_looked = False
        width = min(max(settings.width, len(state.active)), len(state.x))
        rng = np.random.default_rng([settings.seed, state.cycle])
        with self.meter.phase("iterations"):
            state.krylov = begin(
                self.problem.preconditioner,
                state.residual[:, state.active],
                width,
                rng,
                None if self._is_regular else self._image,
            )
        return None

    def _image(self, v: FloatArray) -> FloatArray:
        """Return ``(K + ridge I) V``, by the operator that is iterated with."""
        problem = self.problem
        operator = problem.fast if self.state.is_mixed else problem.accurate
        self.state.products += 1
        return product(operator, v, self._shift)

    def _iterate(self) -> None:
        state, problem = self.state, self.problem
        assert state.krylov is not None
        is_regular = self._is_regular or state.is_mixed
        advance(
            state.krylov,
            self._image,
            problem.preconditioner,
            self._rounding,
            0.0 if is_regular else self._negligible,
        )
        state.levels[state.active] = np.linalg.norm(state.krylov.r, axis=0)
        state.iterations += 1
        state.in_cycle += 1
        worst = float((state.levels[state.active] / state.goals).max())
        state.history.append(float(state.levels.max()))
        state.since_best += 1
        if worst < 0.95 * state.best:
            state.best, state.since_best = worst, 0

    def _is_cycle_over(self) -> bool:
        state, settings = self.state, self.settings
        levels = state.levels[state.active]
        if state.is_mixed and not state.has_looked:
            self._look(levels)
        is_done = levels <= state.goals
        if is_done.all() or state.iterations >= settings.max_iter:
            return True
        window = min(max(WINDOWS[0], len(state.x) // 10), WINDOWS[1])
        if state.since_best >= max(window, state.in_cycle // 2):
            return True
        if is_done.mean() >= 0.5 and len(levels) > settings.width:
            return True  # deflation: go on with fewer columns
        if state.in_cycle % DRIFT_EVERY == 0 and self._has_drifted(levels):
            return True
        if not state.is_mixed and state.in_cycle % settings.check_every == 0:
            found = np.linalg.norm(self._true_residual(self.solution()), axis=0)
            apart = found > DISAGREEMENT * np.maximum(levels, SAFETY * settings.rtol)
            return bool(apart.any() or (found <= settings.rtol).all())
        return False

    def _has_drifted(self, levels: FloatArray) -> bool:
        """Say whether the basis has lost the residuals: it can't lower them further."""
        krylov = self.state.krylov
        assert krylov is not None
        known = self.problem.preconditioner.undo_left(krylov.q @ krylov.c)
        return bool((DRIFT * np.linalg.norm(known, axis=0) < levels).any())

    def _look(self, levels: FloatArray) -> None:
        """Set the goals of a cycle where the rounding of float32 tiles ends it.

        The residual and what the recurrence takes for it are apart by what rounding
        has done so far; further iterations hardly add to that.
        """
        state = self.state
        is_far = (levels > GLANCE * state.started).any()
        if is_far or (state.goals > GLANCE * state.started).all():
            return
        assert state.krylov is not None
        state.has_looked = True
        found = self._true_residual(self.solution())
        gap = np.linalg.norm(found - state.krylov.r, axis=0)
        state.goals = np.maximum(SAFETY * self.settings.rtol, gap)

    def _end_cycle(self) -> None:
        """Compute residuals anew, and decide how to go on."""
        state = self.state
        claimed = state.levels[state.active].copy()
        x = self.solution()
        residual = self._true_residual(x)
        levels = np.linalg.norm(residual, axis=0)
        better = levels <= state.started
        is_cut = state.iterations >= self.settings.max_iter
        kept = np.flatnonzero(better | is_cut)
        columns = state.active[kept]
        state.x[:, columns] = x[:, columns]
        state.residual[:, columns] = residual[:, kept]
        state.levels[state.active] = np.where(better | is_cut, levels, state.started)
        state.krylov = None
        state.cycle += 1
        self._judge(claimed, levels)

    def _judge(self, claimed: FloatArray, levels: FloatArray) -> None:
        """Count failures; change to the accurate operator where float32 won't do."""
        state, rtol = self.state, self.settings.rtol
        contraction = float((levels / state.started).max())
        is_open = levels > rtol
        if state.is_mixed and is_open.any():
            reached = float((claimed / state.started).max())
            if contraction > CONTRACTION and contraction > 2 * reached:
                state.is_mixed = False
                state.notes.append(
                    f"float32 tiles reduced the residual by {contraction:.2g} a cycle "
                    "only; went on with float64 tiles"
                )
                return
            state.reduction = max(1e-6, min(0.05, 0.5 * contraction))
        if contraction <= 0.5:
            state.failures = 0
            return
        state.failures += 1
        if state.failures >= MAX_FAILURES:
            if state.is_mixed:
                state.is_mixed, state.failures = False, 0
                state.notes.append("float32 tiles stagnated; went on with float64")
                return
            state.given_up[state.active[is_open]] = True
            state.failures = 0

    def _true_residual(self, x: FloatArray) -> FloatArray:
        """Return ``B - (K + ridge I) X`` of the columns at work."""
        state, problem = self.state, self.problem
        with self.meter.phase("residuals"):
            state.products += 1
            image = product(problem.accurate, x[:, state.active], self._shift)
            result: FloatArray = problem.b[:, state.active] - image
        return result

    def _stopped(self) -> Status:
        self.save()
        is_open = self.state.levels > self.settings.rtol
        return Status.STOPPED if is_open.any() else Status.CONVERGED

    def _step(self) -> CGStep:
        seconds = time.monotonic() - self._start
        return CGStep(self.state.iterations, self.state.levels.copy(), seconds)

    # --- checkpoints ------------------------------------------------------------------

    def save(self) -> None:
        """Write a checkpoint now, if there is a place for it."""
        if self._checkpoint.path is None:
            return
        arrays, facts = self.state.packed()
        facts["preconditioner"] = self._preconditioner_key()
        with self.meter.phase("checkpoints"):
            self._checkpoint.save(arrays, facts)

    def _first_state(self) -> CGState:
        """Return the state of a checkpoint, or a fresh one."""
        problem = self.problem
        loaded = self._checkpoint.load()
        if loaded is None:
            is_mixed = problem.fast is not problem.accurate
            return CGState.fresh(problem.b, is_mixed, self.settings.reduction)
        arrays, facts = loaded
        state = CGState.unpacked(arrays, facts)
        is_same = facts["preconditioner"] == self._preconditioner_key()
        image = product(problem.accurate, state.x, self._shift)
        found = problem.b - image
        levels = np.linalg.norm(found, axis=0)
        gaps = np.linalg.norm(found - state.residual, axis=0)
        unit = rounding_unit(problem.accurate) / rounding_unit(problem.fast)
        rounding = unit * self._rounding * np.linalg.norm(state.x, axis=0)
        if (gaps > 0.1 * np.maximum(levels, self.settings.rtol) + rounding).any():
            raise self._checkpoint.other()
        if state.krylov is not None and not is_same:
            # another rank: go on from the last full cycle
            state.krylov, state.residual, state.levels = None, found, levels
        return state

    def _preconditioner_key(self) -> str:
        known = self.problem.preconditioner
        return fingerprint(known.lower.diagonal(), known.shift, known.rank)
