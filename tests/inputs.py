"""Rows of numbers at chosen angles and norms."""

import numpy as np

SMALL = (1e-9, 1e-6, 1e-3)
GENERIC = (0.5, np.pi / 2, 2.5)
ANGLES64 = (*SMALL, *GENERIC, *(np.pi - a for a in reversed(SMALL)))
ANGLES32 = tuple(a for a in ANGLES64 if 1e-7 < a < np.pi - 1e-7)
NORMS = (4.0, 1e-6, 1e6, 0.37)


def direction(rng: np.random.Generator, d: int) -> np.ndarray:
    v = rng.standard_normal(d)
    return np.asarray(v / np.linalg.norm(v))


def at_angle(rng: np.random.Generator, x: np.ndarray, angle: float) -> np.ndarray:
    """Return a unit vector at this angle to ``x``, up to rounding."""
    unit = x / np.linalg.norm(x)
    v = rng.standard_normal(len(x))
    v -= unit * (v @ unit)
    v /= np.linalg.norm(v)
    # cos(pi - a) would round the sine away; the small angle keeps it.
    if angle > np.pi / 2:
        small = np.pi - angle
        return np.asarray(-np.cos(small) * unit + np.sin(small) * v)
    return np.asarray(np.cos(angle) * unit + np.sin(angle) * v)


def grid(seed: int, dtype: type, norm: float = 1.0, d: int = 5) -> np.ndarray:
    """Return rows at every angle to the first one, of many norms, and special rows.

    The first row has the given norm.  Then come an exact duplicate, an antiparallel
    row, multiples by 4 and -4, a row of zeros, rows at each angle with the same norm,
    and rows at each angle with norms from 1e-6 to 1e6 in turn.
    """
    rng = np.random.default_rng(seed)
    base = norm * direction(rng, d).astype(dtype).astype(np.float64)
    angles = ANGLES64 if dtype is np.float64 else ANGLES32
    rows = [base, base, -base, 4 * base, -4 * base, np.zeros(d)]
    rows += [norm * at_angle(rng, base, a) for a in angles]
    rows += [NORMS[k % 4] * at_angle(rng, base, a) for k, a in enumerate(angles)]
    return np.array(rows).astype(dtype)


def cone(rng: np.random.Generator, n: int, d: int, width: float) -> np.ndarray:
    """Return ``n`` rows within an angle of about ``width`` of each other."""
    return np.asarray(direction(rng, d) + width * rng.standard_normal((n, d)) / d**0.5)


def spread(rng: np.random.Generator, n: int, d: int, factor: float = 4) -> np.ndarray:
    """Return generic rows whose norms spread by ``factor``."""
    x = rng.standard_normal((n, d))
    return np.asarray(x * factor ** rng.uniform(0, 1, (n, 1)))


def moderate(seed: int, dtype: type, largest: float = 30.0, d: int = 5) -> np.ndarray:
    """Return rows whose mean squares lie between ``1e-3`` and ``largest``.

    The first row has a mean square of 1, or of ``largest`` if that is less.  Then come
    a duplicate, antiparallel rows, multiples by 2 and -2 (exactly parallel), a row of
    zeros, rows at every angle with the same norm, rows at every angle with norms that
    spread by 4, and the smallest and largest rows, parallel and not.
    """
    rng = np.random.default_rng(seed)
    middle = min(1.0, largest)
    base = np.sqrt(middle * d) * direction(rng, d).astype(dtype).astype(np.float64)
    norm = float(np.linalg.norm(base))
    angles = ANGLES64 if dtype is np.float64 else ANGLES32
    up = min(2.0, np.sqrt(largest / middle))
    spreads = [0.5 * (2 * up) ** (k % 4 / 3) for k in range(len(angles))]
    rows = [base, base, -base, 0.5 * base, -0.5 * base, np.zeros(d)]
    rows += [norm * at_angle(rng, base, a) for a in angles]
    ends = [norm * at_angle(rng, base, a) for a in angles]
    rows += [s * row for s, row in zip(spreads, ends, strict=True)]
    small, large = np.sqrt(1e-3 / middle), np.sqrt(largest / middle)
    for scale in (small, large):
        rows += [scale * base, scale * norm * at_angle(rng, base, angles[0])]
        rows += [scale * norm * direction(rng, d)]
    return np.array(rows).astype(dtype)
