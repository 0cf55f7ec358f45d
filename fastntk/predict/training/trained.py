"""A training set with its kernels: everything is factorised once and kept."""

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.predict.given.layout import Layout
from fastntk.predict.training.factors import (
    CholeskySolver,
    SquareRoot,
    rounding_unit,
    square_root,
)
from fastntk.predict.training.moments import gram_of, unexplained
from fastntk.predict.training.ridge import Ridge, mean_ridge
from fastntk.predict.training.solver import Conditioning, Solver, warn_truncated
from fastntk.predict.training.spectrum import Spectrum, decompose

__all__ = ["Ridge", "TrainedKernels", "prior_name", "tangent_name"]


def tangent_name(get: str) -> str:
    """Return the kernel that drives training (or conditioning) in a regime."""
    return "nngp" if get == "nngp" else "ntk"


def prior_name(get: str) -> str:
    """Return the kernel of the outputs before training in a regime."""
    return "ntk" if get == "ntkgp" else "nngp"


class TrainedKernels:
    """Kernels of a training set, and their factorisations on first use.

    Parameters
    ----------
    load : callable
        ``load(name)`` returns the kernel "nngp" or "ntk" of the training set.
    layout : Layout
        Axes of targets and kernels.
    ridge : Ridge
        Added to the diagonal.
    output_scale : float, default=1.0
        Mean eigenvalue of the factor of the outputs.
    copy : bool, default=False
        Whether matrices that share memory with what ``load`` returns are copied.

    Notes
    -----
    ``K = L L^T`` for infinite time, n^3 / 3 flops; ``K = V diag(l) V^T`` for finite
    times, several ridges and singular K, about 10 n^3.  Memory: n^2 numbers for every
    kernel and factorisation used.
    """

    def __init__(
        self,
        load: Callable[[str], Any],
        layout: Layout,
        ridge: Ridge,
        output_scale: float = 1.0,
        *,
        copy: bool = False,
    ) -> None:
        self._load = load
        self._layout = layout
        self._ridge = ridge
        self._output_scale = output_scale
        self._copies = copy
        self._has_many_ridges = False
        self._matrices: dict[str, FloatArray] = {}
        self._units: dict[str, float] = {}
        self._spectra: dict[str, Spectrum] = {}
        self._shifted: dict[str, Spectrum] = {}  # with one ridge per row inside
        self._solvers: dict[str, Solver] = {}
        self._roots: dict[str, SquareRoot] = {}

    def matrix(self, name: str) -> FloatArray:
        """Return a kernel of the training set as an n x n matrix, without ridge."""
        if name not in self._matrices:
            kernel = self._load(name)
            matrix = self._layout.square(kernel, "k_train_train")
            if self._copies and not isinstance(kernel, list | tuple):
                own = matrix.flags.owndata and matrix is not kernel
                matrix = matrix if own else matrix.copy()
            self._matrices[name] = matrix
            self._units[name] = rounding_unit(kernel)
        return self._matrices[name]

    def ridge(self, name: str) -> float | FloatArray:
        """Return what is added to the diagonal of a kernel: a number, or (n,)."""
        return self._ridge.of(self.matrix(name), self._output_scale)

    def shift(self, name: str) -> float:
        """Return what is to be added to the eigenvalues of `spectrum`."""
        ridge = self.ridge(name)
        return 0.0 if isinstance(ridge, np.ndarray) else ridge

    def spectrum(self, name: str) -> Spectrum:
        """Return the eigendecomposition of a kernel; with it one ridge per row."""
        ridge = self.ridge(name)
        if isinstance(ridge, np.ndarray):
            return self._with_rows(name, ridge)
        if name not in self._spectra:
            matrix = self.matrix(name)
            self._spectra[name] = decompose(matrix, self._units[name], name)
        return self._spectra[name]

    def _with_rows(self, name: str, ridge: FloatArray) -> Spectrum:
        if name not in self._shifted:
            matrix = self.matrix(name).copy()
            matrix.flat[:: len(matrix) + 1] += ridge
            found = decompose(matrix, self._units[name], name)
            if ridge.min() > 0:  # stands for what the entries lack
                unit = float(np.finfo(np.float64).eps)
                found = dataclasses.replace(found, unit=unit)
            self._shifted[name] = found
        return self._shifted[name]

    def spectrum_report(self, name: str) -> Conditioning:
        """Return how ``K + ridge I`` is conditioned, by its eigendecomposition."""
        report = self.spectrum(name).report(self.shift(name))
        return dataclasses.replace(report, ridge=mean_ridge(self.ridge(name)))

    def solver(self, name: str) -> Solver:
        """Return the solver of ``K + ridge I``: Cholesky, or the pseudoinverse."""
        if name not in self._solvers:
            matrix, ridge = self.matrix(name), self.ridge(name)
            solver: Solver | None = None
            if not self._has_many_ridges or isinstance(ridge, np.ndarray):
                unit = self._units[name]
                solver = CholeskySolver.factor(matrix, ridge, unit, name)
            if solver is None:
                solver = self.spectrum(name).solver(self.shift(name))
                warn_truncated(solver.report)
            self._solvers[name] = solver
        return self._solvers[name]

    def root(self, name: str = "nngp") -> SquareRoot:
        """Return a square root of a kernel, without ridge."""
        if name not in self._roots:
            matrix = self.matrix(name)
            self._roots[name] = square_root(matrix, self._units[name])
        return self._roots[name]

    def reports(self) -> dict[str, Conditioning]:
        """Return how well the kernels used so far are conditioned."""
        is_per_row = isinstance(self._ridge.value, np.ndarray)
        used = self._shifted if is_per_row else self._spectra
        found = {name: self.spectrum_report(name) for name in used}
        found |= {name: solver.report for name, solver in self._solvers.items()}
        return found

    def with_ridge(self, ridge: Ridge) -> "TrainedKernels":
        """Return the same kernels with another ridge; decompositions are shared."""
        other = copy.copy(self)  # shares the dictionaries
        other._ridge = ridge
        other._solvers, other._shifted = {}, {}
        other._has_many_ridges = True
        return other


