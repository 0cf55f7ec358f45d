"""Polynomial activations in neural-tangents' vocabulary.

The letters of the notes are those of `fastntk.stax.activations.elementwise`: variances
``q1`` and ``q2``, covariance ``c``, correlation ``rho`` and tangent kernel ``T`` before
the layer.
"""

from collections.abc import Iterable

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Hermite", "Monomial", "Polynomial", "RectifiedMonomial"]


def Hermite(degree: int) -> Network:
    """Return the Hermite polynomial of a degree, normalised to a unit variance.

    Parameters
    ----------
    degree : int
        From 0 to 64.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``degree`` is not an integer from 0 to 64.

    Notes
    -----
    ``K' = c**degree`` and ``T' = T degree c**(degree - 1)`` [1]_ (0 for degree 0).
    This is the dual of ``He_degree(x) / sqrt(degree!)`` where the variances before the
    layer are 1, as `LayerNorm` makes them; like neural-tangents, fastntk uses it for
    any variances, and warns if they are others.

    References
    ----------
    .. [1] A. Daniely, R. Frostig and Y. Singer, "Toward deeper understanding of neural
       networks", NeurIPS 2016 (dual activations, section 4.2).

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Dense(512), stax.LayerNorm(), stax.Hermite(2), stax.Dense(1))
    serial(Dense(512), LayerNorm(), Hermite(2), Dense(1))
    """
    return Network(spec.Hermite(degree))


def Monomial(degree: int) -> Network:
    """Return the power ``x**degree``.

    Parameters
    ----------
    degree : int
        From 0 to 64 (neural-tangents stops at 5).

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``degree`` is not an integer from 0 to 64.

    Notes
    -----
    The kernel of `Polynomial` with the coefficient 1 at ``degree``; for instance
    ``K' = 2 c**2 + q1 q2`` for the square.  ``T' = T degree**2 K'_(degree - 1)``, with
    the kernel of the next lower degree.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.Monomial(2), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[0.75, 0.25],
           [0.25, 0.75]])
    """
    return Network(spec.Monomial(degree))


def RectifiedMonomial(degree: int) -> Network:
    """Return the rectified power ``(x >= 0) * x**degree``.

    Parameters
    ----------
    degree : int
        From 0 to 64; 0 is the step function, 1 the rectifier of `Relu`.  Kernels are
        there for degrees that reach 1e-12, up to 7; others raise `NetworkError`.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``degree`` is not an integer from 0 to 64.

    Notes
    -----
    With ``n = degree``, ``K'_n = (q1 q2)**(n/2) J_n(theta) / (2 pi)``, where
    ``J_n(theta) = (-1)**n sin(theta)**(2 n + 1) D**n ((pi - theta) / sin(theta))`` and
    ``D = (1 / sin(theta)) d/dtheta`` [1]_.  ``T' = T n**2 K'_(n - 1)``, and 0 for the
    step function, whose derivative is zero almost everywhere.  The angle at a zero
    vector is pi / 2.

    References
    ----------
    .. [1] Y. Cho and L. K. Saul, "Kernel methods for deep learning", NeurIPS 2009
       (arc-cosine kernels, equation 4).

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.RectifiedMonomial(2), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[0.375 , 0.0625],
           [0.0625, 0.375 ]])
    """
    return Network(spec.RectifiedMonomial(degree))


def Polynomial(coef: Iterable[float]) -> Network:
    """Return the polynomial ``sum_k coef[k] * x**k``.

    Parameters
    ----------
    coef : sequence of float
        One to 65 coefficients, lowest degree first.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If there are no coefficients or too many, or one is not a finite number.

    Notes
    -----
    ``K' = sum_k a_k(q1) a_k(q2) rho**k`` and
    ``T' = T sum_k k a_k(q1) a_k(q2) rho**(k - 1) / sqrt(q1 q2)`` [1]_, with
    ``a_k(q) = q**(k/2) sum_i coef[k + 2 i] (k + 2 i)! / (2**i i! sqrt(k!)) q**i``, the
    Hermite coefficients of the polynomial at the variance ``q``.  Zero vectors are no
    special case (neural-tangents gives NaN there).

    References
    ----------
    .. [1] I. Han, A. Zandieh, J. Lee, R. Novak, L. Xiao and A. Karbasi, "Fast neural
       kernel embeddings for general activations", NeurIPS 2022, arXiv:2209.04121.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.Polynomial((0, 1, 0.5)), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[0.6875, 0.0625],
           [0.0625, 0.6875]])
    """
    # a sequence, as in neural-tangents; the spec makes a tuple of it
    return Network(spec.Polynomial(coef))  # type: ignore[arg-type]
