"""Spectrum of a network's kernel on the sphere."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import FloatArray
from fastntk.theory._checks import as_integer
from fastntk.theory.profile import as_dimension, kernel_profile

__all__ = ["SphereSpectrum", "sphere_multiplicity", "sphere_spectrum"]

_UNIT = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, repr=False, eq=False)
class SphereSpectrum:
    """Eigenvalues of a kernel on a sphere, by degree of the spherical harmonics.

    Attributes
    ----------
    d : int
        Number of features; the sphere is ``S^(d-1)``.
    radius : float
        Norm of the points.
    eigenvalues : ndarray of shape (n_degrees,)
        Of degree 0, 1, ..., for points uniform on the sphere, in squared output units;
        0.0 where the value is below its error.
    multiplicities : ndarray of shape (n_degrees,)
        Dimension of each degree, as float64 (exact below 2^53).
    errors : ndarray of shape (n_degrees,)
        Estimated absolute error of each eigenvalue.
    tail : float
        Part of ``K(x, x)`` in all degrees that are not listed or below their error.
    decay : str
        "power" (``eigenvalue ~ degree^-rate``), "geometric" (``~ rate^degree``), or
        "unknown" where fewer than four eigenvalues are left to fit.
    rate : float
        The exponent or ratio of the decay; NaN if unknown.
    """

    d: int
    radius: float
    eigenvalues: FloatArray
    multiplicities: FloatArray
    errors: FloatArray
    tail: float
    decay: str
    rate: float

    @property
    def power(self) -> FloatArray:
        """Share of each degree in ``K(x, x)``: eigenvalue times multiplicity."""
        share: FloatArray = self.eigenvalues * self.multiplicities
        return share

    def __repr__(self) -> str:
        shown = ", ".join(f"{value:.3g}" for value in self.eigenvalues[:4])
        return (
            f"SphereSpectrum(d={self.d}, eigenvalues [{shown}, ...] of "
            f"{len(self.eigenvalues)} degrees, tail={self.tail:.3g}, "
            f"decay={self.decay!r}, rate={self.rate:.3g})"
        )


def sphere_spectrum(
    net: Any,
    d: int,
    n_degrees: int = 32,
    *,
    get: str = "ntk",
    radius: float | None = None,
) -> SphereSpectrum:
    """Compute the eigenvalues of a network's kernel on the sphere.

    Parameters
    ----------
    net : Network, Spec or callable
        The network, or a function of ``cos(theta)`` that gives the kernel.
    d : int
        Number of features, >= 2; the sphere is ``S^(d-1)``.
    n_degrees : int, default=32
        Degrees of spherical harmonics: 0 to ``n_degrees - 1``; at most 2,000.
    get : {"nngp", "ntk"}, default="ntk"
        Which kernel.
    radius : float, optional
        Norm of the points; ``sqrt(d)`` by default.

    Returns
    -------
    SphereSpectrum
        `eigenlearning` takes its eigenvalues, multiplicities and tail.

    Raises
    ------
    InputError
        If an argument is out of range.

    Notes
    -----
    By the theorem of Funk and Hecke [1]_, with ``P_k`` the Gegenbauer polynomial of
    degree k and index ``(d - 2)/2``, ``P_k(1) = 1``, and w the density of the cosine
    between two uniform points, ``w ~ (1 - t^2)^((d-3)/2)``::

        K(t) = sum_k l_k N(d, k) P_k(t),  l_k = E_w[K(t) P_k(t)]
        N(d, k) = (2k + d - 2)/(k + d - 2) binom(k + d - 2, k)

    The mean over ``t = cos(theta)`` is taken by Gauss-Legendre in theta, in which
    kernels of ReLU-like networks are analytic on [0, pi] though they have a root at
    ``t = +-1``: it converges geometrically where Gauss-Gegenbauer in t does not. Errors
    are estimated from half as many nodes, plus rounding.

    ReLU kernels decay like ``degree^-d`` (NTK) and ``degree^-(d+2)`` (NNGP) [2]_.

    References
    ----------
    .. [1] K. Atkinson, W. Han, "Spherical harmonics and approximations on the unit
       sphere", 2012, theorem 2.22.
    .. [2] A. Bietti, F. Bach, "Deep equals shallow for ReLU networks in kernel
       regimes", ICLR 2021.

    Examples
    --------
    >>> from fastntk import theory
    >>> result = theory.sphere_spectrum(lambda t: t**2, d=3, n_degrees=4)
    >>> result.eigenvalues.round(12)  # t^2 = 1/3 + (2/3) P_2, and N(3, 2) = 5
    array([0.33333333, 0.        , 0.13333333, 0.        ])
    """
    dim = as_dimension(d)
    n_degrees = as_integer(n_degrees, "n_degrees", 1, 2000)
    nodes = 4 * n_degrees + 8 * math.isqrt(dim) + 120
    fine, value_at_1 = _project(net, dim, n_degrees, nodes, get, radius)
    coarse, _ = _project(net, dim, n_degrees, nodes // 2, get, radius)
    counts = np.array([sphere_multiplicity(dim, k) for k in range(n_degrees)])
    roots = np.sqrt(counts)
    rounding = 64.0 * _UNIT * np.abs(value_at_1)
    errors = (np.abs(fine - coarse) + rounding) / roots
    values = fine / roots
    values[np.abs(values) <= errors] = 0.0
    tail = max(value_at_1 - float(values @ counts), 0.0)
    decay, rate = _fit_decay(values)
    norm = math.sqrt(dim) if radius is None else float(radius)
    return SphereSpectrum(dim, norm, values, counts, errors, tail, decay, rate)


def sphere_multiplicity(d: int, degree: int) -> float:
    """Return the number of spherical harmonics of a degree.

    Parameters
    ----------
    d : int
        Number of features; the sphere is ``S^(d-1)``.
    degree : int
        The degree, >= 0.

    Returns
    -------
    float
        Exact below 2^53, rounded above.

    Raises
    ------
    InputError
        If ``d < 2``, ``degree`` is no integer >= 0, or the number is beyond float64.

    Examples
    --------
    >>> from fastntk import theory
    >>> [theory.sphere_multiplicity(3, k) for k in range(4)]
    [1.0, 3.0, 5.0, 7.0]
    """
    dim, degree = as_dimension(d), as_integer(degree, "degree", 0)
    count = math.comb(degree + dim - 1, degree)
    if degree >= 2:
        count -= math.comb(degree + dim - 3, degree - 2)
    try:
        return float(count)
    except OverflowError:
        raise InputError(
            f"degree: found {degree} at d = {dim}: its multiplicity is beyond float64. "
            "Expected a smaller degree; it would hold no share of the kernel"
        ) from None


def _project(
    net: Any, d: int, n_degrees: int, n_nodes: int, get: str, radius: float | None
) -> tuple[FloatArray, float]:
    """Return ``E[K p_k]`` for the orthonormal polynomials p_k, and ``K(1)``."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    theta = 0.5 * math.pi * (nodes + 1.0)
    density = weights * np.exp((d - 2) * np.log(np.sin(theta)))
    density /= density.sum()
    values = kernel_profile(net, np.append(theta, 0.0), d, get=get, radius=radius)
    measure = density * values[:-1]
    cosines = np.cos(theta)
    before, now = np.zeros(n_nodes), np.ones(n_nodes)
    result = np.empty(n_degrees)
    step = 0.0
    for k in range(n_degrees):
        result[k] = measure @ now
        after = _recurrence(k + 1, d)
        before, now = now, (cosines * now - step * before) / after
        step = after
    return result, float(values[-1])


def _recurrence(k: int, d: int) -> float:
    """Return b_k of ``t p_(k-1) = b_k p_k + b_(k-1) p_(k-2)``."""
    a = (d - 2) / 2.0
    if k == 1:
        return math.sqrt(1.0 / d)
    return math.sqrt(k * (k + 2.0 * a - 1.0) / (4.0 * (k + a) * (k + a - 1.0)))


def _fit_decay(values: FloatArray) -> tuple[str, float]:
    """Fit the upper half of the non-zero eigenvalues by both laws; keep the better."""
    degrees = np.flatnonzero(values > 0.0)
    degrees = degrees[degrees > 0][len(degrees) // 2 :]
    if len(degrees) < 4:
        return "unknown", math.nan
    logs = np.log(values[degrees])
    fits = []
    for x in (np.log(degrees), degrees.astype(float)):
        slope, offset = np.polyfit(x, logs, 1)
        misfit = float(np.square(logs - slope * x - offset).sum())
        fits.append((misfit, float(slope)))
    if fits[0][0] <= fits[1][0]:
        return "power", -fits[0][1]
    return "geometric", math.exp(fits[1][1])
