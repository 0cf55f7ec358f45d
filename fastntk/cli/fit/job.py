"""The work of ``fastntk fit``: scale, solve, save, and say how it went."""

from __future__ import annotations

import dataclasses
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from numpy.typing import NDArray

from fastntk._errors import InputError
from fastntk.calls import diagonal
from fastntk.solvers import fit
from fastntk.solvers.result import in_bytes

if TYPE_CHECKING:
    from fastntk.cli.data.file import Table
    from fastntk.stax import Network

__all__ = ["FitJob", "run_fit", "scale_of", "scaled"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FitJob:
    """A table, a network, and how to solve."""

    network: Network
    table: Table
    source: Path
    out: Path
    is_scaled: bool
    diag_reg: float
    ridge: float | None
    options: Mapping[str, Any]


def run_fit(job: FitJob, *, progress: bool | None, quiet: bool) -> None:
    """Solve, save the model and print a summary.

    Parameters
    ----------
    job : FitJob
        What to fit.
    progress : bool or None
        Whether to show a bar; None for where standard error is a terminal.
    quiet : bool
        Print no summary.

    Raises
    ------
    FastntkError
        If the data is refused, or the tolerance was not met: nothing is saved then.
    OSError
        If the model can't be written.
    """
    table = job.table
    x_scale = scale_of(table.features, job.is_scaled)
    y_scale = scale_of(table.targets, job.is_scaled)
    x = scaled(table.features, x_scale)
    y = scaled(table.targets, y_scale)
    ridge = job.ridge
    if ridge is None:
        get = job.options["get"]
        ridge = job.diag_reg * float(diagonal(job.network, x, get).mean())
    show = sys.stderr.isatty() if progress is None else progress
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = fit(job.network, x, y, ridge=ridge, progress=show, **job.options)
    words = {
        "source": job.source.name,
        "features": list(table.feature_names),
        "targets": list(table.target_names),
        "x_mean": x_scale[0].tolist(),
        "x_std": x_scale[1].tolist(),
        "y_mean": y_scale[0].tolist(),
        "y_std": y_scale[1].tolist(),
    }
    model = dataclasses.replace(model, facts=dict(model.facts) | {"table": words})
    paths = model.save(job.out)
    for warning in caught:
        typer.echo(f"fastntk: {warning.message}", err=True)
    if not quiet:
        _print_summary(model, paths)


def _print_summary(model: Any, paths: tuple[Path, Path]) -> None:
    result = model.result
    phases = ", ".join(f"{name} {s:.2f}" for name, s in result.seconds.items())
    lines = {
        "rows": f"{model.x.shape[0]:,} of {model.x.shape[1]:,} features",
        "method": f"{result.method} ({result.reason})",
        "result": str(result),
        "ridge": f"{model.ridge:.6g}",
        "seconds": phases,
        "memory": in_bytes(result.peak_memory),
        "model": " and ".join(map(str, paths)),
    }
    for name, text in lines.items():
        typer.echo(f"{name:<8} {text}")
    for note in result.notes:
        typer.echo(f"note     {note}")


def scale_of(columns: Array, is_wanted: bool) -> tuple[Array, Array]:
    """Return means and standard deviations; 0 and 1 where nothing is scaled.

    Raises
    ------
    InputError
        If every column is constant.
    """
    n = columns.shape[1]
    if not is_wanted:
        return np.zeros(n), np.ones(n)
    mean, std = columns.mean(axis=0), columns.std(axis=0)
    is_constant = np.ptp(columns, axis=0) == 0.0
    if is_constant.all():
        raise InputError(
            "every column is constant; expected one that varies, or --no-scale"
        )
    return mean, np.where(is_constant, 1.0, std)


def scaled(columns: Array, scale: tuple[Array, Array]) -> Array:
    """Return columns in units of their standard deviations."""
    result: Array = (columns - scale[0]) / scale[1]
    return result
