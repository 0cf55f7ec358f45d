"""The exact recursion at given angles, which a collapsed program is fitted to."""

import functools
from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.backends.cpu.compiled import CompiledProgram, run_tile
from fastntk.backends.cpu.one_norm import one_variance
from fastntk.backends.cpu.rows import row_pass
from fastntk.backends.cpu.staged import StagedProgram
from fastntk.program import Program
from fastntk.program.collapse import MIN_FLOPS, Collapsed, collapse
from fastntk.program.degree import Degree, degree_of

__all__ = ["ExactRecursion", "collapsed_program"]

MIN_HOST_ENTRIES = 1 << 12  # slow ops repay the fit earlier
NEGLIGIBLE_EPS = 1e-13  # of LayerNorm, relative to the variances there


def collapsed_program(
    program: Program, variances: tuple[FloatArray, ...], dtype: np.dtype[Any]
) -> Collapsed | None:
    """Return the series that replace a program for these rows, None if there are none.

    Parameters
    ----------
    program : Program
        The steps.
    variances : tuple of ndarray
        Mean squares of the rows of both sides, all positive.
    dtype : numpy dtype
        Compute dtype.

    Returns
    -------
    Collapsed or None
    """
    if program.taps:  # several functions of the angle
        return None
    n_entries = variances[0].size * variances[-1].size
    if program.has_host_ops:
        is_large = n_entries >= MIN_HOST_ENTRIES
    else:
        is_large = n_entries * program.flops >= MIN_FLOPS
    if not program.ops or not is_large:
        return None
    degree = degree_of(program)
    lowest = min(float(v.min()) for v in variances)
    if degree is not None and _holds(degree, lowest):
        has_constant = degree.has_constant and degree.power > 0.0
        variance = 1.0 if degree.eps == 0.0 else lowest
        return _fitted(program, dtype, degree.power, has_constant, variance)
    common = one_variance(variances, dtype)
    return None if common is None else _fitted(program, dtype, 0.0, False, common)


def _holds(degree: Degree, lowest: float) -> bool:
    """Return whether the degree holds for rows down to a mean square."""
    if degree.power == 0.0 and lowest == 0.0:
        return False  # rows of zeros are not like others there
    return degree.eps <= NEGLIGIBLE_EPS * lowest


@functools.lru_cache(maxsize=32)
def _fitted(
    program: Program,
    dtype: np.dtype[Any],
    power: float,
    has_constant: bool,
    variance: float,
) -> Collapsed | None:
    """Return the fit of a program; the same network need not be fitted twice."""
    return collapse(
        program,
        ExactRecursion(program),
        dtype,
        power=power,
        has_constant=has_constant,
        variance=variance,
    )


class ExactRecursion:
    """The kernels of a program for rows of one mean square, in float64.

    Parameters
    ----------
    program : Program
        The steps, without numerical ops.
    """

    def __init__(self, program: Program) -> None:
        double = np.dtype(np.float64)
        self.program = program
        self._staged: StagedProgram | None = None
        self._compiled: CompiledProgram | None = None
        self._rows: dict[float, FloatArray] = {}
        if program.has_host_ops:
            self._staged = StagedProgram(program, double, has_zeros=False)
        else:
            self._compiled = CompiledProgram.compile(program, double, has_zeros=False)

    def __call__(self, theta: FloatArray, variance: float) -> dict[str, FloatArray]:
        """Return the kernels at angles, shape (m,) each."""
        near = 2 * np.sin(theta / 2) ** 2
        far = 2 * np.cos(theta / 2) ** 2
        return self.at_complements(np.where(near <= far, near, -far), variance)

    def at_complements(self, x: FloatArray, variance: float) -> dict[str, FloatArray]:
        """Return the kernels at signed complements of the correlation."""
        block = x[None, :]
        if variance not in self._rows:
            self._rows[variance], _ = row_pass(self.program, np.array([variance]))
        row = self._rows[variance]
        col = np.repeat(row, x.size, axis=1)
        sides = (row.reshape(-1), 1), (col.reshape(-1), x.size)
        blocks = [block.copy() for _ in self.program.get]
        if self._staged is not None:
            state = np.zeros((self.program.n_slots, *block.shape))
            state[0] = block
            self._staged.run(state, *sides, self._staged.new_panel())
            self._staged.store(state, blocks, *sides)
        elif self._compiled is not None:
            run_tile(self._compiled, blocks, *sides)
        names = self.program.get
        return {name: b[0] for name, b in zip(names, blocks, strict=True)}
