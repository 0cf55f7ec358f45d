"""Commands and options; the work itself is in the sibling modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from fastntk._version import __version__
from fastntk.cli.bench.command import EXAMPLES as BENCH_EXAMPLES
from fastntk.cli.bench.command import HELP as BENCH_HELP
from fastntk.cli.bench.command import bench_command
from fastntk.cli.checks import check_picture, failures_in_words, require
from fastntk.cli.dynamics.command import EXAMPLES, HELP, dynamics
from fastntk.cli.fit.command import EXAMPLES as FIT_EXAMPLES
from fastntk.cli.fit.command import HELP as FIT_HELP
from fastntk.cli.fit.command import fit_command
from fastntk.cli.gram.command import EXAMPLES as GRAM_EXAMPLES
from fastntk.cli.gram.command import HELP as GRAM_HELP
from fastntk.cli.gram.command import Precision, gram_command
from fastntk.cli.predict.command import EXAMPLES as PREDICT_EXAMPLES
from fastntk.cli.predict.command import HELP as PREDICT_HELP
from fastntk.cli.predict.command import predict_command
from fastntk.cli.store.verify import EXAMPLES as VERIFY_EXAMPLES
from fastntk.cli.store.verify import HELP as VERIFY_HELP
from fastntk.cli.store.verify import verify

APP_EXAMPLES = """Examples:

fastntk demo

fastntk gram train.csv --exclude price --out K.npy

fastntk fit train.csv --target price --out model
"""
DEMO_EXAMPLES = """Examples:

fastntk demo --seeds 3 --out digits.svg
"""
INFO_EXAMPLES = """Examples:

fastntk info --json
"""


class _Group(TyperGroup):
    """The commands; what is wrong with an option is said without a prefix."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    cls=_Group,
    help="Exact infinite-width neural network kernels, fast.",
    epilog=APP_EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


@app.command(epilog=DEMO_EXAMPLES)
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
    from fastntk.cli.demo.report import run_and_report

    with failures_in_words():
        run_and_report(seeds=seeds, dtype=dtype.value, picture=out if plot else None)


app.command("gram", help=GRAM_HELP, epilog=GRAM_EXAMPLES)(gram_command)
app.command("fit", help=FIT_HELP, epilog=FIT_EXAMPLES)(fit_command)
app.command("predict", help=PREDICT_HELP, epilog=PREDICT_EXAMPLES)(predict_command)
app.command("bench", help=BENCH_HELP, epilog=BENCH_EXAMPLES)(bench_command)
app.command("verify", help=VERIFY_HELP, epilog=VERIFY_EXAMPLES)(verify)
app.command(help=HELP, epilog=EXAMPLES)(dynamics)


@app.command(epilog=INFO_EXAMPLES)
def info(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object.")
    ] = False,
) -> None:
    """Print versions, processor, threads, BLAS, backends and the kernel cache.

    What a bug report needs.
    """
    from fastntk.cli.info import collect

    facts = collect()
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        typer.echo(f"{name:<{width}}  {value}")
