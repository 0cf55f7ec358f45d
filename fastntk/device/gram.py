"""Kernel matrices whose inputs live on the GPU, and stay there.

Only one number per row, its mean square, comes to the host, where the recursion on the
variances runs; row tables go back.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import InputMatrix
from fastntk._validation import as_input, is_same_input, resolve_dtype
from fastntk.backends import get_backend
from fastntk.backends.cuda.arrays import (
    as_device_matrix,
    flat_output,
    given_back,
    host_copy,
    is_on_device,
    new_output,
    on_device_of,
)
from fastntk.backends.cuda.backend import MAX_SIDE, MIN_SIDE, check_program
from fastntk.backends.cuda.launch import Launcher, Target
from fastntk.backends.cuda.memory import (
    is_out_of_memory,
    refuse_memory,
    settle,
    to_device,
)
from fastntk.backends.cuda.overlap import refuse_shared
from fastntk.backends.cuda.rows import CudaRows
from fastntk.kernels.cuda.target import cuda
from fastntk.program import Program, lower
from fastntk.spec import Dense, Spec

__all__ = ["DeviceGram", "gram_on_device", "new_outputs"]

STREAMS = 2  # a product begins while the layers of the block before are computed
FUSED_SIDE = 16384  # of blocks that need no memory of their own


class DeviceGram:
    """One kernel matrix of arrays on the device, prepared.

    Parameters
    ----------
    spec : Spec
        The network.
    x1, x2 : array of shape (n, d)
        On the device, or on the host; ``x2`` may be None.
    names : tuple of str
        Kernels.
    dtype : dtype-like, optional
        Of the result.
    backend : str
        What was asked for.
    collapse : bool, default=True
        Whether a cheaper program with the same result may take the place.
    """

    def __init__(
        self,
        spec: Spec,
        x1: Any,
        x2: Any,
        names: tuple[str, ...],
        *,
        dtype: Any = None,
        backend: str = "auto",
        collapse: bool = True,
    ) -> None:
        if backend == "cpu":
            what = "inputs" if is_on_device(x1, x2) else "an output"
            raise InputError(
                f"backend='cpu': found {what} on a GPU; expected arrays in host "
                "memory. Copy them (x.get(), x.cpu()), or use backend='cuda'"
            )
        self.backend: Any = get_backend("cuda" if backend == "auto" else backend)
        self.names = names
        self.example = x1 if is_on_device(x1) else x2
        settle()
        first, second = _matrix(x1, "x1"), None if x2 is None else _matrix(x2, "x2")
        self.dtype = _dtype(dtype, first, second)
        program = lower(spec, names, int(first.shape[1]))
        if second is not None and second.shape[1] != first.shape[1]:
            raise InputError(
                f"x1 and x2: found {first.shape[1]} and {second.shape[1]} features; "
                "expected the same number of columns"
            )
        if program.has_dropout and second is not None:
            if x2 is x1 or _is_same(first, second):
                second = None  # a row with itself shares the dropped features
        self.is_symmetric = second is None
        sides = [first] if second is None else [first, second]
        program = self._specialised(program, sides)
        check_program(program)
        rows = [CudaRows(program, x, self.dtype) for x in sides]
        self.rows1, self.rows2 = rows[0], rows[-1]
        self.shape = (self.rows1.n, self.rows2.n)
        self.program = program
        if collapse:
            self.program = self.backend.optimise(program, self.rows1, self.rows2)

    def _specialised(self, program: Program, sides: list[Any]) -> Program:
        """Choose the terms of series that depend on the rows."""
        if not program.has_numerical_ops:
            return program
        from fastntk.backends.cpu.numerical import specialise

        plain = lower(Dense(1), ("nngp",), program.n_features)
        variances = tuple(CudaRows(plain, x, self.dtype).variance for x in sides)
        return specialise(program, variances, self.dtype)

    def launchers(
        self, side: int, are_mirrored: list[bool]
    ) -> tuple[int, list[Launcher]]:
        """Return launchers, and the side of blocks that there is room for."""
        while True:
            shape = (min(side, self.shape[0]), min(side, self.shape[1]))
            sides = (self.program, self.rows1, self.rows2, shape)
            try:
                return side, [Launcher(*sides, is_mirrored=m) for m in are_mirrored]
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            if side <= MIN_SIDE:
                refuse_memory(side**2 * self.dtype.itemsize, f"a block of {side} rows")
            side //= 2

    def diagonals(self) -> list[Any]:
        """Return the exact diagonals on the device."""
        return [
            to_device(self.rows1.diagonal(name).astype(self.dtype))
            for name in self.names
        ]

    def fill(self, outs: list[Any], progress: Any = None) -> None:
        """Compute everything into outputs on the device."""
        flats = self._flat(outs)
        settle()
        streams = [cuda().stream() for _ in range(STREAMS)]
        side, launchers = self.launchers(MAX_SIDE, [self.is_symmetric] * STREAMS)
        if launchers[0].block is None:
            side = FUSED_SIDE
        try:
            self._walk(
                flats, side, list(zip(launchers, streams, strict=True)), progress
            )
        finally:  # also on Ctrl-C: the outputs may be given back to their library
            for stream in streams:
                stream.synchronize()

    def _walk(
        self,
        flats: list[tuple[Any, int]],
        side: int,
        lanes: list[tuple[Launcher, Any]],
        progress: Any,
    ) -> None:
        """Launch all blocks, on the streams in turn."""
        diagonals = self.diagonals() if self.is_symmetric else None
        outs, stride = [flat for flat, _ in flats], flats[0][1]
        for k, (rows, cols) in enumerate(self.blocks(side)):
            target = Target(outs, stride, diagonals, rows.start, cols.start)
            launcher, stream = lanes[k % len(lanes)]
            launcher.run(rows, cols, target, stream, is_lower=self.is_symmetric)
            if progress is not None:
                stream.synchronize()
                count = (rows.stop - rows.start) * (cols.stop - cols.start)
                is_mirrored = self.is_symmetric and rows != cols
                progress.add(count * (2 if is_mirrored else 1))
                progress.tick()

    def _flat(self, outs: list[Any]) -> list[tuple[Any, int]]:
        """Return outputs as flat views, and their row stride: one for all of them."""
        flats = [flat_output(out, self.shape, self.dtype) for out in outs]
        strides = sorted({stride for _, stride in flats})
        if len(strides) > 1:
            raise InputError(
                f"out: found device arrays with {strides} items from row to row; "
                "expected the same for all. Pass arrays of one layout, or none"
            )
        return flats

    def blocks(self, side: int) -> Iterator[tuple[slice, slice]]:
        """Yield the blocks of the matrix, or of its lower triangle."""
        for i in range(0, self.shape[0], side):
            rows = slice(i, min(i + side, self.shape[0]))
            stop = i + 1 if self.is_symmetric else self.shape[1]
            for j in range(0, stop, side):
                yield rows, slice(j, min(j + side, self.shape[1]))


def gram_on_device(
    spec: Spec,
    x1: Any,
    x2: Any,
    names: tuple[str, ...],
    *,
    dtype: Any = None,
    backend: str = "auto",
    out: Any = None,
    collapse: bool = True,
    progress: Any = None,
) -> list[Any]:
    """Compute kernel matrices of arrays on the device, one per name.

    The result is an array of the library that made the inputs (CuPy, PyTorch), JAX's
    where CuPy is there too, else Numba's device array; or ``out``.

    Raises
    ------
    InputError
        For arrays of another rank, kind or device, or an ``out`` that does not fit.
    MemoryBudgetError
        If the device has no room; the message says for what.
    """
    outs = list(out) if isinstance(out, tuple | list) else [out]
    with on_device_of(x1, x2, *outs):
        job = DeviceGram(
            spec, x1, x2, names, dtype=dtype, backend=backend, collapse=collapse
        )
        if out is None:
            hint = "pass NumPy arrays to stream it to the host, or use fastntk.operator"
            outs = new_outputs(job, job.shape, f"result ({hint})")
        if len(outs) != len(names):
            raise InputError(
                f"out: found {len(outs)} arrays; expected one per kernel, {len(names)}"
            )
        if out is not None:
            refuse_shared(outs, [x for x in (x1, x2) if is_on_device(x)])
        job.fill(outs, progress)
        return outs if out is not None else [given_back(o, job.example) for o in outs]


def new_outputs(job: DeviceGram, shape: tuple[int, int], what: str) -> list[Any]:
    """Return new arrays, one per kernel, or say how much memory they take."""
    try:
        return [new_output(shape, job.dtype, job.example) for _ in job.names]
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    needed = shape[0] * shape[1] * job.dtype.itemsize * len(job.names)
    refuse_memory(needed, f"a {shape[0]} x {shape[1]} {what}")


def _matrix(x: Any, name: str) -> InputMatrix | Any:
    """Return one side, checked."""
    return as_device_matrix(x, name) if is_on_device(x) else as_input(x, name)


def _is_same(first: Any, second: Any) -> bool:
    """Return whether both sides are equal, as `fastntk.gram` of the host says it."""
    if first.shape != second.shape:
        return False
    return is_same_input(
        *(host_copy(x) if is_on_device(x) else x for x in (first, second))
    )


def _dtype(dtype: Any, first: Any, second: Any) -> np.dtype[Any]:
    """Return the dtype of the result, from those of both sides."""
    kinds = [np.empty((1, 1), x.dtype) for x in (first, second) if x is not None]
    return resolve_dtype(dtype, kinds[0], kinds[-1])
