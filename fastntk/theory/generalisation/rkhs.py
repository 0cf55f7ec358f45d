"""Norms in the kernel's Hilbert space, and a generalisation bound from them."""

import math
from dataclasses import dataclass

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk.theory._checks import at_least, positive, power_of_two
from fastntk.theory.generalisation.kare import kare
from fastntk.theory.training.spectrum import (
    TrainingSpectrum,
    check_ridges,
    check_spectrum,
)

__all__ = ["GeneralisationBound", "generalisation_bound", "rkhs_norm"]

_GRID = math.log(1.1)  # norms the bound is made for: powers of 1.1


@dataclass(frozen=True)
class GeneralisationBound:
    """Bound on the expected clipped absolute error, and its parts.

    Attributes
    ----------
    bound : float
        With probability ``confidence`` over the training rows, the mean of
        ``min(|f(x) - y|, largest_error)`` over new rows is at most this; output units.
        Larger than ``largest_error``: says nothing.
    train_error : float
        Root mean squared residual on the training rows; output units.
    complexity : float
        Twice the Rademacher complexity, ``2 B sqrt(tr K) / n``; output units.
    deviation : float
        Chance of an unlucky sample; output units.
    norm : float
        RKHS norm of the predictor; B is the next power of 1.1.
    confidence : float
        Probability with which the bound holds.
    """

    bound: float
    train_error: float
    complexity: float
    deviation: float
    norm: float
    confidence: float


def rkhs_norm(spectrum: TrainingSpectrum, ridge: float = 0.0) -> float:
    """Return the norm of the fitted function in the kernel's Hilbert space.

    Parameters
    ----------
    spectrum : TrainingSpectrum
        From `decompose`.
    ridge : float, default=0.0
        Absolute ridge >= 0; 0.0 is the interpolant of least norm, which wide networks
        reach by gradient descent.

    Returns
    -------
    float
        ``sqrt(a^T K a)``, ``a = (K + ridge I)^-1 y``, summed over outputs under the
        root; ``sqrt(y^T K^-1 y)`` for ridge 0. Without units.

    Raises
    ------
    InputError
        If the ridge is negative, or ``K + ridge I`` is numerically singular.

    Notes
    -----
    ``sqrt(2 y^T K^-1 y / n)`` is the leading term of the bound of [1]_; random labels
    make it grow, learnable ones keep it of order 1.

    References
    ----------
    .. [1] S. Arora et al., "Fine-grained analysis of optimization and generalization
       for overparameterized two-layer neural networks", ICML 2019, theorem 5.1.

    Examples
    --------
    >>> from fastntk import theory
    >>> spectrum = theory.decompose([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0])
    >>> round(theory.rkhs_norm(spectrum) ** 2, 12)  # y is an eigenvector, mu = 1
    2.0
    """
    shift = float(check_ridges(spectrum, at_least(ridge, "ridge", 0.0)))
    mu = spectrum.eigenvalues
    unit = float(power_of_two(mu[-1] + shift))
    filters = mu / unit / ((mu + shift) / unit) ** 2
    squares = filters * (spectrum.power * spectrum.n_outputs)
    return float(np.sqrt(squares.sum()) / np.sqrt(unit))


def generalisation_bound(
    spectrum: TrainingSpectrum,
    ridge: float = 0.0,
    *,
    confidence: float = 0.95,
    largest_error: float = 1.0,
) -> GeneralisationBound:
    """Bound the error on new rows by the RKHS norm of the predictor.

    Parameters
    ----------
    spectrum : TrainingSpectrum
        From `decompose`, of one output.
    ridge : float, default=0.0
        Absolute ridge >= 0.
    confidence : float, default=0.95
        Probability with which the bound is to hold, > 0 and < 1.
    largest_error : float, default=1.0
        Errors above it count as it, > 0; output units.

    Returns
    -------
    GeneralisationBound

    Raises
    ------
    InputError
        If there are several outputs, a number is out of range, or ``K + ridge I`` is
        numerically singular.

    Notes
    -----
    For functions of norm at most B and losses in ``[0, c]`` with slope at most 1, with
    probability ``1 - delta`` [1]_, [2]_::

        E loss <= mean loss + 2 B sqrt(tr K) / n + 3 c sqrt(log(2 / delta) / (2 n))

    The norm is known only after training; so B runs over the powers ``1.1^j``, each
    with its share ``delta / (3 (1 + |j|)^2)``. The mean loss is at most the root mean
    squared residual. The bound is true and loose; `kare` is the estimate.

    References
    ----------
    .. [1] P. L. Bartlett, S. Mendelson, "Rademacher and Gaussian complexities: risk
       bounds and structural results", JMLR 2002, theorem 8 and lemma 22.
    .. [2] M. Mohri, A. Rostamizadeh, A. Talwalkar, "Foundations of machine learning",
       2nd edition, 2018, theorem 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import theory
    >>> spectrum = theory.decompose(np.eye(1000), np.full(1000, 0.01))
    >>> result = theory.generalisation_bound(spectrum)
    >>> round(result.norm, 4), result.bound < 1.0
    (0.3162, True)
    """
    check_spectrum(spectrum)
    if spectrum.n_outputs != 1:
        raise InputError(
            f"spectrum: found {spectrum.n_outputs} outputs; expected one. Decompose "
            "each column of the targets by itself"
        )
    chance = 1.0 - positive(confidence, "confidence")
    if chance <= 0.0:
        raise InputError(
            f"confidence: found {shown(confidence)}; expected a probability below 1"
        )
    scale, n = positive(largest_error, "largest_error"), spectrum.n_samples
    norm = rkhs_norm(spectrum, ridge)
    j = math.ceil(math.log(norm) / _GRID) if norm > 0.0 else 0
    share = chance / (3.0 * (1 + abs(j)) ** 2)
    complexity = 2.0 * math.exp(_GRID * j) * math.sqrt(spectrum.trace) / n
    deviation = 3.0 * scale * math.sqrt(math.log(2.0 / share) / (2.0 * n))
    train = math.sqrt(kare(spectrum, ridge).train_mse)
    return GeneralisationBound(
        bound=train + complexity + deviation,
        train_error=train,
        complexity=complexity,
        deviation=deviation,
        norm=norm,
        confidence=float(confidence),
    )
