"""Means and covariances of gradient flow on the squared error, in the eigenbasis."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fastntk._typing import FloatArray
from fastntk.predict.flow.eigen_groups import covariances, filter_basis, variances
from fastntk.predict.flow.time_filters import (
    TimeNodes,
    nodes_for_covariances,
    nodes_for_means,
)
from fastntk.predict.training.moments import gram_of, push, spread, unexplained
from fastntk.predict.training.solver import warn_truncated
from fastntk.predict.training.trained import TrainedKernels, tangent_name
from fastntk.solvers.direct.psd import growth

__all__ = ["Flow"]


class Flow(NamedTuple):
    """Gradient flow in one regime at some times.

    Attributes
    ----------
    kernels : TrainedKernels
        The training set.
    get : {"nngp", "ntk", "ntkgp"}
        Regime; "ntkgp" is "nngp" with the other kernel.
    times : ndarray of shape (n_times,)
        In units in which a mode of eigenvalue l decays as ``exp(-l t)``.
    scale : float
        Eigenvalue of the factor of the outputs; both kernels are multiplied by it.
    """

    kernels: TrainedKernels
    get: str
    times: FloatArray
    scale: float = 1.0

    def train_change(self, residual: FloatArray) -> FloatArray:
        """Return ``(I - exp(-Theta t)) residual``, (n_times, n, k)."""
        values, vectors, _ = self._eigen()
        return self._pushed(vectors * values, residual)

    def change(self, cross: FloatArray, residual: FloatArray) -> FloatArray:
        """Return ``A_t residual`` at test points, (n_times, m, k).

        Parameters
        ----------
        cross : ndarray of shape (m, n)
            Tangent kernel between test points and training set.
        residual : ndarray of shape (n, k)
            ``y - f_0``.
        """
        _, vectors, _ = self._eigen()
        return self._pushed(cross @ vectors * self.scale, residual)

    def covariance(
        self, cross: Mapping[str, FloatArray], k_test: FloatArray, is_diagonal: bool
    ) -> FloatArray:
        """Return the covariance at test points, (n_times, m, m) or (n_times, m)."""
        self._warn()
        _, vectors, _ = self._eigen()
        left = cross[tangent_name(self.get)] @ vectors
        if self.get != "ntk":
            return self._last_layer(left, k_test, is_diagonal)
        root = self.kernels.root("nngp")
        rows = root.extend(cross["nngp"])
        rest = unexplained(k_test, rows, is_diagonal)
        left *= self.scale
        return self._spread(left, vectors.T @ root.root, rows, rest)

    def _spread(
        self,
        left: FloatArray,
        basis: FloatArray,
        rows: FloatArray,
        rest: FloatArray,
    ) -> FloatArray:
        """Return ``rest + D D^T`` with ``D = rows - left diag(g_t) basis``."""
        values, _, cutoff = self._eigen()
        sides = left, basis, rows
        is_diagonal = rest.ndim == 1
        if is_diagonal:
            filters = filter_basis(values, self.times, cutoff)
            if filters.is_worthwhile():  # no times are chosen: all follow at once
                return self.scale * (variances(filters, *sides) + rest)
        nodes = nodes_for_covariances(values, self.times, cutoff)
        times = self.times[nodes.chosen]
        filters = filter_basis(values, times, cutoff)
        if filters.is_worthwhile() and not is_diagonal:
            found = covariances(filters, *sides)
        else:
            found = spread(growth(values, times, cutoff), *sides, is_diagonal)
        found += rest
        return self._expanded(nodes, found, is_diagonal)

    def _expanded(
        self, nodes: TimeNodes, found: FloatArray, is_diagonal: bool
    ) -> FloatArray:
        """Return covariances at all times from those at some."""
        found *= self.scale
        found = nodes.expand(found)
        if nodes.combine is not None:
            keep_variances(found, is_diagonal)
        return found

    def _last_layer(
        self, left: FloatArray, k_test: FloatArray, is_diagonal: bool
    ) -> FloatArray:
        """Return the covariance when only the last layer is trained.

        ``K(x, x) - P (1 - exp(-2 l t)) / l P^T`` with ``P = K(x, X) V``, written as
        ``S + (P exp(-l t) / sqrt(l)) (...)^T``.
        """
        raw, _, cutoff = self._eigen()
        values = self._floored()
        rows = left * np.sqrt(self.scale / values)
        rest = unexplained(k_test, rows, is_diagonal)
        nodes = nodes_for_covariances(raw, self.times, cutoff)
        decays = np.exp(-values * self.times[nodes.chosen, None])
        if is_diagonal:
            found: FloatArray = decays**2 @ (rows**2).T
        else:
            found = np.stack([gram_of(rows * decay, False) for decay in decays])
        found += rest
        return self._expanded(nodes, found, is_diagonal)

    def train_covariance(self) -> FloatArray:
        """Return the covariance of the training outputs, (n_times, n, n).

        As neural-tangents has it: the ridge damps the flow, and counts as noise of the
        prior in the "nngp" regime.
        """
        self._warn()
        _, vectors, _ = self._eigen()
        values = self._floored()
        decays = np.exp(-values * self.times[:, None])
        if self.get != "ntk":
            start = vectors * np.sqrt(values)
            return np.stack([gram_of(start * decay, False) for decay in decays])
        start = vectors.T @ self.kernels.root("nngp").root
        parts = [gram_of((vectors * decay) @ start, False) for decay in decays]
        return self.scale * np.stack(parts)

    def _pushed(self, left: FloatArray, residual: FloatArray) -> FloatArray:
        """Return ``left g_t V^T residual`` at all times."""
        self._warn()
        values, vectors, cutoff = self._eigen()
        nodes = nodes_for_means(values, self.times, cutoff)
        filters = growth(values, self.times[nodes.chosen], cutoff)
        return nodes.expand(push(filters, left, vectors.T @ residual))

    def _eigen(self) -> tuple[FloatArray, FloatArray, float]:
        """Return eigenvalues with scale and ridge, eigenvectors, and the cut-off."""
        spectrum = self.kernels.spectrum(tangent_name(self.get))
        ridge = self.kernels.shift(spectrum.kernel)
        cutoff = spectrum.cutoff(ridge, self.scale)
        return spectrum.shifted(ridge, self.scale), spectrum.vectors, cutoff

    def _warn(self) -> None:
        """Say that rounding decides, where it does."""
        spectrum = self.kernels.spectrum(tangent_name(self.get))
        ridge = self.kernels.shift(spectrum.kernel)
        if spectrum.cutoff(ridge, self.scale) * float(self.times.max()) > 1e-3:
            warn_truncated(spectrum.report(ridge))

    def _floored(self) -> FloatArray:
        """Return eigenvalues that are safe to divide by."""
        values, _, cutoff = self._eigen()
        return np.maximum(values, max(cutoff, float(np.finfo(np.float64).tiny)))


def keep_variances(found: FloatArray, is_diagonal: bool) -> None:
    """Set variances that interpolation left below zero, by rounding, to zero."""
    if is_diagonal:
        np.maximum(found, 0.0, out=found)
        return
    diagonals = np.einsum("tmm->tm", found)  # a view
    np.maximum(diagonals, 0.0, out=diagonals)
