"""Write ``kernels/formulas/coefficients.py``: near-minimax polynomials, from mpmath.

Run ``python tools/make_coefficients.py`` after changing a degree or a function; the
output is committed so that mpmath stays a test dependency.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mpmath as mp

mp.mp.dps = 50
TARGET = Path(__file__).parents[1] / "fastntk/kernels/formulas/coefficients.py"
HEADER = '''\
"""Polynomial coefficients, lowest degree first; made by tools/make_coefficients.py.

Each is a Chebyshev interpolant on the stated interval, converted to monomials; the
error beside it was measured at 2,000 points in 50-digit arithmetic.
"""

'''


def asin_ratio(r: mp.mpf) -> mp.mpf:
    """``asin(s) / s`` at ``s = sqrt(r / 2)``."""
    s = mp.sqrt(r / 2)
    return mp.asin(s) / s if s else mp.mpf(1)


def arc_excess(t2: mp.mpf) -> mp.mpf:
    """``(2/pi) (sin t - t cos t) / t^3`` at ``t = sqrt(t2)``."""
    t = mp.sqrt(t2)
    if t < mp.mpf(10) ** -12:
        return 2 / (3 * mp.pi)
    return 2 / mp.pi * (mp.sin(t) - t * mp.cos(t)) / t**3


def sinc_deficit(x2: mp.mpf) -> mp.mpf:
    """``(1 - sin x / x) / x^2`` at ``x = sqrt(x2)``."""
    x = mp.sqrt(x2)
    return (1 - mp.sin(x) / x) / x2 if x2 > mp.mpf(10) ** -20 else mp.mpf(1) / 6


def decay_ratio(f: mp.mpf) -> mp.mpf:
    """``(1 - exp(-f)) / f``."""
    return -mp.expm1(-f) / f if f else mp.mpf(1)


Span = tuple[mp.mpf, mp.mpf]


def interpolate(f: Callable[[mp.mpf], mp.mpf], degree: int, span: Span) -> list[mp.mpf]:
    """Return monomial coefficients of the Chebyshev interpolant on an interval."""
    n = degree + 1
    (low, high), unit = span, max(abs(span[0]), abs(span[1]))
    nodes = [mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    points = [(low + high + (high - low) * x) / 2 for x in nodes]
    matrix = mp.matrix(n, n)
    for row, x in enumerate(points):
        for power in range(n):
            matrix[row, power] = (x / unit) ** power
    solution = mp.lu_solve(matrix, mp.matrix([f(x) for x in points]))
    return [solution[k] / unit**k for k in range(n)]


def worst(f: Callable[[mp.mpf], mp.mpf], c: list[mp.mpf], span: Span) -> mp.mpf:
    """Return the largest relative error at 2,000 points of an interval."""
    low, high = span
    points = [low + (high - low) * k / 1999 for k in range(2000)]
    return max(abs(mp.polyval(c[::-1], x) / f(x) - 1) for x in points)


def block(name: str, f: Callable[[mp.mpf], mp.mpf], degree: int, span: Span) -> str:
    """Return the source lines of one polynomial."""
    c = interpolate(f, degree, span)
    err = mp.nstr(worst(f, c, span), 2)
    what = (f.__doc__ or "").replace("``", "").rstrip(".")
    ends = ", ".join(mp.nstr(end, 5) if end else "0" for end in span)
    lines = [
        f"# {what}; on [{ends}], relative error {err}",
        f"{name} = (",
        *(f"    {mp.nstr(x, 17, strip_zeros=False)}," for x in c),
        ")",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the module."""
    zero, one, pi2 = mp.mpf(0), mp.mpf(1), mp.pi**2
    half_ln2 = mp.log(2) / 2 * mp.mpf("1.001")
    parts = [
        block("ASIN_64", asin_ratio, 17, (zero, one)),
        block("ASIN_32", asin_ratio, 8, (zero, one)),
        block("EXCESS_64", arc_excess, 8, (zero, pi2 / 4)),
        block("EXCESS_32", arc_excess, 4, (zero, pi2 / 4)),
        block("SINC_64", sinc_deficit, 10, (zero, pi2)),
        block("SINC_32", sinc_deficit, 5, (zero, pi2)),
        block("DECAY_64", decay_ratio, 11, (-half_ln2, half_ln2)),
        block("DECAY_32", decay_ratio, 5, (-half_ln2, half_ln2)),
    ]
    TARGET.write_text(HEADER + "\n".join(parts))


if __name__ == "__main__":
    main()
