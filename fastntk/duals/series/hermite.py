"""Hermite coefficients of an activation at any variance, and what they leave out.

``a_k(q) = E fn(sqrt(q) z) h_k(z)`` and ``b_k(q) = E fn'(sqrt(q) z) h_k(z)``, with the
normalised Hermite polynomials, so that (Mehler 1866)::

    E fn(u) fn(v) = sum_k a_k(q1) a_k(q2) rho^k, E fn'(u) fn'(v) the same with b_k

By Parseval what comes after K terms is at most ``|rho|^K sqrt(T(q1) T(q2))`` with
``T = E fn^2 - sum_{k<K} a_k^2``.
"""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import FloatArray
from fastntk.duals.panels.halving import Panels
from fastntk.duals.panels.rules import WIDEST, too_fine, z_rule
from fastntk.duals.sources.source import Source
from fastntk.kernels.cpu.dual_tiles import products

__all__ = ["LARGEST", "Rows", "hermite_rows"]

LARGEST = 4096  # terms
BLOCK = 64
WORK = 2**28  # nodes times terms
EPS = 2.0**-52
UNSEEN = 1e-9  # energy may be left when a block has none
SPENT = 1e-18  # a block with so little of the energy is the last


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """Coefficients of some rows.

    Attributes
    ----------
    a, b : ndarray of shape (m, K)
        Coefficients of the function and of its derivative.
    size, steep : ndarray of shape (m,)
        ``E fn(u)^2`` and ``E fn'(u)^2``.
    tail, tail_dot : ndarray of shape (m, K + 1)
        What the first k terms leave of these; the last column is no more than rounding
        if the series converged.
    noise, noise_dot : ndarray of shape (m,)
        Largest difference between two rules, in the Euclidean norm of the
        coefficients.
    """

    a: FloatArray
    b: FloatArray
    size: FloatArray
    steep: FloatArray
    tail: FloatArray
    tail_dot: FloatArray
    noise: FloatArray
    noise_dot: FloatArray


def _hermite_blocks(z: FloatArray, w: FloatArray) -> Iterator[FloatArray]:
    """Yield ``w h_k(z) exp(-z^2/4)``, 64 degrees at a time, without end."""
    before = np.zeros_like(z)
    now = w * np.exp(-0.25 * z * z)
    k = 0
    while True:
        block = np.empty((BLOCK, len(z)))
        for row in range(BLOCK):
            block[row] = now
            after = now * (z / math.sqrt(k + 1.0))
            before *= math.sqrt(k / (k + 1.0))
            after -= before
            before, now = now, after
            k += 1
        yield block


def _density(z: FloatArray) -> FloatArray:
    """Return the square root of the normal density, and its constant twice."""
    return np.asarray(np.exp(-0.25 * z * z) / math.sqrt(2 * math.pi))


