"""Activations given by the user, in neural-tangents' vocabulary."""

from collections.abc import Callable, Sequence
from typing import Any

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Elementwise", "ElementwiseNumerical"]


def Elementwise(
    fn: Callable[..., Any] | None = None,
    nngp_fn: Callable[..., Any] | None = None,
    d_nngp_fn: Callable[..., Any] | None = None,
    *,
    kinks: Sequence[float] | None = None,
    df: Callable[..., Any] | None = None,
    tol: float = 1e-12,
    method: str = "auto",
) -> Network:
    """Return an activation of your own: a function, or its kernel if you know it.

    Parameters
    ----------
    fn : callable or None, default=None
        The activation: any function of a float64 NumPy array.  It is all that a kernel
        needs; beside ``nngp_fn`` it serves finite networks only.
    nngp_fn : callable or None, default=None
        ``nngp_fn(cov12, var1, var2) = E[fn(u) fn(v)]`` for ``(u, v)`` normal with these
        moments: a function of float64 NumPy arrays that broadcast against each other.
        None: the kernel is computed from ``fn``.
    d_nngp_fn : callable or None, default=None
        ``d_nngp_fn(cov12, var1, var2) = E[fn'(u) fn'(v)]``, called alike.  None: the
        derivative of ``nngp_fn`` by ``cov12``.
    kinks : sequence of float or None, default=None
        The points at which ``fn`` or its derivatives jump.  None: they are looked for,
        to 1e-13 where ``fn'`` jumps.  ``()``: there are none.
    df : callable or None, default=None
        The derivative of ``fn``.  None: found from ``fn``, to some 1e-14.
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the dual of ``fn`` is computed.

    Returns
    -------
    Network
        It prints and compares (by the identity of the functions), and pickles if they
        are at the top level of a module, but has no JSON form.

    Raises
    ------
    NetworkError
        If there is neither ``fn`` nor ``nngp_fn``, ``d_nngp_fn`` comes alone, or an
        argument is not as described.  A kernel of the network raises it too if a
        function takes no arrays, returns another shape, complex numbers or NaN, or if
        ``fn`` grows so fast that ``E[fn(u)^2]`` is infinite.
    ToleranceNotReached
        By a kernel of the network, if ``tol`` cannot be met.

    Warns
    -----
    UserWarning
        If an NTK needs ``d_nngp_fn``, and its replacement may be off by more than 1e-9.

    Notes
    -----
    From ``fn`` alone: a Hermite series with coefficients for every row [3]_ where it is
    smooth, and quadrature in the plane, cut at the kinks, where it is not.  The bound
    on the error is "estimated": two independent rules agree.

    With ``nngp_fn``, ``K' = nngp_fn(c, q1, q2)`` and ``T' = T d_nngp_fn(c, q1, q2)``.
    Without ``d_nngp_fn``, Price's theorem [1]_ says that it is the derivative of
    ``nngp_fn`` by ``cov12``.  It is taken by a complex step [2]_, to rounding, if
    ``nngp_fn`` is analytic as written: that is accepted if it agrees with real
    differences at 64 points.  Else (``abs``, ``arctan2``, ``scipy.special`` functions
    of real numbers) these differences are used.  ``print(net.program(x))`` says which,
    and the error estimated.

    These two functions run in Python, on whole tiles, and are given covariances
    instead of angles: they are slower than the layers of fastntk, and less accurate
    for nearly parallel rows.

    References
    ----------
    .. [1] R. Price, "A useful theorem for nonlinear devices having Gaussian inputs",
       IRE Transactions on Information Theory 1958.
    .. [2] W. Squire and G. Trapp, "Using complex variables to estimate derivatives of
       real functions", SIAM Review 1998.
    .. [3] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> stax.Elementwise(np.tanh)
    Elementwise(fn=tanh)
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
    points: Any = kinks
    return Network(
        spec.Elementwise(fn, nngp_fn, d_nngp_fn, points, df, tol=tol, method=method)
    )


def ElementwiseNumerical(
    fn: Callable[..., Any], deg: int, df: Callable[..., Any] | None = None
) -> Network:
    """Return an activation of your own, by neural-tangents' signature.

    Parameters
    ----------
    fn : callable
        The activation: any function of a float64 NumPy array.
    deg : int
        At least so many terms of the Hermite series are used (512 at most), and more
        where 1e-12 takes more: neural-tangents' kernel depends on it, this one does
        not.
    df : callable or None, default=None
        The derivative of ``fn``.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        As `Elementwise`.

    Notes
    -----
    neural-tangents averages over ``deg**2`` nodes of a Gauss-Hermite rule, which errs
    by 7e-3 for tanh at variance 4 and ``deg = 25``.  Here it is `Elementwise` with
    ``tol=1e-12``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> stax.ElementwiseNumerical(np.tanh, deg=25)
    ElementwiseNumerical(tanh, 25)
    """
    return Network(spec.ElementwiseNumerical(fn, deg, df))
