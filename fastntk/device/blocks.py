"""Diagonals and blocks of kernel matrices whose inputs live on the GPU."""

from collections.abc import Iterator
from typing import Any

from fastntk.backends.cuda.arrays import flat_output, given_back, on_device_of
from fastntk.backends.cuda.backend import MAX_SIDE
from fastntk.backends.cuda.launch import Launcher, Target
from fastntk.backends.cuda.memory import settle
from fastntk.device.gram import DeviceGram, new_outputs
from fastntk.kernels.cuda.target import cuda
from fastntk.spec import Spec

__all__ = ["diagonal_on_device", "tiles_on_device"]


def diagonal_on_device(
    spec: Spec,
    x: Any,
    names: tuple[str, ...],
    *,
    dtype: Any = None,
    backend: str = "auto",
) -> list[Any]:
    """Return the diagonals of kernels, float32 or float64 arrays on the device."""
    with on_device_of(x):
        options = {"dtype": dtype, "backend": backend, "collapse": False}
        job = DeviceGram(spec, x, None, names, **options)
        outs = new_outputs(job, (1, job.shape[0]), "diagonal")
        settle()
        for out, values in zip(outs, job.diagonals(), strict=True):
            flat, _ = flat_output(out, (1, job.shape[0]), job.dtype)
            flat.copy_to_device(values)
        settle()
        return [given_back(out.reshape(job.shape[0]), x) for out in outs]


def tiles_on_device(
    spec: Spec,
    x1: Any,
    x2: Any,
    names: tuple[str, ...],
    *,
    dtype: Any = None,
    backend: str = "auto",
    collapse: bool = True,
    side: int = MAX_SIDE,
) -> Iterator[tuple[slice, slice, list[Any]]]:
    """Return the kernel matrices block by block, each in new arrays on the device.

    What is wrong is said at the call; blocks are computed as they are asked for.
    """
    with on_device_of(x1, x2):
        options = {"dtype": dtype, "backend": backend, "collapse": collapse}
        job = DeviceGram(spec, x1, x2, names, **options)
        diagonals = job.diagonals() if job.is_symmetric else None
        kinds = [False, True] if job.is_symmetric else [False]
        side, launchers = job.launchers(side, kinds)
    return _blocks(job, side, launchers, diagonals)


def _blocks(
    job: DeviceGram, side: int, launchers: list[Launcher], diagonals: list[Any] | None
) -> Iterator[tuple[slice, slice, list[Any]]]:
    """Yield blocks, and mirror images of those below the diagonal."""
    for rows, cols in job.blocks(side):
        turns = [(rows, cols)]
        is_diagonal = job.is_symmetric and rows == cols
        if job.is_symmetric and not is_diagonal:
            turns.append((cols, rows))
        for part1, part2 in turns:
            with on_device_of(job.example):
                shape = (part1.stop - part1.start, part2.stop - part2.start)
                outs = new_outputs(job, shape, "block")
                settle()
                flats = [flat_output(o, shape, job.dtype)[0] for o in outs]
                stream = cuda().stream()
                target = Target(flats, shape[1], diagonals)
                launcher = launchers[is_diagonal]
                try:
                    launcher.run(part1, part2, target, stream, is_lower=is_diagonal)
                finally:  # also on Ctrl-C: the outputs go back to their library
                    stream.synchronize()
            yield part1, part2, [given_back(o, job.example) for o in outs]
