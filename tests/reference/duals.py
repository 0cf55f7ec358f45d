"""Closed forms of E[phi(u) phi(v)] and E[phi'(u) phi'(v)], over any kind of numbers.

``u`` and ``v`` are jointly normal with variances ``q1`` and ``q2`` and covariance
``c``.  Every function takes a table of elementary functions first: `numbers.NUMPY`
works on arrays, `numbers.MULTIPLE` in multiple precision.  `quadrature` computes the
same averages from their definition.

Sources: Cho and Saul 2009 (rectified powers), Louart et al. 2018 (exponentials,
trigonometric functions), Tsuchida et al. 2021 (Gelu), Daniely et al. 2016 (Hermite
polynomials); Gabor and Gelu by Gaussian integrals.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import factorial
from typing import Any

from tests.reference.numbers import Numbers

# The slope that makes (1 + erf(b x)) / 2 the closest to the logistic function.
SIGMOID_SLOPE = 1 / 2.4020563531719796


def sigmoid_like(m: Numbers, q1: Any, q2: Any, c: Any) -> tuple[Any, Any]:
    """Dual of ``(erf(x / 2.4020563531719796) + 1) / 2``."""
    b = m.number(SIGMOID_SLOPE) ** 2
    r1, r2, cov = 1 + 2 * b * q1, 1 + 2 * b * q2, 2 * b * c
    kappa = (m.asin(cov / m.sqrt(r1 * r2)) * 2 / m.pi + 1) / 4
    return kappa, b / m.pi / m.sqrt(r1 * r2 - cov**2)


def gelu(
    m: Numbers, q1: Any, q2: Any, c: Any, approximate: bool = False
) -> tuple[Any, Any]:
    """Dual of ``x Phi(x)``, whether or not its values are approximated."""
    p1, p2 = 1 + q1, 1 + q2
    det = p1 * p2 - c**2
    orthant = m.asin(c / m.sqrt(p1 * p2)) / (2 * m.pi) + m.number(0.25)
    square = 1 - q1 / p1 - q2 / p2
    numerator = q1 * q2 + c**2 * square
    density = 1 / (2 * m.pi * m.sqrt(det))
    kappa = c * orthant + numerator * density
    slope = orthant + density * (c + 2 * c * square + numerator * c / det)
    return kappa, slope


def sin(
    m: Numbers, q1: Any, q2: Any, cov: Any, a: float = 1, b: float = 1, c: float = 0
) -> tuple[Any, Any]:
    """Dual of ``a sin(b x + c)``."""
    minus, plus = _waves(m, q1, q2, cov, b)
    turn = m.cos(2 * m.number(c))
    a2, b2 = m.number(a) ** 2, m.number(b) ** 2
    return a2 * (minus - turn * plus) / 2, a2 * b2 * (minus + turn * plus) / 2


def cos(
    m: Numbers, q1: Any, q2: Any, cov: Any, a: float = 1, b: float = 1, c: float = 0
) -> tuple[Any, Any]:
    """Dual of ``a cos(b x + c)``."""
    minus, plus = _waves(m, q1, q2, cov, b)
    turn = m.cos(2 * m.number(c))
    a2, b2 = m.number(a) ** 2, m.number(b) ** 2
    return a2 * (minus + turn * plus) / 2, a2 * b2 * (minus - turn * plus) / 2


def _waves(m: Numbers, q1: Any, q2: Any, cov: Any, b: float) -> tuple[Any, Any]:
    """Return E[cos(b (u - v))] and E[cos(b (u + v))]."""
    b2 = m.number(b) ** 2
    total = q1 + q2
    return m.exp(b2 * (2 * cov - total) / 2), m.exp(-b2 * (2 * cov + total) / 2)


def rbf(m: Numbers, q1: Any, q2: Any, c: Any, gamma: float = 1.0) -> tuple[Any, Any]:
    """Dual of ``sqrt(2) sin(sqrt(2 gamma) x + pi/4)``."""
    g = m.number(gamma)
    kappa = m.exp(g * (2 * c - q1 - q2))
    return kappa, 2 * g * kappa


def exp(
    m: Numbers, q1: Any, q2: Any, c: Any, a: float = 1, b: float = 1
) -> tuple[Any, Any]:
    """Dual of ``a exp(b x)``."""
    b2 = m.number(b) ** 2
    kappa = m.number(a) ** 2 * m.exp(b2 * ((q1 + q2) / 2 + c))
    return kappa, b2 * kappa


def exp_normalized(
    m: Numbers,
    q1: Any,
    q2: Any,
    c: Any,
    gamma: float = 1,
    shift: float = -1,
    do_clip: bool = False,
) -> tuple[Any, Any]:
    """Shankar et al. 2020, page 6; at a zero row as in neural-tangents.

    There the cosine is 0, and the product of the norms counts as 1e-15.
    """
    g = m.number(gamma)
    factor = m.exp(g * (m.cosine(q1, q2, c) + m.number(shift)))
    return m.or_else(m.sqrt(q1) * m.sqrt(q2), 1e-15) * factor, g * factor


def gaussian(
    m: Numbers, q1: Any, q2: Any, c: Any, a: float = 1, b: float = -1
) -> tuple[Any, Any]:
    """Dual of ``a exp(b x^2)``."""
    a2, s = m.number(a) ** 2, 2 * m.number(b)
    det = (1 - s * q1) * (1 - s * q2) - (s * c) ** 2
    root = m.sqrt(det)
    return a2 / root, a2 * s**2 * c / (root * det)


def gabor(m: Numbers, q1: Any, q2: Any, c: Any) -> tuple[Any, Any]:
    """Dual of ``exp(-x^2) sin(x)``: sines under the covariance ``C / (1 + 2 C)``."""
    det = (1 + 2 * q1) * (1 + 2 * q2) - 4 * c**2
    total = (q1 + q2 + 4 * q1 * q2 - 4 * c**2) / det
    cov = c / det
    half = m.exp(-total / 2) / m.sqrt(det) / 2
    up, down = half * m.exp(cov), half * m.exp(-cov)
    kappa = up - down
    # The logarithms of the two factors change with c by these:
    envelope = 4 * c / det + 4 * c * (1 - total) / det
    wave = (1 + 8 * c * cov) / det
    return kappa, envelope * kappa + wave * (up + down)


def hermite(m: Numbers, q1: Any, q2: Any, c: Any, degree: int) -> tuple[Any, Any]:
    """The normalised Hermite polynomial; neural-tangents takes any variance for 1."""
    one = c * 0 + 1
    kappa = c**degree if degree else one
    if degree == 0:
        return kappa, 0 * one
    return kappa, degree * (c ** (degree - 1) if degree > 1 else one)


def monomial(m: Numbers, q1: Any, q2: Any, c: Any, degree: int) -> tuple[Any, Any]:
    """Dual of ``x^degree``."""
    return polynomial(m, q1, q2, c, [0.0] * degree + [1.0])


def polynomial(
    m: Numbers, q1: Any, q2: Any, c: Any, coef: Sequence[float]
) -> tuple[Any, Any]:
    """Dual of ``sum_i coef_i x^i``: a series in ``c`` by Hermite polynomials.

    ``x^i`` holds ``i! / (2^j j! sqrt(k!)) q^j`` times the ``k``-th one of ``x`` of
    variance ``q`` (times ``q^(k/2)``), where ``i = k + 2 j``.
    """
    kappa, slope = 0 * c, 0 * c
    for k in range(len(coef)):
        product = _hermite_part(m, coef, k, q1) * _hermite_part(m, coef, k, q2)
        product = product * m.ratio(Fraction(1, factorial(k)))
        kappa = kappa + product * (c**k if k else 1)
        if k:
            slope = slope + k * product * (c ** (k - 1) if k > 1 else 1)
    return kappa, slope


def _hermite_part(m: Numbers, coef: Sequence[float], k: int, q: Any) -> Any:
    total = 0 * q
    for j in range((len(coef) - 1 - k) // 2 + 1):
        i = k + 2 * j
        weight = m.ratio(Fraction(factorial(i), 2**j * factorial(j)))
        total = total + m.number(coef[i]) * weight * (q**j if j else 1)
    return total


def rectified_monomial(
    m: Numbers, q1: Any, q2: Any, c: Any, degree: int
) -> tuple[Any, Any]:
    """Dual of ``max(x, 0)^degree``; of the step for degree 0, without derivative."""
    rho = m.cosine(q1, q2, c)
    sine2 = m.sine_squared(q1, q2, c)
    g = m.sqrt(q1) * m.sqrt(q2)
    kappa = (g**degree if degree else 1) * half_moment(m, rho, sine2, degree, degree)
    if degree == 0:
        return kappa, 0 * kappa
    inner = half_moment(m, rho, sine2, degree - 1, degree - 1)
    return kappa, degree**2 * (g ** (degree - 1) if degree > 1 else 1) * inner


def half_moment(m: Numbers, rho: Any, sine2: Any, i: int, j: int) -> Any:
    """Return E[u^i v^j; u > 0, v > 0] at unit variances, by parts (Stein's lemma)."""
    if i < j:
        i, j = j, i
    if i == 0:
        return m.asin(rho) / (2 * m.pi) + m.number(0.25)
    total = (i - 1) * half_moment(m, rho, sine2, i - 2, j) if i > 1 else 0 * rho
    if i == 1:  # the derivative of u's own step
        total = total + _edge(m, sine2, j)
    if j == 0:  # that of v's
        return total + rho * _edge(m, sine2, i - 1)
    return total + rho * j * half_moment(m, rho, sine2, i - 1, j - 1)


def _edge(m: Numbers, sine2: Any, power: int) -> Any:
    """Return E[delta(u) v^power; v > 0]."""
    root = m.sqrt(2 * m.pi)
    moment = m.number(0.5) if power % 2 == 0 else 1 / root
    for k in range(power, 1, -2):
        moment = moment * (k - 1)
    return m.sqrt(sine2) ** power * moment / root if power else moment / root


CLOSED_FORMS: dict[str, Any] = {
    "Sigmoid_like": sigmoid_like,
    "Gelu": gelu,
    "Sin": sin,
    "Cos": cos,
    "Rbf": rbf,
    "Exp": exp,
    "ExpNormalized": exp_normalized,
    "Gaussian": gaussian,
    "Gabor": gabor,
    "Hermite": hermite,
    "Monomial": monomial,
    "Polynomial": polynomial,
    "RectifiedMonomial": rectified_monomial,
}
