"""Outputs of wide networks as a Gaussian field: means and covariances, any time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.predict.flow.eigenbasis import Flow
from fastntk.predict.flow.krylov import KrylovFlow
from fastntk.predict.given.layout import Layout, interleave, output_basis
from fastntk.predict.training.operator_kernels import OperatorKernels
from fastntk.predict.training.ridge import Ridge
from fastntk.predict.training.solver import Conditioning
from fastntk.predict.training.trained import (
    TrainedKernels,
    infinite_covariance,
    infinite_mean,
    tangent_name,
)

__all__ = ["Field"]


class Field:
    """Means and covariances in matrix form, given the kernels of the test points.

    Parameters
    ----------
    kernels : TrainedKernels or OperatorKernels
        The training set: its matrices, or operators that stand for them.
    layout : Layout
        Axes of targets and kernels.
    residual : ndarray of shape (n, k)
        Targets minus initial outputs.
    basis : (values, vectors) or None
        Eigenvalues and eigenvectors of the factor B of the outputs; None for I.
    each : list of TrainedKernels or OperatorKernels, optional
        Those of every output, where these have ridges of their own; ``basis`` is that
        of I then, so that covariances have axes of outputs.

    Notes
    -----
    In the eigenbasis of B the outputs evolve independently, each with the kernels
    times one eigenvalue: ``Theta (x) B`` is never formed.
    """

    def __init__(
        self,
        kernels: TrainedKernels | OperatorKernels,
        layout: Layout,
        residual: FloatArray,
        basis: tuple[FloatArray, FloatArray] | None,
        each: Sequence[TrainedKernels | OperatorKernels] | None = None,
    ) -> None:
        self.kernels = kernels
        self._kernels_of = each
        self._layout = layout
        self._residual = residual
        self._basis = basis

    @classmethod
    def build(
        cls,
        load: Callable[[str], Any],
        layout: Layout,
        y: FloatArray,
        ridge: Ridge,
        output_factor: Any,
        operators: tuple[str, Any] | None = None,
        *,
        copy: bool = False,
    ) -> "Field":
        """Return the field of targets in their own shape; no kernel is used yet.

        With ``operators``, a reason and the training rows, ``load`` returns operators.
        ``copy``: matrices may be the caller's memory, and are copied.
        """
        basis = output_basis(output_factor, layout.n_outputs)
        ridge = ridge.checked(layout, basis is not None)
        scale = 1.0 if basis is None else float(basis[0].mean())
        start = ridge.of_targets()[0] if ridge.is_per_target else ridge
        kernels: TrainedKernels | OperatorKernels
        if operators is None:
            kernels = TrainedKernels(load, layout, start, scale, copy=copy)
        else:
            kernels = OperatorKernels(load, start, scale, *operators)
        field = cls(kernels, layout, layout.flatten(y), basis)
        return field._of_targets(ridge) if ridge.is_per_target else field

    def check(self, name: str) -> None:
        """Say whether a kernel of the training set fits the targets."""
        if self.dense is not None:
            self.dense.matrix(name)
            return
        assert isinstance(self.kernels, OperatorKernels)
        shape, n = self.kernels.operator(name).shape, self._layout.n_points
        if shape != (n, n):
            raise InputError(
                f"k_train_train: found an operator of shape {shape}; expected "
                f"({n}, {n}), one row per target"
            )

    @property
    def dense(self) -> TrainedKernels | None:
        """The matrices of the training set, None if there are operators instead."""
        return self.kernels if isinstance(self.kernels, TrainedKernels) else None

    def report(self, get: str, times: FloatArray | None) -> Conditioning:
        """Return how the kernel that drives the training was inverted."""
        name = tangent_name(get)
        if self.dense is None:
            if name not in self.kernels.reports():  # nothing asked so far
                self.fitted(get, times)
            if name not in self.kernels.reports():
                assert isinstance(self.kernels, OperatorKernels)
                self.kernels.solve_targets(name, self._residual, 1.0)
            return self.kernels.reports()[name]
        if times is None:
            return self.dense.solver(name).report
        return self.dense.spectrum_report(name)

    def with_ridge(self, ridge: Ridge) -> "Field":
        """Return the field for another ridge; decompositions are shared."""
        has_factor = self._basis is not None and self._kernels_of is None
        ridge = ridge.checked(self._layout, has_factor)
        if ridge.is_per_target:
            return self._of_targets(ridge)
        basis = self._basis if has_factor else None
        kernels = self.kernels.with_ridge(ridge)
        return Field(kernels, self._layout, self._residual, basis)

    def _of_targets(self, ridge: Ridge) -> "Field":
        """Return the field for one ridge per output: decompositions are shared."""
        wanted = ridge.of_targets()
        different = {id(one): self.kernels.with_ridge(one) for one in wanted}
        each = [different[id(one)] for one in wanted]
        smallest = each[int(np.argmin([one.value for one in wanted]))]
        k = self._layout.n_outputs
        basis = np.ones(k), np.eye(k)
        return Field(smallest, self._layout, self._residual, basis, each)

    def mean(
        self,
        get: str,
        times: FloatArray | None,
        cross: Mapping[str, FloatArray],
        residual: FloatArray | None = None,
    ) -> FloatArray:
        """Return the change of the mean at test points.

        Parameters
        ----------
        get : {"nngp", "ntk", "ntkgp"}
            Regime.
        times : ndarray of shape (n_times,) or None
            Scaled by learning rate and size of the targets; None for infinity.
        cross : mapping of str to ndarray of shape (m, n)
            Kernels between test points and training set.
        residual : ndarray of shape (n, k), optional
            In the place of the one given to the constructor.

        Returns
        -------
        ndarray of shape (n_times, m, k), or (m, k) for infinity
        """
        kernel = cross[tangent_name(get)]
        residual = self._residual if residual is None else residual
        if times is None and self._basis is None and self.dense is not None:
            return infinite_mean(self.dense, get, kernel, residual)
        parts = self._each(
            get, times, residual, lambda flow, part: flow.change(kernel, part)
        )
        return parts[0] if times is None else parts

    def train_mean(
        self, get: str, times: FloatArray, residual: FloatArray | None = None
    ) -> FloatArray:
        """Return the change of the mean on the training set, (n_times, n, k)."""
        residual = self._residual if residual is None else residual
        return self._each(
            get, times, residual, lambda flow, part: flow.train_change(part)
        )

    def fitted(self, get: str, times: FloatArray | None) -> FloatArray:
        """Return the change of the mean at the training points, as `mean` at others."""
        if self.dense is not None:
            name = tangent_name(get)
            return self.mean(get, times, {name: self.dense.matrix(name)})
        parts = self._each(get, times, self._residual, _fitted)
        return parts[0] if times is None else parts

    def covariance(
        self,
        get: str,
        times: FloatArray | None,
        cross: Mapping[str, FloatArray],
        k_test: FloatArray,
        is_diagonal: bool,
    ) -> FloatArray:
        """Return the covariance at test points.

        Parameters
        ----------
        get, times, cross
            As for `mean`.
        k_test : ndarray of shape (m, m) or (m,)
            Prior covariance of the test points, or its diagonal.
        is_diagonal : bool
            Whether only variances are wanted.

        Returns
        -------
        ndarray of shape (n_times, m, m) or (n_times, m)
            Without the first axis for infinity. With a factor of the outputs followed
            by (k, k), variances by (k,).
        """
        if times is None and self._basis is None and self.dense is not None:
            return infinite_covariance(self.dense, get, cross, k_test, is_diagonal)
        parts = self._mix(
            get, times, is_diagonal, lambda f: f.covariance(cross, k_test, is_diagonal)
        )
        return parts[0] if times is None else parts

    def train_covariance(self, get: str, times: FloatArray) -> FloatArray:
        """Return the covariance of the training outputs, (n_times, n, n)."""
        return self._mix(get, times, False, lambda flow: flow.train_covariance())

    def shape_covariance(
        self, covariance: FloatArray, points: tuple[int, ...]
    ) -> FloatArray:
        """Return covariances from `covariance` in the shape of a kernel."""
        if self._basis is None:
            return interleave(covariance, points)
        moved = np.moveaxis(covariance, (-2, -1), (0, 1))
        return np.moveaxis(interleave(moved, points), (0, 1), (-2, -1))

    def _flow(
        self, get: str, times: FloatArray | None, scale: float = 1.0, output: int = 0
    ) -> Flow | KrylovFlow:
        never_ending = np.array([np.inf]) if times is None else times
        each = self._kernels_of
        kernels = self.kernels if each is None else each[output]
        if isinstance(kernels, OperatorKernels):
            return KrylovFlow(kernels, get, never_ending, scale)
        return Flow(kernels, get, never_ending, scale)

    def _each(
        self,
        get: str,
        times: FloatArray | None,
        residual: FloatArray,
        change: Callable[[Flow | KrylovFlow, FloatArray], FloatArray],
    ) -> FloatArray:
        """Apply a change to every output, in the eigenbasis of their factor."""
        if self._basis is None:
            return change(self._flow(get, times), residual)
        values, vectors = self._basis
        rotated = residual @ vectors
        parts = [
            change(self._flow(get, times, float(value), j), rotated[:, [j]])
            for j, value in enumerate(values)
        ]
        return np.concatenate(parts, axis=-1) @ vectors.T

    def _mix(
        self,
        get: str,
        times: FloatArray | None,
        is_diagonal: bool,
        covariance: Callable[[Flow | KrylovFlow], FloatArray],
    ) -> FloatArray:
        """Return covariances, with two axes of outputs if these have a factor."""
        if self._basis is None:
            return covariance(self._flow(get, times))
        values, vectors = self._basis
        flows = [self._flow(get, times, float(v), j) for j, v in enumerate(values)]
        parts = _once_each(flows, covariance)
        stacked = np.stack(parts, axis=-1)
        if is_diagonal:
            return stacked @ (vectors**2).T
        mixed: FloatArray = np.einsum("...j,aj,bj->...ab", stacked, vectors, vectors)
        return mixed


def _once_each(
    flows: Sequence[Flow | KrylovFlow],
    covariance: Callable[[Flow | KrylovFlow], FloatArray],
) -> list[FloatArray]:
    """Return the covariance of every output; once where kernels and scale agree."""
    known: dict[tuple[int, float], FloatArray] = {}
    for flow in flows:
        key = (id(flow.kernels), flow.scale)
        if key not in known:
            known[key] = covariance(flow)
    return [known[id(flow.kernels), flow.scale] for flow in flows]


def _fitted(flow: Flow | KrylovFlow, part: FloatArray) -> FloatArray:
    assert isinstance(flow, KrylovFlow)
    return flow.fitted(part)
