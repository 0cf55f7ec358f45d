"""Exponential activations in neural-tangents' vocabulary.

The letters of the notes are those of `fastntk.stax.activations.elementwise`: variances
``q1`` and ``q2``, covariance ``c``, correlation ``rho`` and tangent kernel ``T`` before
the layer.
"""

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Exp", "ExpNormalized", "Gaussian", "Rbf"]


def Rbf(gamma: float = 1.0) -> Network:
    """Return the activation of the RBF kernel, ``sqrt(2) sin(sqrt(2 gamma) x + pi/4)``.

    Parameters
    ----------
    gamma : float, default=1.0
        ``1 / (2 l**2)`` for the length scale ``l``; >= 0.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``gamma`` is not a finite number >= 0.

    Notes
    -----
    ``K' = exp(-gamma (q1 + q2 - 2 c))``, after a first `Dense` without bias
    ``exp(-gamma W_std**2 |x - y|**2 / d)`` [1]_, and ``T' = T 2 gamma K'``.

    References
    ----------
    .. [1] A. Rahimi and B. Recht, "Random features for large-scale kernel machines",
       NeurIPS 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.Rbf(0.5), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[1.      , 0.606531],
           [0.606531, 1.      ]])
    """
    return Network(spec.Rbf(gamma))


def Exp(a: float = 1, b: float = 1) -> Network:
    """Return the exponential ``a * exp(b * x)``.

    Parameters
    ----------
    a : float, default=1
        Output scale.
    b : float, default=1
        Input scale.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is not a finite number.

    Notes
    -----
    ``K' = a**2 exp(b**2 ((q1 + q2) / 2 + c))`` and ``T' = T b**2 K'``: the mean of a
    log-normal variable [1]_.  Several such layers in a row leave the range of floating
    point quickly, which is an error that names the layer.

    References
    ----------
    .. [1] A. Daniely, R. Frostig and Y. Singer, "Toward deeper understanding of neural
       networks", NeurIPS 2016 (dual activations, table 1).

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.Exp(b=0.5), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[1.284025, 1.133148],
           [1.133148, 1.284025]])
    """
    return Network(spec.Exp(a, b))


def ExpNormalized(
    gamma: float = 1, shift: float = -1, do_clip: bool = False
) -> Network:
    """Return the normalised Gaussian kernel.

    Parameters
    ----------
    gamma : float, default=1
        Factor of the correlation in the exponent, >= 0.
    shift : float, default=-1
        Added to the correlation.
    do_clip : bool, default=False
        Accepted for neural-tangents' sake and ignored: correlations never leave
        [-1, 1] here.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``gamma`` is not a finite number >= 0, or ``shift`` not a finite number.

    Notes
    -----
    ``K' = sqrt(q1 q2) exp(gamma (rho + shift))`` [1]_ and
    ``T' = T gamma exp(gamma (rho + shift))``.  It is defined by its kernel; ``rho`` is
    0 at a zero vector, whose covariance with every vector, itself included, is ``1e-15
    exp(gamma shift)`` as in neural-tangents.

    References
    ----------
    .. [1] V. Shankar, A. Fang, W. Guo, S. Fridovich-Keil, L. Schmidt, J. Ragan-Kelley
       and B. Recht, "Neural kernels without tangents", ICML 2020, arXiv:2003.02237
       (page 6).

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.ExpNormalized(), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[0.5    , 0.18394],
           [0.18394, 0.5    ]])
    """
    return Network(spec.ExpNormalized(gamma, shift))


def Gaussian(a: float = 1, b: float = -1) -> Network:
    """Return the Gaussian function ``a * exp(b * x**2)``.

    Parameters
    ----------
    a : float, default=1
        Output scale.
    b : float, default=-1
        Input scale.  Positive values are allowed while ``4 b q < 1`` for the variance
        ``q`` of every row; else the expectation is infinite and a kernel raises
        `RangeError`.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is not a finite number.

    Notes
    -----
    With ``r = (1 - 2 b q1) (1 - 2 b q2) - 4 b**2 c**2``, ``K' = a**2 r**(-1/2)`` [1]_
    and ``T' = T 4 a**2 b**2 c r**(-3/2)``.

    References
    ----------
    .. [1] C. K. I. Williams, "Computing with infinite networks", NeurIPS 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512), stax.Gaussian(), stax.Dense(1))
    >>> net.kernel_fn(np.eye(2), None, "nngp").round(6)
    array([[0.57735, 0.5    ],
           [0.5    , 0.57735]])
    """
    return Network(spec.Gaussian(a, b))
