"""Run `fastntk dynamics` with progress; print, draw and write what it found."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fastntk._version import __version__
from fastntk.cli.data.file import Table
from fastntk.cli.dynamics.job import Dynamics, compute
from fastntk.cli.dynamics.problem import Problem, Settings, prepare
from fastntk.cli.dynamics.words import notes_of, print_head, print_summary
from fastntk.cli.outputs import write_all

__all__ = ["file_names", "run_and_report"]

NUMBERS = "dynamics.json"


def file_names(table: Table, suffix: str) -> list[str]:
    """Return the names of the files that will be written."""
    stems = ["training", "spectrum", "learning_curve"]
    if table.features.shape[1] == 1:
        stems.append("prediction")
    return [stem + suffix for stem in stems] + [NUMBERS]


def run_and_report(
    table: Table,
    settings: Settings,
    *,
    source: Path,
    out: Path,
    suffix: str,
    force: bool,
) -> None:
    """Compute, print a summary and write the files.

    Parameters
    ----------
    table : Table
        Features and targets.
    settings : Settings
        Network and options.
    source : Path
        The data file, for its name.
    out : Path
        Folder to write to.
    suffix : str
        ``.png``, ``.svg`` or ``.pdf``.
    force : bool
        Whether files that are there may be replaced.

    Raises
    ------
    FastntkError
        If the work fails.
    OSError
        If a file can't be written.
    """
    start = time.perf_counter()
    console = Console(highlight=False, soft_wrap=True)
    problem = prepare(table, settings)
    print_head(console, problem, settings, source)
    with _progress() as progress:
        task = progress.add_task("", total=None)

        def on_step(name: str) -> None:
            progress.update(task, description=name)

        found = compute(problem, settings, on_step)
        on_step("pictures")
        pictures = _draw_all(problem, found, suffix)
    numbers = _numbers(problem, settings, found, source)
    text = json.dumps(numbers, allow_nan=False, indent=1) + "\n"
    paths = write_all(out, pictures | {NUMBERS: text.encode()}, force)
    print_summary(console, found)
    for path in paths:
        console.print(f"wrote       {path}", markup=False)
    console.print(f"total       {time.perf_counter() - start:.1f} s")


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


# --- numbers --------------------------------------------------------------------------


def _numbers(
    problem: Problem, settings: Settings, found: Dynamics, source: Path
) -> dict[str, Any]:
    """Return what goes to the JSON file; losses in units of the target's variance."""
    eigenvalues, training = found.spectrum.eigenvalues, found.training
    curve = found.curve
    return {
        "fastntk": __version__,
        "data": source.name,
        "features": list(problem.table.feature_names),
        "targets": list(problem.table.target_names),
        "target_std": problem.y_scale[1].tolist(),
        "network": repr(settings.network),
        "n_train": len(problem.x_train),
        "n_test": len(problem.x_test),
        "seed": settings.seed,
        "learning_rate": found.learning_rate,
        "largest_stable_learning_rate": found.largest_stable_rate,
        "diag_reg": settings.diag_reg,
        "ridge": found.ridge,
        "eigenvalues": {"min": float(eigenvalues[0]), "max": float(eigenvalues[-1])},
        "times": training.times.tolist(),
        "losses": {name: loss.tolist() for name, loss in training.losses.items()},
        "test_error": float(found.errors[0, -1]),
        "kare": {
            "test_error": float(found.kare.test_mse),
            "relative_error": float(found.kare.relative_error),
        },
        "leave_one_out": found.leave_one_out,
        "learning_curve": {
            "sizes": found.sizes.tolist(),
            "test_errors": found.errors.tolist(),
            "theory_sizes": curve.n_samples.tolist(),
            "theory_test_errors": curve.test_mse.tolist(),
            "theory_test_errors_low": _finite(curve.test_mse_low),
            "theory_test_errors_high": _finite(curve.test_mse_high),
            "theory_is_extrapolated": np.asarray(curve.is_extrapolated).tolist(),
            "theory_is_told": np.asarray(curve.is_told).tolist(),
            "floor": _finite([curve.floor_low, curve.floor_mse, curve.floor_high]),
        },
        "notes": notes_of(found),
    }


