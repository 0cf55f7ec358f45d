"""Run the demonstration with a progress bar, print its figures, draw its picture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from fastntk._version import __version__
from fastntk.cli.demo import job as demo
from fastntk.cli.info import available_cores, peak_memory_bytes

__all__ = ["run_and_report"]


def run_and_report(*, seeds: int, dtype: str, picture: Path | None) -> None:
    """Run the demonstration.

    Parameters
    ----------
    seeds : int
        Number of 80/20 splits, with seeds 0, 1, ....
    dtype : {"float32", "float64"}
        Precision of the Gram matrices; the regression is solved in float64.
    picture : Path or None
        Where to draw, if anywhere.
    """
    start = time.perf_counter()
    console = Console(highlight=False, soft_wrap=True)
    digits = demo.load_digits(dtype)
    _print_head(console, digits)
    console.print(
        f"first calls {demo.warm_up(digits):.2f} s, compilation or its cache included"
    )

    splits, seen = _compute(digits, seeds, picture is not None)
    _print_splits(console, splits)
    _print_summary(console, splits)
    if picture is not None and seen is not None:
        _draw(picture, splits, seen)
        console.print(f"picture     {picture}")
    console.print(f"total       {time.perf_counter() - start:.1f} s")


def _compute(
    digits: demo.Digits, seeds: int, with_overview: bool
) -> tuple[list[demo.Split], demo.Overview | None]:
    """Evaluate every split, and the overview if it is wanted, showing progress."""
    columns = (*Progress.get_default_columns()[:-1], TimeElapsedColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    with progress:
        task = progress.add_task("splits", total=2 * seeds + with_overview)
        splits = [
            demo.evaluate_split(digits, seed, lambda: progress.advance(task))
            for seed in range(seeds)
        ]
        seen = demo.overview(digits) if with_overview else None
    return splits, seen


def _print_head(console: Console, digits: demo.Digits) -> None:
    n, n_pixels = digits.images.shape
    console.print(
        f"fastntk {__version__}: {n} handwritten digits of "
        f"{n_pixels} pixels, NTK ridge regression, {digits.images.dtype}"
    )
    console.print(f"network     {demo.network()}", markup=False)


def _print_splits(console: Console, splits: Sequence[demo.Split]) -> None:
    console.print("seed  train  test     ridge  accuracy  Gram ms  solve ms")
    for split in splits:
        console.print(
            f"{split.seed:4d}  {split.n_train:5d}  {split.n_test:4d}"
            f"  {split.ridge:8.1e}  {split.accuracy:7.2%}"
            f"  {1e3 * split.gram_seconds:7.1f}  {1e3 * split.solve_seconds:8.1f}"
        )


def _print_summary(console: Console, splits: Sequence[demo.Split]) -> None:
    accuracies = [split.accuracy for split in splits]
    gram_seconds = sum(split.gram_seconds for split in splits)
    n_entries = sum(split.n_entries for split in splits)
    solve_seconds = sum(split.solve_seconds for split in splits)
    console.print(
        f"accuracy    mean {np.mean(accuracies):.2%}, minimum {min(accuracies):.2%}"
        f" over {len(splits)} splits"
    )
    console.print(
        f"Gram        {gram_seconds:.3f} s, {1e9 * gram_seconds / n_entries:.1f} ns per"
        f" entry on {available_cores()} cores (both matrices of every split)"
    )
    console.print(f"Cholesky    {solve_seconds:.3f} s, choice of the ridge included")
    peak = peak_memory_bytes()
    if peak is not None:
        console.print(f"memory      peak {peak / 2**20:.0f} MiB, whole process")


def _draw(picture: Path, splits: Sequence[demo.Split], seen: demo.Overview) -> None:
    """Write the three panels."""
    from fastntk.plotting import summary_figure

    curves = np.array([[score for _, score in split.curve] for split in splits])
    figure = summary_figure(
        kernel=seen.kernel,
        labels=seen.labels,
        eigenvalues=seen.eigenvalues,
        sizes=[size for size, _ in splits[0].curve],
        accuracies=curves,
    )
    figure.savefig(picture, dpi=150)
