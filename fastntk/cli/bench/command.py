"""The command ``fastntk bench``: its options, and what is wrong with them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastntk._errors import FastntkError, InputError
from fastntk.cli.checks import PICTURES, failures_in_words, require, write_fault
from fastntk.cli.exits import EXIT_FAILED, EXIT_MISSING
from fastntk.cli.gram.command import Precision
from fastntk.cli.network import (
    ActivationOption,
    BStdOption,
    DepthOption,
    NetOption,
    WStdOption,
    network_of,
    plain_network,
)

if TYPE_CHECKING:
    from fastntk.benchmark import Settings

__all__ = ["EXAMPLES", "HELP", "bench_command"]

HELP = (
    "Measure how fast Gram matrices are on this machine, and how fast they could be."
    "\n\n"
    "First the machine's own limits: matrix product, writes to memory, polynomials. "
    "Then Gram matrix, rectangular Gram matrix and streamed product beside these "
    "limits; times against rows, depth and threads; first call and peak memory; and "
    "the same of other libraries, with the results compared."
)
EXAMPLES = """Examples:

fastntk bench

fastntk bench --n 10000 --d 784 --dtype float32 --html report.html

fastntk bench --depth 10 --against neural-tangents,scikit-ntk --install-rivals

fastntk bench --net net.json --quick --json bench.json --plot bench.png
"""
OUTPUT, RIVALS_PANEL = "Output", "Other libraries"


def bench_command(
    n: Annotated[int, typer.Option("--n", min=16, help="Rows.")] = 4000,
    d: Annotated[int, typer.Option("--d", min=1, help="Features.")] = 20,
    net: NetOption = None,
    depth: DepthOption = None,
    activation: ActivationOption = None,
    w_std: WStdOption = None,
    b_std: BStdOption = None,
    get: Annotated[str, typer.Option("--get", help="The kernel: ntk or nngp.")] = "ntk",
    dtype: Annotated[
        Precision, typer.Option("--dtype", help="Of rows and results.")
    ] = Precision.float64,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads", min=1, help="Of all libraries; all cores by default."
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option("--repeats", min=1, help="Of every timing; 7 by default."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="3 repeats, 3 depths, and no compilation from scratch."
        ),
    ] = False,
    against: Annotated[
        str,
        typer.Option(
            "--against",
            help="Libraries to compare with, commas between: neural-tangents, "
            "scikit-ntk, numpy.",
            rich_help_panel=RIVALS_PANEL,
        ),
    ] = "",
    install_rivals: Annotated[
        bool,
        typer.Option(
            "--install-rivals",
            help="Make an environment for each of them where there is none yet, with "
            "pip, in the cache folder.",
            rich_help_panel=RIVALS_PANEL,
        ),
    ] = False,
    rivals_env: Annotated[
        Path | None,
        typer.Option(
            "--rivals-env",
            help="A virtual environment that has them already.",
            rich_help_panel=RIVALS_PANEL,
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="All numbers: .json.", rich_help_panel=OUTPUT),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot", help="Four plots: .png, .pdf or .svg.", rich_help_panel=OUTPUT
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="One page with plots and tables, for any browser, offline too: .html.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace files that are there.", rich_help_panel=OUTPUT
        ),
    ] = False,
) -> None:
    """Check, measure, print and write; `HELP` is what users read."""
    network = network_of(net, depth, activation, w_std, b_std)
    if get not in ("ntk", "nngp"):
        message = f"found {get!r}; expected ntk or nngp"
        raise typer.BadParameter(message, param_hint="--get")
    libraries = _libraries(against)
    _check_file(json_file, "--json", (".json",), force)
    _check_file(plot, "--plot", PICTURES, force)
    _check_file(html, "--html", (".html", ".htm"), force)
    if plot is not None or html is not None:
        require(["matplotlib"], "cli,plot")
    environments = _environments(libraries, install_rivals, rivals_env)
    from fastntk.benchmark import Settings
    from fastntk.benchmark.machine import available_cores, fix_malloc
    from fastntk.cli.bench.report import Files, run_and_report

    settings = Settings(
        net=network,
        n=n,
        d=d,
        get=get,
        dtype=dtype.value,
        threads=threads or available_cores(),
        repeats=repeats or (3 if quick else 7),
        rival_repeats=min(repeats or 9, 3 if quick else 9),
        against=libraries,
        environments=environments,
        cold=not quick,
        patience=1.0 if quick else 5.0,
    )
    settings = _with_depths(settings, net is None, quick, (activation, w_std, b_std))
    fix_malloc()
    with failures_in_words():
        run_and_report(settings, Files(json_file, plot, html), force=force)


# --- from words to values -------------------------------------------------------------


def _with_depths(
    settings: Settings, is_plain: bool, quick: bool, layers: tuple[Any, ...]
) -> Settings:
    """Add networks of other depths, where the network was given by its depth."""
    from dataclasses import replace

    if not is_plain:
        return settings
    depths = (1, 4, 8) if quick else (1, 2, 4, 8, 16)
    return replace(
        settings, of_depth=lambda depth: plain_network(depth, *layers), depths=depths
    )


def _libraries(against: str) -> tuple[str, ...]:
    """Return the names between the commas, each once."""
    from fastntk.benchmark.settings import RIVALS

    names = [name.strip() for name in against.split(",") if name.strip()]
    unknown = [name for name in names if name not in RIVALS]
    if unknown:
        message = f"found {unknown[0]!r}; expected some of {', '.join(RIVALS)}"
        raise typer.BadParameter(message, param_hint="--against")
    return tuple(dict.fromkeys(names))


def _check_file(
    path: Path | None, option: str, suffixes: tuple[str, ...], force: bool
) -> None:
    """Refuse a file that couldn't be written, before anything is measured."""
    if path is None:
        return
    fault = None
    if path.suffix.lower() not in suffixes:
        fault = f"{path} must end in {', '.join(suffixes)}"
    elif path.is_dir():
        fault = f"{path} is a folder; name a file"
    elif not path.parent.is_dir():
        fault = f"the folder {path.parent} does not exist; make it"
    elif path.exists() and not force:
        fault = f"{path} exists already; name another file, or give --force to replace"
    fault = fault or write_fault(path)
    if fault is not None:
        raise typer.BadParameter(fault, param_hint=option)


def _environments(
    libraries: tuple[str, ...], install: bool, given: Path | None
) -> dict[str, Path]:
    """Return the Python program of every library; make environments on request."""
    from fastntk.benchmark.rivals import environments as rivals

    found: dict[str, Path] = {}
    for library in libraries:
        try:
            python = rivals.find_python(library, given)
        except InputError as error:
            raise typer.BadParameter(str(error), param_hint="--rivals-env") from None
        if python is None:
            folder = rivals.environment_folder(library)
            if not install:
                typer.echo(
                    f"fastntk: {library} is not there. Give --install-rivals to make "
                    f"an environment for it in {folder} (pip needs the network), or "
                    "--rivals-env DIRECTORY for one that has it",
                    err=True,
                )
                raise typer.Exit(EXIT_MISSING)
            sys.stderr.write(f"making an environment for {library} in {folder} ...\n")
            try:
                python = rivals.make_environment(library)
            except FastntkError as error:
                typer.echo(f"fastntk: {error}", err=True)
                raise typer.Exit(EXIT_FAILED) from None
        found[library] = python
    return found
