"""Write tests/golden/dual_truth_numerical.npz: duals in 80-bit long double.

    python -m tests.reference.make_dual_truth [NAME ...]

An iterated rule in Cartesian coordinates, which shares nothing with the package: the
outer variable is cut at the kinks and, ever more finely, at their images; the inner one
(``v`` given ``u``) at the kinks. Covariances are taken as exact, so that the angle
comes from fractions. Two resolutions are compared, and their difference is stored.
"""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

TARGET = Path(__file__).parents[1] / "golden" / "dual_truth_numerical.npz"
LONG = np.longdouble
END = LONG(10.2)
PAIRS = [(0.01, 0.01), (0.01, 1), (0.3, 0.7), (1, 1), (4, 0.1), (4, 5), (30, 25)]
RHO = [-1.0, -1 + 1e-12, -0.97, -0.4, 0.0, 0.6, 0.99, 1 - 1e-6, 1 - 1e-12, 1.0]
Function = Callable[[Any], Any]


class Truth(NamedTuple):
    fn: Function
    df: Function
    kinks: tuple[float, ...] = ()


def _sigmoid(u: Any) -> Any:
    return 1 / (1 + np.exp(-u))


def _mish_slope(u: Any) -> Any:
    t = np.tanh(np.log1p(np.exp(u)))
    return t + u * (1 - t * t) * _sigmoid(u)


_C, _A = np.sqrt(2 / LONG("3.14159265358979323846264338327950288")), LONG("0.044715")
SCALE, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def _gelu_tanh_slope(u: Any) -> Any:
    t = np.tanh(_C * (u + _A * u**3))
    return (1 + t) / 2 + u * (1 - t * t) * _C * (1 + 3 * _A * u * u) / 2


TRUTHS = {
    "Tanh": Truth(np.tanh, lambda u: 1 / np.cosh(u) ** 2),
    "Sigmoid": Truth(_sigmoid, lambda u: _sigmoid(u) * _sigmoid(-u)),
    "Softplus": Truth(lambda u: np.log1p(np.exp(u)), _sigmoid),
    "Silu": Truth(
        lambda u: u * _sigmoid(u),
        lambda u: _sigmoid(u) * (1 + u * _sigmoid(-u)),
    ),
    "Mish": Truth(lambda u: u * np.tanh(np.log1p(np.exp(u))), _mish_slope),
    "LogCosh": Truth(lambda u: np.log(np.cosh(u)), np.tanh),
    "Arctan": Truth(np.arctan, lambda u: 1 / (1 + u * u)),
    "GeluTanh": Truth(
        lambda u: u * (1 + np.tanh(_C * (u + _A * u**3))) / 2, _gelu_tanh_slope
    ),
    "Elu": Truth(
        lambda u: np.where(u > 0, u, np.expm1(u)),
        lambda u: np.where(u > 0, 1, np.exp(u)),
        (0.0,),
    ),
    "Selu": Truth(
        lambda u: SCALE * np.where(u > 0, u, ALPHA * np.expm1(u)),
        lambda u: SCALE * np.where(u > 0, 1, ALPHA * np.exp(u)),
        (0.0,),
    ),
    "Celu": Truth(  # alpha = 1/2
        lambda u: np.where(u > 0, u, np.expm1(2 * u) / 2),
        lambda u: np.where(u > 0, 1, np.exp(2 * u)),
        (0.0,),
    ),
    "Softsign": Truth(
        lambda u: u / (1 + np.abs(u)), lambda u: (1 + np.abs(u)) ** -2, (0.0,)
    ),
    "HardTanh": Truth(
        lambda u: np.clip(u, -1, 1), lambda u: LONG(1) * (np.abs(u) < 1), (-1.0, 1.0)
    ),
    "Relu6": Truth(
        lambda u: np.clip(u, 0, 6), lambda u: LONG(1) * ((u > 0) & (u < 6)), (0.0, 6.0)
    ),
    "HardSwish": Truth(
        lambda u: u * np.clip(u + 3, 0, 6) / 6,
        lambda u: np.where(u > 3, 1, np.where(u > -3, (2 * u + 3) / 6, 0)),
        (-3.0, 3.0),
    ),
}


