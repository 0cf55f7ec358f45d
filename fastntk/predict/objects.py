"""`Posterior` and `GradientFlow`: trained wide networks as objects."""

import copy
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk.predict.distribution import OutputDistribution
from fastntk.predict.given.checks import (
    as_targets,
    as_times,
    check_get,
    check_positive,
)
from fastntk.predict.given.layout import Layout
from fastntk.predict.given.method import choose_method, rows_of
from fastntk.predict.training.ridge import Ridge

__all__ = ["GradientFlow", "Posterior"]


class Posterior(OutputDistribution):
    r"""Infinitely wide networks conditioned on, or trained to the end on, data.

    Parameters
    ----------
    kernel_fn : Network, its ``kernel_fn``, or any function ``(x1, x2, get)``
        The kernels.
    x_train : array-like of shape (n, ...)
        Training inputs. Where they are a table (a DataFrame of pandas or polars), its
        columns are matched by name with those of tables asked for later.
    y_train : array-like of shape (n,) or (n, k)
        Targets.
    get : {"nngp", "ntk", "ntkgp"}, default="nngp"
        "nngp": the Bayesian network. "ntk": an infinite ensemble trained by gradient
        flow for infinite time. "ntkgp": the Gaussian process whose covariance is the
        NTK.
    ridge : float or array-like of shape (n,) or (1, k), default=0.0
        Added to the diagonal of the kernel: the variance of the noise, in squared
        units of the targets. One number, one per training point, or one per output;
        variances then are of shape (m, k).
    output_factor : array-like of shape (k, k), optional
        Covariance of the outputs among each other, B in ``Theta (x) B``. None for
        independent outputs.
    method : {"auto", "dense", "operator"}, default="auto"
        "dense": matrices and their factorisations. "operator": products with a kernel
        that is never formed, conjugate gradients and block Lanczos; the same answers
        to 1e-6. "auto": by number of rows and memory; ``.method`` says which and why.
    max_memory : int, float or str, optional
        Bytes for matrices, e.g. "8GB"; four fifths of what is free by default.
    copy : bool, default=True
        Whether a copy of the training inputs is kept, ``n d`` numbers, so that you may
        change yours. False keeps float64 arrays themselves: leave them as they are
        while the object is in use. float32 rows of a network become float64, a copy
        anyhow.

    Raises
    ------
    InputError
        For data or arguments that do not fit.

    Warns
    -----
    ConditionWarning
        On first use, if the kernel is singular to working precision: eigenvalues up to
        ``n u lambda_max`` (u the rounding unit of its dtype) count as zero.

    See Also
    --------
    fastntk.predict.gp_inference : The same from kernels that are numbers already.

    Notes
    -----
    Equations as in `gp_inference`.  One Cholesky factorisation (n^3 / 3) serves all
    points; `with_ridge`, and one ridge per output, share an eigendecomposition (about
    10 n^3) between ridges.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import predict, stax
    >>> net = stax.serial(
    ...     stax.Dense(512, W_std=1.5, b_std=0.5), stax.Erf(), stax.Dense(1)
    ... )
    >>> x, y = np.array([[-1.0], [0.5], [1.0]]), np.array([1.0, 0.0, 0.5])
    >>> posterior = predict.Posterior(net, x, y, ridge=1e-6)
    >>> posterior.mean(x).round(3) + 0.0
    array([1. , 0. , 0.5])
    >>> bool(posterior.variance([[3.0]]) > posterior.variance([[0.7]]))
    True
    >>> posterior.sample([[0.0], [2.0]], n=4, seed=0).shape
    (4, 2)
    >>> posterior.report.status
    'cholesky'
    """

    @memory_told("Posterior", PREDICT_LESS)
    def __init__(
        self,
        kernel_fn: Any,
        x_train: Any,
        y_train: Any,
        get: str = "nngp",
        *,
        ridge: Any = 0.0,
        output_factor: Any = None,
        method: str = "auto",
        max_memory: Any = None,
        copy: bool = True,
    ) -> None:
        name = _one_name(get, ("nngp", "ntk", "ntkgp"))
        given = Ridge(ridge, name="ridge")
        shares = given.checked(Layout(as_targets(y_train).shape)).is_per_target
        way = choose_method(method, rows_of(y_train), shares, max_memory)
        super().__init__(
            kernel_fn,
            x_train,
            y_train,
            name,
            given,
            output_factor,
            way,
            max_memory,
            copy,
        )


