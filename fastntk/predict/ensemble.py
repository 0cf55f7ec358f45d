"""Infinite ensembles of infinitely wide networks: `gradient_descent_mse_ensemble`."""

from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.predict.checks import (
    as_targets,
    as_times,
    check_get,
    check_positive,
    check_samples,
)
from fastntk.predict.field import Field
from fastntk.predict.layout import CrossKernel, Layout
from fastntk.predict.results import Gaussian, pack_regimes
from fastntk.predict.solver import Conditioning
from fastntk.predict.sources import KernelSource, test_arguments
from fastntk.predict.trained import Ridge, tangent_name

__all__ = ["EnsemblePredictor", "gradient_descent_mse_ensemble"]


class EnsemblePredictor:
    """The function that `gradient_descent_mse_ensemble` returns."""

    def __init__(
        self,
        source: KernelSource,
        x_train: Any,
        y: FloatArray,
        layout: Layout,
        learning_rate: float,
        kwargs: dict[str, Any],
    ) -> None:
        self._source = source
        self._x_train = x_train
        self._y = y
        self._layout = layout
        self._learning_rate = learning_rate
        self._kwargs = kwargs
        self._kernels: dict[str, Any] = {}
        self._field: Field

    @property
    def reports(self) -> dict[str, Conditioning]:
        """How well the kernels used so far could be inverted, by name."""
        return self._field.kernels.reports()

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
        found = self._source(x_test, self._x_train, needed, "x_test", **kwargs_cross)
        cross = {name: self._layout.cross(found[name], "x_test") for name in needed}
        k_test = None
        if compute_cov:
            kernel = self._source(x_test, None, ("nngp",), "x_test", **kwargs_test)
            k_test = self._layout.test(kernel["nngp"], "x_test", cross["nngp"].points)
        values = {name: self._test(name, times, cross, k_test) for name in names}
        return pack_regimes(values, names, is_tuple)

    def _load_train(self, names: list[str]) -> None:
        """Compute the kernels of the training set that are not there yet."""
        missing = [name for name in names if name not in self._kernels]
        if missing:
            self._kernels |= self._source(
                self._x_train, None, missing, "x_train", **self._kwargs
            )
        for name in missing:
            self._field.kernels.matrix(name)  # says at once if shapes do not agree

    def _scaled(self, times: FloatArray) -> FloatArray:
        return times.ravel() * (self._learning_rate / self._y.size)

    def _train(self, get: str, times: FloatArray | None, compute_cov: bool) -> Any:
        points = self._layout.points
        if times is None:
            shape = np.shape(self._kernels[tangent_name(get)])
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
        self._field = Field.build(
            self._kernels.__getitem__, self._layout, self._y, ridge, output_factor
        )


def gradient_descent_mse_ensemble(
    kernel_fn: Any,
    x_train: Any,
    y_train: Any,
    learning_rate: float = 1.0,
    diag_reg: float = 0.0,
    diag_reg_absolute_scale: bool = False,
    trace_axes: Any = (-1,),
    *,
    output_factor: Any = None,
    **kernel_fn_train_train_kwargs: Any,
) -> EnsemblePredictor:
    r"""Predict an infinite ensemble of wide networks trained on the squared error.

    Parameters
    ----------
    kernel_fn : Network, its ``kernel_fn``, or any function ``(x1, x2, get)``
        The kernels. A function is called with ``get`` "nngp", "ntk" or both in a
        tuple, and returns an array, or an object or mapping with these names.
    x_train : array-like of shape (n, ...)
        Training inputs.
    y_train : array-like of shape (n,) or (n, k)
        Targets.
    learning_rate : float, default=1.0
        Step size; only its product with ``t`` counts.
    diag_reg : float, default=0.0
        Added to the diagonal of the kernel that drives the training.
    diag_reg_absolute_scale : bool, default=False
        False: in units of the mean of the diagonal.
    trace_axes : int or tuple of int, default=(-1,)
        Axes of the targets that the kernels lack: ``Theta (x) I`` along these.
    output_factor : array-like of shape (k, k), optional
        B in ``Theta (x) B`` and ``K (x) B``; covariances then end in two axes of
        outputs. None for the identity.
    **kernel_fn_train_train_kwargs : object
        Further arguments of the kernel function.

    Returns
    -------
    EnsemblePredictor
        A function ``(t=None, x_test=None, get=None, compute_cov=False)``, with the
        attribute ``reports``: condition numbers, and what was done about them.

    Raises
    ------
    InputError
        For data or arguments that do not fit.

    Warns
    -----
    ConditionWarning
        If a kernel is singular to working precision at the times asked for: eigenvalues
        up to ``n u lambda_max`` then count as zero.

    Notes
    -----
    Networks start at random, ``f_0 ~ GP(0, K)``; training makes the outputs a Gaussian
    process again, equations (14) and (15) of [1]_:

    .. math::
        \mu_t(x) &= A_t y, \qquad A_t = \Theta(x, X) \Theta^{-1}
                    (I - e^{-\eta \Theta t / N}) \\
        \Sigma_t &= K(x, x) + A_t K A_t^T - A_t K(X, x) - K(x, X) A_t^T.

    "nngp": the same with K in the place of Theta.  Covariances are computed as sums of
    squares, so no variance is negative.

    Cost: the kernels, and one eigendecomposition for each regime on first use; see
    `fastntk.predict.time_filters` for what many times cost.

    References
    ----------
    .. [1] J. Lee et al., "Wide neural networks of any depth evolve as linear models
       under gradient descent", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import predict, stax
    >>> net = stax.serial(
    ...     stax.Dense(512, W_std=1.5, b_std=0.1), stax.Relu(), stax.Dense(1)
    ... )
    >>> x, y = np.array([[-1.0], [0.5], [1.0]]), np.array([[1.0], [0.0], [0.5]])
    >>> ensemble = predict.gradient_descent_mse_ensemble(net, x, y)
    >>> mean, covariance = ensemble([0.0, 100.0], [[0.0], [2.0]], "ntk", True)
    >>> mean.shape, covariance.shape
    ((2, 2, 1), (2, 2, 2))
    >>> ensemble(None, x, "ntk").round(6)[:, 0] + 0.0
    array([1. , 0. , 0.5])
    """
    y = as_targets(y_train)
    check_samples(x_train, y)
    predictor = EnsemblePredictor(
        KernelSource(kernel_fn),
        x_train,
        y,
        Layout(y.shape, trace_axes),
        check_positive(learning_rate, "learning_rate"),
        kernel_fn_train_train_kwargs,
    )
    ridge = Ridge(diag_reg, bool(diag_reg_absolute_scale))
    predictor._start(ridge, output_factor)
    return predictor