def infinite_mean(
    kernels: TrainedKernels, get: str, cross: FloatArray, residual: FloatArray
) -> FloatArray:
    """Return ``Theta(x, X) (Theta + ridge I)^+ residual``, (m, k)."""
    name = tangent_name(get)
    return cross @ kernels.solver(name).solve(residual)


def infinite_covariance(
    kernels: TrainedKernels,
    get: str,
    cross: Mapping[str, FloatArray],
    k_test: FloatArray,
    is_diagonal: bool,
) -> FloatArray:
    """Return the covariance at infinite time as a sum of squares.

    Parameters
    ----------
    kernels : TrainedKernels
        The training set.
    get : {"nngp", "ntk", "ntkgp"}
        Regime.
    cross : mapping of str to ndarray of shape (m, n)
        Kernels between test points and training set.
    k_test : ndarray of shape (m, m) or (m,)
        Prior covariance of the test points, or its diagonal.
    is_diagonal : bool
        Whether only variances are wanted.

    Returns
    -------
    ndarray of the shape of ``k_test``
    """
    solver = kernels.solver(tangent_name(get))
    if get != "ntk":  # the posterior of a Gaussian process
        rows = solver.whiten(cross[tangent_name(get)].T).T
        return unexplained(k_test, rows, is_diagonal)
    root = kernels.root("nngp")
    rows = root.extend(cross["nngp"])
    pushed = solver.solve(np.ascontiguousarray(cross["ntk"].T)).T @ root.root
    rest = unexplained(k_test, rows, is_diagonal)
    return rest + gram_of(rows - pushed, is_diagonal)
