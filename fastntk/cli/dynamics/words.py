"""The words of `fastntk dynamics`: what it works on, and what it found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console

from fastntk._version import __version__
from fastntk.cli.dynamics.job import Dynamics
from fastntk.cli.dynamics.problem import Problem, Settings

__all__ = ["notes_of", "print_head", "print_summary"]


def print_head(
    console: Console, problem: Problem, settings: Settings, source: Path
) -> None:
    """Print what is worked on."""
    n_train, d = problem.x_train.shape
    n_all = len(problem.table.features)
    used = n_train + len(problem.x_test)
    console.print(
        f"fastntk {__version__}: {source.name}, {n_all} rows, "
        f"{d} feature{'s' * (d != 1)}, "
        f"target {', '.join(problem.table.target_names)}",
        markup=False,
    )
    console.print(f"network     {settings.network}", markup=False)
    chosen = "" if used == n_all else f" ({used} rows chosen at random)"
    console.print(
        f"rows        {n_train} for training, {used - n_train} for testing{chosen}"
    )


def print_summary(console: Console, found: Dynamics) -> None:
    """Print what was found."""
    spectrum, training = found.spectrum, found.training
    low, high = float(spectrum.eigenvalues[0]), float(spectrum.eigenvalues[-1])
    test = training.losses["test rows, one network"]
    best = int(np.argmin(test))
    console.print(f"eigenvalues {low:.3g} to {high:.3g}, ridge {found.ridge:.3g}")
    console.print(
        f"test error  {found.errors[0, -1]:.4g} trained to the end; expected: "
        f"{float(found.kare.test_mse):.4g} (KARE), {found.leave_one_out:.4g} "
        "(leave-one-out), in units of the target's variance"
    )
    for words in _foreseen(found):
        console.print(f"more rows   {words}")
    console.print(
        f"one network {test[best]:.4g} at best, at time {training.times[best]:.3g}; "
        f"{test[-1]:.4g} at time {training.times[-1]:.3g}"
    )
    console.print(
        f"steps       learning rate {found.learning_rate:.4g}; gradient descent is "
        f"stable below {found.largest_stable_rate:.4g}"
    )
    for note in notes_of(found):
        console.print(f"note        {note}", markup=False)


def _foreseen(found: Dynamics) -> list[str]:
    """Say what errors twice and four times as many rows would leave."""
    curve, n = found.curve, found.spectrum.n_samples
    told = []
    for factor in (2, 4):
        i = int(np.flatnonzero(curve.n_samples == factor * n)[0])
        if curve.is_told[i]:
            low, high = curve.test_mse_low[i], curve.test_mse_high[i]
            told.append(f"{curve.test_mse[i]:.3g} from {factor * n} ({low:.3g} to")
            told[-1] += f" {high:.3g})"
    if not told:
        return ["the training rows do not tell what more of them would bring"]
    return [f"expected test error {', '.join(told)}; in brackets 90 % intervals"]


def notes_of(found: Dynamics) -> list[str]:
    """Return what a reader of the pictures should know."""
    notes = list(found.notes)
    if found.learning_rate >= found.largest_stable_rate:
        notes.append(
            "gradient descent diverges with steps of this size; what is shown is the "
            "limit of small steps"
        )
    expected = float(found.kare.test_mse)
    doubt = 2.0 * float(found.kare.relative_error)
    if not 1.0 - doubt < found.leave_one_out / expected < 1.0 + doubt:
        notes.append(
            "KARE and leave-one-out disagree: rows are unlike each other (outliers, "
            "very different norms). Believe leave-one-out, as the theory's curve does"
        )
    return notes
