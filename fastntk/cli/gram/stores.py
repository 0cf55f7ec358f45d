"""The work of ``fastntk gram`` into stores that survive being killed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer

from fastntk._errors import InputError
from fastntk.cli.gram.job import progress_bar, size_in_words
from fastntk.cli.matrix_file import stopped_by_sigterm
from fastntk.store import StoreReport, gram_to_store

if TYPE_CHECKING:
    from fastntk.cli.gram.job import GramJob

__all__ = ["parse_compression", "parse_shard", "run_store"]


def parse_shard(text: str | None) -> tuple[int, int] | None:
    """Return ``--shard i/k`` as a pair.

    Raises
    ------
    InputError
        If it is no such text.

    Examples
    --------
    >>> parse_shard("2/4")
    (2, 4)
    """
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
    i, k = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= i <= k:
        raise InputError(
            f"--shard is {text!r}; expected i/k with i from 1 to k, such as 1/4, the "
            "first of four parts"
        )
    return i, k


def parse_compression(text: str | None) -> str | int | None:
    """Return ``--compress`` as `fastntk.gram_to_store` takes it.

    Examples
    --------
    >>> parse_compression("9"), parse_compression("zstd")
    (9, 'zstd')
    """
    return int(text) if text is not None and text.isdigit() else text


def run_store(
    job: GramJob,
    *,
    shard: tuple[int, int] | None = None,
    layout: str = "full",
    compression: str | int | None = None,
    force: bool = False,
    progress: bool | None = None,
    quiet: bool = False,
) -> None:
    """Write one store for each kernel of a job, or go on with those that are there.

    Parameters
    ----------
    job : GramJob
        What to compute; its paths end in ``.zarr`` or ``.npy``.
    shard : (int, int), optional
        Which part of how many.
    layout, compression
        As for `fastntk.gram_to_store`.
    force : bool, default=False
        Begin anew where a store is there.
    progress : bool, optional
        Whether to show a bar; None for where standard error is a terminal.
    quiet : bool, default=False
        Print no summary.

    Raises
    ------
    FastntkError
        As `fastntk.gram_to_store` does; finished tiles are kept.
    """
    for name, path in zip(job.get, job.paths, strict=True):
        with stopped_by_sigterm(), progress_bar(progress) as show:
            report = gram_to_store(
                job.network,
                job.x1,
                job.x2,
                path,
                name,
                layout=layout,
                compression=compression,
                shard=shard,
                dtype=job.kind,
                threads=job.threads,
                max_memory=job.max_memory,
                overwrite=force,
                progress=show,
            )
        if not quiet:
            typer.echo("\n".join(summary(report, name, shard)))


def summary(
    report: StoreReport, kernel: str, shard: tuple[int, int] | None
) -> list[str]:
    """Return what was done, in lines."""
    n1, n2 = report.shape
    lines = [
        f"{report.path}: {kernel}, {n1:,} x {n2:,}, {report.dtype}, {report.layout}"
    ]
    words = [f"{report.computed:,} of {report.tiles:,} tiles computed"]
    if report.found:
        words.append(f"{report.found:,} were there")
    if report.damaged:
        words.append(f"{report.damaged:,} were damaged")
    rate = report.n_bytes / max(report.seconds, 1e-9)
    words.append(
        f"{size_in_words(report.n_bytes)} in {report.seconds:.1f} s "
        f"({size_in_words(int(rate))}/s)"
    )
    lines.append("; ".join(words))
    if report.is_complete:
        lines.append("complete")
    else:
        part = "the same command" if shard is None else "the other shards"
        lines.append(f"not complete yet: run {part}, and verify with fastntk verify")
    return lines
