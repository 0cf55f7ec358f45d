"""Test error at other numbers of samples, from one eigendecomposition."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.theory._checks import as_numbers, at_least, power_of_two
from fastntk.theory.generalisation.floor_law import LEVELS, FloorLaw, fit_floor_law
from fastntk.theory.generalisation.leave_one_out import leave_one_out, squared_misses
from fastntk.theory.generalisation.readings import (
    FreedomLaw,
    loss_at,
    matching_shift,
    read,
    smallest_trusted_shift,
)
from fastntk.theory.training.spectrum import (
    TrainingSpectrum,
    check_ridges,
    check_spectrum,
)

__all__ = ["LearningCurve", "learning_curve"]

_WIDEST = 2.75  # ends of an interval, one over the other, for the error to be told
_THEORY = 0.05  # by how much the theory is off, relative, where it holds
_NORMAL = 1.645  # standard deviations to either side of a 90 % interval


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Expected errors of kernel ridge regression against the number of samples.

    Attributes
    ----------
    n_samples : ndarray of shape (m,)
        Sizes of the training set.
    test_mse : ndarray of shape (m,)
        Mean squared error on new rows, noise in their targets included; squared
        output units. Where it is extrapolated, the median of what is likely.
    train_mse : ndarray of shape (m,)
        Mean squared residual on the training rows; squared output units.
    kappa : ndarray of shape (m,)
        Effective ridge per sample, in units of the kernel.
    is_extrapolated : ndarray of bool, shape (m,)
        True where a power law with a floor continues what the data can tell.
    ridge : float
        Absolute ridge, the same at all sizes.
    test_mse_low, test_mse_high : ndarray of shape (m,)
        Ends of a 90 % interval of ``test_mse``; 0 and infinity where there are too few
        rows to tell.
    is_told : ndarray of bool, shape (m,)
        False where the error is extrapolated and the ends of its interval are more than
        a factor of 2.75 apart: the data do not tell it, and `plotting.learning_curve`
        draws no line.
    floor_mse, floor_low, floor_high : float
        Test error that is left with any number of rows (noise, and what it spoils),
        with a 90 % interval; NaN if no size is extrapolated, or rows are too few.
    """

    n_samples: FloatArray
    test_mse: FloatArray
    train_mse: FloatArray
    kappa: FloatArray
    is_extrapolated: Any
    ridge: float
    test_mse_low: FloatArray
    test_mse_high: FloatArray
    is_told: Any
    floor_mse: float
    floor_low: float
    floor_high: float


def learning_curve(
    spectrum: TrainingSpectrum, n_samples: Any, ridge: float
) -> LearningCurve:
    """Predict the test error at other training-set sizes.

    Parameters
    ----------
    spectrum : TrainingSpectrum
        From `decompose`, of as many rows N as there are.
    n_samples : array-like of shape (m,)
        Sizes to predict, >= 1, smaller or larger than N.
    ridge : float
        Absolute ridge >= 0, the same at all sizes.

    Returns
    -------
    LearningCurve

    Raises
    ------
    InputError
        If a size or the ridge is out of range, the kernel is zero, or ``K + ridge I``
        is numerically singular.

    Notes
    -----
    Everything that `eigenlearning` needs of the population depends on the effective
    ridge ``kappa`` alone: the learned dimension ``S = sum L_i``, ``Q = sum L_i^2`` and
    ``B = sum (1 - L_i)^2 v_i^2 + noise``. With N rows, each ridge ``d`` shows them at
    one ``kappa``; with ``t_p = tr (K + d I)^-p``::

        kappa = 1 / t_1,  S = N - d t_1,  Q = N - t_1^2 / t_2
        B = (N - Q) / N times the error that `kare` tells for the ridge d

    Training on n rows with the wanted ridge has the same ``kappa`` if
    ``(d - ridge) t_1 = N - n``, and then ``test = B n / (n - Q)``; ``n = N`` gives
    `kare`. No spectrum is fitted, and nothing is assumed but what KARE assumes. The
    interval is the sampling error of the rows, and 5 % for the theory.

    Where fewer than some 50 modes share a reading (small ``d``, n beyond N), the error
    is extrapolated by laws ``A (f + (1 - f) ((n + m) / (N + m))^-b)``: floor ``f``,
    exponent ``b``, delay ``m``. All that are likely count, by how well they fit

    - errors measured inside the training set: parts of 9 to 71 % of the rows are
      learned and the others predicted, and each row from all others;
    - the marginal likelihood of the noise, from the coefficients at small eigenvalues.

    ``test_mse`` is the median of the laws, and the interval holds 90 % of them. It
    takes about half as long as `decompose`, once, and only if such a size is asked for.
    On problems that its constants were not chosen on, the errors measured at 2 N and
    4 N rows lay in 84 % and 82 % of the intervals that are told (`python -m
    bench.learning_curves`). A function of which the rows known show nothing yet (all of
    the error looks like noise) is what it cannot foresee.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import theory
    >>> rows = np.random.default_rng(0).normal(size=(200, 40))
    >>> spectrum = theory.decompose(rows @ rows.T, rows[:, 0])
    >>> curve = theory.learning_curve(spectrum, [50, 100, 200], ridge=1.0)
    >>> bool(np.all(np.diff(curve.test_mse) < 0))
    True
    """
    check_spectrum(spectrum)
    wanted = at_least(ridge, "ridge", 0.0)
    check_ridges(spectrum, wanted)
    if spectrum.trace == 0.0:
        raise InputError(
            "spectrum: found eigenvalues that are all 0; expected a kernel that is not "
            "zero. Look at fastntk.diagonal(net, x)"
        )
    sizes = _as_sizes(n_samples)
    unit = float(power_of_two(spectrum.eigenvalues[-1]))
    scaled = replace(spectrum, eigenvalues=spectrum.eigenvalues / unit)
    curve = _curve(scaled, sizes, wanted / unit)  # kernels of any scale
    return replace(curve, kappa=curve.kappa * unit, ridge=wanted)


