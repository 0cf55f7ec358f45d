"""Axes of targets and kernels, in neural-tangents' order, as matrices and back."""

import math
from typing import Any, NamedTuple

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import AnyArray, FloatArray
from fastntk._validation import to_array
from fastntk._validation.arguments import as_index_or_none
from fastntk.predict.given.checks import as_kernel, as_real

__all__ = [
    "CrossKernel",
    "Layout",
    "check_symmetric",
    "interleave",
    "kernel_matrix",
    "output_basis",
]


class CrossKernel(NamedTuple):
    """A kernel as a matrix, and the shape of what its rows stand for.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_columns)
        Samples, and outputs that the kernel tells apart, in C order.
    points : tuple of int
        Shape of the rows, e.g. (n,) or (n, k).
    """

    matrix: FloatArray
    points: tuple[int, ...]


class Layout:
    """How targets of any shape become one matrix of ``points`` by ``outputs``.

    Along ``trace_axes`` the kernel is ``Theta (x) I``: these axes become columns, which
    share one matrix Theta that is never repeated.  All other axes become rows.

    Parameters
    ----------
    shape : tuple of int
        Shape of the targets.
    trace_axes : int or sequence of int
        Axes of the targets that the kernel lacks.

    Attributes
    ----------
    points, outputs : tuple of int
        Sizes of the axes that the kernel has, and of those that it lacks.
    """

    def __init__(self, shape: tuple[int, ...], trace_axes: Any = (-1,)) -> None:
        n_axes = len(shape)
        if n_axes == 1:
            trace_axes = ()  # one output: nothing to trace over
        given = to_array(trace_axes, "trace_axes")
        if given.ndim > 1:
            raise InputError(
                f"trace_axes: found {shown(trace_axes)}; expected axes as integers"
            )
        found = tuple(given.reshape(-1).tolist())
        self._traced = tuple(_axis(axis, n_axes) for axis in found)
        if len(set(self._traced)) < len(self._traced):
            raise InputError(
                f"trace_axes: found {shown(found)}; expected each axis once"
            )
        kept = [axis for axis in range(n_axes) if axis not in self._traced]
        if 0 not in kept:
            raise InputError(
                f"trace_axes: found {found} for targets of shape {shape}; expected "
                "axes of outputs, not the samples (axis 0)"
            )
        self.shape = shape
        self.points = tuple(shape[axis] for axis in kept)
        self.outputs = tuple(shape[axis] for axis in self._traced)

    @property
    def n_points(self) -> int:
        """Rows of the matrix of targets."""
        return math.prod(self.points)

    @property
    def n_outputs(self) -> int:
        """Columns of the matrix of targets."""
        return math.prod(self.outputs)

    def flatten(self, y: AnyArray) -> FloatArray:
        """Return targets as a matrix of shape (n_points, n_outputs)."""
        last = tuple(range(-len(self._traced), 0))
        moved = np.moveaxis(y, self._traced, last)
        return moved.reshape(-1, self.n_outputs)

    def unflatten(self, values: FloatArray, points: tuple[int, ...]) -> FloatArray:
        """Return (..., m, n_outputs) in the shape of targets at ``points``."""
        lead = values.shape[:-2]
        shaped = values.reshape(lead + points + self.outputs)
        last = tuple(range(-len(self._traced), 0))
        back = tuple(axis - len(self.shape) for axis in self._traced)
        return np.moveaxis(shaped, last, back)

    def full_shape(self, points: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of outputs at other points."""
        return self.unflatten(
            np.empty((math.prod(points), self.n_outputs)), points
        ).shape

    def square(self, kernel: Any, name: str) -> FloatArray:
        """Return the kernel of the training set as a symmetric matrix."""
        matrix, rows, columns = kernel_matrix(kernel, name)
        if rows != self.points or columns != self.points:
            raise InputError(
                f"{name}: found shape {np.shape(kernel)}; expected "
                f"{_pairs(self.points, self.points)} for targets of shape {self.shape} "
                f"and trace_axes={self._traced}"
            )
        check_symmetric(matrix, name)
        return matrix

    def cross(self, kernel: Any, name: str) -> CrossKernel:
        """Return the kernel between other points and the training set."""
        matrix, rows, columns = kernel_matrix(kernel, name)
        if columns != self.points:
            raise InputError(
                f"{name}: found shape {np.shape(kernel)}; expected "
                f"{_pairs(('m', *self.points[1:]), self.points)}: one row per test "
                "sample, one column per training sample"
            )
        return CrossKernel(matrix, rows)

    def test(self, kernel: Any, name: str, points: tuple[int, ...]) -> FloatArray:
        """Return the kernel of other points among themselves."""
        matrix, rows, columns = kernel_matrix(kernel, name)
        if rows != points or columns != points:
            raise InputError(
                f"{name}: found shape {np.shape(kernel)}; expected "
                f"{_pairs(points, points)}, the shape that fits k_test_train"
            )
        return matrix


def check_symmetric(matrix: FloatArray, name: str) -> None:
    """Refuse matrices that are not symmetric to the rounding of float32."""
    scale = float(np.abs(matrix).max())
    gap = float(np.abs(matrix - matrix.T).max())
    if gap > 1e-5 * scale:
        raise InputError(
            f"{name}: found a matrix that differs from its transpose by {gap:.3g} "
            f"(largest entry {scale:.3g}); expected a symmetric one. Compute it "
            "with x2=None"
        )


def kernel_matrix(
    kernel: Any, name: str
) -> tuple[FloatArray, tuple[int, ...], tuple[int, ...]]:
    """Return a kernel as a float64 matrix, with the shapes of its rows and columns."""
    array = as_kernel(kernel, name)
    rows, columns = array.shape[::2], array.shape[1::2]
    n_axes = array.ndim
    order = (*range(0, n_axes, 2), *range(1, n_axes, 2))
    matrix = array.transpose(order).reshape(math.prod(rows), math.prod(columns))
    return matrix.astype(np.float64, copy=False), rows, columns


def interleave(covariance: FloatArray, points: tuple[int, ...]) -> FloatArray:
    """Return (..., m, m) with the axes of ``points`` in pairs, as kernels have them."""
    lead = covariance.ndim - 2
    n_axes = len(points)
    shaped = covariance.reshape(covariance.shape[:-2] + points + points)
    pairs = [lead + i + j * n_axes for i in range(n_axes) for j in (0, 1)]
    return shaped.transpose(*range(lead), *pairs)


def output_basis(factor: Any, n_outputs: int) -> tuple[FloatArray, FloatArray] | None:
    """Return eigenvalues and eigenvectors of a factor of the outputs, None for I."""
    if factor is None:
        return None
    matrix = as_real(factor, "output_factor").astype(np.float64)
    if matrix.shape != (n_outputs, n_outputs):
        raise InputError(
            f"output_factor: found shape {matrix.shape}; expected "
            f"({n_outputs}, {n_outputs}), one row per output"
        )
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0):
        raise InputError("output_factor: found a matrix that is not symmetric")
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -1e-12 * abs(values[-1]) or values[-1] <= 0:
        raise InputError(
            f"output_factor: found the eigenvalue {values[0]:.3g}; expected a positive "
            "semi-definite matrix that is not 0"
        )
    return np.maximum(values, 0.0), vectors


def _axis(axis: Any, n_axes: int) -> int:
    index = as_index_or_none(axis)
    if index is None:
        raise InputError(f"trace_axes: found {shown(axis)}; expected axes as integers")
    if not -n_axes <= index < n_axes:
        raise InputError(
            f"trace_axes: found axis {index} for targets with {n_axes} axes"
        )
    return index % n_axes


def _pairs(rows: tuple[Any, ...], columns: tuple[Any, ...]) -> str:
    both = [size for pair in zip(rows, columns, strict=True) for size in pair]
    return f"({', '.join(map(str, both))})"
