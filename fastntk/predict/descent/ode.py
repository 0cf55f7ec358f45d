"""Gradient flow on any loss: `gradient_descent`."""

from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation.arguments import is_one_of
from fastntk._warnings import warn
from fastntk.predict.descent.dual_flow import METHODS, DualFlow
from fastntk.predict.descent.learning_rate import largest_eigenvalue, outlying_scale
from fastntk.predict.descent.losses import Loss, as_loss
from fastntk.predict.given.checks import (
    as_outputs,
    as_targets,
    as_times,
    check_momentum,
    check_positive,
    check_semidefinite,
)
from fastntk.predict.given.layout import CrossKernel, Layout
from fastntk.predict.mse import check_outputs
from fastntk.predict.results import ODEState

__all__ = ["FlowPredictor", "gradient_descent"]


class FlowPredictor:
    """The function that `gradient_descent` returns."""

    def __init__(
        self,
        loss: Loss,
        kernel: FloatArray,
        y: FloatArray,
        layout: Layout,
        learning_rate: float,
        momentum: float | None,
        method: str,
    ) -> None:
        self._loss = loss
        self._scale = outlying_scale(kernel)
        self._kernel = kernel / self._scale
        self._y = y
        self._layout = layout
        self._method = method
        self._has_momentum = momentum is not None
        self._unit = learning_rate * self._scale
        self._friction: float | None = None
        if momentum is not None:
            self._unit = (learning_rate * self._scale) ** 0.5
            self._friction = (momentum - 1.0) / self._unit

    def __call__(
        self,
        t: Any = None,
        fx_train_or_state_0: Any = 0.0,
        fx_test_0: Any = None,
        k_test_train: Any = None,
    ) -> Any:
        """Return outputs, or the state, at times ``t``.

        Parameters
        ----------
        t : float or array-like of any shape
            Steps of the learning rate, in any order. Infinite time has no closed form.
        fx_train_or_state_0 : float, array-like or ODEState, default=0.0
            Outputs on the training set at the start; with an `ODEState` one comes
            back, from which training can go on. None: the training outputs are not
            returned, and start at 0.
        fx_test_0 : float or array-like, optional
            Outputs on the test set at the start. None: none are computed.
        k_test_train : array-like, optional
            Kernel between test points (rows) and training set.

        Returns
        -------
        ndarray, tuple of two, or ODEState
            Training outputs, test outputs, or both; axes of ``t`` come first.

        Raises
        ------
        InputError
            If an argument does not fit, or the solver gave up.
        """
        is_state = isinstance(fx_train_or_state_0, ODEState)
        state = self._start(fx_train_or_state_0, fx_test_0)
        check_outputs(state.fx_train, state.fx_test, k_test_train)
        times = self._times(t)
        cross = None
        if state.fx_test is not None:
            matrix, points = self._layout.cross(k_test_train, "k_test_train")
            cross = CrossKernel(matrix / self._scale, points)
        result = self._run(times, state, cross)
        if is_state:
            return result
        if state.fx_train is None:
            return result.fx_test
        if state.fx_test is None:
            return result.fx_train
        return result.fx_train, result.fx_test

    def _start(self, given: Any, fx_test_0: Any) -> ODEState:
        if not isinstance(given, ODEState):
            return ODEState(given, fx_test_0)
        if fx_test_0 is not None:
            raise InputError(
                "fx_test_0: found a value with an ODEState; expected None: the test "
                "outputs are in the state, ODEState(fx_train, fx_test)"
            )
        if not self._has_momentum and not (given.qx_train is given.qx_test is None):
            raise InputError(
                "qx_train, qx_test: found velocities without momentum; expected None. "
                "Pass momentum= to gradient_descent, or leave them out of the state"
            )
        return given

    def _times(self, t: Any) -> FloatArray:
        times = as_times(np.inf if t is None else t)
        if not np.isfinite(times).all():
            raise InputError(
                "t: found infinite time; expected finite times: a loss other than mse "
                "has no closed form there, and may have no limit. For the squared "
                "error use gradient_descent_mse"
            )
        with np.errstate(over="ignore"):
            scaled = times * self._unit
        if not np.isfinite(scaled).all():
            raise InputError(
                f"t: found {times.max():.3g}, which overflows times the learning rate "
                "and the kernel; expected shorter times, or a smaller learning rate"
            )
        return scaled

    def _run(
        self, times: FloatArray, state: ODEState, cross: CrossKernel | None
    ) -> ODEState:
        shape = self._y.shape
        train_0 = _filled(state.fx_train, shape, "fx_train_0")
        root = self._scale**0.5  # velocities are derivatives by scaled time
        train_v = _filled(state.qx_train, shape, "qx_train") / root
        flow = DualFlow(
            self._loss,
            self._kernel,
            self._layout,
            self._y,
            train_0,
            self._friction,
            train_v,
        )
        unique, back = np.unique(times.ravel(), return_inverse=True)
        a, b = (part[back] for part in flow.solve(unique, self._method))
        carried, left = flow.drift(times)

        def at(
            kernel: CrossKernel, start: FloatArray, velocity: FloatArray
        ) -> tuple[FloatArray, Any]:
            outputs = start + self._push(kernel, a, times.shape)
            if not self._has_momentum:
                return outputs, None
            outputs += _outer(carried, velocity)
            speed = self._push(kernel, b, times.shape) + _outer(left, velocity)
            return outputs, speed * root

        own = CrossKernel(self._kernel, self._layout.points)
        fx_train, qx_train = at(own, train_0, train_v)
        if cross is None:
            return ODEState(fx_train, None, qx_train, None)
        test_shape = self._layout.full_shape(cross.points)
        test_0 = _filled(state.fx_test, test_shape, "fx_test_0")
        test_v = _filled(state.qx_test, test_shape, "qx_test") / root
        fx_test, qx_test = at(cross, test_0, test_v)
        return ODEState(fx_train, fx_test, qx_train, qx_test)

    def _push(
        self, kernel: CrossKernel, a: FloatArray, lead: tuple[int, ...]
    ) -> FloatArray:
        """Return ``Theta(x, X) a`` for every time, in the shape of outputs."""
        moved = kernel.matrix @ a
        shaped = moved.reshape(lead + moved.shape[1:])
        return self._layout.unflatten(shaped, kernel.points)


