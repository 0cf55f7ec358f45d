"""The command ``fastntk fit``: its options, and what is wrong with them."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastntk._errors import InputError, NotSupportedError
from fastntk.cli.checks import failures_in_words, write_fault
from fastntk.cli.exits import EXIT_MISSING
from fastntk.cli.network import (
    ActivationOption,
    BStdOption,
    DepthOption,
    NetOption,
    WStdOption,
    network_of,
)

if TYPE_CHECKING:
    from fastntk.cli.data.file import Table

__all__ = ["EXAMPLES", "HELP", "fit_command"]

HELP = (
    "Fit an infinitely wide network to a table: kernel ridge regression.\n\n"
    "Writes a model for `fastntk predict`: MODEL.npz (arrays) and MODEL.json (network, "
    "columns, how the solve went). Columns are scaled by mean and standard deviation."
)
EXAMPLES = """Examples:

fastntk fit houses.csv --target price --out houses

fastntk fit big.npz --out model --method cg --rtol 1e-5 --checkpoint state.npz

fastntk fit train.csv --out model --depth 5 --activation erf --diag-reg 1e-2
"""
SOLVER = "Solver"


class Method(StrEnum):
    """How the system is solved."""

    auto = "auto"
    cholesky = "cholesky"
    eigh = "eigh"
    pinv = "pinv"
    cg = "cg"
    falkon = "falkon"
    askotch = "askotch"


class Kernel(StrEnum):
    """Which kernel."""

    ntk = "ntk"
    nngp = "nngp"


def fit_command(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Rows of numbers: .csv, .npy, .parquet, or .npz with x and y.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Name of the model; .npz and .json are added.")
    ] = Path("model"),
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            help="Name or number of the target column, from 0; -1 is the last, and "
            "the default. Give it again for more targets.",
        ),
    ] = None,
    scale: Annotated[
        bool,
        typer.Option(
            "--scale/--no-scale", help="Scale columns by mean and standard deviation."
        ),
    ] = True,
    net: NetOption = None,
    depth: DepthOption = None,
    activation: ActivationOption = None,
    w_std: WStdOption = None,
    b_std: BStdOption = None,
    get: Annotated[
        Kernel, typer.Option("--get", help="Which kernel.", rich_help_panel=SOLVER)
    ] = Kernel.ntk,
    diag_reg: Annotated[
        float | None,
        typer.Option(
            "--diag-reg",
            help="Ridge, in units of the mean diagonal; 1e-3 by default.",
            rich_help_panel=SOLVER,
        ),
    ] = None,
    ridge: Annotated[
        float | None,
        typer.Option(
            "--ridge",
            help="Ridge in the units of the kernel, instead of --diag-reg.",
            rich_help_panel=SOLVER,
        ),
    ] = None,
    method: Annotated[
        Method,
        typer.Option(
            "--method",
            help="auto takes cholesky where the matrix fits, else cg.",
            rich_help_panel=SOLVER,
        ),
    ] = Method.auto,
    rtol: Annotated[
        float,
        typer.Option(
            "--rtol", help="Largest relative residual.", rich_help_panel=SOLVER
        ),
    ] = 1e-6,
    max_iter: Annotated[
        int | None,
        typer.Option(
            "--max-iter", min=1, help="Iterations at most.", rich_help_panel=SOLVER
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            help="File (.npz) for the state of cg; a solve that was stopped goes on.",
            rich_help_panel=SOLVER,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, help="Of the preconditioner.", rich_help_panel=SOLVER
        ),
    ] = 0,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="By default all cores there are."),
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option("--max-memory", help="For all of it, e.g. 4GiB."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a model that is there.")
    ] = False,
    progress: Annotated[
        bool | None,
        typer.Option(
            "--progress/--no-progress", help="A bar; by default on a terminal."
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing when all goes well.")
    ] = False,
) -> None:
    """Check, solve and write; `HELP` is what users read."""
    network = network_of(net, depth, activation, w_std, b_std)
    amounts = _ridge(diag_reg, ridge)
    _check_rtol(rtol)
    _check_out(out, force)
    budget = memory_of(max_memory)
    table = _read(data, target or [])
    if scale:
        _check_varies(table)
    from fastntk.cli.fit.job import FitJob, run_fit

    job = FitJob(
        network=network,
        table=table,
        source=data,
        out=out,
        is_scaled=scale,
        diag_reg=amounts[0],
        ridge=amounts[1],
        options={
            "get": get.value,
            "method": method.value,
            "rtol": rtol,
            "max_iter": max_iter,
            "checkpoint": checkpoint,
            "seed": seed,
            "threads": threads,
            "max_memory": budget,
        },
    )
    with failures_in_words():
        run_fit(job, progress=progress, quiet=quiet)


# --- from words to values -------------------------------------------------------------


def _ridge(diag_reg: float | None, ridge: float | None) -> tuple[float, float | None]:
    """Return the relative and the absolute ridge, one of which counts."""
    if diag_reg is not None and ridge is not None:
        raise typer.BadParameter(
            "give --ridge or --diag-reg, not both", param_hint="--ridge"
        )
    for value, option in ((diag_reg, "--diag-reg"), (ridge, "--ridge")):
        if value is not None and not 0.0 <= value < math.inf:
            message = f"{value:g} is out of range; expected a number from 0"
            raise typer.BadParameter(message, param_hint=option)
    return 1e-3 if diag_reg is None else diag_reg, ridge


def _check_rtol(rtol: float) -> None:
    if not 0.0 < rtol < 1.0:
        message = f"{rtol:g} is out of range; expected a number above 0 and below 1"
        raise typer.BadParameter(message, param_hint="--rtol")


def memory_of(max_memory: str | None) -> int | None:
    """Return bytes from words, or refuse them by the option's name."""
    from fastntk._validation import check_max_memory

    try:
        return check_max_memory(max_memory)
    except InputError:
        raise typer.BadParameter(
            f"found {max_memory!r}; expected an amount such as 512MiB or 2GB",
            param_hint="--max-memory",
        ) from None


def _check_out(out: Path, force: bool) -> None:
    base = out.with_suffix("") if out.suffix in (".npz", ".json") else out
    fault = None
    if not base.parent.is_dir():
        fault = f"the folder {base.parent} does not exist; make it"
    for suffix in (".npz", ".json"):
        path = base.with_name(base.name + suffix)
        if fault is None and path.exists() and not force:
            fault = (
                f"{path} exists already; name another model, or give --force to replace"
            )
        fault = fault or write_fault(path)
    if fault is not None:
        raise typer.BadParameter(fault, param_hint="--out")


def _check_varies(table: Table) -> None:
    from fastntk.cli.fit.job import check_varies

    try:
        check_varies(table)
    except InputError as error:
        hint = "--target" if "--target" in str(error) else "DATA"
        raise typer.BadParameter(str(error), param_hint=hint) from None


def _read(data: Path, target: list[str]) -> Table:
    from fastntk.cli.data.file import read_table

    try:
        return read_table(data, target)
    except InputError as error:
        hint = "--target" if "--target" in str(error) else "DATA"
        raise typer.BadParameter(str(error), param_hint=hint) from None
    except NotSupportedError as error:
        typer.echo(f"fastntk: {error}", err=True)
        raise typer.Exit(EXIT_MISSING) from None
    except OSError as error:
        message = f"can't read {data}: {error.strerror or error}"
        raise typer.BadParameter(message, param_hint="DATA") from None
