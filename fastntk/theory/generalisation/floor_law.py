"""A power law that falls to a floor, with what is not known of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from fastntk._typing import FloatArray
from fastntk.theory.generalisation.noise import noise_evidence
from fastntk.theory.generalisation.subsets import SubsetErrors, subset_errors
from fastntk.theory.training.spectrum import TrainingSpectrum

__all__ = ["LEVELS", "FloorLaw", "fit_floor_law"]

LEVELS = (0.05, 0.5, 0.95)  # quantiles: a 90 % interval, and the median
_LOW_FLOORS = (0.0, 0.005, 0.01, 0.02, 0.035, 0.05, 0.07, 0.1, 0.13, 0.17)
_FLOORS = np.array(  # in units of the error with all rows
    [*_LOW_FLOORS, *np.arange(0.21, 0.97, 0.04), 0.98]
)
_WIDTHS = np.gradient(_FLOORS)  # a uniform prior
_EXPONENTS = np.geomspace(0.05, 5.0, 40)
_DELAYS = np.array([0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2])  # in units of n
_DELAYED = 0.5  # prior weight of all delays together, beside 1 for none
_FEWEST = 4  # sizes measured, for three parameters and a level

# Chosen on the problems of bench.learning_curves whose half is "first"
_MISFIT = 0.02  # of the law, relative, at all rows
_MISFIT_BELOW = 0.03  # added for every factor of e below
_MISFIT_BEYOND = 0.06  # for every factor of e beyond
_TEMPER = 0.5  # power of the evidence on noise: its model is wrong in detail
_BLUR = 0.25  # standard deviation of the logarithm of the floor that it tells
_UNRESOLVED = 0.15  # chance that it tells of a function not resolved yet


@dataclass(frozen=True)
class FloorLaw:
    """Weighted laws ``A (f + (1 - f) ((n + m) / (N + m))^-b)``.

    Attributes
    ----------
    n : float
        ``N``, the size at which the error is ``A``.
    floors, exponents, delays : ndarray of shape (k,)
        ``f``, ``b`` and ``m / N`` of each law.
    levels : ndarray of shape (k,)
        ``log A``.
    weights : ndarray of shape (k,)
        Posterior probabilities.
    deviation : float
        Standard deviation of ``log A``.
    """

    n: float
    floors: FloatArray
    exponents: FloatArray
    delays: FloatArray
    levels: FloatArray
    weights: FloatArray
    deviation: float

    def at_size(self, n: float) -> FloatArray:
        """Return quantiles, at `LEVELS`, of the error after learning n rows."""
        ratio = n / self.n
        logs = self.levels + np.log(
            _law(ratio, self.floors, self.exponents, self.delays)
        )
        beyond = _MISFIT_BEYOND * max(np.log(ratio), 0.0)
        return np.exp(self._quantiles(logs, float(np.hypot(self.deviation, beyond))))

    def floor(self) -> FloatArray:
        """Return quantiles of the error that is left with any number of rows."""
        floors = np.maximum(self.floors, 1e-3)
        found = np.exp(self._quantiles(self.levels + np.log(floors), self.deviation))
        found[self.weights[self.floors == 0.0].sum() >= np.array(LEVELS)] = 0.0
        return found

    def _quantiles(self, logs: FloatArray, deviation: float) -> FloatArray:
        """Return quantiles of a mixture of Gaussians of equal width."""
        reach = 5.0 * deviation
        low, high = logs.min() - reach, logs.max() + reach
        heights, edges = np.histogram(
            logs, bins=600, range=(low, high), weights=self.weights
        )
        centres = (edges[1:] + edges[:-1]) / 2.0
        points = np.linspace(low, high, 300)
        below = ndtr((points[:, None] - centres) / deviation) @ heights
        found: FloatArray = np.interp(LEVELS, below, points)
        return found


def fit_floor_law(spectrum: TrainingSpectrum, ridge: float) -> FloorLaw | None:
    """Weigh laws by errors measured on parts of the rows, and by the noise seen.

    Returns
    -------
    FloorLaw or None
        None where rows are too few, an error is 0, or a part of the kernel is singular.

    Notes
    -----
    Errors of parts of the rows (`subset_errors`) have correlated normal logarithms.
    The floor is the noise times the overfitting ``N / (N - Q)`` of all rows; the
    marginal likelihood of the noise (`noise_evidence`) counts half, is blurred, and
    with some probability is an upper bound alone: what is not resolved yet looks like
    noise. Priors: uniform on floors, on logarithms of exponents; delays are rare.
    """
    try:
        measured = subset_errors(spectrum, ridge)
    except np.linalg.LinAlgError:  # a part that is singular to working precision
        return None
    if len(measured.sizes) < _FEWEST or not np.all(measured.errors > 0.0):
        return None
    weights = 1.0 / (spectrum.eigenvalues + ridge)
    weights /= weights.max()
    overfitting = len(weights) * np.sum(weights**2) / np.sum(weights) ** 2
    noises = np.maximum(_FLOORS, 1e-9) * measured.errors[-1] / overfitting
    priors = np.log(_WIDTHS) + _softened(noise_evidence(spectrum, noises))
    return _weigh(measured, priors)


def _law(ratio: Any, floors: Any, exponents: Any, delays: Any) -> FloatArray:
    """Return errors at multiples of N rows, in units of that at N."""
    reach = (ratio + delays) / (1.0 + delays)
    found: FloatArray = floors + (1.0 - floors) * reach**-exponents
    return found


def _softened(evidence: FloatArray) -> FloatArray:
    """Return the logarithm of how much the evidence counts for each floor."""
    likely = np.exp(_TEMPER * evidence)
    places = np.log(_FLOORS + 0.02)
    kernel = np.exp(-0.5 * ((places[:, None] - places) / _BLUR) ** 2) * _WIDTHS
    likely = kernel @ likely / kernel.sum(axis=1)
    likely /= likely @ _WIDTHS
    shares = likely * _WIDTHS / np.maximum(_FLOORS, 0.005)
    below = np.cumsum(shares[::-1])[::-1]
    mixed = (1.0 - _UNRESOLVED) * likely + _UNRESOLVED * below
    logs: FloatArray = np.log(mixed + 1e-12)
    return logs


def _weigh(measured: SubsetErrors, priors: FloatArray) -> FloorLaw:
    """Return all laws of the grid that are likely."""
    grid = np.meshgrid(_FLOORS, _EXPONENTS, _DELAYS, indexing="ij")
    floors, exponents, delays = (axis.ravel() for axis in grid)
    n = float(measured.sizes[-1])
    ratios = measured.sizes / n
    misfit = _MISFIT - _MISFIT_BELOW * np.log(ratios)
    precision = np.linalg.inv(measured.covariance + np.diag(misfit**2))
    laws = _law(ratios, floors[:, None], exponents[:, None], delays[:, None])
    gaps = np.log(measured.errors) - np.log(laws)
    total = float(precision.sum())
    levels = gaps @ precision.sum(axis=0) / total
    gaps -= levels[:, None]
    fits = -0.5 * np.sum((gaps @ precision) * gaps, axis=1)
    fits += np.repeat(priors, len(_EXPONENTS) * len(_DELAYS))
    fits += np.where(delays > 0.0, np.log(_DELAYED / len(_DELAYS)), 0.0)
    weights = np.exp(fits - fits.max())
    weights /= weights.sum()
    kept = weights > 1e-7
    return FloorLaw(
        n=n,
        floors=floors[kept],
        exponents=exponents[kept],
        delays=delays[kept],
        levels=levels[kept],
        weights=weights[kept] / weights[kept].sum(),
        deviation=total**-0.5,
    )
