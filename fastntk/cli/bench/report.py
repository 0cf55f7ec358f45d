"""Run a benchmark, show what it does, print its tables, write its files."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from fastntk.cli.bench import words
from fastntk.cli.matrix_file import stopped_by_sigterm
from fastntk.cli.outputs import write_all

if TYPE_CHECKING:
    from fastntk.benchmark import Settings

__all__ = ["Files", "print_report", "run_and_report"]

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Files:
    """Where to write, if anywhere."""

    json: Path | None = None
    plot: Path | None = None
    html: Path | None = None


def run_and_report(settings: Settings, files: Files, *, force: bool) -> None:
    """Measure, print, write.

    Parameters
    ----------
    settings : Settings
        What to measure.
    files : Files
        Which files to write.
    force : bool
        Whether files that are there may be replaced.

    Raises
    ------
    FastntkError
        If a library fails, or a file appeared meanwhile.
    OSError
        If a file can't be written.
    """
    from fastntk.benchmark import run_benchmark

    screen = Console(stderr=True, highlight=False)
    with stopped_by_sigterm(), screen.status("starting") as status:

        def tell(stage: str) -> None:
            status.update(stage)
            if not screen.is_terminal:
                screen.print(stage, markup=False)

        report = run_benchmark(settings, tell)
    print_report(report)
    console = Console(highlight=False, soft_wrap=True)
    for path in _written(report, files, force):
        console.print(f"written {path}", markup=False)


def print_report(report: Report) -> None:
    """Print a report as tables on standard output."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(words.title(report), markup=False)
    console.print(words.machine(report), markup=False)
    for table in words.tables(report):
        console.print(f"\n{table.title}", markup=False)
        for line in _lines([table.head, *table.rows]):
            console.print(f"  {line}", markup=False)
        for note in table.notes:
            console.print(f"  {note}", markup=False)
    console.print(f"\n{words.overhead(report)}", markup=False)
    for warning in report["warnings"]:
        console.print(f"warning: {warning}", markup=False)


def _lines(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows with columns under each other: the first to the left, others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()


def _written(report: Report, files: Files, force: bool) -> Iterator[Path]:
    """Write the files, each of them whole."""
    contents: dict[Path, bytes] = {}
    if files.json is not None:
        text = json.dumps(report, indent=1, allow_nan=False)
        contents[files.json] = text.encode() + b"\n"
    if files.plot is not None:
        from fastntk.plotting.benchmark_page import benchmark_figure

        picture = io.BytesIO()
        kind = files.plot.suffix[1:].lower()
        benchmark_figure(report).savefig(picture, format=kind, dpi=150)
        contents[files.plot] = picture.getvalue()
    if files.html is not None:
        from fastntk.cli.bench.page import page

        contents[files.html] = page(report).encode()
    for path, data in contents.items():
        yield from write_all(path.parent, {path.name: data}, force)
