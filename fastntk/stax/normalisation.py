"""Normalisation and dropout in neural-tangents' vocabulary.

The letters of the notes are those of `fastntk.stax.activations.elementwise`; ``K`` is
the NNGP covariance of two samples before the layer.
"""

from collections.abc import Sequence
from typing import Any

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["Dropout", "LayerNorm"]


def LayerNorm(
    axis: int | Sequence[int] = -1,
    eps: float = 1e-12,
    batch_axis: int = 0,
    channel_axis: int = -1,
) -> Network:
    """Return layer normalisation over the features.

    Parameters
    ----------
    axis : int or tuple of one int, default=-1
        The features alone: -1, or the same axis counted from the front (1 for rows, 2
        for inputs of three axes). Without them the variance that is divided by would
        not converge with the width; normalisation over positions too is not there.
    eps : float, default=1e-12
        Added to the variance, >= 0; it keeps zero vectors at zero.
    batch_axis : int, default=0
        Samples come first: 0, or the same axis counted from the end.
    channel_axis : int, default=-1
        Features come last: -1, or the same axis counted from the front.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is not as described.  A kernel of the network raises it too if
        the layer does not follow a linear one: after an activation the features have
        a mean, and the kernel does not know it.

    Notes
    -----
    ``K' = K / sqrt((q1 + eps) (q2 + eps))`` and ``T' = T / sqrt((q1 + eps) (q2 +
    eps))`` [1]_.

    References
    ----------
    .. [1] J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016,
       arXiv:1607.06450.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Dense(512), stax.LayerNorm(), stax.Relu(), stax.Dense(1))
    serial(Dense(512), LayerNorm(), Relu(), Dense(1))
    """
    axes = tuple(axis) if isinstance(axis, list | tuple) else (axis,)
    found: Any = axes[0] if len(axes) == 1 else axis
    return Network(spec.LayerNorm(eps, found, batch_axis, channel_axis))


def Dropout(rate: float, mode: str = "train") -> Network:
    """Return dropout.

    Parameters
    ----------
    rate : float
        Share of the features that is *kept*, in (0, 1].
    mode : {"train", "test"}, default="train"
        "test" makes the layer the identity.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``rate`` is outside (0, 1], or ``mode`` is unknown.  A kernel of the network
        raises it too if the layer comes first, before any `Dense`.

    Notes
    -----
    ``K'(x, x) = K(x, x) / rate`` and ``T'(x, x) = T(x, x) / rate`` for a sample with
    itself, in "train" mode; two samples drop different features, and keep their ``K``
    and ``T`` [1]_.  So the diagonal of a matrix of ``x1`` with itself has the factor,
    and a matrix of ``x1`` with another ``x2`` has it nowhere.  The outputs are not
    Gaussian any more: a `Dense` has to follow before the next activation.

    References
    ----------
    .. [1] S. S. Schoenholz, J. Gilmer, S. Ganguli and J. Sohl-Dickstein, "Deep
       information propagation", ICLR 2017, arXiv:1611.01232 (section 5).

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Dense(512), stax.Relu(), stax.Dropout(0.9), stax.Dense(1))
    serial(Dense(512), Relu(), Dropout(0.9), Dense(1))
    """
    return Network(spec.Dropout(rate, mode))
