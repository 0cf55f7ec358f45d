"""Sums of duals on whole tiles and of quadrature, beside the same in NumPy."""

import math

import numpy as np
import pytest
from numpy.polynomial import chebyshev, hermite_e
from scipy import special

from fastntk.duals.pairs.polar import RADIUS
from fastntk.duals.panels.legendre import unit_rule
from fastntk.kernels.cpu import dual_tiles as tiles

pytestmark = pytest.mark.jit_off
RNG = np.random.default_rng(12)


def test_sums_of_polynomials_of_the_angle() -> None:
    starts = np.array([0, 4, 12, 16])
    left, right = RNG.standard_normal((2, 16)), RNG.standard_normal((16, 3))
    s = RNG.uniform(-1, 1, (2, 3))
    out = np.empty((2, 3))
    tiles.angle_sums(s, left, right, starts, out)
    degrees = np.repeat(np.arange(3), np.diff(starts))
    basis = chebyshev.chebvander(s, 2)[:, :, degrees]
    expected = np.einsum("ir,rj,ijr->ij", left, right, basis)
    assert np.abs(out - expected).max() <= 1e-13


def test_series_of_pairs_that_are_not_near() -> None:
    width = tiles.WIDTH
    rho = RNG.uniform(-0.9, 0.9, (2, width + 3))
    rho[0, 1], rho[1, width] = 0.999, -1.0
    x = np.copysign(1 - np.abs(rho), rho)
    left, right = RNG.standard_normal((2, 6)), np.zeros((6, 2 * width))
    right[:, : width + 3] = RNG.standard_normal((6, width + 3))
    value, slope = np.empty((2, *x.shape))
    limits, counts = np.array([1e-3, 0.9]), np.array([2, 6])
    tiles.far_sums(x, left, right, limits, counts, value, slope)
    weights = np.einsum("ik,kj->ijk", left, right[:, : width + 3])
    powers = rho[..., None] ** np.arange(6)
    far = np.abs(rho) <= 0.9
    assert np.abs(value - (weights * powers).sum(axis=2))[far].max() <= 1e-13
    steep = (np.arange(1, 6) * weights[..., 1:] * powers[..., :-1]).sum(axis=2)
    assert np.abs(slope - steep)[far].max() <= 1e-13
    few = np.zeros((1, 1))
    tiles.far_sums(few + 1 - 1e-4, left[:1], right, limits, counts, few, few.copy())
    two_terms = weights[0, 0, 0] + 1e-4 * weights[0, 0, 1]
    assert abs(few[0, 0] - two_terms) <= 1e-15


def test_means_of_hermite_polynomials() -> None:
    z, values = RNG.standard_normal((2, 16))
    out = np.empty(7)
    tiles.hermite_means(z, values, out)
    norms = np.sqrt([math.factorial(k) for k in range(7)])
    expected = values @ (hermite_e.hermevander(z, 6) / norms)
    assert np.abs(out - expected).max() <= 1e-13


@pytest.mark.parametrize("theta", [0.0, 1e-9, 1.0, math.pi])
def test_quadrature_in_the_plane_is_cut_at_kinks(theta: float) -> None:
    moments = np.array([[1.2], [0.7], [theta]])
    kinks, rule = np.array([-0.5]), np.stack(unit_rule(6))
    turn = np.add([-math.pi / 2, math.pi / 2], [[0.0], [theta]])
    cross = np.arctan2(
        -0.5 / 0.7 + 0.5 / 1.2 * math.cos(theta), -0.5 / 1.2 * math.sin(theta)
    )
    steps = np.concatenate([0.8 * 0.5 ** np.arange(6), [0.0]])
    graded = (turn.ravel()[:, None] + np.concatenate([-steps, steps])).ravel()
    edges = np.concatenate([graded, [cross, 0.0]])
    angles = np.unique([*((edges + math.pi) % (2 * math.pi) - math.pi), -math.pi])
    angles = np.append(angles, math.pi)[None]
    radii = np.linspace(0, RADIUS, 8)
    shape = (1, (angles.shape[1] - 1) * 6, 9 * 6)
    u, v, weights = np.empty((3, *shape))
    tiles.plane_nodes(moments, angles, radii, kinks, rule, u, v, weights)
    out = np.empty(1)
    for fn, expected in (
        (np.ones_like, 1.0),
        (lambda t: t, 1.2 * 0.7 * math.cos(theta)),
        (lambda t: np.where(t > -0.5, 1.0, 0.0), _orthant(theta)),
    ):
        tiles.plane_sums(fn(u), fn(v), weights, out)
        assert abs(out[0] - expected) <= 1e-5


def _orthant(theta: float) -> float:
    """Return ``P(u > -1/2, v > -1/2)``, one integral left."""
    h, k = -0.5 / 1.2, -0.5 / 0.7
    if theta < 1e-6:
        return float(special.ndtr(-max(h, k)))
    if theta == math.pi:
        return float(special.ndtr(-h) - special.ndtr(k))
    x, w = np.polynomial.legendre.leggauss(80)
    z = h + (10 - h) * (x + 1) / 2
    inner = special.ndtr((math.cos(theta) * z - k) / math.sin(theta))
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return float((w * density * inner).sum() * (10 - h) / 2)


def test_products_on_one_thread() -> None:
    for n in (3, 4, 6):
        a, b = RNG.standard_normal((2, n)), RNG.standard_normal((n, 5))
        out = np.empty((2, 5))
        tiles.products(a, b, out)
        assert np.abs(out - a @ b).max() <= 1e-14


def test_products_of_values_at_nodes() -> None:
    n = 2 * tiles.LANES + 3
    one, two = RNG.standard_normal((2, n)), RNG.standard_normal((3, n))
    weights, out = RNG.standard_normal(n), np.ones((2, 3))
    tiles.node_products(one, two, weights, out)
    assert np.abs(out - 1 - (one * weights) @ two.T).max() <= 1e-13


def test_series_on_panels() -> None:
    edges, coefs = np.array([-1.0, 0.5, 2.0]), RNG.standard_normal((2, 4))
    u = np.array([-1.0, 0.2, 0.5, 1.9, 2.0, 3.0])
    out = np.empty(6)
    tiles.panel_values(edges, coefs, u, out)
    places = [0, 0, 1, 1, 1, 1]
    for value, point, k in zip(out, u, places, strict=True):
        t = min(1.0, (point - edges[k]) / 0.75 - 1)
        assert abs(value - np.polynomial.legendre.legval(t, coefs[k])) <= 1e-14
