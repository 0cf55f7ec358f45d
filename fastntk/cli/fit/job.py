"""The work of ``fastntk fit``: scale, solve, save, and say how it went."""

from __future__ import annotations

import dataclasses
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fastntk._errors import InputError
from fastntk.calls import diagonal
from fastntk.cli.scaling import Scale
from fastntk.solvers import fit
from fastntk.solvers.result import in_bytes

if TYPE_CHECKING:
    from fastntk.cli.data.file import Table
    from fastntk.stax import Network

__all__ = ["FitJob", "check_varies", "run_fit"]


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
    scales = _scales(table, job.is_scaled)
    x = scales[0].apply(table.features, table.feature_names)
    y = scales[1].apply(table.targets, table.target_names)
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
        **scales[0].facts("x"),
        **scales[1].facts("y"),
    }
    model = dataclasses.replace(model, facts=dict(model.facts) | {"table": words})
    paths = model.save(job.out)
    for warning in caught:
        typer.echo(f"fastntk: {warning.message}", err=True)
    if not quiet:
        _print_summary(model, paths, _notes(table, scales))


def _print_summary(
    model: Any, paths: tuple[Path, Path], notes: tuple[str, ...]
) -> None:
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
    for note in (*notes, *result.notes):
        typer.echo(f"note     {note}")


# --- scales ---------------------------------------------------------------------------


def check_varies(table: Table) -> None:
    """Refuse a table in which nothing can be scaled.

    Raises
    ------
    InputError
        If every feature or every target is constant up to rounding.
    """
    features, targets = _scales(table, True)
    n = len(table.features)
    rows = f"{n:,} row{'s' * (n != 1)}"
    if targets.is_constant.all():
        names = ", ".join(map(repr, table.target_names[:5]))
        value = float(table.targets[0, 0])
        raise InputError(
            f"the target {names} is constant: found {value:.6g} in {rows}; expected a "
            "target that varies. Choose another column by --target, or give --no-scale"
            if len(table.target_names) == 1
            else f"the targets {names} are constant over {rows}; expected one that "
            "varies. Choose others by --target, or give --no-scale"
        )
    if features.is_constant.all():
        raise InputError(
            f"every feature is constant over {rows}; expected one that varies, or "
            "--no-scale"
        )


def _scales(table: Table, is_scaled: bool) -> tuple[Scale, Scale]:
    """Return the scales of features and targets."""
    if is_scaled:
        return Scale.of(table.features), Scale.of(table.targets)
    features, targets = table.features.shape[1], table.targets.shape[1]
    return Scale.none(features), Scale.none(targets)


def _notes(table: Table, scales: tuple[Scale, Scale]) -> tuple[str, ...]:
    """Say which columns are constant."""
    names = [*table.feature_names, *table.target_names]
    is_constant = [*scales[0].is_constant, *scales[1].is_constant]
    found = [name for name, yes in zip(names, is_constant, strict=True) if yes]
    if not found:
        return ()
    shown = ", ".join(map(repr, found[:5])) + (", ..." if len(found) > 5 else "")
    return (f"constant up to rounding, and not scaled: {shown}",)
