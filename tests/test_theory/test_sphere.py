"""Sphere spectra against closed forms, reconstruction and sampled Gram matrices."""

import math
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax, theory
from fastntk._errors import InputError
from tests.test_theory.simulation import legendre, network, sphere_rows


@pytest.mark.parametrize("d", [3, 4, 10, 100])
@pytest.mark.parametrize("degree", [0, 1, 4])
def test_a_single_degree_has_a_single_eigenvalue(d: int, degree: int) -> None:
    found = theory.sphere_spectrum(lambda t: legendre(t, degree, d), d, 8)
    expected = np.zeros(8)
    expected[degree] = 1.0 / theory.sphere_multiplicity(d, degree)
    np.testing.assert_allclose(found.power, expected * found.multiplicities, atol=1e-11)
    assert found.tail < 1e-11


@pytest.mark.parametrize("get", ["nngp", "ntk"])
@pytest.mark.parametrize("d", [3, 5, 20])
def test_series_gives_the_kernel_back(d: int, get: str) -> None:
    net = stax.serial(stax.Dense(1, W_std=1.5, b_std=0.3), stax.Erf(), stax.Dense(1))
    found = theory.sphere_spectrum(net, d, 40, get=get)
    theta = np.linspace(0.1, 3.0, 7)
    kernel = theory.kernel_profile(net, theta, d, get=get)
    series = sum(
        power * legendre(np.cos(theta), k, d) for k, power in enumerate(found.power)
    )
    np.testing.assert_allclose(series, kernel, atol=found.tail + 1e-11)
    assert found.decay == "geometric"


def test_circle_is_a_cosine_series() -> None:
    rho = 0.5  # Poisson kernel: sum rho^k cos(k theta), 2 harmonics per degree
    found = theory.sphere_spectrum(
        lambda t: (1 - rho**2) / (1 - 2 * rho * t + rho**2), 2, 20
    )
    expected = rho ** np.arange(20.0)
    np.testing.assert_allclose(found.eigenvalues, expected, rtol=1e-8)
    np.testing.assert_allclose(found.multiplicities, [1.0] + 19 * [2.0])
    assert found.decay == "geometric"
    np.testing.assert_allclose(found.rate, rho, rtol=1e-6)
    np.testing.assert_allclose(found.tail, 2 * rho**20 / (1 - rho), rtol=1e-6)


@pytest.mark.parametrize(("get", "exponent"), [("ntk", 3.0), ("nngp", 5.0)])
def test_relu_decay_is_the_published_power(get: str, exponent: float) -> None:
    found = theory.sphere_spectrum(network(), 3, 100, get=get)
    assert found.decay == "power"
    np.testing.assert_allclose(found.rate, exponent, atol=0.05)


def test_bias_free_shallow_relu_has_no_odd_degrees_beyond_1() -> None:
    net = stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))
    found = theory.sphere_spectrum(net, 5, 20)
    assert not found.eigenvalues[3::2].any()
    assert (found.eigenvalues[2::2] > 0).all()


@pytest.mark.parametrize("get", ["nngp", "ntk"])
def test_eigenvalues_of_a_sampled_gram(get: str) -> None:
    d, n = 8, 1500
    x = sphere_rows(np.random.default_rng(0), n, d)
    values = np.linalg.eigvalsh(fastntk.gram(network(), x, get=get))[::-1] / n
    found = theory.sphere_spectrum(network(), d, 40, get=get)
    higher = found.tail + found.power.sum() - np.cumsum(found.power)
    start = 0
    for degree, tolerance in ((0, 0.01), (1, 0.01), (2, 0.03)):
        stop = start + int(found.multiplicities[degree])
        # degrees above add their trace over n to each eigenvalue of a sample
        expected = found.eigenvalues[degree] + higher[degree] / n
        np.testing.assert_allclose(values[start:stop].mean(), expected, rtol=tolerance)
        start = stop
    np.testing.assert_allclose(values.sum(), found.power.sum() + found.tail, rtol=1e-9)


def test_high_degrees_and_dimensions() -> None:
    found = theory.sphere_spectrum(network(), 784, 60)
    assert np.isfinite(found.multiplicities).all()
    assert (found.eigenvalues >= 0).all()
    total = theory.kernel_profile(network(), 0.0, 784)[0]
    np.testing.assert_allclose(found.power.sum() + found.tail, total)
    many = theory.sphere_spectrum(network(), 3, 500)
    np.testing.assert_allclose(
        many.eigenvalues[:20],
        theory.sphere_spectrum(network(), 3, 20).eigenvalues,
        rtol=1e-8,
    )


def test_radius_and_profile() -> None:
    net = stax.serial(stax.Dense(1, W_std=2**0.5), stax.Relu(), stax.Dense(1))
    small = theory.sphere_spectrum(net, 4, 5, radius=1.0)
    large = theory.sphere_spectrum(net, 4, 5)
    np.testing.assert_allclose(large.eigenvalues, 4 * small.eigenvalues, rtol=1e-12)
    theta = np.array([0.0, 1.0, math.pi])
    expected = (np.sin(theta) + (math.pi - theta) * np.cos(theta)) / math.pi
    found = theory.kernel_profile(net, theta, 4, get="nngp")
    np.testing.assert_allclose(found, expected, atol=1e-14)
    assert "SphereSpectrum(d=4" in repr(large)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"d": 1}, "d: found 1; expected an integer from 2 to 2,147"),
        ({"d": 3.0}, "d: found 3.0"),
        ({"d": 3, "n_degrees": 0}, "n_degrees: found 0; expected an integer from 1"),
        ({"d": 3, "get": ("nngp", "ntk")}, "expected 'nngp' or 'ntk'"),
        ({"d": 3, "radius": 0.0}, "radius: found 0.0"),
    ],
)
def test_refusals(options: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        theory.sphere_spectrum(network(), **options)


def test_refusals_of_profiles() -> None:
    with pytest.raises(InputError, match="angles from 0 to pi"):
        theory.kernel_profile(network(), [4.0], 3)
    with pytest.raises(InputError, match="returned shape"):
        theory.kernel_profile(lambda t: 1.0, [0.5, 1.0], 3)
    with pytest.raises(InputError, match="beyond float64"):
        theory.sphere_multiplicity(2000, 2000)
