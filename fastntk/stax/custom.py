"""Activations given by the user, in neural-tangents' vocabulary."""

from collections.abc import Callable
from typing import Any

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Elementwise"]


def Elementwise(
    fn: Callable[..., Any] | None = None,
    nngp_fn: Callable[..., Any] | None = None,
    d_nngp_fn: Callable[..., Any] | None = None,
) -> Network:
    """Return an activation whose kernel is a function of your own.

    Parameters
    ----------
    fn : callable or None, default=None
        The activation.  It is for finite networks, and serves no kernel.
    nngp_fn : callable or None, default=None
        ``nngp_fn(cov12, var1, var2) = E[fn(u) fn(v)]`` for ``(u, v)`` normal with these
        moments: a function of float64 NumPy arrays that broadcast against each other.
        A network without it has no kernel.
    d_nngp_fn : callable or None, default=None
        ``d_nngp_fn(cov12, var1, var2) = E[fn'(u) fn'(v)]``, called alike.  None: the
        derivative of ``nngp_fn`` by ``cov12``.

    Returns
    -------
    Network
        It prints and compares (by the identity of the functions), and pickles if they
        are at the top level of a module, but has no JSON form.

    Raises
    ------
    NetworkError
        If there is neither ``fn`` nor ``nngp_fn``, ``d_nngp_fn`` comes alone, or one is
        not callable.  A kernel of the network raises it too if a function takes no
        arrays, or returns another shape or NaN.

    Warns
    -----
    UserWarning
        If an NTK needs ``d_nngp_fn``, and its replacement may be off by more than 1e-9.

    Notes
    -----
    ``K' = nngp_fn(c, q1, q2)`` and ``T' = T d_nngp_fn(c, q1, q2)``.  Without
    ``d_nngp_fn``, Price's theorem [1]_ says that it is the derivative of ``nngp_fn`` by
    ``cov12``.  It is taken by a complex step [2]_, to rounding, if ``nngp_fn`` is
    analytic as written: that is accepted if it agrees with real differences at 64
    points.  Else (``abs``, ``arctan2``, ``scipy.special`` functions of real numbers)
    these differences are used.  ``print(net.program(x))`` says which, and the error
    estimated.

    These functions run in Python, on whole tiles, and are given covariances instead of
    angles: they are slower than the layers of fastntk, and less accurate for nearly
    parallel rows.

    References
    ----------
    .. [1] R. Price, "A useful theorem for nonlinear devices having Gaussian inputs",
       IRE Transactions on Information Theory 1958.
    .. [2] W. Squire and G. Trapp, "Using complex variables to estimate derivatives of
       real functions", SIAM Review 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> def erf_dual(cov12, var1, var2):
    ...     product = (1 + 2 * var1) * (1 + 2 * var2)
    ...     return 2 / np.pi * np.arcsin(2 * cov12 / np.sqrt(product))
    >>> net = stax.serial(
    ...     stax.Dense(512), stax.Elementwise(nngp_fn=erf_dual), stax.Dense(1)
    ... )
    >>> net
    serial(Dense(512), Elementwise(nngp_fn=erf_dual), Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "ntk").round(6)
    array([[0.700886, 0.      ],
           [0.      , 0.700886]])
    """
    return Network(spec.Elementwise(fn, nngp_fn, d_nngp_fn))
