"""What `gradient_descent_mse_ensemble` returns."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._typing import FloatArray
from fastntk.predict.flow.field import Field
from fastntk.predict.given.checks import as_times, check_get
from fastntk.predict.given.function_operator import kernel_operator
from fastntk.predict.given.layout import CrossKernel, Layout
from fastntk.predict.given.method import Method, check_layout
from fastntk.predict.given.points import Points
from fastntk.predict.given.sources import KernelSource, in_blocks, test_arguments
from fastntk.predict.results import Gaussian, pack_regimes
from fastntk.predict.training.ridge import Ridge
from fastntk.predict.training.solver import Conditioning
from fastntk.predict.training.trained import tangent_name

__all__ = ["EnsemblePredictor"]

_ENTRIES = 1 << 24  # of a block of a kernel: 128 MiB


class EnsemblePredictor:
    """The function that `gradient_descent_mse_ensemble` returns."""

    def __init__(
        self,
        source: KernelSource,
        points: Points,
        y: FloatArray,
        layout: Layout,
        learning_rate: float,
        kwargs: dict[str, Any],
        method: Method,
        max_memory: Any,
    ) -> None:
        self._source = source
        self._points = points
        self._x_train = points.x_train
        self._y = y
        self._layout = layout
        self._learning_rate = learning_rate
        self._kwargs = kwargs
        self.method = check_layout(method, layout.points)
        self._max_memory = max_memory
        self._kernels: dict[str, Any] = {}
        self._field: Field

    @property
    def reports(self) -> dict[str, Conditioning]:
        """How well the kernels used so far could be inverted, by name."""
        return self._field.kernels.reports()

    @memory_told("predict_fn", PREDICT_LESS)
    def __call__(
        self,
        t: Any = None,
        x_test: Any = None,
        get: Any = None,
        compute_cov: bool = False,
        **kernel_fn_test_test_kwargs: Any,
    ) -> Any:
        """Return the mean of the ensemble, and its covariance, at times ``t``.

        Parameters
        ----------
        t : float or array-like of any shape, optional
            Steps of the learning rate. None: infinite time, by Cholesky.
        x_test : array-like of shape (m, ...), optional
            Test inputs. None: the outputs on the training set.
        get : {"nngp", "ntk"}, tuple of these, or None
            "nngp": only the last layer is trained; "ntk": all are. None stands for
            ``("nngp", "ntk")``.
        compute_cov : bool, default=False
            Whether covariances are computed too.
        **kernel_fn_test_test_kwargs : object
            Further arguments of the kernel function for the test points. They must
            equal those of the training set unless they are arrays.

        Returns
        -------
        ndarray, Gaussian, or a named tuple of these
            Axes of ``t`` come first.

        Raises
        ------
        InputError
            If an argument does not fit.
        """
        names, is_tuple = check_get(get, ("nngp", "ntk"))
        times = None if t is None else as_times(t)
        needed = sorted({*names, "nngp"} if compute_cov else names)
        self._load_train(needed)
        if x_test is None:
            values = {name: self._train(name, times, compute_cov) for name in names}
            return pack_regimes(values, names, is_tuple)
        kwargs_cross, kwargs_test = test_arguments(
            self._kwargs, kernel_fn_test_test_kwargs
        )
        x_test = self._points.read(x_test, "x_test")
        parts = []
        for rows in self._rows(x_test, compute_cov):
            found = self._source(rows, self._x_train, needed, "x_test", **kwargs_cross)
            cross = {name: self._layout.cross(found[name], "x_test") for name in needed}
            k_test = None
            if compute_cov:
                prior = self._source(rows, None, ("nngp",), "x_test", **kwargs_test)
                points = cross["nngp"].points
                k_test = self._layout.test(prior["nngp"], "x_test", points)
            parts.append([self._test(name, times, cross, k_test) for name in names])
        axis = 0 if times is None else times.ndim
        joined = [
            column[0] if len(parts) == 1 else np.concatenate(column, axis=axis)
            for column in zip(*parts, strict=True)
        ]
        return pack_regimes(dict(zip(names, joined, strict=True)), names, is_tuple)

    def _rows(self, x_test: Any, compute_cov: bool) -> Iterator[Any]:
        is_whole = self.method.name == "dense" or compute_cov
        return in_blocks(x_test, None if is_whole else _ENTRIES, self._layout.n_points)

    def _load_train(self, names: list[str]) -> None:
        """Compute the kernels of the training set that are not there yet."""
        missing = [name for name in names if name not in self._kernels]
        if self.method.name == "operator":
            for name in missing:
                self._kernels[name] = kernel_operator(
                    self._source, self._x_train, name, self._kwargs, self._max_memory
                )
        elif missing:
            self._kernels |= self._source(
                self._x_train, None, missing, "x_train", **self._kwargs
            )
        for name in missing:
            self._field.check(name)  # says at once if shapes do not agree

    def _scaled(self, times: FloatArray) -> FloatArray:
        return times.ravel() * (self._learning_rate / self._y.size)

    def _train(self, get: str, times: FloatArray | None, compute_cov: bool) -> Any:
        points = self._layout.points
        if times is None:
            shape = self._kernels[tangent_name(get)].shape
            mean = self._y.copy()
            return Gaussian(mean, np.zeros(shape)) if compute_cov else mean
        scaled = self._scaled(times)
        mean = self._unflatten(self._field.train_mean(get, scaled), times, points)
        if not compute_cov:
            return mean
        covariance = self._field.train_covariance(get, scaled)
        return Gaussian(mean, self._shape(covariance, times, points))

    def _test(
        self,
        get: str,
        times: FloatArray | None,
        cross: dict[str, CrossKernel],
        k_test: FloatArray | None,
    ) -> Any:
        points = cross[get].points
        matrices = {name: kernel.matrix for name, kernel in cross.items()}
        scaled = None if times is None else self._scaled(times)
        change = self._field.mean(get, scaled, matrices)
        mean = self._unflatten(change, times, points)
        if k_test is None:
            return mean
        covariance = self._field.covariance(get, scaled, matrices, k_test, False)
        return Gaussian(mean, self._shape(covariance, times, points))

    def _unflatten(
        self, mean: FloatArray, times: FloatArray | None, points: tuple[int, ...]
    ) -> FloatArray:
        lead = () if times is None else times.shape
        return self._layout.unflatten(mean.reshape(lead + mean.shape[-2:]), points)

    def _shape(
        self, covariance: FloatArray, times: FloatArray | None, points: tuple[int, ...]
    ) -> FloatArray:
        if times is not None:
            covariance = covariance.reshape(times.shape + covariance.shape[1:])
        return self._field.shape_covariance(covariance, points)

    def _start(self, ridge: Ridge, output_factor: Any) -> None:
        reason = (self.method.reason, self._x_train)
        self._field = Field.build(
            partial(_item, self._kernels),
            self._layout,
            self._y,
            ridge,
            output_factor,
            reason if self.method.name == "operator" else None,
            copy=self._source.network is None,
        )


def _item(kernels: dict[str, Any], name: str) -> Any:
    """Return a kernel that was loaded; partial objects are copied with their dict."""
    return kernels[name]
