"""Smooth activations whose kernels are computed to a tolerance.

All of them take ``tol``, the largest error of the kernel relative to ``sqrt(K(x, x)
K(y, y))``, and ``method``: "auto" chooses between a Hermite series and quadrature,
"series" and "quadrature" force them. `fastntk.dual_activation` gives the dual of a
single layer with a bound on its error.
"""

from fastntk import spec
from fastntk.stax.network import Network

__all__ = [
    "Arctan",
    "LogCosh",
    "Sigmoid",
    "Softplus",
    "Tanh",
]


def Tanh(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the hyperbolic tangent.

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
    The kernel is a Hermite series with coefficients for every row [1]_; the function
    is analytic in the strip ``|Im x| < pi/2``, so that its bound is proven.

    References
    ----------
    .. [1] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.
    """
    return Network(spec.Tanh(tol=tol, method=method))


def Sigmoid(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the logistic function ``1 / (1 + exp(-x))``.

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
    The kernel is a Hermite series with coefficients for every row [1]_; the function
    is analytic in the strip ``|Im x| < pi``, so that its bound is proven.

    References
    ----------
    .. [1] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.
    """
    return Network(spec.Sigmoid(tol=tol, method=method))


def Softplus(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the smooth rectifier ``log(1 + exp(x))``.

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
    The kernel is a Hermite series with coefficients for every row [1]_; the function
    is analytic in the strip ``|Im x| < pi``, so that its bound is proven.

    References
    ----------
    .. [1] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.
    """
    return Network(spec.Softplus(tol=tol, method=method))


def LogCosh(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the function ``log(cosh(x))``.

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
    The kernel is a Hermite series with coefficients for every row [1]_; the function
    is analytic in the strip ``|Im x| < pi/2``, so that its bound is proven.

    References
    ----------
    .. [1] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.
    """
    return Network(spec.LogCosh(tol=tol, method=method))


def Arctan(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the inverse tangent.

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
    The kernel is a Hermite series with coefficients for every row [1]_; the function
    is analytic in the strip ``|Im x| < 1``, so that its bound is proven.

    References
    ----------
    .. [1] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.
    """
    return Network(spec.Arctan(tol=tol, method=method))
