"""The population as a training set shows it at an effective ridge."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from fastntk._typing import FloatArray
from fastntk.theory._checks import power_of_two
from fastntk.theory.generalisation.kare import kare
from fastntk.theory.training.spectrum import TrainingSpectrum

__all__ = [
    "FreedomLaw",
    "Reading",
    "loss_at",
    "matching_shift",
    "read",
    "smallest_trusted_shift",
]

_ENOUGH = 50.0  # modes that share a reading, for it to be trusted to 20 %


@dataclass(frozen=True)
class Reading:
    """The population seen at an effective ridge."""

    kappa: float
    freedom: float  # S: sum of learnabilities
    overlap: float  # Q: sum of squared learnabilities
    n_modes: float  # how many modes share the reading


def read(spectrum: TrainingSpectrum, shift: float) -> Reading:
    """Return what a ridge of ``shift`` on all rows shows of the population."""
    shifted = spectrum.eigenvalues + shift
    unit = float(power_of_two(shifted[-1]))
    weights = unit / shifted  # of order 1, whatever the shift
    first, second = float(weights.sum()), float((weights**2).sum())
    n = spectrum.n_samples
    return Reading(
        kappa=unit / first,
        freedom=float((spectrum.eigenvalues / shifted).sum()),
        overlap=n - first**2 / second,
        n_modes=second**2 / float((weights**4).sum()),
    )


def loss_at(
    spectrum: TrainingSpectrum, shift: float, reading: Reading, leverages: str = "rows"
) -> float:
    """Return ``B = sum (1 - L)^2 v^2 + noise`` at the effective ridge of a shift."""
    error = float(kare(spectrum, shift, leverages=leverages).test_mse)
    return (1.0 - reading.overlap / spectrum.n_samples) * error


def smallest_trusted_shift(spectrum: TrainingSpectrum) -> float:
    """Return the least ridge whose reading rests on enough modes."""
    low = max(spectrum.floor - spectrum.eigenvalues[0], 0.0)
    enough = min(_ENOUGH, spectrum.n_samples / 2)
    if read(spectrum, low or spectrum.floor * 1e-3).n_modes >= enough:
        return float(low)
    top = math.log(spectrum.trace)
    bottom = math.log(max(low, spectrum.floor * 1e-3))
    found = brentq(
        lambda u: read(spectrum, math.exp(u)).n_modes - enough, bottom, top + 10.0
    )
    return math.exp(found)


def matching_shift(
    spectrum: TrainingSpectrum, n: float, ridge: float, least: float
) -> float:
    """Solve ``(d - ridge) tr (K + d I)^-1 = N - n`` for the shift d >= least."""
    total = spectrum.n_samples

    def excess(d: float) -> float:
        return (d - ridge) / read(spectrum, d).kappa - (total - n)

    high = ridge + spectrum.trace / n + 1.0
    while excess(high) < 0.0:
        high *= 4.0
    if excess(least) >= 0.0:
        return least
    return float(brentq(excess, least, high, xtol=1e-300, rtol=1e-13))


@dataclass(frozen=True)
class FreedomLaw:
    """``S = S0 (kappa0 / kappa)^a`` below ``kappa0``."""

    kappa: float
    freedom: float
    decay: float

    @classmethod
    def fit(
        cls, spectrum: TrainingSpectrum, edge: Reading, shift: float
    ) -> "FreedomLaw":
        """Fit the readings over a factor of 30 above the last trusted one."""
        low = max(shift, edge.kappa * spectrum.n_samples * 1e-2)
        readings = [read(spectrum, s) for s in low * np.geomspace(1.0, 30.0, 12)]
        readings = [edge, *(r for r in readings if r.kappa > edge.kappa)]
        kappas: FloatArray = np.array([r.kappa for r in readings]) / edge.kappa
        freedoms = np.array([r.freedom for r in readings])
        decay = -float(np.polyfit(np.log(kappas), np.log(freedoms), 1)[0])
        return cls(edge.kappa, edge.freedom, decay)

    def at_size(self, n: float, ridge: float) -> float:
        """Return the kappa at which ``S(kappa) + ridge / kappa = n``."""

        def excess(u: float) -> float:
            kappa = self.kappa * math.exp(u)
            return self.freedom * math.exp(-self.decay * u) + ridge / kappa - n

        low = -1.0
        while excess(low) < 0.0:
            low *= 2.0
        return self.kappa * math.exp(float(brentq(excess, low, 0.0)))
