"""The work of ``fastntk predict``: columns as the model has them, predict, write."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from numpy.typing import NDArray

from fastntk._errors import InputError
from fastntk._files import write_whole
from fastntk.cli.data.file import column_names, read_rows
from fastntk.cli.scaling import Scale

if TYPE_CHECKING:
    from fastntk.solvers import KernelModel

__all__ = ["rows_for", "run_predict"]

Array = NDArray[np.float64]


def rows_for(model: KernelModel, path: Path) -> tuple[Any, Array | None]:
    """Read the rows of a file for a model.

    Parameters
    ----------
    model : KernelModel
        Of `fastntk fit`, or of `fastntk.fit`.
    path : Path
        The data file.

    Returns
    -------
    features : ndarray of shape (m, d)
        In the model's order of columns, unscaled.
    targets : ndarray of shape (m, k), or None
        None if the file does not name all of the model's targets.

    Raises
    ------
    InputError
        If columns are missing.
    """
    table = model.facts.get("table", {})
    features, targets = table.get("features"), table.get("targets")
    names = column_names(path)
    if names is None or features is None:
        return _by_place(model, path, targets), None
    missing = [name for name in features if name not in names]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise InputError(
            f"{path.name}: found no column {shown}; expected the {len(features)} "
            "features that the model was fitted to"
        )
    x = read_rows(path, columns=features).values
    has_targets = all(name in names for name in targets)
    truth = read_rows(path, columns=targets).values if has_targets else None
    return np.asarray(x, dtype=np.float64), truth


def _by_place(model: KernelModel, path: Path, targets: Any) -> Any:
    """Return all columns of a file without names."""
    x = read_rows(path).values
    wanted = int(model.x.shape[1])
    if x.shape[1] != wanted:
        extra = ""
        if targets and x.shape[1] == wanted + len(targets):
            extra = ". Leave the targets out"
        raise InputError(
            f"{path.name}: found {x.shape[1]} columns; expected {wanted}, the features "
            f"that the model was fitted to{extra}"
        )
    return x


def run_predict(
    model: KernelModel,
    x: Any,
    truth: Array | None,
    out: Path,
    *,
    threads: int | None,
    max_memory: int | None,
    quiet: bool,
) -> None:
    """Predict, write the file and print a summary.

    Raises
    ------
    FastntkError
        If the rows are refused.
    OSError
        If the file can't be written.
    """
    table = model.facts.get("table")
    if table is not None:
        x = Scale.from_facts(table, "x").apply(_dense(x), table["features"])
    raw = model.predict(x, threads=threads, max_memory=max_memory)
    found: Any = raw.reshape(len(raw), -1)
    names = [f"y {i}" for i in range(found.shape[1])]
    if table is not None:
        names = table["targets"]
        found = Scale.from_facts(table, "y").undo(found, names)
    _write(out, found, names)
    if quiet:
        return
    typer.echo(f"{out}: {found.shape[0]:,} rows, {', '.join(names)}")
    if truth is not None:
        for name, error in zip(names, _root_mean_squares(found, truth), strict=True):
            typer.echo(f"root mean squared error of {name}: {error:.6g}")


def _dense(rows: Any) -> Array:
    """Return rows as an array: scaled ones are not sparse."""
    values = rows.toarray() if hasattr(rows, "toarray") else rows
    return np.asarray(values, dtype=np.float64)


def _root_mean_squares(found: Array, truth: Array) -> Array:
    """Return the error of each column, also where squares leave float64."""
    size = np.maximum(np.abs(found), np.abs(truth)).max(axis=0)
    exponent = np.frexp(size)[1] + 1
    gaps = np.ldexp(found, -exponent) - np.ldexp(truth, -exponent)
    errors: Array = np.ldexp(np.sqrt(np.mean(gaps**2, axis=0)), exponent)
    return errors


def _write(out: Path, found: Array, names: list[str]) -> None:
    """Write predictions, whole or not at all."""
    buffer = io.BytesIO()
    if out.suffix.lower() == ".npy":
        np.save(buffer, found)
    else:
        quoted = [f'"{n}"' if "," in n or '"' in n else n for n in names]
        lines = [",".join(quoted)]
        lines += [",".join(repr(float(v)) for v in row) for row in found]
        buffer.write(("\n".join(lines) + "\n").encode())
    write_whole(out, buffer.getvalue())
