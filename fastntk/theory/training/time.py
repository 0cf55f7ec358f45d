"""Times and steps in which training reaches a loss."""

import math

import numpy as np
from scipy.optimize import brentq

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.theory._checks import positive
from fastntk.theory.training.spectrum import TrainingSpectrum, check_spectrum

__all__ = ["steps_to_loss", "time_to_loss"]


def time_to_loss(
    spectrum: TrainingSpectrum, loss: float, learning_rate: float = 1.0
) -> float:
    """Return the time at which gradient flow reaches a training loss.

    Parameters
    ----------
    spectrum : TrainingSpectrum
        From `decompose` of the NTK and ``y - f_0``.
    loss : float
        Value of ``|f - y|^2 / (2 n n_outputs)`` to reach, > 0; squared output units.
    learning_rate : float, default=1.0
        Step size, > 0; time is steps times learning rate for ``learning_rate=1``.

    Returns
    -------
    float
        0.0 if the loss is lower at once, infinite if it is never reached.

    Raises
    ------
    InputError
        If ``loss`` or ``learning_rate`` is not positive.

    Notes
    -----
    Exact, not the bound of `convergence`: solves ``sum_i exp(-2 eta mu_i t / N) |c_i|^2
    = 2 N loss``, N = n n_outputs, in ``log t``.

    Examples
    --------
    >>> from fastntk import theory
    >>> spectrum = theory.decompose([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0])
    >>> round(theory.time_to_loss(spectrum, 0.5 * 0.01), 6)  # exp(-t) = 0.01
    4.60517
    """
    check_spectrum(spectrum)
    step = positive(learning_rate, "learning_rate")
    size = spectrum.n_samples * spectrum.n_outputs
    return _first_crossing(spectrum, loss, 2.0 * step / size * spectrum.eigenvalues)


def steps_to_loss(
    spectrum: TrainingSpectrum, loss: float, learning_rate: float
) -> float:
    """Return the number of gradient-descent steps that reach a training loss.

    Parameters
    ----------
    spectrum : TrainingSpectrum
        From `decompose` of the NTK and ``y - f_0``.
    loss : float
        Value of ``|f - y|^2 / (2 n n_outputs)`` to reach, > 0; squared output units.
    learning_rate : float
        Step size, > 0 and below ``largest_stable_step`` of `convergence`.

    Returns
    -------
    float
        A whole number of steps; infinite if the loss is never reached.

    Raises
    ------
    InputError
        If ``loss`` is not positive, or the step is too large to converge.

    Notes
    -----
    Solves ``sum_i (1 - eta mu_i / N)^(2 t) |c_i|^2 = 2 N loss`` and rounds up.

    Examples
    --------
    >>> from fastntk import theory
    >>> spectrum = theory.decompose([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0])
    >>> theory.steps_to_loss(spectrum, 0.5 * 0.01, learning_rate=0.1)  # 0.95^t = 0.1
    45.0
    """
    check_spectrum(spectrum)
    step = positive(learning_rate, "learning_rate")
    size = spectrum.n_samples * spectrum.n_outputs
    factors = 1.0 - step * spectrum.eigenvalues / size
    if factors[-1] <= -1.0:
        largest = 2.0 * size / spectrum.eigenvalues[-1]
        raise InputError(
            f"learning_rate: found {step:g}; expected less than {largest:.6g}, the "
            "largest step with which gradient descent converges on this kernel"
        )
    with np.errstate(divide="ignore"):
        rates = np.minimum(-2.0 * np.log(np.abs(factors)), 2.0 * 745.0)
    steps = _first_crossing(spectrum, loss, rates)
    return float(np.ceil(steps - 1e-9))


def _first_crossing(
    spectrum: TrainingSpectrum, loss: float, rates: FloatArray
) -> float:
    """Solve ``sum_i exp(-rate_i t) |c_i|^2 = 2 N loss`` for t."""
    size = spectrum.n_samples * spectrum.n_outputs
    target = positive(loss, "loss") * 2.0 * size
    power = spectrum.power * spectrum.n_outputs
    moves = (spectrum.eigenvalues > spectrum.floor) & (rates > 0.0)
    if power.sum() <= target:
        return 0.0
    if power[~moves].sum() >= target:
        return math.inf

    def excess(u: float) -> float:
        exponents = np.minimum(rates[moves] * math.exp(u), 745.0)
        left = power[~moves].sum() + power[moves] @ np.exp(-exponents)
        return math.log(max(float(left), 1e-300) / target)

    high = -math.log(rates[moves].max())
    low = high - 1.0
    while excess(high) > 0.0:
        high += 2.0
    while excess(low) < 0.0:
        low -= 2.0
    return math.exp(brentq(excess, low, high, xtol=1e-14))
