"""Gradient flow on the squared error in closed form: `gradient_descent_mse`."""

from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackError, eigsh

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.predict.checks import (
    as_outputs,
    as_targets,
    as_times,
    check_momentum,
    check_positive,
)
from fastntk.predict.field import Field
from fastntk.predict.layout import CrossKernel, Layout, kernel_matrix
from fastntk.predict.solver import Conditioning
from fastntk.predict.trained import Ridge

__all__ = ["MSEPredictor", "gradient_descent_mse", "max_learning_rate"]

_ITERATIVE = 300  # matrices from this size on have their largest eigenvalue by Lanczos


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
            cross = self._layout.cross(k_test_train, "k_test_train")
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
        return start + self._layout.unflatten(shaped, self._layout.points)

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
        return start + self._layout.unflatten(change, points)


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


def gradient_descent_mse(
    k_train_train: Any,
    y_train: Any,
    learning_rate: float = 1.0,
    diag_reg: float = 0.0,
    diag_reg_absolute_scale: bool = False,
    trace_axes: Any = (-1,),
    *,
    output_factor: Any = None,
) -> MSEPredictor:
    r"""Predict the outputs of a network trained on the mean squared error.

    Parameters
    ----------
    k_train_train : array-like of shape (n, n) or (n, n, k, k)
        Kernel of the training set, normally the NTK; the second shape, with
        ``trace_axes=()``, for the empirical NTK of a finite network.
    y_train : array-like of shape (n,) or (n, k)
        Targets.
    learning_rate : float, default=1.0
        Step size; only its product with ``t`` counts.
    diag_reg : float, default=0.0
        Added to the diagonal of the kernel.
    diag_reg_absolute_scale : bool, default=False
        False: in units of the mean of the diagonal.
    trace_axes : int or tuple of int, default=(-1,)
        Axes of the targets that the kernel lacks: ``Theta (x) I`` along these.
    output_factor : array-like of shape (k, k), optional
        B in ``Theta (x) B``; None for the identity.

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
    and test sets, see `fastntk.predict.time_filters`. Infinite time (None): one
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
    layout.square(k_train_train, "k_train_train")
    ridge = Ridge(diag_reg, bool(diag_reg_absolute_scale))
    rate = check_positive(learning_rate, "learning_rate")

    def load(name: str) -> Any:
        return k_train_train

    field = Field.build(load, layout, y, ridge, output_factor)
    return MSEPredictor(y, layout, field, rate)


def max_learning_rate(
    ntk_train_train: Any,
    y_train_size: int | None = None,
    momentum: float = 0.0,
    eps: float = 1e-12,
) -> float:
    r"""Compute the largest learning rate at which gradient descent is stable.

    Parameters
    ----------
    ntk_train_train : array-like of shape (n, n) or (n, n, k, k)
        NTK of the training set.
    y_train_size : int, optional
        Numbers in the targets, n times outputs. None: rows of the kernel's matrix.
    momentum : float, default=0.0
        Momentum of the optimiser.
    eps : float, default=1e-12
        Added to the eigenvalue, against division by zero.

    Returns
    -------
    float
        ``2 (1 + momentum) y_train_size / (lambda_max + eps)``.

    Raises
    ------
    InputError
        If the kernel is not square, or a number is out of range.

    Notes
    -----
    For the loss ``0.5 mean((f - y)^2)``; with momentum from [1]_.  The largest
    eigenvalue of a large matrix is found by the Lanczos method, O(n^2).

    References
    ----------
    .. [1] G. Goh, "Why momentum really works", Distill, 2017.

    Examples
    --------
    >>> from fastntk import predict
    >>> round(predict.max_learning_rate([[2.0, 1.0], [1.0, 2.0]]), 6)
    1.333333
    """
    matrix, rows, columns = kernel_matrix(ntk_train_train, "ntk_train_train")
    if rows != columns:
        raise InputError(
            f"ntk_train_train: found shape {np.shape(ntk_train_train)}; expected the "
            "kernel of one set with itself. Compute it with x2=None"
        )
    size = len(matrix) if y_train_size is None else y_train_size
    factor = 1.0 + check_momentum(momentum)
    return (
        2
        * factor
        * check_positive(size, "y_train_size")
        / (largest_eigenvalue(matrix) + eps)
    )


def largest_eigenvalue(matrix: FloatArray) -> float:
    """Return the largest eigenvalue of a symmetric matrix."""
    n = len(matrix)
    if n >= _ITERATIVE:
        start = np.random.default_rng(0).random(n) + 0.5
        try:
            found = eigsh(matrix, 1, which="LA", v0=start, return_eigenvectors=False)
            return float(found[0])
        except ArpackError:
            pass
    values = eigh(
        matrix, eigvals_only=True, subset_by_index=[n - 1, n - 1], check_finite=False
    )
    return float(values[-1])