class GradientFlow(OutputDistribution):
    r"""An ensemble of infinitely wide networks while it is trained on squared error.

    Parameters
    ----------
    kernel_fn : Network, its ``kernel_fn``, or any function ``(x1, x2, get)``
        The kernels.
    x_train : array-like of shape (n, ...)
        Training inputs. Where they are a table (a DataFrame of pandas or polars), its
        columns are matched by name with those of tables asked for later.
    y_train : array-like of shape (n,) or (n, k)
        Targets.
    get : {"nngp", "ntk"}, default="ntk"
        "nngp": only the last layer is trained; "ntk": all are.
    learning_rate : float, default=1.0
        Step size, in units of which times count.
    ridge : float or array-like of shape (n,) or (1, k), default=0.0
        Added to the diagonal of the kernel that drives the training: one number, one
        per training point, or one per output; variances then are of shape (m, k).
    output_factor : array-like of shape (k, k), optional
        Covariance of the outputs among each other, B in ``Theta (x) B``. None for
        independent outputs.
    method : {"auto", "dense", "operator"}, default="auto"
        "dense": matrices and their factorisations. "operator": products with a kernel
        that is never formed, conjugate gradients and block Lanczos; the same answers
        to 1e-6. "auto": by number of rows and memory; ``.method`` says which and why.
    max_memory : int, float or str, optional
        Bytes for matrices, e.g. "8GB"; four fifths of what is free by default.
    copy : bool, default=True
        Whether a copy of the training inputs is kept, ``n d`` numbers, so that you may
        change yours. False keeps float64 arrays themselves: leave them as they are
        while the object is in use. float32 rows of a network become float64, a copy
        anyhow.

    Raises
    ------
    InputError
        For data or arguments that do not fit.

    Warns
    -----
    ConditionWarning
        If the kernel is singular to working precision at the times asked for.

    See Also
    --------
    fastntk.predict.gradient_descent_mse_ensemble : The same as a function; with a ridge
        its values on the training set are others, those of neural-tangents.

    Notes
    -----
    Equations as in `gradient_descent_mse_ensemble`.  Without `at` the time is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import predict, stax
    >>> net = stax.serial(
    ...     stax.Dense(512, W_std=1.5, b_std=0.5), stax.Relu(), stax.Dense(1)
    ... )
    >>> x, y = np.array([[-1.0], [0.5], [1.0]]), np.array([1.0, 0.0, 0.5])
    >>> flow = predict.GradientFlow(net, x, y)
    >>> flow.at([1.0, 10.0, 1e6]).mean(x).round(3) + 0.0
    array([[0.553, 0.124, 0.234],
           [0.998, 0.16 , 0.412],
           [1.   , 0.   , 0.5  ]])
    >>> bool((flow.at(10.0).variance([[0.0]]) < flow.at(0.0).variance([[0.0]])).all())
    True
    """

    def __init__(
        self,
        kernel_fn: Any,
        x_train: Any,
        y_train: Any,
        get: str = "ntk",
        *,
        learning_rate: float = 1.0,
        ridge: Any = 0.0,
        output_factor: Any = None,
        method: str = "auto",
        max_memory: Any = None,
        copy: bool = True,
    ) -> None:
        name = _one_name(get, ("nngp", "ntk"))
        given = Ridge(ridge, name="ridge")
        way = choose_method(method, rows_of(y_train), True, max_memory)
        super().__init__(
            kernel_fn,
            x_train,
            y_train,
            name,
            given,
            output_factor,
            way,
            max_memory,
            copy,
        )
        self._learning_rate = check_positive(learning_rate, "learning_rate")

    @property
    def t(self) -> FloatArray | None:
        """The times, None for infinity."""
        return None if self._times is None else self._times.copy()

    def at(self, t: Any) -> "GradientFlow":
        """Return the same flow at other times; everything computed is shared.

        Parameters
        ----------
        t : float, array-like of any shape, or None
            Steps of the learning rate; None for infinity.

        Returns
        -------
        GradientFlow
            Its results have the axes of ``t`` first.

        Raises
        ------
        InputError
            If a time is negative.
        """
        other = copy.copy(self)
        other._times = None if t is None else np.array(as_times(t))
        return other


def _one_name(get: Any, allowed: tuple[str, ...]) -> str:
    if not isinstance(get, str):
        raise InputError(
            f"get: found {shown(get)}; expected one of {', '.join(allowed)}. Make an "
            "object for each"
        )
    return check_get(get, allowed)[0][0]