def main() -> None:
    names = sys.argv[1:] or list(TRUTHS)
    known = dict(np.load(TARGET)) if TARGET.exists() else {}
    q = np.array([(a, b) for a, b in PAIRS for _ in RHO], dtype=np.float64)
    rho = np.array(RHO * len(PAIRS))
    known["q11"], known["q22"] = q.T
    known["q12"] = rho * np.sqrt(q[:, 0]) * np.sqrt(q[:, 1])
    points = list(zip(known["q11"], known["q12"], known["q22"], strict=True))
    for name in names:
        fine, coarse = (
            np.array([dual(TRUTHS[name], *point, width) for point in points])
            for width in (1.5, 2.0)
        )
        for k, key in enumerate(("k", "dk")):
            known[f"{name}_{key}"] = fine[:, k].astype(np.float64)
            known[f"{name}_{key}_err"] = np.abs(fine - coarse)[:, k].astype(np.float64)
        print(name, np.abs(fine - coarse).max(axis=0))  # noqa: T201
    latest = dict(np.load(TARGET)) if TARGET.exists() else {}
    np.savez_compressed(TARGET, **{**latest, **known})


def dual(truth: Truth, q11: float, q12: float, q22: float, width: float) -> Any:
    """Return ``E f(u) f(v)`` and ``E f'(u) f'(v)``."""
    one, cross, two = Fraction(q11), Fraction(q12), Fraction(q22)
    sine = np.sqrt(max(_long(1 - cross * cross / (one * two)), LONG(0)))
    r1, r2 = np.sqrt(LONG(q11)), np.sqrt(LONG(q22))
    rho = LONG(q12) / (r1 * r2)
    x, wx = outer(truth.kinks, r1, r2, rho, sine, LONG(width))
    if sine == 0:
        y = (np.sign(rho) * x)[:, None]
        wy = np.ones_like(y)
    else:
        y, wy = inner(truth.kinks, r2, rho, sine, LONG(width), x)
    density = wx * np.exp(-x * x / 2) / np.sqrt(2 * np.pi * LONG(1))
    density /= density.sum()
    return [
        (f(r1 * x) * density * (f(r2 * y) * wy).sum(axis=1)).sum()
        for f in (truth.fn, truth.df)
    ]


def _long(value: Fraction) -> Any:
    return LONG(value.numerator) / LONG(value.denominator)


def rule(edges: Any) -> tuple[Any, Any]:
    """Return nodes and weights on adjoining panels, along the last axis."""
    t, w = NODES
    step = np.diff(edges, axis=-1)[..., None]
    z = edges[..., :-1, None] + step * (t + 1) / 2
    shape = (*z.shape[:-2], -1)
    return z.reshape(shape), (step * w / 2).reshape(shape)


def _legendre(n: int) -> tuple[Any, Any]:
    """Return Gauss-Legendre nodes and weights by Newton's method in long double."""
    x = np.polynomial.legendre.leggauss(n)[0].astype(LONG)
    for _ in range(4):
        before, now = np.ones_like(x), x.copy()
        for k in range(2, n + 1):
            before, now = now, ((2 * k - 1) * x * now - (k - 1) * before) / LONG(k)
        slope = n * (x * now - before) / (x * x - 1)
        x = x - now / slope
    return x, 2 / ((1 - x * x) * slope**2)


NODES = _legendre(20)


def outer(
    kinks: tuple[float, ...], r1: Any, r2: Any, rho: Any, sine: Any, width: Any
) -> tuple[Any, Any]:
    """Return the rule of ``u / r1``: finer at kinks, and at images of those of v."""
    largest = width * min(LONG(0.5), LONG(0.7) / r1, LONG(0.7) / r2)
    edges = [np.linspace(-END, END, int(np.ceil(2 * END / largest)) + 1)]
    centres = [c / r1 for c in kinks]
    if rho:
        centres += [c / (r2 * rho) for c in kinks]
    least = max(sine, LONG(1e-9)) * LONG(0.2)
    steps = largest * LONG(0.5) ** np.arange(int(np.ceil(np.log2(largest / least))) + 2)
    edges += [np.concatenate([[c], c + steps, c - steps]) for c in centres]
    whole = np.unique(np.concatenate(edges))
    return rule(whole[np.abs(whole) <= END])


def inner(
    kinks: tuple[float, ...], r2: Any, rho: Any, sine: Any, width: Any, x: Any
) -> tuple[Any, Any]:
    """Return ``v / r2`` given each ``x``, and normalised weights."""
    largest = width * min(LONG(1), LONG(0.7) / (r2 * sine))
    base = np.linspace(-END, END, int(np.ceil(2 * END / largest)) + 1)
    cuts = [np.clip((c / r2 - rho * x) / sine, -END, END)[:, None] for c in kinks]
    edges = np.concatenate([np.broadcast_to(base, (len(x), len(base))), *cuts], axis=1)
    z, w = rule(np.sort(edges, axis=1))
    mass = w * np.exp(-z * z / 2)
    return rho * x[:, None] + sine * z, mass / mass.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    main()
