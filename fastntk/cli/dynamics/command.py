"""The command ``fastntk dynamics``: its options, and what is wrong with them."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastntk._errors import InputError
from fastntk.cli.checks import failures_in_words, require
from fastntk.cli.network import (
    ActivationOption,
    BStdOption,
    DepthOption,
    NetOption,
    WStdOption,
    check_between,
    network_of,
)

if TYPE_CHECKING:
    from fastntk.cli.data.file import Table

__all__ = ["EXAMPLES", "HELP", "dynamics"]

EXAMPLES = """Examples:

fastntk dynamics houses.csv --target price --out pictures

fastntk dynamics data.npz --depth 2 --activation erf --w-std 1.5 --times 0.1:1e6:80

fastntk dynamics data.csv --net net.json --diag-reg 1e-2 --force
"""
HELP = (
    "Show how an infinitely wide network learns a table of data.\n\n"
    "Writes pictures of training (losses, and outputs with the spread of an ensemble, "
    "in time), of the NTK and its spectrum, and of the learning curve: measured, and "
    "expected from the training rows alone. For a single feature, the predictions too. "
    "dynamics.json has the numbers.\n\n"
    "Columns are scaled by mean and standard deviation of the training rows; rows are "
    "counted from 0."
)


class Format(StrEnum):
    """File formats of pictures."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


def dynamics(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Rows of numbers: .csv, .npy, or .npz with x and y (or one matrix).",
        ),
    ],
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            help="Name or number of the target column, from 0; -1 is the last, and "
            "the default. Give it again for more targets.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the files; made if need be.")
    ] = Path("dynamics"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are there.")
    ] = False,
    depth: DepthOption = None,
    activation: ActivationOption = None,
    w_std: WStdOption = None,
    b_std: BStdOption = None,
    net: NetOption = None,
    test_fraction: Annotated[
        float, typer.Option("--test-fraction", help="Share of rows held out.")
    ] = 0.2,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate",
            help="Step size, the unit of times; by default half of the largest stable.",
        ),
    ] = None,
    times: Annotated[
        str | None,
        typer.Option(
            "--times",
            help="FIRST:LAST:COUNT on a log scale, or a list such as 0,1,10,100; by "
            "default from the kernel's eigenvalues.",
        ),
    ] = None,
    diag_reg: Annotated[
        float,
        typer.Option("--diag-reg", help="Ridge, in units of the mean diagonal."),
    ] = 1e-4,
    max_rows: Annotated[
        int,
        typer.Option("--max-rows", min=11, help="Use at most so many rows, by chance."),
    ] = 2000,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the split into rows.")
    ] = 0,
    picture: Annotated[
        Format, typer.Option("--format", help="Of the pictures.")
    ] = Format.png,
) -> None:
    """Compute, draw and write; `HELP` is what users read."""
    require(["matplotlib"], "cli,plot")
    from fastntk.cli import outputs
    from fastntk.cli.dynamics import report as dynamics_report
    from fastntk.cli.dynamics.problem import Settings

    network = network_of(net, depth, activation, w_std, b_std)
    settings = Settings(
        network=network,
        test_fraction=check_between(test_fraction, "--test-fraction", 0.0, 1.0),
        learning_rate=None
        if learning_rate is None
        else check_between(learning_rate, "--learning-rate", 0.0, math.inf),
        times=None if times is None else _times(times),
        diag_reg=_diag_reg(diag_reg),
        max_rows=max_rows,
        seed=seed,
    )
    table = _read(data, target or [])
    suffix = f".{picture.value}"
    names = dynamics_report.file_names(table, suffix)
    fault = outputs.folder_fault(out, names, force)
    if fault is not None:
        raise typer.BadParameter(fault, param_hint="--out")
    with failures_in_words():
        dynamics_report.run_and_report(
            table, settings, source=data, out=out, suffix=suffix, force=force
        )


# --- from words to values -------------------------------------------------------------


def _read(data: Path, target: list[str]) -> Table:
    from fastntk.cli.data.file import read_table

    try:
        return read_table(data, target)
    except InputError as error:
        hint = "--target" if "--target" in str(error) else "DATA"
        raise typer.BadParameter(str(error), param_hint=hint) from None
    except OSError as error:
        message = f"can't read {data}: {error.strerror or error}"
        raise typer.BadParameter(message, param_hint="DATA") from None


def _diag_reg(value: float) -> float:
    if 0.0 <= value < math.inf:
        return value
    message = f"{value:g} is out of range; expected a number from 0"
    raise typer.BadParameter(message, param_hint="--diag-reg")


def _times(words: str) -> Any:
    """Return increasing times from FIRST:LAST:COUNT or a list of numbers."""
    import numpy as np

    try:
        if ":" in words:
            first, last, count = words.split(":")
            if not (0.0 < float(first) < float(last) < math.inf):
                raise ValueError
            if not 2 <= int(count) <= 10_000:
                raise ValueError
            return np.geomspace(float(first), float(last), int(count))
        times = np.array([float(word) for word in words.split(",")])
        increasing = bool(np.all(np.diff(times) > 0.0))
        if len(times) < 2 or times[0] < 0.0 or times[-1] == math.inf or not increasing:
            raise ValueError
    except ValueError:
        raise typer.BadParameter(
            f"{words!r} is neither FIRST:LAST:COUNT, such as 0.1:1e5:60, nor a list of "
            "increasing times, such as 0,1,10,100",
            param_hint="--times",
        ) from None
    return times
