"""Commands and options; the work itself is in the sibling modules."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fastntk import __version__
from fastntk.cli.checks import check_picture, failures_in_words, require
from fastntk.cli.dynamics_command import EXAMPLES, HELP, dynamics

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
    require(["sklearn"] + ["matplotlib"] * plot, "cli,sklearn,plot")
    if plot:
        check_picture(out)
    from fastntk.cli.report import run_and_report

    with failures_in_words():
        run_and_report(seeds=seeds, dtype=dtype.value, picture=out if plot else None)


app.command(help=HELP, epilog=EXAMPLES)(dynamics)


@app.command()
def info() -> None:
    """Print versions, processor, cores, BLAS and the folder of compiled kernels."""
    from fastntk.cli.info import collect

    facts = collect()
    width = max(map(len, facts))
    for name, value in facts.items():
        typer.echo(f"{name:<{width}}  {value}")
