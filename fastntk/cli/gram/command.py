"""The command ``fastntk gram``: its options, and what is wrong with them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fastntk.cli.checks import failures_in_words
from fastntk.cli.gram.checks import (
    Layout,
    budget_of,
    check_axes,
    check_out,
    kernels_of,
    read_other,
    read_side,
    store_options,
)
from fastntk.cli.network import (
    ActivationOption,
    BStdOption,
    DepthOption,
    NetOption,
    WStdOption,
    network_of,
)

__all__ = ["EXAMPLES", "HELP", "Precision", "gram_command"]

HELP = (
    "Write the Gram matrix of a file of rows.\n\n"
    "The result goes straight to its file, so it may be larger than memory; the file "
    "gets its name when it is complete and on the disk.\n\n"
    "With --resume, and always for .zarr, finished tiles are kept. Killed? Run the "
    "same command again: it goes on."
)
EXAMPLES = """Examples:

fastntk gram X.npy --out K.npy

fastntk gram train.csv --exclude price --out K.npy --depth 5 --activation erf

fastntk gram test.csv --x2 train.csv --out K_test.npy --dtype float32

fastntk gram X.parquet --out K.npy --net net.json --get nngp,ntk --max-memory 2GiB

fastntk gram X.npy --out K.zarr --layout lower --shard 1/4
"""
INPUT, KERNEL, STORE = "Input", "Kernel", "Large matrices"


class Precision(StrEnum):
    """The dtypes of a Gram matrix."""

    float32 = "float32"
    float64 = "float64"


def gram_command(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Rows of features: .csv, .npy, .npz (of NumPy or scipy.sparse), "
            ".parquet.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="The matrix: .npy or .zarr. Several kernels: K_nngp.npy and "
            "K_ntk.npy.",
        ),
    ],
    x2: Annotated[
        Path | None,
        typer.Option(
            "--x2",
            help="Rows of the other side; by default DATA, half of the work. Columns "
            "are matched by name where both files have names.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            help="Names or numbers (from 0) of the columns to take, with commas "
            "between; all by default.",
            rich_help_panel=INPUT,
        ),
    ] = "",
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            help="A column to leave out, such as the target; may be given again.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    array: Annotated[
        str | None,
        typer.Option(
            "--array",
            help="Which array of an .npz; by default the only one, or x.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    x2_array: Annotated[
        str | None,
        typer.Option("--x2-array", help="The same for --x2.", rich_help_panel=INPUT),
    ] = None,
    net: NetOption = None,
    depth: DepthOption = None,
    activation: ActivationOption = None,
    w_std: WStdOption = None,
    b_std: BStdOption = None,
    get: Annotated[
        str,
        typer.Option(
            "--get",
            help="The kernels: ntk, nngp, or nngp,ntk (one pass).",
            rich_help_panel=KERNEL,
        ),
    ] = "ntk",
    dtype: Annotated[
        Precision | None,
        typer.Option(
            "--dtype",
            help="Of the result; by default float32 if all inputs are, else float64.",
            rich_help_panel=KERNEL,
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="By default all cores there are."),
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option(
            "--max-memory",
            help="For inputs and workspaces, e.g. 512MiB or 2GB; the result is in "
            "its file.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Keep what was finished if the work is stopped, and go on with it.",
            rich_help_panel=STORE,
        ),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            help="I/K: the I-th of K parts, from 1; several machines fill one store.",
            rich_help_panel=STORE,
        ),
    ] = None,
    layout: Annotated[
        Layout | None,
        typer.Option(
            "--layout",
            help="lower keeps half of a symmetric matrix; fastntk.open_store reads it.",
            rich_help_panel=STORE,
        ),
    ] = None,
    compress: Annotated[
        str | None,
        typer.Option(
            "--compress",
            help="zstd, or its level from 1 to 22; for .zarr.",
            rich_help_panel=STORE,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there.")
    ] = False,
    progress: Annotated[
        bool | None,
        typer.Option(
            "--progress/--no-progress",
            help="A bar with rate and time left; by default on a terminal.",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing when all goes well.")
    ] = False,
) -> None:
    """Check, compute and write; `HELP` is what users read."""
    network = network_of(net, depth, activation, w_std, b_std)
    kernels = kernels_of(get)
    budget = budget_of(max_memory)
    from fastntk.cli.gram.job import GramJob, paths_of, run_gram

    paths = paths_of(out, kernels)
    store = store_options(
        paths, resume, shard, layout, compress, has_two_sides=x2 is not None
    )
    inputs = [path for path in (data, x2) if path]
    check_out(paths, force, inputs, is_store=store is not None)
    names = [name.strip() for name in columns.split(",") if name.strip()]
    first = read_side(data, "DATA", columns=names, exclude=exclude or [], array=array)
    check_axes(network, first.values, data.name)
    second = None
    if x2 is not None:
        second = read_other(x2, first, names, exclude or [], x2_array)
    job = GramJob(
        network=network,
        x1=first.values,
        x2=None if second is None else second.values,
        get=kernels,
        dtype=None if dtype is None else dtype.value,
        threads=threads,
        max_memory=budget,
        paths=paths,
    )
    shown: dict[str, Any] = {"force": force, "progress": progress, "quiet": quiet}
    with failures_in_words(has_budget=budget is not None):
        if store is None:
            run_gram(job, **shown)
        else:
            from fastntk.cli.gram.stores import run_store

            run_store(job, **store, **shown)
