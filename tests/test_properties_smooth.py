"""What every kernel must satisfy, with smooth activations and layers of structure."""

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fastntk
from tests.networks import build, dense, fan
from tests.strategies import (
    HOMOGENEOUS_NEW,
    matrices,
    matrix_pairs,
    structured_networks,
)
from tests.test_properties import BITS, EXACT, GETS, diagonals, get_names
from tests.tolerances import tolerance

any_network = structured_networks(with_dropout=True)
some = settings(max_examples=100)


@some
@given(any_network, matrices(), get_names)
def test_symmetric_positive_semi_definite(
    net: list[Any], x: np.ndarray, get: str
) -> None:
    network = build(net)
    value = fastntk.gram(network, x, get=get)
    np.testing.assert_array_equal(value, value.T)
    np.testing.assert_array_equal(value.diagonal(), fastntk.diagonal(network, x, get))
    lowest = np.linalg.eigvalsh(value)[0]
    assert lowest >= -tolerance("psd", "float64") * max(value.diagonal().mean(), 1e-300)


@some
@given(structured_networks(), matrix_pairs(), get_names)
def test_swapping_the_inputs_transposes_and_cauchy_schwarz(
    net: list[Any], pair: tuple[Any, Any], get: str
) -> None:
    network = build(net)
    x1, x2 = pair
    forward = fastntk.gram(network, x1, x2, get)
    backward = fastntk.gram(network, x2, x1, get)
    unit = diagonals(network, x1, x2, get)
    assert (np.abs(forward - backward.T) <= BITS * unit).all()
    assert (np.abs(forward) <= unit * (1 + BITS)).all()


@some
@given(any_network, matrices(), get_names, st.randoms(use_true_random=False))
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


@some
@given(structured_networks(), matrices(), get_names, st.randoms(use_true_random=False))
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


@some
@given(any_network, matrices(), get_names)
def test_a_row_of_zeros_more_changes_nothing_else(
    net: list[Any], x: np.ndarray, get: str
) -> None:
    network = build(net)
    value = fastntk.gram(network, x, get=get)
    wider = fastntk.gram(network, np.vstack([x, np.zeros_like(x[:1])]), get=get)
    unit = diagonals(network, x, x, get)
    assert (np.abs(wider[:-1, :-1] - value) <= EXACT * unit).all()
    assert np.isfinite(wider).all()


@some
@given(any_network, matrix_pairs(), st.permutations(GETS))
def test_one_pass_gives_what_two_give(
    net: list[Any], pair: tuple[Any, Any], order: list[Any]
) -> None:
    network = build(net)
    both = fastntk.gram(network, *pair, tuple(order))
    everything = network.kernel_fn(*pair)
    for get in GETS:
        alone = fastntk.gram(network, *pair, get)
        unit = diagonals(network, *pair, get)
        for other in (getattr(both, get), getattr(everything, get)):
            assert (np.abs(other - alone) <= BITS * unit).all()


@some
@given(any_network, matrices())
def test_float32_is_float64_rounded(net: list[Any], x: np.ndarray) -> None:
    network = build(net)
    wide = fastntk.gram(network, x, get=GETS)
    narrow = fastntk.gram(network, x.astype(np.float32), get=GETS)
    for get in GETS:
        unit = diagonals(network, x, x, get)
        error = np.abs(getattr(narrow, get) - getattr(wide, get))
        assert getattr(narrow, get).dtype == np.float32
        assert (error <= tolerance(get, "float32") * unit).all()


@some
@given(any_network, matrices(), get_names)
def test_duplicates_have_the_kernel_of_the_diagonal(
    net: list[Any], x: np.ndarray, get: str
) -> None:
    assume("Dropout" not in str(net))
    network = build(net)
    diagonal = fastntk.diagonal(network, x, get)
    corner = fastntk.gram(network, np.vstack([x, x]), get=get)[: len(x), len(x) :]
    assert (np.abs(corner.diagonal() - diagonal) <= EXACT * diagonal).all()


@some
@given(
    HOMOGENEOUS_NEW,
    HOMOGENEOUS_NEW,
    matrix_pairs(),
    get_names,
    st.sampled_from([0.25, 2.0, 8.0]),
    st.sampled_from([0.5, 4.0]),
)
def test_homogeneity_without_biases(
    first: list[Any],
    second: list[Any],
    pair: tuple[Any, Any],
    get: str,
    s: float,
    t: float,
) -> None:
    net = ["serial", dense(1.2), first, dense(0.8), second, dense()]
    network = build(net)
    x1, x2 = pair
    # a row of zeros has a kernel of 1e-15 after ExpNormalized, at any scale
    assume(
        "ExpNormalized" not in str(net)
        or (x1.any(axis=1).all() and x2.any(axis=1).all())
    )
    degree = 2 ** [first[0], second[0]].count("RectifiedMonomial")
    value = fastntk.gram(network, x1, x2, get)
    scaled = fastntk.gram(network, s * x1, t * x2, get)
    unit = diagonals(network, x1, x2, get)
    assert (np.abs(scaled / (s * t) ** degree - value) <= EXACT * unit + 1e-14).all()


@some
@given(matrices(), get_names)
def test_layer_norm_forgets_the_scale(x: np.ndarray, get: str) -> None:
    net = ["serial", dense(), ["LayerNorm", {}], ["Relu", {}], dense(1.2, 0.1)]
    network = build(net)
    value = fastntk.gram(network, x, get=get)
    scaled = fastntk.gram(network, 1024 * x, get=get)
    # eps = 1e-12 beside the smallest variance of these rows, 1 / 320
    assert (np.abs(scaled - value) <= 1e-9).all()


@some
@given(matrices(), get_names)
def test_the_product_of_a_branch_with_itself_is_its_square(
    x: np.ndarray, get: str
) -> None:
    branch = ["serial", dense(1.1, 0.2), ["Gelu", {}], dense(0.9, 0.1)]
    single = fastntk.gram(build(branch), x, get=GETS)
    square = fastntk.gram(build(fan(["FanInProd", {}], branch, branch)), x, get=get)
    tangent = 2 * single.nngp * single.ntk
    expected = single.nngp**2 if get == "nngp" else tangent
    scale = np.sqrt(np.outer(square.diagonal(), square.diagonal()))
    assert (np.abs(square - expected) <= EXACT * scale).all()
