"""Gates ``x g(x)`` whose kernels are computed to a tolerance.

All of them take ``tol``, the largest error of the kernel relative to ``sqrt(K(x, x)
K(y, y))``, and ``method``: "auto" chooses between a Hermite series and quadrature,
"series" and "quadrature" force them. `fastntk.dual_activation` gives the dual of a
single layer with a bound on its error.
"""

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["GeluTanh", "Mish", "Silu", "Swish"]


def Silu(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the sigmoid linear unit ``x / (1 + exp(-x))``, also called swish.

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
    return Network(spec.Silu(tol=tol, method=method))


def Swish(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return `Silu` by its other name.

    Parameters
    ----------
    tol : float, default=1e-12
        As of `Silu`.
    method : {"auto", "series", "quadrature"}, default="auto"
        As of `Silu`.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an argument is not as described.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Swish() == stax.Silu()
    True
    """
    return Network(spec.Silu(tol=tol, method=method))


def Mish(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return the function ``x tanh(log(1 + exp(x)))``.

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
    is analytic in the strip ``|Im x| < 3 pi/4``, so that its bound is proven.

    References
    ----------
    .. [1] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.
    """
    return Network(spec.Mish(tol=tol, method=method))


def GeluTanh(*, tol: float = 1e-12, method: str = "auto") -> Network:
    """Return Gelu's approximation ``x (1 + tanh(sqrt(2/pi) (x + 0.044715 x**3))) / 2``.

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
    `Gelu` takes ``approximate=True`` for neural-tangents' sake and has the kernel of
    the exact function all the same; this is the kernel of the approximation. The
    kernel is a Hermite series with coefficients for every row [1]_.

    References
    ----------
    .. [1] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.
    """
    return Network(spec.GeluTanh(tol=tol, method=method))