def _sums(
    source: Source,
    q: FloatArray,
    rule: tuple[FloatArray, FloatArray],
    n_terms: int,
    stop: float,
    most: int = LARGEST,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return coefficients and squares of the function and its derivative."""
    z, w = rule
    half = _density(z)
    u = np.sqrt(q)[:, None] * z
    f, d = source.fn(u), source.slope(u)
    mass = w * half * np.exp(-0.25 * z * z)
    size, steep = (f * f) @ mass, (d * d) @ mass
    both = np.concatenate([f, d]) * half
    parts: list[FloatArray] = []
    m, k = len(q), 0
    whole_energy = np.maximum(np.concatenate([size, steep]), 1e-300)
    left = whole_energy.copy()
    middle = q * steep / np.maximum(size, 1e-300)  # mean degree, by energy
    most = most if middle.min() < LARGEST else n_terms
    most = max(min(most, WORK // len(z)), n_terms)
    for block in _hermite_blocks(z, w):
        part = np.empty((len(both), BLOCK))
        products(both, np.ascontiguousarray(block.T), part)
        parts.append(part)
        k += BLOCK
        energy = (part * part).sum(axis=1)
        left -= energy
        spent = (energy <= stop * whole_energy) & (left <= UNSEEN * whole_energy)
        if (spent.all() and k >= n_terms) or k >= most:
            break
    whole = np.concatenate(parts, axis=1)
    a, b = whole[:m], whole[m:]
    if source.df is None:  # more precise than differences
        b = a[:, 1:] * np.sqrt(np.arange(1, a.shape[1]) / q[:, None])
        a = a[:, :-1]
        if (left <= UNSEEN * whole_energy).all():
            steep = (b * b).sum(axis=1)
    return a, b, size, steep


def hermite_rows(
    source: Source,
    q: FloatArray,
    n_terms: int = 1,
    stop: float = SPENT,
    *,
    is_checked: bool = True,
    most: int = LARGEST,
) -> Rows:
    """Return the coefficients at some variances.

    Parameters
    ----------
    source : Source
        The activation.
    q : ndarray of shape (m,)
        Variances > 0.
    n_terms : int, default=1
        At least so many terms.
    stop : float, default=1e-18
        As many as it takes until 64 of them have less than this of the energy.
    is_checked : bool, default=True
        Compute them by a second rule too, to see what they are worth.
    most : int, default=4096
        At most so many terms, and up to 63 more.

    Returns
    -------
    Rows

    Raises
    ------
    NetworkError
        If the function grows too fast, or a variance needs too many panels.
    """
    end = source.reach(q)
    panels = source.panels(end * math.sqrt(float(q.max())))
    guess = 256 if most == LARGEST else most
    while True:
        found = _one_rule(
            source, panels, q, end, 6.0 / math.sqrt(guess), n_terms, stop, most
        )
        n = found[0].shape[1]
        if n <= 1.3 * guess:
            break
        guess = n
    a, b, size, steep = found
    noise, noise_dot = np.zeros(len(q)), np.zeros(len(q))
    if is_checked:
        width = 6.0 / math.sqrt(guess) / 1.29
        other = _one_rule(source, panels, q, end, width, n, 2.0, most, nodes=18)
        k = min(n, other[0].shape[1])
        noise = np.sqrt(((a[:, :k] - other[0][:, :k]) ** 2).sum(axis=1))
        noise_dot = np.sqrt(((b[:, :k] - other[1][:, :k]) ** 2).sum(axis=1))
        noise += np.abs(size - other[2]) / np.sqrt(np.maximum(size, 1e-300))
        noise_dot += np.abs(steep - other[3]) / np.sqrt(np.maximum(steep, 1e-300))
    return Rows(a, b, size, steep, _tails(a, size), _tails(b, steep), noise, noise_dot)


def _one_rule(
    source: Source,
    panels: Panels,
    q: FloatArray,
    end: float,
    width: float,
    n_terms: int,
    stop: float,
    most: int,
    nodes: int = 16,
) -> tuple[FloatArray, ...]:
    """Return coefficients by one rule for all rows, or by one for each."""
    widest = min(WIDEST, width)
    rule = z_rule(panels, q, end, widest, nodes)
    if rule is not None:
        return _sums(source, q, rule, n_terms, stop, most)
    rows = []
    for value in q:
        one = np.array([value])
        rule = z_rule(panels, one, end, widest, nodes)
        if rule is None:
            raise NetworkError(too_fine(source.label, value))
        rows.append(_sums(source, one, rule, n_terms, stop, most))
    n = max(row[0].shape[1] for row in rows)
    padded = [
        np.concatenate(
            [np.pad(row[i], ((0, 0), (0, n - row[i].shape[1]))) for row in rows]
        )
        for i in (0, 1)
    ]
    return (*padded, *(np.concatenate([row[i] for row in rows]) for i in (2, 3)))


def _padded(a: FloatArray, n: int) -> FloatArray:
    return np.pad(a, ((0, 0), (0, n - a.shape[1])))


def _tails(a: FloatArray, size: FloatArray) -> FloatArray:
    """Return what the first k terms leave, for k up to K.

    Inside it is a sum of squares; what lies beyond all terms is a difference, whose
    rounding is added.
    """
    squares = a * a
    beyond = np.maximum(size - squares.sum(axis=1), 0.0) + 2 * EPS * size
    inside = np.cumsum(squares[:, ::-1], axis=1)[:, ::-1]
    tails = np.concatenate([inside, np.zeros((len(a), 1))], axis=1)
    return np.asarray(tails + beyond[:, None])
