"""What is added to the diagonal of kernels of a training set, as it was asked for."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.predict.given.checks import check_ridge
from fastntk.predict.given.layout import Layout
from fastntk.solvers import ridges

__all__ = ["Ridge", "WithDiagonal", "mean_ridge"]


@dataclasses.dataclass(frozen=True, eq=False)
class Ridge:
    """What is added to the diagonal: absolute, or relative to the mean diagonal.

    Attributes
    ----------
    value : float, or array-like of shape (n,) or (1, n_outputs)
        One number, one per sample, or one per output.
    is_absolute : bool
        Whether it is in the units of the kernel.
    name : str
        Of the argument, for messages.
    """

    value: Any = 0.0
    is_absolute: bool = True
    name: str = "diag_reg"

    @property
    def is_per_target(self) -> bool:
        """Whether outputs have ridges of their own (of a ridge that was checked)."""
        return ridges.is_per_target(self.value)

    def checked(self, layout: Layout, has_factor: bool = False) -> "Ridge":
        """Return it with numbers for the rows of a matrix, or for its columns.

        Parameters
        ----------
        layout : Layout
            Axes of the targets.
        has_factor : bool
            Whether the outputs have a factor, with which an array can't be combined.

        Raises
        ------
        InputError
            For negative numbers and the like, and for shapes that do not fit.
        """
        given, n = self.value, layout.shape[0]
        is_array = isinstance(given, list | tuple) or getattr(given, "ndim", 0) != 0
        if not is_array:
            return dataclasses.replace(self, value=check_ridge(given, self.name))
        value = ridges.as_ridge(given, n, layout.n_outputs, self.name)
        if np.ndim(value) and has_factor:
            raise InputError(
                f"{self.name}: found an array with output_factor; expected a number: "
                "outputs that correlate share one ridge"
            )
        if ridges.is_per_row(value):
            value = np.repeat(value, layout.n_points // n)
        return dataclasses.replace(self, value=value)

    def of_targets(self) -> "list[Ridge]":
        """Return the ridge of every output; equal ones are one object."""
        known: dict[float, Ridge] = {}
        for value in self.value[0]:
            known.setdefault(value, dataclasses.replace(self, value=float(value)))
        return [known[value] for value in self.value[0]]

    def of(self, matrix: FloatArray, output_scale: float = 1.0) -> float | FloatArray:
        """Return the ridge in the units of a kernel matrix, or of its diagonal."""
        if self.is_absolute:
            return self.value  # type: ignore[no-any-return]
        diagonal = matrix if matrix.ndim == 1 else matrix.diagonal()
        unit = float(diagonal.mean() * output_scale)
        return self.value * unit  # type: ignore[no-any-return]


def mean_ridge(ridge: float | FloatArray) -> float:
    """Return one number for a report."""
    return float(np.mean(ridge))


class WithDiagonal:
    """``K + D`` with a diagonal D, as a `fastntk.solvers.KernelOperator`."""

    def __init__(self, operator: Any, diagonal: FloatArray) -> None:
        self._operator, self._diagonal = operator, diagonal
        self.shape: tuple[int, int] = operator.shape
        self.dtype: np.dtype[Any] = operator.dtype
        self.tile_dtype: np.dtype[Any] = getattr(operator, "tile_dtype", operator.dtype)

    def matmat(self, columns: FloatArray, /) -> FloatArray:
        """Return ``(K + D) V``."""
        found: FloatArray = self._operator.matmat(columns)
        return found + self._diagonal[:, None] * columns

    def diagonal(self) -> FloatArray:
        """Return the diagonal."""
        found: FloatArray = self._operator.diagonal() + self._diagonal
        return found

    def block(self, rows: Any, cols: Any, /) -> FloatArray:
        """Return a block; slices or arrays of indices."""
        every = np.arange(self.shape[0])
        i, j = every[rows], every[cols]
        found: FloatArray = np.array(self._operator.block(rows, cols), dtype=np.float64)
        found += self._diagonal[i][:, None] * (i[:, None] == j)
        return found
