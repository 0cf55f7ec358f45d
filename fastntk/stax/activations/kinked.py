"""Activations with kinks whose kernels are computed to a tolerance.

All of them take ``tol``, the largest error of the kernel relative to ``sqrt(K(x, x)
K(y, y))``, and ``method``: "auto" chooses between a Hermite series and quadrature,
"series" and "quadrature" force them. `fastntk.dual_activation` gives the dual of a
single layer with a bound on its error.
"""

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Celu", "Elu", "HardSwish", "HardTanh", "Relu6", "Selu", "Softsign"]


def Elu(alpha: float = 1.0, *, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the exponential linear unit, ``alpha (exp(x) - 1)`` for negative ``x``.

    Parameters
    ----------
    alpha : float, default=1.0
        Minus the limit at minus infinity, > 0.
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the kernel is computed.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an argument is not as described.

    Notes
    -----
    Polynomials in both variances and the angle, through values of a quadrature in the
    plane that is cut at the kink at 0, give its dual.
    """
    return Network(spec.Elu(alpha=alpha, tol=tol, method=method))


def Selu(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return ``1.0507 Elu(1.6733)``, which keeps mean 0 and variance 1 [1]_.

    Parameters
    ----------
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the kernel is computed.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an argument is not as described.

    Notes
    -----
    Polynomials in both variances and the angle, through values of a quadrature in the
    plane that is cut at the kink at 0, give its dual.

    References
    ----------
    .. [1] G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, "Self-normalizing
       neural networks", NeurIPS 2017, arXiv:1706.02515.
    """
    return Network(spec.Selu(tol=tol, method=method))


def Celu(alpha: float = 1.0, *, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return ``alpha (exp(x / alpha) - 1)`` for negative ``x``, else ``x``.

    Parameters
    ----------
    alpha : float, default=1.0
        Minus the limit at minus infinity, > 0.
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the kernel is computed.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an argument is not as described.

    Notes
    -----
    Polynomials in both variances and the angle, through values of a quadrature in the
    plane that is cut at the kink at 0, give its dual.
    """
    return Network(spec.Celu(alpha=alpha, tol=tol, method=method))


def Softsign(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the function ``x / (1 + abs(x))``.

    Parameters
    ----------
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the kernel is computed.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an argument is not as described.

    Notes
    -----
    Polynomials in both variances and the angle, through values of a quadrature in the
    plane that is cut at the kink at 0, give its dual.
    """
    return Network(spec.Softsign(tol=tol, method=method))


def HardTanh(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the function ``min(max(x, -1), 1)``.

    Parameters
    ----------
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the kernel is computed.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an argument is not as described.

    Notes
    -----
    A Hermite series gives its dual, and for nearly parallel inputs a closed form by the
    bivariate normal distribution, with kinks at -1 and 1 [1]_.

    References
    ----------
    .. [1] R. Tsuchida, T. Pearce, C. van der Heide, F. Roosta and M. Gallagher,
       "Avoiding kernel fixed points: computing with ELU and GELU infinite networks",
       AAAI 2021, arXiv:2002.08517.
    """
    return Network(spec.HardTanh(tol=tol, method=method))


def Relu6(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the function ``min(max(x, 0), 6)``.

    Parameters
    ----------
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the kernel is computed.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an argument is not as described.

    Notes
    -----
    A Hermite series gives its dual, and for nearly parallel inputs a closed form by the
    bivariate normal distribution, with kinks at 0 and 6 [1]_.

    References
    ----------
    .. [1] R. Tsuchida, T. Pearce, C. van der Heide, F. Roosta and M. Gallagher,
       "Avoiding kernel fixed points: computing with ELU and GELU infinite networks",
       AAAI 2021, arXiv:2002.08517.
    """
    return Network(spec.Relu6(tol=tol, method=method))


def HardSwish(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the function ``x min(max(x + 3, 0), 6) / 6``.

    Parameters
    ----------
    tol : float, default=1e-12
        Largest error of the kernel relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the kernel is computed.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an argument is not as described.

    Notes
    -----
    A Hermite series gives its dual, and for nearly parallel inputs a closed form by the
    bivariate normal distribution, with kinks at -3 and 3 [1]_.

    References
    ----------
    .. [1] R. Tsuchida, T. Pearce, C. van der Heide, F. Roosta and M. Gallagher,
       "Avoiding kernel fixed points: computing with ELU and GELU infinite networks",
       AAAI 2021, arXiv:2002.08517.
    """
    return Network(spec.HardSwish(tol=tol, method=method))
