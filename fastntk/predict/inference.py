"""Posteriors from kernels given as numbers: `gp_inference`."""

from functools import partial
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import PREDICT_LESS, memory_told
from fastntk._typing import FloatArray
from fastntk._validation import check_flag
from fastntk.predict.flow.field import Field
from fastntk.predict.given.checks import as_targets, check_get
from fastntk.predict.given.layout import CrossKernel, Layout
from fastntk.predict.given.sources import available, formed, is_bare, operators_of, pick
from fastntk.predict.results import Gaussian, pack_regimes
from fastntk.predict.training.ridge import Ridge
from fastntk.predict.training.solver import Conditioning
from fastntk.predict.training.trained import prior_name, tangent_name

__all__ = ["GPInference", "gp_inference"]


class GPInference:
    """The function that `gp_inference` returns."""

    def __init__(self, k_train_train: Any, y: FloatArray, layout: Layout, field: Field):
        self._k_train_train = k_train_train
        self._y = y
        self._layout = layout
        self._field = field

    @property
    def reports(self) -> dict[str, Conditioning]:
        """How well the kernels used so far could be inverted, by name."""
        return self._field.kernels.reports()

    @memory_told("predict_fn", PREDICT_LESS)
    def __call__(
        self, get: Any = None, k_test_train: Any = None, k_test_test: Any = None
    ) -> Any:
        """Return the posterior on a test set.

        Parameters
        ----------
        get : {"nngp", "ntk", "ntkgp"}, tuple of these, or None
            "nngp": the Bayesian network. "ntk": infinitely many networks trained by
            gradient flow for infinite time. "ntkgp": the Gaussian process whose
            covariance is the NTK. None stands for ``("nngp", "ntk")``.
        k_test_train : array, mapping, named tuple or Kernel, optional
            Kernels between test points (rows) and training set. None returns the
            training set itself: ``y_train`` without variance.
        k_test_test : array, mapping, named tuple or Kernel, optional
            Prior covariance of the test points. None: means only.

        Returns
        -------
        ndarray, Gaussian, or a named tuple of these
            Means, or means with covariances if ``k_test_test`` was given.

        Raises
        ------
        InputError
            If a kernel is missing, or shapes do not agree.
        """
        names, is_tuple = check_get(get, ("nngp", "ntk", "ntkgp"))
        values = {name: self._one(name, k_test_train, k_test_test) for name in names}
        return pack_regimes(values, names, is_tuple)

    def _one(self, get: str, k_test_train: Any, k_test_test: Any) -> Any:
        has_covariance = k_test_test is not None
        if k_test_train is None:
            mean = self._y.copy()
            kernel = pick(self._k_train_train, tangent_name(get), "k_train_train")
            if not has_covariance:
                return mean
            return Gaussian(mean, np.zeros(getattr(kernel, "shape", np.shape(kernel))))
        if get == "ntk" and has_covariance:
            self._check_both(k_test_train)
        cross = self._cross(get, k_test_train, has_covariance)
        points = cross[tangent_name(get)].points
        matrices = {name: kernel.matrix for name, kernel in cross.items()}
        mean = self._layout.unflatten(self._field.mean(get, None, matrices), points)
        if not has_covariance:
            return mean
        prior = pick(k_test_test, prior_name(get), "k_test_test")
        k_test = self._layout.test(prior, "k_test_test", points)
        covariance = self._field.covariance(get, None, matrices, k_test, False)
        return Gaussian(mean, self._field.shape_covariance(covariance, points))

    def _check_both(self, k_test_train: Any) -> None:
        """Refuse one kernel where the covariance takes two."""
        pairs = ("k_train_train", self._k_train_train), ("k_test_train", k_test_train)
        for label, kernels in pairs:
            if is_bare(kernels):
                raise InputError(
                    f"{label}: found one kernel; expected both 'nngp' and 'ntk' for "
                    "the covariance of get='ntk'. Compute them with get=('nngp', "
                    "'ntk') and pass what comes back"
                )

    def _cross(
        self, get: str, k_test_train: Any, has_covariance: bool
    ) -> dict[str, CrossKernel]:
        needed = {tangent_name(get)}
        if has_covariance:
            needed.add(prior_name(get))
        return {
            name: self._layout.cross(
                formed(pick(k_test_train, name, "k_test_train")), "k_test_train"
            )
            for name in sorted(needed)
        }


