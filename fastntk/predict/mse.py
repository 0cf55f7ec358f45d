"""Gradient flow on the squared error in closed form: `gradient_descent_mse`."""

from functools import partial
from typing import Any

from fastntk._errors import InputError
from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._typing import FloatArray
from fastntk._validation import check_flag
from fastntk.predict.flow.field import Field
from fastntk.predict.given.checks import (
    as_outputs,
    as_targets,
    as_times,
    check_positive,
)
from fastntk.predict.given.layout import CrossKernel, Layout
from fastntk.predict.given.sources import formed, operators_of
from fastntk.predict.training.ridge import Ridge
from fastntk.predict.training.solver import Conditioning

__all__ = ["MSEPredictor", "check_outputs", "gradient_descent_mse"]


class MSEPredictor:
    """The function that `gradient_descent_mse` returns."""

    def __init__(
        self, y: FloatArray, layout: Layout, field: Field, learning_rate: float
    ) -> None:
        self._y = y
        self._layout = layout
        self._field = field
        self._learning_rate = learning_rate

    @property
    def reports(self) -> dict[str, Conditioning]:
        """How well the kernel could be inverted, if it was used, by name."""
        return self._field.kernels.reports()

    @memory_told("predict_fn", PREDICT_LESS)
    def __call__(
        self,
        t: Any = None,
        fx_train_0: Any = 0.0,
        fx_test_0: Any = None,
        k_test_train: Any = None,
    ) -> Any:
        """Return outputs at times ``t``.

        Parameters
        ----------
        t : float or array-like of any shape, optional
            Steps of the learning rate, not necessarily whole. None: infinite time,
            by Cholesky; the training outputs then are the targets.
        fx_train_0 : float or array-like of the shape of the targets, default=0.0
            Outputs on the training set at the start. None: they are not returned, and
            count as 0.
        fx_test_0 : float or array-like, optional
            Outputs on the test set at the start. None: none are computed.
        k_test_train : array-like, optional
            Kernel between test points (rows) and training set.

        Returns
        -------
        ndarray or tuple of two
            Training outputs, test outputs, or both; axes of ``t`` come first.

        Raises
        ------
        InputError
            If there is nothing to compute, ``k_test_train`` is missing, a time is
            negative, or shapes do not agree.
        """
        check_outputs(fx_train_0, fx_test_0, k_test_train)
        start = as_outputs(
            0.0 if fx_train_0 is None else fx_train_0, self._y.shape, "fx_train_0"
        )
        residual = self._layout.flatten(self._y - start)
        times = None if t is None else as_times(t)
        results = []
        if fx_train_0 is not None:
            results.append(self._train(times, start, residual))
        if fx_test_0 is not None:
            cross = self._layout.cross(formed(k_test_train), "k_test_train")
            results.append(self._test(times, fx_test_0, residual, cross))
        return results[0] if len(results) == 1 else tuple(results)

    def _scaled(self, times: FloatArray) -> FloatArray:
        return times.ravel() * (self._learning_rate / self._y.size)

    def _train(
        self, times: FloatArray | None, start: FloatArray, residual: FloatArray
    ) -> FloatArray:
        if times is None:
            return self._y.copy()
        change = self._field.train_mean("ntk", self._scaled(times), residual)
        shaped = change.reshape(times.shape + change.shape[1:])
        outputs = self._layout.unflatten(shaped, self._layout.points)
        outputs += start  # in place: many times make large arrays
        return outputs

    def _test(
        self,
        times: FloatArray | None,
        fx_test_0: Any,
        residual: FloatArray,
        cross: CrossKernel,
    ) -> FloatArray:
        matrix, points = cross
        start = as_outputs(fx_test_0, self._layout.full_shape(points), "fx_test_0")
        scaled = None if times is None else self._scaled(times)
        change = self._field.mean("ntk", scaled, {"ntk": matrix}, residual)
        if times is not None:
            change = change.reshape(times.shape + change.shape[1:])
        outputs = self._layout.unflatten(change, points)
        outputs += start
        return outputs