@memory_told("gradient_descent", PREDICT_LESS)
def gradient_descent(
    loss: Any,
    k_train_train: Any,
    y_train: Any,
    learning_rate: float = 1.0,
    momentum: float | None = None,
    trace_axes: Any = (-1,),
    *,
    method: str = "auto",
) -> FlowPredictor:
    r"""Predict the outputs of a network trained by gradient descent on any loss.

    Parameters
    ----------
    loss : {"mse", "cross_entropy", "logistic", "huber"} or Loss
        The loss, by name or as an object with ``value(fx, y)`` and ``gradient(fx, y)``,
        such as ``predict.Huber(delta=0.1)``.
    k_train_train : array-like of shape (n, n) or (n, n, k, k)
        NTK of the training set; the second shape with ``trace_axes=()``.
    y_train : array-like of shape (n,) or (n, k)
        Targets; one-hot rows for the cross-entropy, -1 and 1 for the logistic loss.
    learning_rate : float, default=1.0
        Step size.
    momentum : float, optional
        In [0, 1), for steps with (Polyak's) momentum.
    trace_axes : int or tuple of int, default=(-1,)
        Axes of the targets that the kernel lacks: ``Theta (x) I`` along these.
    method : {"auto", "DOP853", "RK45", "Radau", "BDF", "LSODA"}, default="auto"
        Solver of SciPy. "auto": DOP853, or the implicit Radau where that would need
        very many steps and the targets have at most 3,000 numbers.

    Returns
    -------
    FlowPredictor
        A function ``(t, fx_train_or_state_0=0.0, fx_test_0=None, k_test_train=None)``.

    Raises
    ------
    InputError
        For a loss, kernel, targets or arguments that do not fit.

    Warns
    -----
    UserWarning
        With momentum, if the learning rate is above `max_learning_rate`: the discrete
        steps leave the linear regime, and the flow says nothing about them.

    Notes
    -----
    Equations (6) and (8) of [1]_, in dual coefficients, see
    `fastntk.predict.descent.dual_flow`: :math:`df/ds = -\Theta \nabla L(f)` with
    :math:`s = \eta t`, or with momentum :math:`f'' = -\Theta \nabla L(f) + f' (m - 1) /
    \sqrt{\eta}` with :math:`s = \sqrt{\eta} t` and primes for :math:`d/ds`.  Outputs
    are good to about 1e-8 of the targets.

    Cost: a product of the kernel with the coefficients, 2 n^2 k flops, for each of some
    12 evaluations in a step; test outputs one product at the end.

    References
    ----------
    .. [1] J. Lee et al., "Wide neural networks of any depth evolve as linear models
       under gradient descent", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import predict
    >>> kernel = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> flow = predict.gradient_descent("logistic", kernel, [[1.0], [-1.0]])
    >>> flow([0.0, 10.0])[:, :, 0].round(4)
    array([[ 0.    ,  0.    ],
           [ 1.5033, -1.5033]])
    """
    y = as_targets(y_train)
    checked = as_loss(loss, y)
    layout = Layout(y.shape, trace_axes)
    kernel = layout.square(k_train_train, "k_train_train")
    check_semidefinite(kernel, "k_train_train")
    rate = check_positive(learning_rate, "learning_rate")
    if not is_one_of(method, METHODS):
        raise InputError(
            f"method: found {shown(method)}; expected one of {', '.join(METHODS)}"
        )
    if momentum is not None:
        momentum = check_momentum(momentum)
        _check_regime(checked, kernel, y, rate, momentum)
    return FlowPredictor(checked, kernel, y, layout, rate, momentum, method)


def _check_regime(
    loss: Loss, kernel: FloatArray, y: FloatArray, rate: float, momentum: float
) -> None:
    """Warn if the steps with momentum that the flow stands for would diverge."""
    bound = getattr(loss, "curvature", None)
    curvature = bound(y) if bound is not None else 1.0 / y.size
    largest = 2 * (1 + momentum) / (curvature * largest_eigenvalue(kernel) + 1e-300)
    if rate > largest:
        warn(
            f"learning_rate: found {rate:.4g}; with momentum {momentum:g} steps are "
            f"stable up to {largest:.4g} only. Beyond it the flow is no limit of the "
            "steps, at any t",
            UserWarning,
        )


def _filled(value: Any, shape: tuple[int, ...], name: str) -> FloatArray:
    return as_outputs(0.0 if value is None else value, shape, name)


def _outer(factors: FloatArray, values: FloatArray) -> FloatArray:
    return np.multiply.outer(factors, values)
