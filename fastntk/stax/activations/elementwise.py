"""Activations in neural-tangents' vocabulary.

In the notes of each function, ``q1`` and ``q2`` are the NNGP variances of the two
samples before the layer, ``c`` their covariance, ``rho = c / sqrt(q1 q2)`` and
``theta = arccos(rho)``; ``T`` is the NTK.  An activation ``f`` gives
``K' = E[f(u) f(v)]`` and ``T' = T E[f'(u) f'(v)]`` for ``(u, v)`` normal with these
moments, ``f'`` being the derivative almost everywhere.
"""

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["ABRelu", "Abs", "Erf", "LeakyRelu", "Relu", "Sign"]


def Relu(do_stabilize: bool = False) -> Network:
    """Return the rectifier ``max(x, 0)``.

    Parameters
    ----------
    do_stabilize : bool, default=False
        Accepted for neural-tangents' sake and ignored: the kernel is always
        accurate to rounding, also at angles near 0 and pi.

    Returns
    -------
    Network

    Notes
    -----
    ``K' = sqrt(q1 q2) (sin(theta) + (pi - theta) cos(theta)) / (2 pi)`` and
    ``T' = T (pi - theta) / (2 pi)`` [1]_.  The angle at a zero vector is pi / 2.

    References
    ----------
    .. [1] Y. Cho and L. K. Saul, "Kernel methods for deep learning", NeurIPS 2009.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Relu()
    Relu()
    """
    return Network(spec.Relu())


def LeakyRelu(alpha: float, do_stabilize: bool = False) -> Network:
    """Return the leaky rectifier ``alpha * min(x, 0) + max(x, 0)``.

    Parameters
    ----------
    alpha : float
        Slope for negative arguments.
    do_stabilize : bool, default=False
        Accepted for neural-tangents' sake and ignored.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``alpha`` is not a finite number.

    Notes
    -----
    The kernel of `ABRelu` with ``a = alpha`` and ``b = 1`` [1]_.

    References
    ----------
    .. [1] R. Tsuchida, F. Roosta-Khorasani and M. Gallagher, "Invariance of weight
       distributions in rectified MLPs", ICML 2018.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.LeakyRelu(0.01)
    LeakyRelu(0.01)
    """
    return Network(spec.LeakyRelu(alpha))


def ABRelu(a: float, b: float, do_stabilize: bool = False) -> Network:
    """Return the two-sided rectifier ``a * min(x, 0) + b * max(x, 0)``.

    Parameters
    ----------
    a : float
        Slope for negative arguments.
    b : float
        Slope for positive arguments.
    do_stabilize : bool, default=False
        Accepted for neural-tangents' sake and ignored.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a slope is not a finite number.

    Notes
    -----
    With ``m = (a + b) / 2`` and ``h = (b - a) / 2``,
    ``K' = m**2 c + h**2 (2 / pi) sqrt(q1 q2) (sqrt(1 - rho**2) + rho arcsin(rho))``
    and ``T' = T (m**2 + h**2 (2 / pi) arcsin(rho))``: the linear part ``m x`` and the
    even part ``h |x|`` are uncorrelated, and [1]_ has the latter.

    References
    ----------
    .. [1] Y. Cho and L. K. Saul, "Kernel methods for deep learning", NeurIPS 2009.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.ABRelu(-0.5, 1)
    ABRelu(-0.5, 1.0)
    """
    return Network(spec.ABRelu(a, b))


def Abs(do_stabilize: bool = False) -> Network:
    """Return the absolute value ``|x|``.

    Parameters
    ----------
    do_stabilize : bool, default=False
        Accepted for neural-tangents' sake and ignored.

    Returns
    -------
    Network

    Notes
    -----
    ``K' = (2 / pi) sqrt(q1 q2) (sqrt(1 - rho**2) + rho arcsin(rho))`` and
    ``T' = T (2 / pi) arcsin(rho)``: `ABRelu` with ``a = -1`` and ``b = 1``.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Abs()
    Abs()
    """
    return Network(spec.Abs())


def Sign() -> Network:
    """Return the sign of ``x``.

    Returns
    -------
    Network

    Notes
    -----
    ``K' = (2 / pi) arcsin(rho)`` [1]_ and ``T' = 0``: the derivative is zero
    almost everywhere, so that only the layers after it are trained.

    References
    ----------
    .. [1] Y. Cho and L. K. Saul, "Kernel methods for deep learning", NeurIPS 2009
       (the arc-cosine kernel of degree 0, for a step instead of a sign).

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Sign()
    Sign()
    """
    return Network(spec.Sign())


def Erf(a: float = 1.0, b: float = 1.0, c: float = 0.0) -> Network:
    """Return the error function ``a * erf(b * x) + c``.

    Parameters
    ----------
    a : float, default=1.0
        Output scale.
    b : float, default=1.0
        Input scale.
    c : float, default=0.0
        Output shift.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is not a finite number.

    Notes
    -----
    With ``p = (1 + 2 b**2 q1) (1 + 2 b**2 q2)`` and ``r = 2 b**2 k`` for the
    covariance ``k`` before the layer,
    ``K' = a**2 (2 / pi) arcsin(r / sqrt(p)) + c**2`` and
    ``T' = T a**2 b**2 (4 / pi) / sqrt(p - r**2)`` [1]_.

    References
    ----------
    .. [1] C. K. I. Williams, "Computing with infinite networks", NeurIPS 1996.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Erf(b=0.5)
    Erf(b=0.5)
    """
    return Network(spec.Erf(a, b, c))
