"""Gradient descent on a kernel model in discrete steps: `kernel_gradient_descent`."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation.arguments import as_index_or_none
from fastntk._warnings import warn
from fastntk.predict.descent.learning_rate import max_learning_rate, outlying_scale
from fastntk.predict.descent.steps import BLOWN_UP, Descent, Outcome, shuffled_batches
from fastntk.predict.given.checks import (
    as_generator,
    as_outputs,
    as_targets,
    check_momentum,
    check_positive,
    check_ridge,
    check_semidefinite,
)
from fastntk.predict.given.layout import Layout

__all__ = ["DescentResult", "kernel_gradient_descent"]

_LARGEST = 1e140  # targets, whose squares are added up

_MOST_STEPS = 2**53


@dataclasses.dataclass(frozen=True, eq=False)
class DescentResult:
    """A model ``f(x) = f_0(x) + Theta(x, X) coefficients``, and how it got there.

    Attributes
    ----------
    coefficients : ndarray of the shape of the targets
        Dual coefficients; ``coefficients . Theta coefficients`` is the squared RKHS
        norm of what was learned.
    fx_train : ndarray of the shape of the targets
        Outputs on the training set.
    losses : ndarray of shape (n_steps + 1,)
        ``0.5 mean((f - y)^2)`` before each step and after the last: on the whole
        training set, or with mini-batches on the batch of the step; the last is that of
        the whole training set always.
    n_steps : int
        Steps taken.
    status : {"converged", "max_steps", "diverged"}
        Why it ended.
    learning_rate : float
        Step size used.
    """

    coefficients: FloatArray
    fx_train: FloatArray
    losses: FloatArray
    n_steps: int
    status: Outcome
    learning_rate: float
    layout: Layout = dataclasses.field(repr=False)

    def predict(self, k_test_train: Any, fx_test_0: Any = 0.0) -> FloatArray:
        """Return outputs at other points.

        Parameters
        ----------
        k_test_train : array-like of shape (m, n)
            Kernel between these points and the training set.
        fx_test_0 : float or array-like, default=0.0
            Outputs at the start.

        Returns
        -------
        ndarray of shape (m, k)
        """
        matrix, points = self.layout.cross(k_test_train, "k_test_train")
        change = self.layout.unflatten(
            matrix @ self.layout.flatten(self.coefficients), points
        )
        return as_outputs(fx_test_0, change.shape, "fx_test_0") + change


@memory_told("kernel_gradient_descent", PREDICT_LESS)
def kernel_gradient_descent(
    k_train_train: Any,
    y_train: Any,
    learning_rate: float | None = None,
    n_steps: int = 1000,
    *,
    batch_size: int | None = None,
    momentum: float = 0.0,
    fx_train_0: Any = 0.0,
    rtol: float = 0.0,
    seed: Any = 0,
    trace_axes: Any = (-1,),
) -> DescentResult:
    r"""Minimise the squared error of a kernel model by gradient descent.

    Parameters
    ----------
    k_train_train : array-like of shape (n, n) or (n, n, k, k)
        Kernel of the training set; the second shape with ``trace_axes=()``.
    y_train : array-like of shape (n,) or (n, k)
        Targets.
    learning_rate : float, optional
        Step size. None: half of the largest stable one, ``max_learning_rate / 2``, for
        a mini-batch the same with the largest sum of ``batch_size`` diagonal entries
        in the place of the largest eigenvalue.
    n_steps : int, default=1000
        Steps to take at most.
    batch_size : int, optional
        Samples per step, drawn without replacement from one shuffled pass after the
        other. None: all.
    momentum : float, default=0.0
        In [0, 1): ``v = momentum v - learning_rate gradient; f = f + v``.
    fx_train_0 : float or array-like, default=0.0
        Outputs on the training set at the start.
    rtol : float, default=0.0
        Stop when ``norm(f - y) <= rtol norm(f_0 - y)``; for mini-batches this is looked
        at once per pass.
    seed : int or Generator, default=0
        Of the order of the samples.
    trace_axes : int or tuple of int, default=(-1,)
        Axes of the targets that the kernel lacks.

    Returns
    -------
    DescentResult
        Coefficients, outputs, losses, and why it ended.

    Raises
    ------
    InputError
        For a kernel, targets or arguments that do not fit.

    Warns
    -----
    UserWarning
        If the residual grew by a factor of 1e8: the step size is too large.

    Notes
    -----
    For the loss ``0.5 mean((f - y)^2)`` over the N numbers of a batch B the step of a
    function in the RKHS of Theta is, in dual coefficients,

    .. math:: a_B \leftarrow a_B - \frac{\eta}{N} (f(B) - y_B).

    The last batch of a pass may be smaller; its N is its own.  From ``a = 0`` the
    iterates stay in the span of ``Theta(X, .)``, so whenever they fit the data they are
    the interpolant of least RKHS norm, ``a = Theta^-1 (y - f_0)``.  Where Theta is
    singular, targets in its range lead to ``a = Theta^+ (y - f_0)``; of others
    (duplicate inputs with different labels) outputs go to those of the pseudoinverse,
    while the coefficients that do not move any output grow with the steps.

    After s full steps the residual is ``(I - eta Theta / N)^s (y - f_0)``: that of
    `gradient_descent_mse` at ``t = s``, when the step size is small.

    Cost: 2 n^2 k flops a full step, 2 n b k for a batch of b.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import predict
    >>> kernel = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> result = predict.kernel_gradient_descent(kernel, [1.0, -1.0], rtol=1e-9)
    >>> result.status, result.coefficients.round(6)
    ('converged', array([ 1., -1.]))
    """
    y = as_targets(y_train)
    layout = Layout(y.shape, trace_axes)
    kernel = layout.square(k_train_train, "k_train_train")
    check_semidefinite(kernel, "k_train_train")
    start = as_outputs(fx_train_0, y.shape, "fx_train_0")
    residual = layout.flatten(start - y)
    if np.abs(residual).max() > _LARGEST:
        raise InputError(
            f"y_train: found {np.abs(residual).max():.3g} as the largest difference "
            f"from fx_train_0; expected at most {_LARGEST:.0e}, as the loss squares "
            "it. Divide the targets by a constant"
        )
    batch = _as_batch(batch_size, y.shape[0])
    rate = _step_size(learning_rate, kernel, y, batch)
    run = Descent(
        kernel,
        residual,
        rate,
        check_momentum(momentum),
    )
    stop = _as_tolerance(rtol) * float(np.linalg.norm(residual))
    steps = _as_steps(n_steps)
    if batch is None:
        status, losses = run.full(steps, stop)
    else:
        order = shuffled_batches(layout, batch, as_generator(seed))
        status, losses = run.stochastic(steps, stop, order, -(-y.shape[0] // batch))
    if status == "diverged":
        warn(
            f"learning_rate: found {rate:.4g}, with which the residual grew "
            f"{BLOWN_UP:.0e}-fold; expected less than "
            "max_learning_rate. Pass learning_rate=None to have a stable one chosen",
            UserWarning,
        )
    return DescentResult(
        layout.unflatten(run.coefficients, layout.points),
        y + layout.unflatten(run.residual, layout.points),
        np.array(losses),
        len(losses) - 1,
        status,
        rate,
        layout,
    )


def _step_size(
    learning_rate: Any, kernel: FloatArray, y: FloatArray, batch: int | None
) -> float:
    if learning_rate is not None:
        return check_positive(learning_rate, "learning_rate")
    scale = outlying_scale(kernel)
    if batch is None:
        return max_learning_rate(kernel / scale, y.size) / 2 / scale
    n = y.shape[0]
    per_sample, rows_each = y.size // n, len(kernel) // n
    descending = np.sort(kernel.diagonal() / scale)[::-1]
    sizes = {batch, n % batch or batch}  # the last of a pass may be smaller
    rates = [
        size * per_sample / (float(descending[: size * rows_each].sum()) + 1e-12)
        for size in sizes
    ]
    return float(min(rates)) / scale


def _as_batch(batch_size: Any, n: int) -> int | None:
    if batch_size is None:
        return None
    size = _as_integer(batch_size)
    if not 1 <= size <= n:
        raise InputError(
            f"batch_size: found {shown(batch_size)}; expected an integer from 1 to "
            f"{n}, the number of samples, or None for all"
        )
    return size


def _as_steps(n_steps: Any) -> int:
    steps = _as_integer(n_steps)
    if steps < 0:
        raise InputError(
            f"n_steps: found {shown(n_steps)}; expected an integer >= 0 and "
            f"at most {_MOST_STEPS:,}"
        )
    return steps


def _as_tolerance(rtol: Any) -> float:
    return check_ridge(rtol, "rtol")


def _as_integer(value: Any) -> int:
    found = as_index_or_none(value)
    return -1 if found is None or found > _MOST_STEPS else found
