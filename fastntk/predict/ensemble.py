"""Infinite ensembles of infinitely wide networks: `gradient_descent_mse_ensemble`."""

from typing import Any

from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._validation import check_flag
from fastntk.predict.ensemble_predictor import EnsemblePredictor
from fastntk.predict.given.checks import as_targets, check_positive, check_samples
from fastntk.predict.given.layout import Layout
from fastntk.predict.given.method import choose_method
from fastntk.predict.given.points import Points
from fastntk.predict.given.sources import KernelSource
from fastntk.predict.training.ridge import Ridge

__all__ = ["EnsemblePredictor", "gradient_descent_mse_ensemble"]


@memory_told("gradient_descent_mse_ensemble", PREDICT_LESS)
def gradient_descent_mse_ensemble(
    kernel_fn: Any,
    x_train: Any,
    y_train: Any,
    learning_rate: float = 1.0,
    diag_reg: Any = 0.0,
    diag_reg_absolute_scale: bool = False,
    trace_axes: Any = (-1,),
    *,
    output_factor: Any = None,
    method: str = "auto",
    max_memory: Any = None,
    copy: bool = True,
    **kernel_fn_train_train_kwargs: Any,
) -> EnsemblePredictor:
    r"""Predict an infinite ensemble of wide networks trained on the squared error.

    Parameters
    ----------
    kernel_fn : Network, its ``kernel_fn``, or any function ``(x1, x2, get)``
        The kernels. A function is called with ``get`` "nngp", "ntk" or both in a
        tuple, and returns an array, or an object or mapping with these names.
    x_train : array-like of shape (n, ...)
        Training inputs. Where they are a table (a DataFrame of pandas or polars), its
        columns are matched by name with those of tables asked for later.
    y_train : array-like of shape (n,) or (n, k)
        Targets.
    learning_rate : float, default=1.0
        Step size; only its product with ``t`` counts.
    diag_reg : float or array-like of shape (n,) or (1, k), default=0.0
        Added to the diagonal of the kernel that drives the training: one number, one
        per training point, or one per output (covariances then have axes of outputs, as
        with ``output_factor``).
    diag_reg_absolute_scale : bool, default=False
        False: in units of the mean of the diagonal.
    trace_axes : int or tuple of int, default=(-1,)
        Axes of the targets that the kernels lack: ``Theta (x) I`` along these.
    output_factor : array-like of shape (k, k), optional
        B in ``Theta (x) B`` and ``K (x) B``; covariances then end in two axes of
        outputs. None for the identity.
    method : {"auto", "dense", "operator"}, default="auto"
        "dense": matrices and their factorisations. "operator": products with kernels
        that are never formed (conjugate gradients, block Lanczos), the same answers to
        1e-6. "auto": by number of rows and memory; ``.method`` says which and why.
    max_memory : int, float or str, optional
        Bytes for matrices, e.g. "8GB"; four fifths of what is free by default.
    copy : bool, default=True
        Whether a copy of the training inputs is kept, ``n d`` numbers, so that you may
        change yours. False keeps float64 arrays themselves: leave them as they are
        while the predictor is in use.
    **kernel_fn_train_train_kwargs : object
        Further arguments of the kernel function; they are passed on, and not copied.

    Returns
    -------
    EnsemblePredictor
        A function ``(t=None, x_test=None, get=None, compute_cov=False)``.

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

    "nngp", where only the last layer is trained: K in the place of Theta in the mean,
    and :math:`\Sigma_t = K(x, x) - K(x, X) K^{-1} (I - e^{-2 \eta K t / N}) K(X, x)`.
    ``diag_reg`` is added to the kernel that is inverted and exponentiated.  No variance
    is negative.  On the training set (``x_test=None``) values follow neural-tangents,
    for which the ridge is part of the kernel there too: targets are fitted exactly.

    Cost: the kernels, and one eigendecomposition for each regime on first use; see
    `fastntk.predict.flow.time_filters` for what many times cost.

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
    source = KernelSource(kernel_fn)
    points = Points(source, x_train, copy=copy)
    check_samples(points.x_train, y)
    layout = Layout(y.shape, trace_axes)
    predictor = EnsemblePredictor(
        source,
        points,
        y,
        layout,
        check_positive(learning_rate, "learning_rate"),
        kernel_fn_train_train_kwargs,
        choose_method(method, layout.n_points, True, max_memory),
        max_memory,
    )
    ridge = Ridge(
        diag_reg, check_flag(diag_reg_absolute_scale, "diag_reg_absolute_scale")
    )
    predictor._start(ridge, output_factor)
    return predictor
