"""What `fastntk dynamics` computes: training, spectrum, learning curve; no printing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastntk import predict, theory
from fastntk._errors import FastntkError
from fastntk.calls import gram
from fastntk.cli.dynamics.measured import measured_curve
from fastntk.cli.dynamics.problem import Array, Problem, Settings

__all__ = ["Dynamics", "Training", "compute"]

N_SHOWN = 5  # test rows whose outputs are drawn
N_TIMES = 60


@dataclass(frozen=True)
class Training:
    """Outputs and expected losses at the times; losses in units of var(y)."""

    times: Array
    losses: dict[str, Array]
    shown: NDArray[np.intp]  # which test rows
    mean: Array  # (n_times, n_shown), first target
    variance: Array
    grid: Array | None  # of a single feature
    grid_mean: Array | None  # at the last time
    grid_variance: Array | None


@dataclass(frozen=True)
class Dynamics:
    """All that the command found."""

    spectrum: theory.TrainingSpectrum
    kernel: Array
    ridge: float
    learning_rate: float
    largest_stable_rate: float
    training: Training
    sizes: NDArray[np.intp]
    errors: Array  # (n_repeats, n_sizes), test error in units of var(y)
    curve: theory.LearningCurve
    kare: theory.Kare
    leave_one_out: float
    notes: tuple[str, ...]


def _warn_of_depth(net: Any) -> None:
    """Warn where signals do not reach through the network, if that can be told."""
    try:
        theory.check_depth(net)
    except FastntkError:  # of several kinds of layers, or none with weights
        pass


def compute(
    problem: Problem,
    settings: Settings,
    on_step: Callable[[str], None] = lambda name: None,
) -> Dynamics:
    """Compute everything; `on_step` is called with the name of each of four steps.

    Raises
    ------
    FastntkError
        If the network doesn't take such rows, or its kernel is singular.
    """
    net, x, y = settings.network, problem.x_train, problem.y_train
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        on_step("kernel and its eigenvalues")
        kernel = np.asarray(gram(net, x, get="ntk"), dtype=np.float64)
        spectrum = theory.decompose(kernel, y)
        ridge = settings.diag_reg * spectrum.trace / spectrum.n_samples
        _check_regular(spectrum, ridge)
        largest = 2.0 * y.size / (float(spectrum.eigenvalues[-1]) + ridge)
        rate = settings.learning_rate or 0.5 * largest
        on_step("training")
        training = _train(problem, settings, spectrum, ridge, rate)
        on_step("learning curve")
        sizes, errors = measured_curve(
            settings.network, problem, kernel, ridge, settings.seed
        )
        on_step("theory")
        wanted = np.geomspace(sizes[0], 4 * len(x), 25)
        wanted = np.unique([*wanted.round(), len(x), 2 * len(x), 4 * len(x)])
        curve = theory.learning_curve(spectrum, wanted, ridge)
        estimate = theory.kare(spectrum, ridge, leverages="mean")
        left_out = float(theory.leave_one_out(spectrum, ridge))
        _warn_of_depth(net)
    return Dynamics(
        spectrum=spectrum,
        kernel=kernel,
        ridge=ridge,
        learning_rate=rate,
        largest_stable_rate=largest,
        training=training,
        sizes=sizes,
        errors=errors,
        curve=curve,
        kare=estimate,
        leave_one_out=left_out,
        notes=tuple(dict.fromkeys(str(one.message) for one in caught)),
    )


def _check_regular(spectrum: theory.TrainingSpectrum, ridge: float) -> None:
    lowest = float(spectrum.eigenvalues[0])
    if lowest + ridge <= spectrum.floor:
        raise FastntkError(
            f"the kernel of the training rows is singular: its eigenvalues are "
            f"{lowest:.3g} to {float(spectrum.eigenvalues[-1]):.3g}, and --diag-reg "
            "adds too little. Take --diag-reg 1e-6 or more; rows may be duplicates"
        )


# --- training -------------------------------------------------------------------------


def _train(
    problem: Problem,
    settings: Settings,
    spectrum: theory.TrainingSpectrum,
    ridge: float,
    learning_rate: float,
) -> Training:
    """Follow the ensemble through the times."""
    times = settings.times
    if times is None:
        times = _default_times(spectrum, ridge, learning_rate)
    flow = predict.GradientFlow(
        settings.network,
        problem.x_train,
        problem.y_train,
        learning_rate=learning_rate,
        ridge=ridge,
    ).at(times)
    y_test = problem.y_test
    mean, variance = flow.mean(problem.x_test), flow.variance(problem.x_test)
    fitted = _errors(flow.mean(), problem.y_train), flow.variance().mean(axis=1)
    tested = _errors(mean, y_test), variance.mean(axis=1)
    order = np.argsort(y_test[:, 0], kind="stable")
    places = np.linspace(0, len(order) - 1, min(N_SHOWN, len(order))).round()
    shown = order[places.astype(np.intp)][::-1]  # the largest first, as in a legend
    grid, found = _on_grid(problem, flow)
    return Training(
        times=times,
        losses={
            "training rows, one network": fitted[0] + fitted[1],
            "test rows, one network": tested[0] + tested[1],
            "training rows, mean of all": fitted[0],
            "test rows, mean of all": tested[0],
        },
        shown=shown,
        mean=mean[:, shown, 0],
        variance=variance[:, shown],
        grid=grid,
        grid_mean=found[0],
        grid_variance=found[1],
    )


def _errors(mean: Array, y: Array) -> Array:
    """Return the mean squared error at every time."""
    errors: Array = np.mean((mean - y) ** 2, axis=(1, 2))
    return errors


def _default_times(
    spectrum: theory.TrainingSpectrum, ridge: float, learning_rate: float
) -> Array:
    """Return times from before the fastest mode learns to after the slowest did."""
    scale = spectrum.n_samples * spectrum.n_outputs / learning_rate
    slowest = max(float(spectrum.eigenvalues[0]), spectrum.floor) + ridge
    fastest = float(spectrum.eigenvalues[-1]) + ridge
    first, last = 0.03 * scale / fastest, 10.0 * scale / slowest
    low, high = np.floor(np.log10(first)), np.ceil(np.log10(last))
    return np.logspace(low, min(high, low + 12), N_TIMES)


def _on_grid(problem: Problem, flow: Any) -> tuple[Array | None, Any]:
    """Return points over a single feature, with mean and variance at the last time."""
    if problem.x_train.shape[1] != 1:
        return None, (None, None)
    low, high = problem.x_train.min(), problem.x_train.max()
    margin = 0.15 * (high - low)
    even = np.linspace(low - margin, high + margin, 200)
    grid = np.union1d(even, problem.x_train)[:, None]  # the mean turns at these rows
    last = flow.at(flow.t[-1])
    return grid, (last.mean(grid), last.variance(grid))
