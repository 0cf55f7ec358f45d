"""Activations designed for a wanted kernel."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation import to_array
from fastntk._validation.arguments import is_one_of
from fastntk.spec import Polynomial, Spec
from fastntk.theory._checks import as_integer, as_numbers

__all__ = ["ActivationDesign", "design_activation"]

_LARGEST_DEGREE = 64
_ROUNDINGS = 16.0  # of a coefficient, each half an ulp
_SIGNS = ("positive", "alternating", "pairs")
_POOR = 0.1  # misfit, of the largest value wanted, at which a fit is none


@dataclass(frozen=True, eq=False)
class ActivationDesign:
    """An activation whose shallow network has a wanted kernel on the sphere.

    The network is ``serial(Dense(width), layer, Dense(n_outputs))`` without biases, for
    rows of norm ``sqrt(d)``.

    Attributes
    ----------
    hermite : ndarray of shape (degree + 1,)
        Coefficients of the activation in normalised Hermite polynomials.
    coef : ndarray of shape (degree + 1,)
        The same in powers of x, lowest first: the argument of ``stax.Polynomial``.
    kernel : ndarray of shape (degree + 1,)
        Coefficients >= 0 of the kernel reached, in powers of the cosine.
    get : str
        "ntk" or "nngp": which kernel this is.
    misfit : float
        Largest difference from the wanted kernel on [-1, 1]; 0.0 where coefficients
        were given. Squared output units.
    rounding : float
        Error to expect of a kernel computed from ``coef``, whose terms cancel at high
        degrees: some 1e-12 at degree 20, 1e-8 at 40. Squared output units.
    """

    hermite: FloatArray
    coef: FloatArray
    kernel: FloatArray
    get: str
    misfit: float
    rounding: float

    @property
    def layer(self) -> Spec:
        """The activation as a layer for ``stax.serial``: ``Polynomial(coef)``.

        Raises
        ------
        InputError
            If powers of x lose more than six digits of the kernel (``rounding``).
        """
        if self.rounding > 1e-6 * float(self.kernel.sum()):
            raise InputError(
                f"layer: powers of x up to {len(self.coef) - 1} cancel, and leave the "
                f"kernel an error of {self.rounding:.1g}; expected at most a millionth "
                "of it. Take a smaller degree"
            )
        return Polynomial(tuple(self.coef.tolist()))

    def __call__(self, x: Any) -> FloatArray:
        """Return the activation of an array.

        Parameters
        ----------
        x : array-like
            Pre-activations.

        Returns
        -------
        ndarray
            Of the shape of ``x``; summed in Hermite polynomials, which loses no digits.
        """
        degrees = np.arange(len(self.hermite))
        scales = np.exp(-0.5 * np.array([math.lgamma(k + 1.0) for k in degrees]))
        values: FloatArray = np.polynomial.hermite_e.hermeval(
            to_array(x, "x").astype(np.float64), self.hermite * scales
        )
        return values


def design_activation(
    wanted: Any, degree: int | None = None, *, get: str = "ntk", signs: str = "positive"
) -> ActivationDesign:
    """Find the activation whose one-hidden-layer kernel is a wanted one.

    Parameters
    ----------
    wanted : array-like of shape (degree + 1,) or callable
        Coefficients >= 0 of the kernel in powers of the cosine of two rows, or the
        kernel as a vectorised function of the cosine, to be fitted.
    degree : int, optional
        Degree to fit, from 0 to 64; for a function only, 16 by default.
    get : {"ntk", "nngp"}, default="ntk"
        Which kernel of the network is to be the wanted one.
    signs : {"positive", "alternating", "pairs"}, default="positive"
        Signs of the Hermite coefficients, which no kernel sees: ``+ + +``, ``+ - +``,
        or ``+ + - -``, which keeps activations smaller.

    Returns
    -------
    ActivationDesign

    Raises
    ------
    InputError
        If a coefficient is negative (no network has such a kernel), if the nearest
        kernel misses a function by a tenth of its largest value or more, or an argument
        is not as described.

    Notes
    -----
    For ``phi = sum_k a_k h_k`` with normalised Hermite polynomials the network has NNGP
    ``sum_k a_k^2 rho^k`` and NTK ``sum_k (1 + k) a_k^2 rho^k``; so
    ``a_k = +-sqrt(b_k / (1 + k))`` [1]_: every kernel of the sphere that a wide network
    of any depth can have is that of a shallow one. A function is fitted by non-negative
    least squares on 257 cosines, denser towards +-1.

    References
    ----------
    .. [1] J. B. Simon, S. Anand, M. R. DeWeese, "Reverse engineering the neural tangent
       kernel", ICML 2022, arXiv 2106.03186, theorem 3.1.

    Examples
    --------
    >>> from fastntk import theory
    >>> design = theory.design_activation([0.0, 1.0, 0.75])  # rho + 0.75 rho^2
    >>> design.hermite.round(6)
    array([0.      , 0.707107, 0.5     ])
    >>> design.coef.round(6)  # x / sqrt(2) + (x^2 - 1) / sqrt(8)
    array([-0.353553,  0.707107,  0.353553])
    """
    if not is_one_of(get, ("ntk", "nngp")):
        raise InputError(f"get: found {shown(get)}; expected 'ntk' or 'nngp'")
    if not is_one_of(signs, _SIGNS):
        raise InputError(
            f"signs: found {shown(signs)}; expected one of {', '.join(_SIGNS)}"
        )
    if callable(wanted):
        kernel, misfit = _fit(wanted, 16 if degree is None else degree)
    else:
        kernel, misfit = _as_series(wanted, degree), 0.0
    k = np.arange(len(kernel))
    squares = kernel / (1.0 + k) if get == "ntk" else kernel
    hermite = np.sqrt(squares) * _sign_pattern(k, signs)
    coef = _to_powers(hermite)
    lost = _rounding(coef, hermite, 1.0 + k if get == "ntk" else np.ones(len(k)))
    return ActivationDesign(hermite, coef, kernel, get, misfit, lost)


def _as_series(wanted: Any, degree: int | None) -> FloatArray:
    series = as_numbers(wanted, "wanted")
    if series.ndim != 1 or not 1 <= len(series) <= _LARGEST_DEGREE + 1:
        raise InputError(
            f"wanted: found shape {series.shape}; expected 1 to {_LARGEST_DEGREE + 1} "
            "coefficients in powers of the cosine"
        )
    if degree is not None:
        raise InputError(
            "degree: found one together with coefficients; expected it with a function "
            "only. Cut the list of coefficients instead"
        )
    if (series < 0).any():
        k = int(np.argmax(series < 0))
        raise InputError(
            f"wanted: found the coefficient {series[k]:g} of rho^{k}; expected none "
            "below 0: a kernel is positive semi-definite on every sphere only then"
        )
    return series


def _fit(function: Any, degree: int) -> tuple[FloatArray, float]:
    """Return the non-negative series nearest to a function, and its misfit."""
    degree = as_integer(degree, "degree", 0, _LARGEST_DEGREE)
    cosines = np.cos(np.linspace(0.0, math.pi, 257))
    values = as_numbers(function(cosines), "wanted(cosines)")
    if values.shape != cosines.shape:
        raise InputError(
            f"wanted: the function returned shape {values.shape} for {cosines.shape} "
            "cosines; expected one number for each"
        )
    powers = cosines[:, None] ** np.arange(degree + 1)
    scale = float(np.abs(values).max()) or 1.0
    series, _ = nnls(powers, values / scale)
    misfit = float(np.abs(powers @ series - values / scale).max())
    if misfit > _POOR:
        raise InputError(
            f"wanted: found a function that the nearest kernel of degree {degree} "
            f"misses by {100 * misfit:.0f} % of its largest value; expected one whose "
            "powers of the cosine have no negative coefficients, as kernels have. Plot "
            "it, or take a higher degree"
        )
    return scale * series, scale * misfit


def _sign_pattern(k: Any, signs: str) -> FloatArray:
    if signs == "positive":
        return np.ones(len(k))
    odd = k % 2 if signs == "alternating" else (k // 2) % 2
    return np.where(odd == 1, -1.0, 1.0)


def _to_powers(hermite: FloatArray) -> FloatArray:
    """Return the coefficients in powers of x."""
    n = len(hermite)
    sums = [
        math.fsum(
            (-1.0) ** m * hermite[i + 2 * m] * _link(i, m)
            for m in range((n - 1 - i) // 2 + 1)
        )
        for i in range(n)
    ]
    return np.array(sums)


def _link(i: int, m: int) -> float:
    """Return the size of the coefficient of x^i in the normalised ``h_(i + 2 m)``."""
    numerator = math.factorial(i + 2 * m)
    return math.sqrt(
        numerator / (math.factorial(i) ** 2 * math.factorial(m) ** 2 * 4**m)
    )


def _rounding(coef: FloatArray, hermite: FloatArray, factors: FloatArray) -> float:
    """Return the error of the kernel that rounding of ``coef`` leads to."""
    n, total = len(coef), 0.0
    for k in range(n):
        # x^i has the coefficient i! / (2^m m! sqrt(k!)), i = k + 2 m, in h_k
        size = math.fsum(
            abs(coef[i])
            * math.sqrt(math.factorial(i) * math.factorial(k))
            * _link(k, (i - k) // 2)
            for i in range(k, n, 2)
        )
        error = _ROUNDINGS * size * float(np.finfo(np.float64).eps)
        total += factors[k] * error * (2.0 * abs(hermite[k]) + error)
    return float(total)
