"""What every kernel must satisfy, on networks and matrices drawn at random."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastntk
from tests.networks import ERF, RELU, build, dense, mlp
from tests.strategies import ANY, HOMOGENEOUS, matrices, matrix_pairs, networks
from tests.tolerances import tolerance

GETS = ("nngp", "ntk")
BITS = 1e-13  # "the last bits", in units of the diagonal
EXACT = tolerance("ntk", "float64")

get_names = st.sampled_from(GETS)


def diagonals(net: object, x1: np.ndarray, x2: np.ndarray, get: str) -> np.ndarray:
    """Return sqrt(K(x, x) K(y, y)), the unit of all errors."""
    a, b = (fastntk.diagonal(net, x, get) for x in (x1, x2))
    return np.asarray(np.sqrt(a)[:, None] * np.sqrt(b))


@given(networks(ANY), matrices(), get_names)
def test_symmetry(net: list[Any], x: np.ndarray, get: str) -> None:
    network = build(net)
    value = fastntk.gram(network, x, get=get)
    np.testing.assert_array_equal(value, value.T)
    np.testing.assert_array_equal(value.diagonal(), fastntk.diagonal(network, x, get))


@given(networks(), matrix_pairs(), get_names)
def test_swapping_the_inputs_transposes(
    net: list[Any], pair: tuple[Any, Any], get: str
) -> None:
    network = build(net)
    x1, x2 = pair
    forward = fastntk.gram(network, x1, x2, get)
    backward = fastntk.gram(network, x2, x1, get)
    unit = diagonals(network, x1, x2, get)
    assert (np.abs(forward - backward.T) <= BITS * unit).all()


@given(networks(), matrices(), get_names)
def test_positive_semi_definite(net: list[Any], x: np.ndarray, get: str) -> None:
    value = fastntk.gram(build(net), x, get=get)
    lowest = np.linalg.eigvalsh(value)[0]
    assert lowest >= -tolerance("psd", "float64") * max(value.diagonal().mean(), 1e-300)


@given(networks(), matrices())
def test_ntk_minus_nngp_is_positive_semi_definite(
    net: list[Any], x: np.ndarray
) -> None:
    """The readout's own weights contribute the NNGP, and the rest is a kernel too."""
    both = fastntk.gram(build(net), x, get=GETS)
    lowest = np.linalg.eigvalsh(both.ntk - both.nngp)[0]
    scale = max(both.ntk.diagonal().mean(), 1e-300)
    assert lowest >= -tolerance("psd", "float64") * scale


@given(networks(ANY), matrix_pairs(), get_names)
def test_cauchy_schwarz(net: list[Any], pair: tuple[Any, Any], get: str) -> None:
    network = build(net)
    value = fastntk.gram(network, *pair, get)
    unit = diagonals(network, *pair, get)
    assert (np.abs(value) <= unit * (1 + BITS)).all()


@given(networks(), matrices(), get_names, st.randoms(use_true_random=False))
def test_permuting_rows_permutes_the_kernel(
    net: list[Any], x: np.ndarray, get: str, random: Any
) -> None:
    network = build(net)
    order = list(range(len(x)))
    random.shuffle(order)
    value = fastntk.gram(network, x, get=get)
    moved = fastntk.gram(network, x[order], get=get)
    unit = diagonals(network, x, x, get)
    difference = np.abs(moved - value[np.ix_(order, order)])
    assert (difference <= BITS * unit[np.ix_(order, order)]).all()


@given(networks(), matrices(), get_names, st.randoms(use_true_random=False))
def test_permuting_features_changes_nothing(
    net: list[Any], x: np.ndarray, get: str, random: Any
) -> None:
    network = build(net)
    order = list(range(x.shape[1]))
    random.shuffle(order)
    value = fastntk.gram(network, x, get=get)
    moved = fastntk.gram(network, x[:, order], get=get)
    unit = diagonals(network, x, x, get)
    assert (np.abs(moved - value) <= EXACT * unit).all()


