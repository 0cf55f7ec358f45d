"""Outputs of infinitely wide networks as a Gaussian process, at any points."""

import copy
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation.arguments import as_index_or_none
from fastntk.predict.flow.field import Field
from fastntk.predict.given.checks import (
    as_generator,
    as_targets,
    check_samples,
)
from fastntk.predict.given.function_operator import kernel_operator
from fastntk.predict.given.layout import CrossKernel, Layout
from fastntk.predict.given.method import Method, check_layout
from fastntk.predict.given.points import Points
from fastntk.predict.given.sources import KernelSource, in_blocks
from fastntk.predict.training.ridge import Ridge
from fastntk.predict.training.solver import Conditioning
from fastntk.predict.training.trained import prior_name, tangent_name
from fastntk.solvers.direct.leavable import leavable

__all__ = ["OutputDistribution"]

Self = TypeVar("Self", bound="OutputDistribution")

_ENTRIES = 1 << 24  # of a block of a kernel: 128 MiB
_COLUMNS = 1 << 21  # the same where a Krylov space is made from it


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
        ridge: Ridge,
        output_factor: Any,
        method: Method,
        max_memory: Any,
        copy: bool = True,
    ) -> None:
        y = as_targets(y_train)
        self._source = KernelSource(kernel_fn)
        self._points = Points(self._source, x_train, copy=copy)
        self._x_train = x_train = self._points.x_train
        check_samples(x_train, y)
        self._y = y
        self._layout = Layout(y.shape)
        self._get = get
        self._times: FloatArray | None = None
        self._learning_rate = 1.0
        self._loaded: dict[str, Any] = {}
        self.method = check_layout(method, self._layout.points)
        self._max_memory = max_memory
        operators = (method.reason, x_train) if method.name == "operator" else None
        self._field = Field.build(
            self._load,
            self._layout,
            y,
            ridge,
            output_factor,
            operators,
            copy=copy and self._source.network is None,
        )

    @property
    def report(self) -> Conditioning:
        """How well the kernel of the training set is conditioned, and what was done."""
        return self._field.report(self._get, self._scaled())

    def with_ridge(self: Self, ridge: Any) -> Self:
        """Return the same with another ridge, from one shared eigendecomposition.

        Parameters
        ----------
        ridge : float or array-like of shape (n,) or (1, k)
            Added to the diagonal of the kernel, at least 0: one number, one per
            training point (then decomposed or factorised anew), or one per output.

        Returns
        -------
        OutputDistribution
            Of the same kind. The first call decomposes, all others are O(n^2).
        """
        other = copy.copy(self)
        other._field = self._field.with_ridge(Ridge(ridge, name="ridge"))
        return other

    @memory_told("mean", PREDICT_LESS)
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
        scaled, name = self._scaled(), tangent_name(self._get)
        x = self._points.read(x, "x")
        if x is None:
            found, points = self._field.fitted(self._get, scaled), self._layout.points
            return self._layout.unflatten(self._timed(found), points)
        parts = []
        for rows in self._blocks(x, _ENTRIES):
            cross, points = self._cross(rows, (name,))
            mean = self._timed(self._field.mean(self._get, scaled, cross))
            parts.append(self._layout.unflatten(mean, points))
        return self._joined(parts)

    @memory_told("variance", PREDICT_LESS)
    def variance(self, x: Any = None) -> FloatArray:
        """Return the variance of the outputs at every point; never negative.

        Parameters
        ----------
        x : array-like of shape (m, ...), optional
            Points; None for the training set.

        Returns
        -------
        ndarray of shape (m,)
            One for all outputs, or (m, k) with a factor of the outputs, or a ridge for
            each of them.
        """
        if x is None and self._field.dense is None:
            x = self._x_train
        else:
            x = self._points.read(x, "x")
        parts = [self._variance(rows) for rows in self._blocks(x, _COLUMNS)]
        return self._joined(parts)

    def _variance(self, x: Any) -> FloatArray:
        prior = prior_name(self._get)
        cross, points = self._cross(x, (tangent_name(self._get), prior))
        if len(points) > 1 or x is None:
            prior_variance = self._test_kernel(x, prior, points).diagonal()
        else:
            prior_variance = self._source.diagonal(x, prior)
        found = self._timed(
            self._field.covariance(
                self._get, self._scaled(), cross, np.array(prior_variance), True
            )
        )
        lead = () if self._times is None else self._times.shape
        return found.reshape(lead + points + found.shape[len(lead) + 1 :])

    @memory_told("covariance", PREDICT_LESS)
    def covariance(self, x: Any = None) -> FloatArray:
        """Return the covariance of the outputs between all points.

        Parameters
        ----------
        x : array-like of shape (m, ...), optional
            Points; None for the training set.

        Returns
        -------
        ndarray of shape (m, m)
            One for all outputs, or (m, m, k, k) with a factor of the outputs, or a
            ridge for each of them.
        """
        found, points = self._covariance(self._points.read(x, "x"))
        return self._field.shape_covariance(found, points)

    @memory_told("sample", PREDICT_LESS)
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
        x = self._points.read(x, "x")
        mean = self.mean(x)
        covariance, points = self._covariance(x)
        generator = as_generator(seed)
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
        if self.method.name == "operator":
            return kernel_operator(
                self._source, self._x_train, name, {}, self._max_memory
            )
        if name not in self._loaded:
            names = sorted({name, tangent_name(self._get)} - set(self._loaded))
            self._loaded |= self._source(self._x_train, None, names, "x_train")
        return self._loaded[name]

    def _cross(
        self, x: Any, names: tuple[str, ...]
    ) -> tuple[dict[str, FloatArray], tuple[int, ...]]:
        dense = self._field.dense
        if x is None and dense is not None:
            return {name: dense.matrix(name) for name in names}, self._layout.points
        x = self._x_train if x is None else x
        wanted = sorted(set(names))
        found = self._source(x, self._x_train, wanted, "x")
        cross: dict[str, CrossKernel] = {
            name: self._layout.cross(found[name], "x") for name in wanted
        }
        return {name: c.matrix for name, c in cross.items()}, cross[wanted[0]].points

    def _test_kernel(self, x: Any, name: str, points: tuple[int, ...]) -> FloatArray:
        dense = self._field.dense
        if x is None and dense is not None:
            return dense.matrix(name)
        x = self._x_train if x is None else x
        kernel = self._source(x, None, (name,), "x")[name]
        return self._layout.test(kernel, "x", points)

    def _covariance(self, x: Any) -> tuple[FloatArray, tuple[int, ...]]:
        prior = prior_name(self._get)
        cross, points = self._cross(x, (tangent_name(self._get), prior))
        k_test = self._test_kernel(x, prior, points)
        scaled = self._scaled()
        found = self._field.covariance(self._get, scaled, cross, k_test, False)
        return self._timed(found), points

    def _blocks(self, x: Any, entries: int) -> Iterator[Any]:
        """Yield points, all at once, or some where the kernel is never formed."""
        limit = None if self._field.dense is not None else entries
        return in_blocks(x, limit, self._layout.n_points)

    def _joined(self, parts: list[FloatArray]) -> FloatArray:
        """Join blocks of points; their axis follows those of the times."""
        axis = 0 if self._times is None else self._times.ndim
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=axis)

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
    count = as_index_or_none(n)
    if count is None or count < 1:
        raise InputError(f"n: found {shown(n)}; expected a number of draws >= 1")
    return count


def _root(covariance: FloatArray) -> FloatArray:
    """Return a factor R with ``R R^T`` the covariance, which may be singular."""
    m = covariance.shape[-1]  # NumPy's eigh holds no lock
    values, vectors = leavable(
        lambda: np.linalg.eigh(covariance), 4 * covariance.nbytes, m
    )
    root: FloatArray = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
