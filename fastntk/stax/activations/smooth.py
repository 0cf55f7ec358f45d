"""Smooth activations in neural-tangents' vocabulary.

The letters of the notes are those of `fastntk.stax.activations.elementwise`: variances
``q1`` and ``q2``, covariance ``c``, correlation ``rho`` and tangent kernel ``T`` before
the layer.
"""

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Cos", "Gabor", "Gelu", "Sigmoid_like", "Sin"]


def Gelu(approximate: bool = False) -> Network:
    """Return the Gaussian error linear unit ``x Phi(x)``, ``Phi`` the normal CDF.

    Parameters
    ----------
    approximate : bool, default=False
        Accepted for neural-tangents' sake and ignored: the kernel is that of the
        exact function, there too.

    Returns
    -------
    Network

    Notes
    -----
    With ``p = (1 + q1) (1 + q2)``, ``r = p - c**2`` and
    ``g = 1/4 + arcsin(c / sqrt(p)) / (2 pi)``,
    ``K' = c g + (q1 q2 + c**2 (1 - q1 q2) / p) / (2 pi sqrt(r))`` [1]_ and
    ``T' = T (g + c (1 + 1/r + (1 - q1 q2) / p) / (2 pi sqrt(r)))``.

    References
    ----------
    .. [1] R. Tsuchida, T. Pearce, C. van der Heide, F. Roosta and M. Gallagher,
       "Avoiding kernel fixed points: computing with ELU and GELU infinite networks",
       AAAI 2021, arXiv:2002.08517.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.Gelu(), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[0.189557, 0.026526],
           [0.026526, 0.189557]])
    """
    return Network(spec.Gelu())


def Sigmoid_like() -> Network:
    """Return ``0.5 erf(x / 2.4020563531719796) + 0.5``, close to the logistic sigmoid.

    Returns
    -------
    Network

    Notes
    -----
    The kernel of `Erf` with these constants; the scale makes the squared distance to
    the sigmoid least on [-5, 5].

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Sigmoid_like() == stax.Erf(a=0.5, b=1 / 2.4020563531719796, c=0.5)
    True
    """
    return Network(spec.Erf(a=0.5, b=1 / 2.4020563531719796, c=0.5))


def Sin(a: float = 1.0, b: float = 1.0, c: float = 0.0) -> Network:
    """Return the sine ``a * sin(b * x + c)``.

    Parameters
    ----------
    a : float, default=1.0
        Output scale.
    b : float, default=1.0
        Input scale.
    c : float, default=0.0
        Phase.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is not a finite number.

    Notes
    -----
    With ``k`` the covariance before the layer, ``h = b**2 (q1 + q2) / 2``,
    ``u = exp(b**2 k - h)`` and ``v = exp(-b**2 k - h) cos(2 c)``,
    ``K' = a**2 (u - v) / 2`` and ``T' = T a**2 b**2 (u + v) / 2`` [1]_.  It is computed
    as the sum of its odd part ``a cos(c) sin(b x)`` and its even part
    ``a sin(c) cos(b x)``, which are uncorrelated, so that nothing cancels.

    References
    ----------
    .. [1] C. Louart, Z. Liao and R. Couillet, "A random matrix approach to neural
       networks", Annals of Applied Probability 2018, arXiv:1702.05419.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.Sin(b=0.5, c=1), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[0.662048, 0.624873],
           [0.624873, 0.662048]])
    """
    return Network(spec.Sin(a, b, c))


def Cos(a: float = 1.0, b: float = 1.0, c: float = 0.0) -> Network:
    """Return the cosine ``a * cos(b * x + c)``.

    Parameters
    ----------
    a : float, default=1.0
        Output scale.
    b : float, default=1.0
        Input scale.
    c : float, default=0.0
        Phase.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is not a finite number.

    Notes
    -----
    The kernel of `Sin` at the phase ``c + pi/2``: with ``u`` and ``v`` as there, at the
    phase ``c``, ``K' = a**2 (u + v) / 2`` and ``T' = T a**2 b**2 (u - v) / 2`` [1]_.

    References
    ----------
    .. [1] C. Louart, Z. Liao and R. Couillet, "A random matrix approach to neural
       networks", Annals of Applied Probability 2018, arXiv:1702.05419.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.Cos(), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[0.68394 , 0.606531],
           [0.606531, 0.68394 ]])
    """
    return Network(spec.Cos(a, b, c))


def Gabor() -> Network:
    """Return the Gabor function ``exp(-x**2) * sin(x)``.

    Returns
    -------
    Network

    Notes
    -----
    With ``s = q1 + q2``, ``e = 4 (q1 q2 - c**2)``, ``d = 1 + 2 s + e``,
    ``f = exp(-(s + e + 2 c) / (2 d))``, ``g = exp(2 c / d)``,
    ``m = 1 + 2 s + 4 (q1 q2 + c**2)`` and ``n = 4 c (2 + 3 s + e)``,
    ``K' = f (g - 1) / (2 sqrt(d))`` and
    ``T' = T f (m - n + g (m + n)) / (2 d**(5/2))``: Gaussian integrals of
    ``exp(-u**2 - v**2 + i (u +- v))``.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Gabor()
    Gabor()
    """
    return Network(spec.Gabor())
