"""The command ``fastntk predict``: its options, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fastntk._errors import InputError, NotSupportedError
from fastntk.cli.checks import failures_in_words
from fastntk.cli.exits import EXIT_MISSING
from fastntk.cli.fit.command import memory_of

__all__ = ["EXAMPLES", "HELP", "predict_command"]

HELP = (
    "Predict with a model of `fastntk fit`, row by row.\n\n"
    "Columns are matched by name where both files have names; if the targets are among "
    "them, the error is printed. The kernel is computed tile by tile: memory does not "
    "grow with the training set times the rows."
)
EXAMPLES = """Examples:

fastntk predict houses new.csv --out predictions.csv

fastntk predict model.json X.npy --out y.npy --max-memory 1GiB
"""


def predict_command(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="Name of the model, with or without .json."
        ),
    ],
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="New rows: .csv, .npy, .npz, .parquet."),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The predictions: .csv or .npy.")
    ] = Path("predictions.csv"),
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="By default all cores there are."),
    ] = None,
    max_memory: Annotated[
        str | None, typer.Option("--max-memory", help="For tiles, e.g. 512MiB.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing when all goes well.")
    ] = False,
) -> None:
    """Check, predict and write; `HELP` is what users read."""
    from fastntk.cli.matrix_file import matrix_fault
    from fastntk.cli.predict.job import run_predict

    fault = matrix_fault(out, force, (".csv", ".npy"))
    if fault is not None:
        raise typer.BadParameter(fault, param_hint="--out")
    budget = memory_of(max_memory)
    known = _load(model)
    x, truth = _read(data, known)
    with failures_in_words():
        run_predict(
            known, x, truth, out, threads=threads, max_memory=budget, quiet=quiet
        )


# --- from words to values -------------------------------------------------------------


def _load(path: Path) -> Any:
    from fastntk.solvers import load_model

    try:
        return load_model(path)
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint="MODEL") from None
    except OSError as error:
        message = f"can't read {error.filename or path}: {error.strerror or error}"
        raise typer.BadParameter(message, param_hint="MODEL") from None


def _read(path: Path, model: Any) -> tuple[Any, Any]:
    """Return features as the model wants them, and targets if the file has them."""
    from fastntk.cli.predict.job import rows_for

    try:
        return rows_for(model, path)
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint="DATA") from None
    except NotSupportedError as error:
        typer.echo(f"fastntk: {error}", err=True)
        raise typer.Exit(EXIT_MISSING) from None
    except OSError as error:
        message = f"can't read {path}: {error.strerror or error}"
        raise typer.BadParameter(message, param_hint="DATA") from None
