"""What the small eigenvalues tell of the noise on the targets."""

import numpy as np
from scipy.special import logsumexp

from fastntk._typing import FloatArray
from fastntk.theory.training.spectrum import TrainingSpectrum

__all__ = ["noise_evidence"]

_EXPONENTS = np.linspace(0.0, 3.0, 13)
_SCALES = np.geomspace(1e-5, 3.0, 36)
_KEPT = 0.98  # of the eigenvalues: the largest hold means and other large parts
_RANGE = 1e-12  # eigenvalues below, relative to the largest, are rounding


def noise_evidence(spectrum: TrainingSpectrum, noises: FloatArray) -> FloatArray:
    """Return the logarithm of the marginal likelihood of variances of the noise.

    Notes
    -----
    Squared coefficients of the targets in the eigenvectors are those of a Gaussian of
    variance ``noise + A mu^g``; the sum over A and g from a grid, with equal weights,
    is returned up to a constant. Parts of the function that so few rows don't resolve
    count as noise.
    """
    mu = spectrum.eigenvalues[: max(2, int(_KEPT * spectrum.n_samples))]
    power = spectrum.power[: len(mu)]
    logs = np.log(np.maximum(mu, _RANGE * spectrum.eigenvalues[-1]))
    logs -= logs.mean()
    found = []
    for exponent in _EXPONENTS:
        shape = np.exp(exponent * logs)
        base = float(np.mean(power / shape))
        for scale in base * _SCALES:
            variances = noises[:, None] + scale * shape
            found.append(np.sum(np.log(variances) + power / variances, axis=1))
    total: FloatArray = logsumexp(-0.5 * spectrum.n_outputs * np.array(found), axis=0)
    total -= total.max()
    return total