def _curve(
    spectrum: TrainingSpectrum, sizes: FloatArray, ridge: float
) -> LearningCurve:
    """Return the curve of a kernel of order 1."""
    shift = smallest_trusted_shift(spectrum)
    edge = read(spectrum, shift)
    is_far = sizes > edge.freedom + ridge / edge.kappa
    found = np.empty((len(sizes), 5))  # low, median, high, training error, kappa
    floor = np.full(len(LEVELS), np.nan)
    if is_far.any():
        law = fit_floor_law(spectrum, ridge) if spectrum.power.any() else None
        floor = floor if law is None else law.floor()
        freedom = FreedomLaw.fit(spectrum, edge, shift)
    for i, n in enumerate(sizes):
        if is_far[i]:
            kappa = freedom.at_size(n, ridge)
            errors = _far_errors(spectrum, ridge, law, n)
            found[i] = *errors, (ridge / (n * kappa)) ** 2 * errors[1], kappa
        else:
            found[i] = _known_errors(spectrum, n, ridge, shift)
    low, error, high, train, kappas = found.T
    return LearningCurve(
        n_samples=sizes,
        test_mse=error,
        train_mse=train,
        kappa=kappas,
        is_extrapolated=is_far,
        ridge=ridge,
        test_mse_low=low,
        test_mse_high=high,
        is_told=~is_far | (high <= _WIDEST * low),
        floor_mse=float(floor[1]),
        floor_low=float(floor[0]),
        floor_high=float(floor[2]),
    )


def _known_errors(
    spectrum: TrainingSpectrum, n: float, ridge: float, least: float
) -> tuple[float, float, float, float, float]:
    """Return the test error with its interval, the training error, and kappa."""
    shift = matching_shift(spectrum, n, ridge, least)
    reading = read(spectrum, shift)
    raised = n / (n - reading.overlap)
    test = raised * loss_at(spectrum, shift, reading)
    mean_loss = loss_at(spectrum, shift, reading, "mean")
    train = (ridge / (n * reading.kappa)) ** 2 * raised * mean_loss
    squares = squared_misses(spectrum, shift)
    size = float(squares.mean())
    spread = float(squares.std()) / size if size else 0.0
    reach = np.exp(_NORMAL * np.hypot(spread / len(squares) ** 0.5, _THEORY))
    return test / reach, test, test * reach, train, reading.kappa


def _far_errors(
    spectrum: TrainingSpectrum, ridge: float, law: FloorLaw | None, n: float
) -> tuple[float, float, float]:
    """Return an extrapolated error between the ends of its interval."""
    if law is not None:
        low, error, high = law.at_size(n)
        return float(low), float(error), float(high)
    error = float(leave_one_out(spectrum, ridge))  # the best guess is no change
    return (0.0, error, np.inf) if error else (0.0, 0.0, 0.0)


def _as_sizes(n_samples: Any) -> FloatArray:
    sizes = np.atleast_1d(as_numbers(n_samples, "n_samples", 1.0))
    if sizes.ndim != 1 or not sizes.size:
        raise InputError(
            f"n_samples: found shape {sizes.shape}; expected a list of sizes"
        )
    return sizes
