"""The work of ``fastntk gram``: compute into files, with progress and a summary."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from fastntk._errors import FastntkError
from fastntk._validation import check_threads, resolve_dtype
from fastntk.calls import gram
from fastntk.cli.matrix_file import left_behind, new_matrices, stopped_by_sigterm

if TYPE_CHECKING:
    from fastntk.stax import Network

__all__ = ["GramJob", "paths_of", "progress_bar", "run_gram", "size_in_words"]

MANY = 1_000_000  # entries from which on the time of one says something


@dataclass(frozen=True)
class GramJob:
    """One matrix per kernel in ``get``, and the file of each."""

    network: Network
    x1: Any
    x2: Any
    get: tuple[str, ...]
    dtype: str | None
    threads: int | None
    max_memory: int | None
    paths: tuple[Path, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows of both sides."""
        other = self.x1 if self.x2 is None else self.x2
        return self.x1.shape[0], other.shape[0]

    @property
    def kind(self) -> np.dtype[Any]:
        """The dtype of the result."""
        return resolve_dtype(self.dtype, self.x1, self.x2)


def paths_of(out: Path, kernels: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the file of every kernel: ``out``, or one by kernel's name for several.

    Examples
    --------
    >>> from pathlib import Path
    >>> [path.name for path in paths_of(Path("K.npy"), ("nngp", "ntk"))]
    ['K_nngp.npy', 'K_ntk.npy']
    """
    if len(kernels) == 1:
        return (out,)
    return tuple(out.with_name(f"{out.stem}_{name}{out.suffix}") for name in kernels)


def run_gram(job: GramJob, *, force: bool, progress: bool | None, quiet: bool) -> None:
    """Compute the matrices and write them.

    Parameters
    ----------
    job : GramJob
        What to compute.
    force : bool
        Whether files that are there may be replaced.
    progress : bool or None
        Whether to show a bar; None for where standard error is a terminal.
    quiet : bool
        Print no summary.

    Raises
    ------
    FastntkError
        If the library refuses the data or the network, or the disk is full.
    OSError
        If a file can't be written.
    """
    if not quiet:
        _name_leftovers(job.paths[0].parent)
    start = time.perf_counter()
    with (
        stopped_by_sigterm(),
        new_matrices(job.paths, job.shape, job.kind, force) as outs,
        progress_bar(progress) as show,
    ):
        compiled = _compile(job)
        computing = time.perf_counter()
        gram(
            job.network,
            job.x1,
            job.x2,
            job.get,
            dtype=job.kind,
            threads=job.threads,
            max_memory=job.max_memory,
            out=tuple(np.asarray(out) for out in outs),  # flushed below, and timed
            progress=show,
        )
        computed = time.perf_counter() - computing
    if not quiet:
        _print_summary(job, compiled, computed, time.perf_counter() - start)


def _name_leftovers(folder: Path) -> None:
    """Say which unfinished matrices of killed processes take room there."""
    with suppress(OSError):  # a folder that can't be listed, a file that went away
        for path in left_behind(folder):
            size = size_in_words(path.stat().st_size)
            typer.echo(
                f"fastntk: {path} ({size}) was left by a process that was killed; "
                "remove it if no other machine writes there",
                err=True,
            )


def _compile(job: GramJob) -> float:
    """Load and compile what the job needs, by two rows; return the seconds it took."""
    began = time.perf_counter()
    other = None if job.x2 is None else job.x2[:2]
    with warnings.catch_warnings(), suppress(FastntkError):
        warnings.simplefilter("ignore")  # faults are told when all rows are computed
        gram(job.network, job.x1[:2], other, job.get, dtype=job.kind, threads=1)
    return time.perf_counter() - began


@contextmanager
def progress_bar(wanted: bool | None) -> Iterator[Callable[[int, int], None] | bool]:
    """Give a callback that draws a bar on standard error, or False."""
    if wanted is None:
        wanted = sys.stderr.isatty()
    if not wanted:
        yield False
        return
    from tqdm import tqdm

    bar = tqdm(desc="gram", unit=" entries", unit_scale=True, file=sys.stderr)

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        bar.close()


def _print_summary(
    job: GramJob, compiled: float, computed: float, total: float
) -> None:
    n1, n2 = job.shape
    n_bytes = n1 * n2 * job.kind.itemsize
    for name, path in zip(job.get, job.paths, strict=True):
        typer.echo(
            f"{path}: {name}, {n1:,} x {n2:,}, {job.kind}, {size_in_words(n_bytes)}"
        )
    rate = ""
    if n1 * n2 >= MANY:  # of fewer, what surrounds the work would be most of it
        rate = f"{1e9 * computed / (n1 * n2):.1f} ns per entry, "
    threads = check_threads(job.threads)
    typer.echo(
        f"{total:.2f} s: compiled in {compiled:.2f} s, computed in {computed:.2f} s "
        f"({rate}{threads} thread{'s' * (threads > 1)}), on the disk after "
        f"{max(total - compiled - computed, 0.0):.2f} s more"
    )


def size_in_words(n_bytes: int) -> str:
    """Return an amount of memory to three digits, in powers of 1024.

    Examples
    --------
    >>> size_in_words(800_000_000)
    '763 MiB'
    """
    value, unit = float(n_bytes), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1000.0:
            break
        value, unit = value / 1024.0, larger
    return f"{value:.3g} {unit}"
