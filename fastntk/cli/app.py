"""Commands and options; the work itself is in the sibling modules."""

from __future__ import annotations

import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fastntk import __version__
from fastntk._errors import FastntkError
from fastntk.cli import EXIT_FAILED, EXIT_MISSING, EXIT_STOPPED, missing_message

PICTURES = (".png", ".pdf", ".svg")

app = typer.Typer(
    help="Exact infinite-width neural network kernels, fast.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Precision(StrEnum):
    """The dtypes of a Gram matrix."""

    float32 = "float32"
    float64 = "float64"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fastntk {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Exact infinite-width neural network kernels, fast."""


def _require(modules: list[str], extras: str) -> None:
    """Exit with a worded message when an optional package is missing."""
    message = missing_message(modules, extras)
    if message is not None:
        typer.echo(message, err=True)
        raise typer.Exit(EXIT_MISSING)


def _check_picture(path: Path) -> None:
    """Refuse a picture that couldn't be written, before anything is computed."""
    fault = _picture_fault(path)
    if fault is not None:
        raise typer.BadParameter(fault, param_hint="--out")


def _picture_fault(path: Path) -> str | None:
    """Return why the picture can't be written there, and what to do, or None."""
    if path.is_dir():
        return f"{path} is a folder; name a file, such as demo.png"
    if path.suffix.lower() not in PICTURES:
        return f"{path} must end in {', '.join(PICTURES)}"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist; make it"
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return f"can't write {path}: {reason}"
    return None


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--out", help="The picture: .png, .pdf or .svg.")
    ] = Path("demo.png"),
    no_plot: Annotated[
        bool, typer.Option("--no-plot", help="Write no picture.")
    ] = False,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=100, help="Number of 80/20 splits.")
    ] = 10,
    dtype: Annotated[
        Precision, typer.Option("--dtype", help="Precision of the Gram matrices.")
    ] = Precision.float64,
) -> None:
    """Classify handwritten digits with an infinitely wide network.

    Kernel ridge regression on the 1,797 digits that ship with scikit-learn: Gram
    matrices, Cholesky, the ridge chosen on the training rows of each split alone.
    """
    plot = not no_plot
    _require(["sklearn"] + ["matplotlib"] * plot, "cli,sklearn,plot")
    if plot:
        _check_picture(out)
    from fastntk.cli.report import run_and_report

    try:
        run_and_report(seeds=seeds, dtype=dtype.value, picture=out if plot else None)
    except (FastntkError, OSError) as error:
        typer.echo(f"fastntk: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        typer.echo("fastntk: stopped", err=True)
        raise typer.Exit(EXIT_STOPPED) from error


@app.command()
def info() -> None:
    """Print versions, processor, cores, BLAS and the folder of compiled kernels."""
    from fastntk.cli.info import collect

    facts = collect()
    width = max(map(len, facts))
    for name, value in facts.items():
        typer.echo(f"{name:<{width}}  {value}")