def _finite(values: Any) -> list[float | None]:
    """Return numbers for JSON; None for what is not one."""
    return [float(v) if np.isfinite(v) else None for v in values]


# --- pictures -------------------------------------------------------------------------


def _draw_all(problem: Problem, found: Dynamics, suffix: str) -> dict[str, bytes]:
    """Return the pictures by file name."""
    drawn: dict[str, Callable[[Problem, Dynamics], Any]] = {
        "training": _draw_training,
        "spectrum": _draw_spectrum,
        "learning_curve": _draw_learning_curve,
    }
    if found.training.grid is not None:
        drawn["prediction"] = _draw_prediction
    pictures = {}
    for stem, draw in drawn.items():
        buffer = BytesIO()
        draw(problem, found).savefig(buffer, format=suffix[1:], dpi=150)
        pictures[stem + suffix] = buffer.getvalue()
    return pictures


def _draw_training(problem: Problem, found: Dynamics) -> Any:
    from fastntk.plotting import dynamics_figure

    training = found.training
    mean, std = problem.y_scale[0][0], problem.y_scale[1][0]
    figure = dynamics_figure(
        times=training.times,
        losses=training.losses,
        mean=mean + std * training.mean,
        variance=std**2 * training.variance,
        targets=mean + std * problem.y_test[training.shown, 0],
        names=[f"row {problem.test_rows[i]}" for i in training.shown],
    )
    figure.axes[0].set_ylabel("mean squared error / variance of the target")
    name = problem.table.target_names[0]
    figure.axes[1].set_ylabel(f"{name}: mean ± 2 std")
    figure.axes[1].set_title("Outputs at test rows", loc="left", fontweight="bold")
    return figure


def _draw_spectrum(problem: Problem, found: Dynamics) -> Any:
    from fastntk.plotting import kernel_matrix, new_figure, spectrum

    figure = new_figure(11.0, 4.4)
    left, right = figure.subplots(1, 2)
    order = np.argsort(problem.y_train[:, 0], kind="stable")
    kernel_matrix(found.kernel[np.ix_(order, order)], ax=left)
    left.set_title("NTK of the training rows", loc="left", fontweight="bold")
    words = f"row, sorted by {problem.table.target_names[0]}"
    left.set(xlabel=words, ylabel=words)
    spectrum(found.spectrum.eigenvalues, found.spectrum.power, ax=right)
    return figure


def _draw_learning_curve(problem: Problem, found: Dynamics) -> Any:
    from fastntk.plotting import learning_curve, new_figure

    figure = new_figure(7.0, 4.2)
    ax = learning_curve(
        found.sizes,
        found.errors,
        theory=found.curve,
        leave_one_out=(len(problem.x_train), found.leave_one_out),
        ax=figure.add_subplot(),
    )
    ax.set_ylabel("test error / variance of the target")
    return figure


def _draw_prediction(problem: Problem, found: Dynamics) -> Any:
    from fastntk.plotting import new_figure, predictive_bands

    training = found.training
    assert training.grid is not None and training.grid_mean is not None
    assert training.grid_variance is not None
    (x_mean, x_std), (y_mean, y_std) = problem.x_scale, problem.y_scale
    ax = predictive_bands(
        x_mean + x_std * training.grid,
        y_mean[0] + y_std[0] * training.grid_mean[:, 0],
        y_std[0] ** 2 * training.grid_variance,
        x_train=x_mean + x_std * problem.x_train,
        y_train=y_mean[0] + y_std[0] * problem.y_train[:, 0],
        ax=new_figure(7.0, 4.2).add_subplot(),
    )
    names = problem.table
    ax.set(xlabel=names.feature_names[0], ylabel=names.target_names[0])
    words = f"Predictions at time {training.times[-1]:.3g}"
    ax.set_title(words, loc="left", fontweight="bold")
    return ax.figure
