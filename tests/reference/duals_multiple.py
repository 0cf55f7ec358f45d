"""Every dual activation in multiple precision."""

from functools import partial
from typing import Any

from mpmath import mp, mpf

from tests.reference.duals import CLOSED_FORMS
from tests.reference.numbers import MULTIPLE


def _rho(q1: mpf, q2: mpf, c: mpf) -> tuple[mpf, mpf]:
    g = mp.sqrt(q1 * q2)
    if g == 0:
        return mpf(0), g
    return max(mpf(-1), min(mpf(1), c / g)), g


def abrelu(q1: mpf, q2: mpf, c: mpf, a: float, b: float) -> tuple[mpf, mpf]:
    """Dual of ``a * min(x, 0) + b * max(x, 0)`` and of its derivative."""
    rho, g = _rho(q1, q2, c)
    mean, jump = (mpf(a) + mpf(b)) / 2, (mpf(b) - mpf(a)) / 2
    odd, even = mean**2, jump**2 * 2 / mp.pi
    angle = mp.asin(rho)
    kappa = odd * c + even * g * (mp.sqrt(1 - rho**2) + rho * angle)
    return kappa, odd + even * angle


def sign(q1: mpf, q2: mpf, c: mpf) -> tuple[mpf, mpf]:
    rho, _ = _rho(q1, q2, c)
    return 2 / mp.pi * mp.asin(rho), mpf(0)


def erf(
    q1: mpf, q2: mpf, c: mpf, a: float = 1.0, b: float = 1.0, c_: float = 0.0
) -> tuple[mpf, mpf]:
    """Dual of ``a * erf(b x) + c_`` and of its derivative."""
    a2, b2 = mpf(a) ** 2, mpf(b) ** 2
    r1, r2, cov = 1 + 2 * b2 * q1, 1 + 2 * b2 * q2, 2 * b2 * c
    sine = cov / mp.sqrt(r1 * r2)
    kappa = a2 * 2 / mp.pi * mp.asin(sine) + mpf(c_) ** 2
    return kappa, a2 * b2 * 4 / mp.pi / mp.sqrt(r1 * r2 - cov**2)


def _erf_named(
    q1: mpf, q2: mpf, cov: mpf, a: float = 1.0, b: float = 1.0, c: float = 0.0
) -> tuple[mpf, mpf]:
    return erf(q1, q2, cov, a, b, c)


DUALS: dict[str, Any] = {
    **{name: partial(dual, MULTIPLE) for name, dual in CLOSED_FORMS.items()},
    "ABRelu": abrelu,
    "Relu": lambda q1, q2, c, **_: abrelu(q1, q2, c, 0, 1),
    "LeakyRelu": lambda q1, q2, c, alpha, **_: abrelu(q1, q2, c, alpha, 1),
    "Abs": lambda q1, q2, c, **_: abrelu(q1, q2, c, -1, 1),
    "Sign": sign,
    "Erf": _erf_named,
}
