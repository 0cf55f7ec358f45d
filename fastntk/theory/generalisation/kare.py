"""KARE: the test error of kernel ridge regression from the training data alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._shown import shown
from fastntk._validation.arguments import is_one_of
from fastntk.theory._checks import power_of_two, scalar_or_array
from fastntk.theory.generalisation.leave_one_out import leave_one_out
from fastntk.theory.training.spectrum import TrainingSpectrum, check_ridges

__all__ = ["Kare", "kare"]


@dataclass(frozen=True, eq=False)
class Kare:
    """What the training data say about the test error; floats, or arrays of ridges.

    Attributes
    ----------
    ridge : float or ndarray
        Absolute ridge, in units of the kernel.
    test_mse : float or ndarray
        Estimated mean squared error on new rows (noise in their targets included),
        mean over outputs; squared output units.
    train_mse : float or ndarray
        Mean squared residual on the training rows; squared output units.
    kappa : float or ndarray
        Effective ridge per sample: modes with a population eigenvalue above it are
        learned; units of the kernel.
    degrees_of_freedom : float or ndarray
        ``tr K (K + ridge I)^-1``, from 0 to n.
    relative_error : float or ndarray
        Sampling error to expect of ``test_mse`` for one output, relative: a standard
        deviation, up to a factor of two or so. Independent outputs divide it by
        ``sqrt(n_outputs)``.
    """

    ridge: Any
    test_mse: Any
    train_mse: Any
    kappa: Any
    degrees_of_freedom: Any
    relative_error: Any


@memory_told("kare", FEWER_ROWS)
def kare(spectrum: TrainingSpectrum, ridge: Any, *, leverages: str = "rows") -> Kare:
    """Estimate the test error of kernel ridge regression without test data.

    Parameters
    ----------
    spectrum : TrainingSpectrum
        From `decompose`.
    ridge : float or array-like
        Absolute ridges >= 0, in units of the kernel.
    leverages : {"rows", "mean"}, default="rows"
        "mean": the estimator as published, O(n) a ridge. "rows": with the leverage of
        each row in the place of their mean, O(n^2) a ridge. On rows that are all alike
        the two agree; on real ones "mean" is too low, see Notes.

    Returns
    -------
    Kare
        Its fields have the shape of ``ridge``.

    Raises
    ------
    InputError
        If a ridge is negative or not finite, or ``K + ridge I`` is numerically
        singular.

    Notes
    -----
    The kernel alignment risk estimator [1]_, with ``a = (K + ridge I)^-1 y``::

        test = n a^T a / (tr (K + ridge I)^-1)^2                          "mean"
        kappa = 1 / tr (K + ridge I)^-1,  train = ridge^2 a^T a / n

    It is generalised cross-validation [2]_ in other words, and rests on the diagonal of
    ``(K + ridge I)^-1`` being the same for all rows, as it is in the limit of Gaussian
    features. With the diagonal as it is,::

        test = 1/n sum_i (a_i / (K + ridge I)^-1_ii)^2                    "rows"

    which is the error on each row after training on the others (`leave_one_out`):
    right on average for rows of any distribution. The published form is 2 to 5 % too
    low on uniform rows of a sphere (n = 500, small ridges) and a quarter too low on
    handwritten digits, where some rows have few others near them.

    Both read the error off n squares, not all independent: ``relative_error`` is
    ``sqrt(2 / n_eff)``, ``n_eff = (sum w)^2 / sum w^2``, ``w = (mu + ridge)^-2``, what
    independent normal coefficients would give.

    References
    ----------
    .. [1] A. Jacot et al., "Kernel alignment risk estimator: risk prediction from
       training data", NeurIPS 2020, definition 1.
    .. [2] G. H. Golub, M. Heath, G. Wahba, "Generalized cross-validation as a method
       for choosing a good ridge parameter", Technometrics 1979.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk import theory
    >>> spectrum = theory.decompose(np.diag([3.0, 1.0]), [2.0, 2.0])
    >>> theory.kare(spectrum, ridge=1.0).train_mse
    0.625
    >>> theory.kare(spectrum, ridge=[1.0, 2.0]).test_mse.round(4)
    array([4., 4.])
    >>> theory.kare(spectrum, ridge=[1.0, 2.0], leverages="mean").test_mse.round(4)
    array([4.4444, 4.25  ])
    """
    if not is_one_of(leverages, ("rows", "mean")):
        raise InputError(
            f"leverages: found {shown(leverages)}; expected 'rows', each row with its "
            "own, or 'mean', the estimator as published"
        )
    ridges = check_ridges(spectrum, ridge)
    n = spectrum.n_samples
    shifted = spectrum.eigenvalues + ridges[..., None]
    unit = power_of_two(shifted[..., -1])  # weights of order 1, kernels of any scale
    weights = unit[..., None] / shifted
    first, second = weights.sum(-1), (weights**2).sum(-1)
    squared_norm = weights**2 @ spectrum.power
    test = n * squared_norm / first**2
    if leverages == "rows":
        test = np.asarray(leave_one_out(spectrum, ridges))
    return Kare(
        ridge=scalar_or_array(ridges),
        test_mse=scalar_or_array(test),
        train_mse=scalar_or_array((ridges / unit) ** 2 * squared_norm / n),
        kappa=scalar_or_array(unit / first),
        degrees_of_freedom=scalar_or_array(
            (spectrum.eigenvalues / shifted).sum(-1),
        ),
        relative_error=scalar_or_array(
            np.sqrt(2.0 * (weights**4).sum(-1)) / second,
        ),
    )