@memory_told("gp_inference", PREDICT_LESS)
def gp_inference(
    k_train_train: Any,
    y_train: Any,
    diag_reg: Any = 0.0,
    diag_reg_absolute_scale: bool = False,
    trace_axes: Any = (-1,),
    *,
    output_factor: Any = None,
    copy: bool = True,
) -> GPInference:
    r"""Condition infinitely wide networks on a training set.

    Parameters
    ----------
    k_train_train : array, operator, mapping, named tuple or Kernel
        Kernels of the training set: (n, n), or (n, n, k, k) with ``trace_axes=()``. An
        operator, as `fastntk.operator` returns, is never formed: conjugate gradients
        take the place of the factorisation.
    y_train : array-like of shape (n,) or (n, k)
        Targets.
    diag_reg : float or array-like of shape (n,) or (1, k), default=0.0
        Added to the diagonal of the kernel: one number, one per training point, or one
        per output (covariances then have axes of outputs, as with ``output_factor``).
    diag_reg_absolute_scale : bool, default=False
        False: in units of the mean of the diagonal.
    trace_axes : int or tuple of int, default=(-1,)
        Axes of the targets that the kernels lack: ``Theta (x) I`` along these.
    output_factor : array-like of shape (k, k), optional
        B in ``Theta (x) B`` and ``K (x) B`` for outputs whose last layers correlate;
        covariances then end in two axes of outputs. None: the identity.
    copy : bool, default=True
        Whether a copy of the kernels is kept, ``n^2`` numbers, so that you may change
        yours. False keeps float64 arrays themselves: leave them as they are while the
        predictor is in use.

    Returns
    -------
    GPInference
        A function ``(get=None, k_test_train=None, k_test_test=None)``, with the
        attribute ``reports``: condition numbers, and what was done about them.

    Raises
    ------
    InputError
        For kernels, targets or arguments that do not fit.

    Warns
    -----
    ConditionWarning
        If a kernel is singular to working precision: eigenvalues up to ``n u
        lambda_max`` (u the rounding unit of the kernel's dtype) then count as zero.

    Notes
    -----
    With :math:`M = \Theta + r I` (for "nngp" and "ntkgp" the kernel :math:`k` itself
    in the place of :math:`\Theta`),

    .. math::
        \mu(x) &= \Theta(x, X) M^{-1} y \\
        \Sigma_{GP} &= k(x, x) - k(x, X) M^{-1} k(X, x) \\
        \Sigma_{ntk} &= K(x, x) + A K A^T - A K(X, x) - K(x, X) A^T,
        \quad A = \Theta(x, X) M^{-1},

    equation (12) of [1]_ for "nngp", (16) for "ntk" and [2]_ for "ntkgp".  Covariances
    are computed as sums of squares, so no variance is negative.

    Cost: one Cholesky factorisation per kernel, n^3 / 3, which serves all test sets.

    References
    ----------
    .. [1] J. Lee et al., "Wide neural networks of any depth evolve as linear models
       under gradient descent", NeurIPS 2019.
    .. [2] B. He, B. Lakshminarayanan, Y. W. Teh, "Bayesian deep ensembles via the
       neural tangent kernel", NeurIPS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import predict, stax
    >>> net = stax.serial(stax.Dense(512), stax.Erf(), stax.Dense(1))
    >>> x, x_test = np.array([[0.0], [1.0], [2.0]]), np.array([[0.5], [4.0]])
    >>> posterior = predict.gp_inference(
    ...     net.kernel_fn(x + 1, None, ("nngp", "ntk")), [[1.0], [0.0], [1.0]], 1e-3
    ... )
    >>> posterior("ntk", net.kernel_fn(x_test + 1, x + 1)).shape
    (2, 1)
    >>> print(posterior.reports["ntk"])  # doctest: +ELLIPSIS
    ntk: 3 x 3 with 0.00... on the diagonal, condition number ..., solved by cholesky
    """
    y = as_targets(y_train)
    layout = Layout(y.shape, trace_axes)
    ridge = Ridge(
        diag_reg, check_flag(diag_reg_absolute_scale, "diag_reg_absolute_scale")
    )

    load = partial(_named, k_train_train)
    names = available(k_train_train)
    field = Field.build(
        load,
        layout,
        y,
        ridge,
        output_factor,
        operators_of([load(name) for name in names], layout.points),
        copy=check_flag(copy, "copy"),
    )
    for name in names:
        field.check(name)  # says at once if shapes do not agree
    return GPInference(k_train_train, y, layout, field)


def _named(kernels: Any, name: str) -> Any:
    """Return one of the kernels given; partial objects of it can be pickled."""
    return pick(kernels, name, "k_train_train")
