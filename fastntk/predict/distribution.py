"""Outputs of infinitely wide networks as a Gaussian process, at any points."""

import copy
import operator
from typing import Any, TypeVar

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.predict.checks import as_targets, check_samples
from fastntk.predict.field import Field
from fastntk.predict.layout import CrossKernel, Layout
from fastntk.predict.solver import Conditioning
from fastntk.predict.sources import KernelSource
from fastntk.predict.trained import Ridge, prior_name, tangent_name

__all__ = ["OutputDistribution"]

Self = TypeVar("Self", bound="OutputDistribution")


class OutputDistribution:
    """Outputs after training: a Gaussian process that can be asked at any points.

    Made by `Posterior` and `GradientFlow`.  All methods take points of shape (m, ...),
    or None for the training set; outputs have the shape of the targets with m in the
    place of n, after the axes of the times if there are any.
    """

    def __init__(
        self,
        kernel_fn: Any,
        x_train: Any,
        y_train: Any,
        get: str,
        ridge: float,
        output_factor: Any,
    ) -> None:
        y = as_targets(y_train)
        check_samples(x_train, y)
        self._source = KernelSource(kernel_fn)
        self._x_train = x_train
        self._y = y
        self._layout = Layout(y.shape)
        self._get = get
        self._times: FloatArray | None = None
        self._learning_rate = 1.0
        self._loaded: dict[str, Any] = {}
        self._field = Field.build(
            self._load, self._layout, y, Ridge(ridge), output_factor
        )

    @property
    def report(self) -> Conditioning:
        """How well the kernel of the training set is conditioned, and what was done."""
        name = tangent_name(self._get)
        if self._times is None:
            return self._field.kernels.solver(name).report
        kernels = self._field.kernels
        return kernels.spectrum(name).report(kernels.ridge(name))

    def with_ridge(self: Self, ridge: float) -> Self:
        """Return the same with another ridge, from one shared eigendecomposition.

        Parameters
        ----------
        ridge : float
            Added to the diagonal of the kernel, at least 0.

        Returns
        -------
        OutputDistribution
            Of the same kind. The first call decomposes, all others are O(n^2).
        """
        other = copy.copy(self)
        other._field = self._field.with_ridge(Ridge(ridge))
        return other

    def mean(self, x: Any = None) -> FloatArray:
        """Return the mean of the outputs.

        Parameters
        ----------
        x : array-like of shape (m, ...), optional
            Points; None for the training set.

        Returns
        -------
        ndarray of shape (m, k)
        """
        cross, points = self._cross(x, (tangent_name(self._get),))
        mean = self._timed(self._field.mean(self._get, self._scaled(), cross))
        return self._layout.unflatten(mean, points)

    def variance(self, x: Any = None) -> FloatArray:
        """Return the variance of the outputs at every point; never negative.

        Parameters
        ----------
        x : array-like of shape (m, ...), optional
            Points; None for the training set.

        Returns
        -------
        ndarray of shape (m,)
            One for all outputs, or (m, k) with a factor of the outputs.
        """
        prior = prior_name(self._get)
        cross, points = self._cross(x, (tangent_name(self._get), prior))
        if len(points) > 1:
            prior_variance = self._test_kernel(x, prior, points).diagonal()
        elif x is None:
            prior_variance = self._field.kernels.matrix(prior).diagonal()
        else:
            prior_variance = self._source.diagonal(x, prior)
        found = self._timed(
            self._field.covariance(
                self._get, self._scaled(), cross, np.array(prior_variance), True
            )
        )
        lead = () if self._times is None else self._times.shape
        return found.reshape(lead + points + found.shape[len(lead) + 1 :])

    def covariance(self, x: Any = None) -> FloatArray:
        """Return the covariance of the outputs between all points.

        Parameters
        ----------
        x : array-like of shape (m, ...), optional
            Points; None for the training set.

        Returns
        -------
        ndarray of shape (m, m)
            One for all outputs, or (m, m, k, k) with a factor of the outputs.
        """
        found, points = self._covariance(x)
        return self._field.shape_covariance(found, points)

    def sample(self, x: Any = None, n: int = 1, seed: Any = None) -> FloatArray:
        """Draw outputs of trained networks.

        Parameters
        ----------
        x : array-like of shape (m, ...), optional
            Points; None for the training set.
        n : int, default=1
            Number of networks.
        seed : int, Generator or None
            Of the random numbers; the same seed gives the same draws.

        Returns
        -------
        ndarray of shape (n, m, k)

        Raises
        ------
        InputError
            If ``n`` is not a positive integer, or there is more than one time.
        """
        count = _as_count(n)
        if self._times is not None and self._times.ndim:
            raise InputError(
                f"sample: found times of shape {self._times.shape}; expected one time. "
                "Draw from .at(t) for a single t"
            )
        mean = self.mean(x)
        covariance, points = self._covariance(x)
        generator = np.random.default_rng(seed)
        m, k = len(covariance), self._layout.n_outputs
        normal = generator.standard_normal((count, m, k))
        if covariance.ndim == 4:
            joint = covariance.transpose(0, 2, 1, 3).reshape(m * k, m * k)
            drawn = normal.reshape(count, m * k) @ _root(joint).T
        else:
            drawn = _root(covariance) @ normal
        return mean + self._layout.unflatten(drawn.reshape(count, m, k), points)

    def _load(self, name: str) -> Any:
        """Compute a kernel of the training set; both at once if both are needed."""
        if name not in self._loaded:
            names = sorted({name, tangent_name(self._get)} - set(self._loaded))
            self._loaded |= self._source(self._x_train, None, names, "x_train")
        return self._loaded[name]

    def _cross(
        self, x: Any, names: tuple[str, ...]
    ) -> tuple[dict[str, FloatArray], tuple[int, ...]]:
        if x is None:
            kernels = {name: self._field.kernels.matrix(name) for name in names}
            return kernels, self._layout.points
        wanted = sorted(set(names))
        found = self._source(x, self._x_train, wanted, "x")
        cross: dict[str, CrossKernel] = {
            name: self._layout.cross(found[name], "x") for name in wanted
        }
        return {name: c.matrix for name, c in cross.items()}, cross[wanted[0]].points

    def _test_kernel(self, x: Any, name: str, points: tuple[int, ...]) -> FloatArray:
        if x is None:
            return self._field.kernels.matrix(name)
        kernel = self._source(x, None, (name,), "x")[name]
        return self._layout.test(kernel, "x", points)

    def _covariance(self, x: Any) -> tuple[FloatArray, tuple[int, ...]]:
        prior = prior_name(self._get)
        cross, points = self._cross(x, (tangent_name(self._get), prior))
        k_test = self._test_kernel(x, prior, points)
        scaled = self._scaled()
        found = self._field.covariance(self._get, scaled, cross, k_test, False)
        return self._timed(found), points

    def _scaled(self) -> FloatArray | None:
        if self._times is None:
            return None
        return self._times.ravel() * (self._learning_rate / self._y.size)

    def _timed(self, found: FloatArray) -> FloatArray:
        """Give the first axis the shape of the times."""
        if self._times is None:
            return found
        return found.reshape(self._times.shape + found.shape[1:])


def _as_count(n: Any) -> int:
    try:
        count = 0 if isinstance(n, bool) else operator.index(n)
    except TypeError:
        count = 0
    if count < 1:
        raise InputError(f"n: found {n!r}; expected a number of draws >= 1")
    return count


def _root(covariance: FloatArray) -> FloatArray:
    """Return a factor R with ``R R^T`` the covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root: FloatArray = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
