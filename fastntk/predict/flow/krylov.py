"""Means and covariances of gradient flow from products with the kernel alone."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from fastntk._errors import MemoryBudgetError
from fastntk._typing import FloatArray
from fastntk.predict.flow.eigenbasis import keep_variances
from fastntk.predict.training.factors import square_root
from fastntk.predict.training.moments import gram_of, unexplained
from fastntk.predict.training.operator_kernels import OperatorKernels
from fastntk.predict.training.trained import tangent_name
from fastntk.solvers.direct.psd import growth

__all__ = ["KrylovFlow"]

_EPS = float(np.finfo(np.float64).eps)
_CHUNK = 1 << 23  # numbers in a temporary array


class KrylovFlow(NamedTuple):
    """What `fastntk.predict.flow.eigenbasis.Flow` is, without eigenvectors.

    Attributes
    ----------
    kernels : OperatorKernels
        The training set.
    get : {"nngp", "ntk", "ntkgp"}
        Regime; "ntkgp" is "nngp" with the other kernel.
    times : ndarray of shape (n_times,)
        In units in which a mode of eigenvalue l decays as ``exp(-l t)``; infinity
        takes conjugate gradients, all others share a Krylov space.
    scale : float
        Eigenvalue of the factor of the outputs; both kernels are multiplied by it.
    """

    kernels: OperatorKernels
    get: str
    times: FloatArray
    scale: float = 1.0

    def train_change(self, residual: FloatArray) -> FloatArray:
        """Return ``(I - exp(-(Theta + ridge) t)) residual``, (n_times, n, k)."""

        def reached(values: FloatArray) -> FloatArray:
            found: FloatArray = -np.expm1(
                -np.outer(self._finite(), self._rates(values))
            )
            return found

        return self._on_training_set(residual, reached, 0.0)

    def fitted(self, residual: FloatArray) -> FloatArray:
        """Return ``A_t residual`` at the training points, (n_times, n, k)."""
        ridge = self.kernels.ridge(self._name)
        if isinstance(ridge, np.ndarray):
            return self._fitted_by_row(residual, ridge[:, None])

        def reached(values: FloatArray) -> FloatArray:
            filters: FloatArray = self._filters(self._finite())(values)
            return filters * (self.scale * values)

        return self._on_training_set(residual, reached, ridge)

    def _fitted_by_row(self, residual: FloatArray, ridge: FloatArray) -> FloatArray:
        """Return ``Theta g_t r = (1 - exp(-M t) - D g_t) r`` with ``M = Theta + D``."""
        result = self.train_change(residual)
        ends = np.isinf(self.times)
        if ends.any():
            dual = self.kernels.solve_targets(self._name, residual, self.scale)
            result[ends] -= ridge * dual
        if not ends.all():
            space = self.kernels.space(self._name, residual, True)
            coefficients = space.coefficients(self._filters(self._finite()))
            result[~ends] -= ridge * space.assemble(coefficients)
        return result

    def _finite(self) -> FloatArray:
        return self.times[np.isfinite(self.times)]

    def _on_training_set(
        self,
        residual: FloatArray,
        reached: Callable[[FloatArray], FloatArray],
        ridge: float,
    ) -> FloatArray:
        """Return functions of the kernel at finite times, ``b - ridge a`` at last."""
        result = np.empty((len(self.times), *residual.shape))
        ends = np.isinf(self.times)
        if ends.any():
            result[ends] = self.kernels.consistent(
                residual, self.kernels.ridge(self._name)
            )
            if ridge:
                dual = self.kernels.solve_targets(self._name, residual, self.scale)
                result[ends] -= ridge * dual
        if not ends.all():
            space = self.kernels.space(self._name, residual, True)
            coefficients = space.coefficients(reached)
            self.kernels.note_space(self._name, space)
            result[~ends] = space.assemble(coefficients)
        return result

    def change(self, cross: FloatArray, residual: FloatArray) -> FloatArray:
        """Return ``A_t residual`` at test points, (n_times, m, k)."""
        result = np.empty((len(self.times), len(cross), residual.shape[1]))
        ends = np.isinf(self.times)
        if ends.any():
            dual = self.kernels.solve_targets(self._name, residual, self.scale)
            result[ends] = self.scale * (cross @ dual)
        if not ends.all():
            space = self.kernels.space(self._name, residual, True)
            coefficients = space.coefficients(self._filters(self.times[~ends]))
            self.kernels.note_space(self._name, space)
            result[~ends] = self.scale * space.combine(cross, coefficients)
        return result

    def covariance(
        self, cross: Mapping[str, FloatArray], k_test: FloatArray, is_diagonal: bool
    ) -> FloatArray:
        """Return the covariance at test points, (n_times, m, m) or (n_times, m)."""
        result = np.empty((len(self.times), *k_test.shape))
        ends = np.isinf(self.times)
        ensemble = self.get == "ntk"
        if ends.any():
            at_end = self._ensemble_at_end if ensemble else self._posterior
            result[ends] = at_end(cross, k_test, is_diagonal)
        if not ends.all():
            finite = self._ensemble if ensemble else self._last_layer
            result[~ends] = finite(self.times[~ends], cross, k_test, is_diagonal)
        keep_variances(result, is_diagonal)
        return self.scale * result

    def train_covariance(self) -> FloatArray:
        """Refuse: the covariance of all training outputs is a matrix of n x n."""
        n = self.kernels.operator(self._name).shape[0]
        raise MemoryBudgetError(
            f"compute_cov: found no test points; the covariance of the outputs on {n} "
            "training rows is a matrix that is not formed here. Ask for the variances "
            "of predict.GradientFlow, for some points, or take method='dense'"
        )

    def _posterior(
        self, cross: Mapping[str, FloatArray], k_test: FloatArray, is_diagonal: bool
    ) -> FloatArray:
        """Return ``K_xx - B^T M^-1 B``, ``B = K(X, x)``, ``M = K + ridge I / scale``.

        As the variance of ``f(x) - X^T y`` for the coefficients X that were found: no
        smaller than the true one, and off by the square of their error only.
        """
        b = np.ascontiguousarray(cross[self._name].T)
        solved = self.scale * self.kernels.solve(self._name, b, self.scale)
        ridge = self.kernels.ridge(self._name)
        shift = (
            ridge[:, None] if isinstance(ridge, np.ndarray) else ridge
        ) / self.scale
        left = b - self.kernels.multiply(self._name, solved) - shift * solved
        return (
            k_test
            - _product(b, solved, is_diagonal)
            - _product(solved, left, is_diagonal)
        )

    def _ensemble_at_end(
        self, cross: Mapping[str, FloatArray], k_test: FloatArray, is_diagonal: bool
    ) -> FloatArray:
        """Return ``K_xx + A K A^T - A K_x^T - K_x A^T``."""
        b = np.ascontiguousarray(cross["ntk"].T)
        solved = self.scale * self.kernels.solve("ntk", b, self.scale)
        mixed = cross["nngp"].T - 0.5 * self.kernels.multiply("nngp", solved)
        found = _product(solved, mixed, is_diagonal)
        return k_test - (2.0 * found if is_diagonal else found + found.T)

    def _ensemble(
        self,
        times: FloatArray,
        cross: Mapping[str, FloatArray],
        k_test: FloatArray,
        is_diagonal: bool,
    ) -> FloatArray:
        """Return ``S + D D^T`` at finite times, the NNGP restricted to the space."""
        space = self.kernels.space("ntk", np.ascontiguousarray(cross["ntk"].T), False)
        coefficients = self.scale * space.coefficients(self._filters(times))
        self.kernels.note_space("ntk", space)
        basis = space.basis()
        inside = basis.T @ self.kernels.multiply("nngp", basis)
        root = square_root((inside + inside.T) / 2, _EPS)
        rows = root.extend(cross["nngp"] @ basis)
        rest = unexplained(k_test, rows, is_diagonal)
        result = np.empty((len(times), *k_test.shape))
        step = max(1, _CHUNK // max(1, rows.size))
        for start in range(0, len(times), step):
            some = slice(start, start + step)
            moved = coefficients[some].transpose(0, 2, 1) @ root.root
            result[some] = gram_of(rows - moved, is_diagonal) + rest
        return result

    def _last_layer(
        self,
        times: FloatArray,
        cross: Mapping[str, FloatArray],
        k_test: FloatArray,
        is_diagonal: bool,
    ) -> FloatArray:
        """Return ``K_xx - B^T (1 - exp(-2 l t)) / l B``."""
        b = np.ascontiguousarray(cross[self._name].T)
        space = self.kernels.space(self._name, b, False)
        coefficients = space.coefficients(self._filters(2.0 * times))
        self.kernels.note_space(self._name, space)
        taken = self.scale * space.combine(b.T, coefficients)
        if is_diagonal:
            taken = np.einsum("tmm->tm", taken)
        else:
            taken = (taken + taken.transpose(0, 2, 1)) / 2
        found: FloatArray = k_test - taken
        return found

    def _filters(self, times: FloatArray) -> Callable[[FloatArray], FloatArray]:
        """Return ``(1 - exp(-l t)) / l`` as a function of eigenvalues."""
        n = self.kernels.operator(self._name).shape[0]

        def filters(values: FloatArray) -> FloatArray:
            rates = self._rates(values)
            return growth(rates, times, n * _EPS * float(rates[-1]))

        return filters

    def _rates(self, values: FloatArray) -> FloatArray:
        return self.scale * values + self.kernels.shift(self._name)

    @property
    def _name(self) -> str:
        return tangent_name(self.get)


def _product(left: Any, right: Any, is_diagonal: bool) -> FloatArray:
    """Return ``left^T right``, or its diagonal."""
    if is_diagonal:
        found: FloatArray = np.einsum("nm,nm->m", left, right)
        return found
    return np.asarray(left.T @ right)