@given(networks(), matrices(), get_names)
def test_a_row_of_zeros_more_changes_nothing_else(
    net: list[Any], x: np.ndarray, get: str
) -> None:
    network = build(net)
    value = fastntk.gram(network, x, get=get)
    wider = fastntk.gram(network, np.vstack([x, np.zeros_like(x[:1])]), get=get)
    unit = diagonals(network, x, x, get)
    assert (np.abs(wider[:-1, :-1] - value) <= BITS * unit).all()
    assert np.isfinite(wider).all()


@given(
    networks(HOMOGENEOUS, biases=st.none()),
    matrix_pairs(),
    get_names,
    st.floats(1e-3, 1e3),
    st.floats(1e-3, 1e3),
)
def test_homogeneity_without_biases(
    net: list[Any], pair: tuple[Any, Any], get: str, s: float, t: float
) -> None:
    network = build(net)
    x1, x2 = pair
    value = fastntk.gram(network, x1, x2, get)
    scaled = fastntk.gram(network, s * x1, t * x2, get)
    unit = diagonals(network, x1, x2, get)
    assert (np.abs(scaled / (s * t) - value) <= EXACT * unit).all()


@given(networks(ANY), matrix_pairs(), st.permutations(GETS))
def test_one_pass_gives_what_two_give(
    net: list[Any], pair: tuple[Any, Any], order: list[Any]
) -> None:
    network = build(net)
    both = fastntk.gram(network, *pair, tuple(order))
    assert both._fields == tuple(order)
    everything = network.kernel_fn(*pair)
    for get in GETS:
        alone = fastntk.gram(network, *pair, get)
        unit = diagonals(network, *pair, get)
        for other in (getattr(both, get), getattr(everything, get)):
            assert (np.abs(other - alone) <= BITS * unit).all()


@given(networks(ANY), matrices())
def test_a_readout_without_weights_has_its_bias_as_both_kernels(
    net: list[Any], x: np.ndarray
) -> None:
    both = fastntk.gram(build([*net[:-1], dense(0.0, 0.5)]), x, get=GETS)
    np.testing.assert_allclose(both.nngp, 0.25, rtol=1e-14)
    np.testing.assert_allclose(both.ntk, 0.25, rtol=1e-14)


@given(networks(ANY), matrices())
def test_float32_is_float64_rounded(net: list[Any], x: np.ndarray) -> None:
    """Entries are multiples of 1/8, so that both dtypes see the same numbers."""
    from hypothesis import assume

    assume(not any(layer[0] == "Sign" for layer in net[1:]))
    network = build(net)
    wide = fastntk.gram(network, x, get=GETS)
    narrow = fastntk.gram(network, x.astype(np.float32), get=GETS)
    for get in GETS:
        unit = diagonals(network, x, x, get)
        error = np.abs(getattr(narrow, get) - getattr(wide, get))
        assert getattr(narrow, get).dtype == np.float32
        assert (error <= tolerance(get, "float32") * unit).all()


@pytest.mark.parametrize("activation", [RELU, ERF], ids=lambda a: str(a[0]))
@given(st.floats(0.2, 2.9), st.floats(0.3, 3.0))
def test_the_tangent_kernel_is_the_derivative_of_the_nngp(
    activation: list[Any], angle: float, norm: float
) -> None:
    """(ntk - nngp) / (q1 q2)^(1/2) cos is d kappa / d c, here by finite differences."""
    network = build(mlp(activation, 1, W_std=1.0))
    step = 1e-5
    angles = np.array([angle, angle - step, angle + step])
    x = np.array([[norm, 0.0]])
    y = 1.7 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    both = fastntk.gram(network, x, y, GETS)
    cosine = norm * 1.7 / 2 * np.cos(angles)
    slope = (both.nngp[0, 2] - both.nngp[0, 1]) / (cosine[2] - cosine[1])
    expected = both.nngp[0, 0] + cosine[0] * slope
    assert abs(both.ntk[0, 0] - expected) <= 1e-8 * norm
