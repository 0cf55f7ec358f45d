"""The command ``fastntk verify``: a store on the disk, checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fastntk.cli.checks import failures_in_words
from fastntk.cli.exits import EXIT_FAILED

if TYPE_CHECKING:
    from fastntk.store import VerifyReport

__all__ = ["EXAMPLES", "HELP", "verify"]

HELP = (
    "Check tiles of a store that `fastntk gram` wrote, drawn at random.\n\n"
    "Their bytes are compared with the checksums of the journal; with --x also with "
    "numbers computed anew. The exit code is 1 if a tile is damaged, wrong or missing."
)
EXAMPLES = """Examples:

fastntk verify K.zarr

fastntk verify K.npy --x X.npy --samples 100

fastntk verify K_test.zarr --x test.csv --x2 train.csv --exclude price --all
"""


def verify(
    store: Annotated[
        Path, typer.Argument(metavar="STORE", help="The store: .zarr or .npy.")
    ],
    x: Annotated[
        Path | None,
        typer.Option("--x", help="The rows it was made of; tiles are computed anew."),
    ] = None,
    x2: Annotated[
        Path | None, typer.Option("--x2", help="Those of the other side, if any.")
    ] = None,
    columns: Annotated[
        str,
        typer.Option("--columns", help="As for `fastntk gram`: the columns to take."),
    ] = "",
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", help="As for `fastntk gram`: a column to leave out."),
    ] = None,
    array: Annotated[
        str | None, typer.Option("--array", help="Which array of an .npz.")
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", min=1, help="How many tiles are checked.")
    ] = 16,
    every: Annotated[bool, typer.Option("--all", help="Check all tiles.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw.")] = 0,
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, help="By default all cores there are."),
    ] = None,
    incomplete: Annotated[
        bool,
        typer.Option("--incomplete", help="Missing tiles are no failure."),
    ] = False,
) -> None:
    """Check a store; `HELP` is what users read."""
    names = [name.strip() for name in columns.split(",") if name.strip()]
    with failures_in_words():
        from fastntk.cli.data.file import read_rows
        from fastntk.store import verify_store

        sides = [
            None
            if path is None
            else read_rows(
                path,
                columns=names,
                exclude=exclude or [],
                array=array if path.suffix == ".npz" else None,
            ).values
            for path in (x, x2)
        ]
        report = verify_store(
            store,
            *sides,
            samples=None if every else samples,
            seed=seed,
            threads=threads,
        )
    for line in _lines(report, was_computed=x is not None):
        typer.echo(line)
    if not report.is_good or (report.missing and not incomplete):
        typer.echo("the same `fastntk gram` again computes such tiles", err=True)
        raise typer.Exit(EXIT_FAILED)


def _lines(report: VerifyReport, *, was_computed: bool) -> Iterator[str]:
    """Yield what was found."""
    n1, n2 = report.shape
    kind = f"{report.kernel}, {n1:,} x {n2:,}, {report.dtype}, {report.layout}"
    yield f"{report.path}: {kind}"
    yield report.network
    there = report.tiles - report.missing
    yield f"{there:,} of {report.tiles:,} tiles are there"
    yield f"{report.checked:,} read: {_verdict(report.damaged, 'damaged')}"
    if was_computed:
        yield (
            f"{report.recomputed:,} computed anew: {_verdict(report.wrong, 'wrong')}; "
            f"largest difference {report.largest_error:.2g}"
        )


def _verdict(tiles: tuple[int, ...], word: str) -> str:
    if not tiles:
        return "all as they should be"
    shown = ", ".join(map(str, tiles[:10])) + (", ..." if len(tiles) > 10 else "")
    return f"{len(tiles)} {word} (tile {shown})"