def check_outputs(fx_train_0: Any, fx_test_0: Any, k_test_train: Any) -> None:
    """Check that something is to be computed, and can be."""
    if fx_train_0 is None and fx_test_0 is None:
        raise InputError(
            "fx_train_0, fx_test_0: found None for both; expected outputs at the start "
            "for at least one. Pass 0.0 for networks that start at zero"
        )
    if fx_test_0 is not None and k_test_train is None:
        raise InputError(
            "k_test_train: found None with fx_test_0; expected the kernel between test "
            "points and training set, e.g. kernel_fn(x_test, x_train, 'ntk')"
        )


@memory_told("gradient_descent_mse", PREDICT_LESS)
def gradient_descent_mse(
    k_train_train: Any,
    y_train: Any,
    learning_rate: float = 1.0,
    diag_reg: Any = 0.0,
    diag_reg_absolute_scale: bool = False,
    trace_axes: Any = (-1,),
    *,
    output_factor: Any = None,
    copy: bool = True,
) -> MSEPredictor:
    r"""Predict the outputs of a network trained on the mean squared error.

    Parameters
    ----------
    k_train_train : array-like or operator of shape (n, n) or (n, n, k, k)
        Kernel of the training set, normally the NTK; the second shape, with
        ``trace_axes=()``, for the empirical NTK of a finite network. An operator, as
        `fastntk.operator` returns, is never formed.
    y_train : array-like of shape (n,) or (n, k)
        Targets.
    learning_rate : float, default=1.0
        Step size; only its product with ``t`` counts.
    diag_reg : float or array-like of shape (n,) or (1, k), default=0.0
        Added to the diagonal of the kernel: one number, one per training point, or one
        per output (covariances then have axes of outputs, as with ``output_factor``).
    diag_reg_absolute_scale : bool, default=False
        False: in units of the mean of the diagonal.
    trace_axes : int or tuple of int, default=(-1,)
        Axes of the targets that the kernel lacks: ``Theta (x) I`` along these.
    output_factor : array-like of shape (k, k), optional
        B in ``Theta (x) B``; None for the identity.
    copy : bool, default=True
        Whether a copy of the kernel is kept, ``n^2`` numbers, so that you may change
        yours. False keeps a float64 array itself: leave it as it is while the predictor
        is in use.

    Returns
    -------
    MSEPredictor
        A function ``(t=None, fx_train_0=0.0, fx_test_0=None, k_test_train=None)``.

    Raises
    ------
    InputError
        For a kernel, targets or arguments that do not fit.

    Warns
    -----
    ConditionWarning
        If a time is so long that eigenvalues below the rounding of the kernel would
        decide; they are left out (pseudoinverse).

    Notes
    -----
    Equations (10) and (11) of [1]_ for the loss ``0.5 mean((f - y)^2)``, whose mean is
    over the N numbers in the targets:

    .. math::
        f_t(X) &= f_0(X) + (I - e^{-\eta \Theta t / N}) (y - f_0(X)) \\
        f_t(x) &= f_0(x) + \Theta(x, X) \Theta^{-1}
                  (I - e^{-\eta \Theta t / N}) (y - f_0(X)).

    Cost: one eigendecomposition, about 10 n^3 flops, on first use; it serves all times
    and test sets, see `fastntk.predict.flow.time_filters`. Infinite time (None): one
    Cholesky factorisation.

    References
    ----------
    .. [1] J. Lee et al., "Wide neural networks of any depth evolve as linear models
       under gradient descent", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import predict
    >>> kernel = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> flow = predict.gradient_descent_mse(kernel, [[1.0], [1.0]])
    >>> flow([0.0, 1.0, np.inf])[:, :, 0].round(4)
    array([[0.    , 0.    ],
           [0.7769, 0.7769],
           [1.    , 1.    ]])
    """
    y = as_targets(y_train)
    layout = Layout(y.shape, trace_axes)
    operators = operators_of([k_train_train], layout.points)
    ridge = Ridge(
        diag_reg, check_flag(diag_reg_absolute_scale, "diag_reg_absolute_scale")
    )
    rate = check_positive(learning_rate, "learning_rate")
    load = partial(_only, k_train_train)
    copy = check_flag(copy, "copy")
    field = Field.build(load, layout, y, ridge, output_factor, operators, copy=copy)
    field.check("ntk")
    return MSEPredictor(y, layout, field, rate)


def _only(kernel: Any, name: str) -> Any:
    """Return the one kernel given; partial objects of it can be pickled."""
    return kernel
