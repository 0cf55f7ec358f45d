"""Layers that are not activations, by hand and by a small finite network."""

import numpy as np
import pytest

from tests.networks import RELU, dense, fan
from tests.reference import highprec, naive

pytestmark = pytest.mark.jit_off

X = np.random.default_rng(71).standard_normal((3, 4))
FIRST = ["serial", dense(1.2, 0.1), RELU]


def test_dropout_counts_for_a_row_with_itself_only() -> None:
    plain = highprec.kernel(FIRST, X)
    dropped = highprec.kernel([*FIRST, ["Dropout", {"rate": 0.5}]], X)
    factor = 1 + np.eye(3)
    np.testing.assert_allclose(dropped.nngp, factor * plain.nngp, rtol=1e-15)
    np.testing.assert_allclose(dropped.nngp1, 2 * plain.nngp1, rtol=1e-15)
    net = [*FIRST, ["Dropout", {"rate": 0.5}]]
    cross = highprec.kernel(net, X, X + 1e-6)
    assert np.abs(cross.nngp - plain.nngp).max() < 1e-5
    same = highprec.kernel(net, X, X.copy())
    np.testing.assert_array_equal(same.nngp, dropped.nngp)


def test_layer_norm_has_unit_variances() -> None:
    truth = highprec.kernel(["serial", dense(3.0, 0.5), ["LayerNorm", {}]], X)
    np.testing.assert_allclose(truth.nngp1, 1.0, rtol=1e-10)
    halved = ["serial", dense(), ["LayerNorm", {"eps": 1.0}]]
    q = (X * X).mean(axis=1)
    np.testing.assert_allclose(highprec.kernel(halved, X).nngp1, q / (q + 1))


def test_a_product_of_branches() -> None:
    one = ["serial", dense(1.3, 0.2)]
    two = ["serial", dense(0.7), RELU, dense(1.1)]
    a, b = (highprec.kernel(net, X) for net in (one, two))
    both = highprec.kernel(fan(["FanInProd", {}], one, two), X)
    np.testing.assert_allclose(both.nngp, a.nngp * b.nngp, rtol=1e-14)
    expected = a.nngp * b.ntk + a.ntk * b.nngp
    np.testing.assert_allclose(both.ntk, expected, rtol=1e-14)


def test_a_concatenation_is_weighted_by_the_widths() -> None:
    one, two = dense(1.3, 0.2, out_dim=3), dense(0.7, out_dim=9)
    a, b = (highprec.kernel(net, X) for net in (one, two))
    both = highprec.kernel(fan(["FanInConcat", {}], one, two), X)
    np.testing.assert_allclose(both.ntk, (3 * a.ntk + 9 * b.ntk) / 12, rtol=1e-14)
    wide = fan(["FanInConcat", {}], ["Identity", {}], two)  # 4 and 9 channels
    last = ["Dense", {"out_dim": 1, "parameterization": "standard"}]
    truth = highprec.kernel(["serial", wide, last], X)
    inner = highprec.kernel(wide, X)
    np.testing.assert_allclose(truth.ntk, 13 * inner.nngp + inner.ntk, rtol=1e-14)


def test_one_position_is_no_position() -> None:
    net = ["serial", *FIRST[1:], ["Flatten", {}], dense(0.8, 0.2), RELU, dense()]
    flat = highprec.kernel(net, X)
    seq = highprec.sequences(net, X[:, None, :])
    np.testing.assert_allclose(seq.ntk, flat.ntk, rtol=1e-15)
    np.testing.assert_allclose(naive.kernel(net, X).ntk, flat.ntk, rtol=1e-7)


def test_pooling_of_a_linear_layer_is_that_of_the_inputs() -> None:
    x = np.random.default_rng(72).standard_normal((3, 5, 2))
    for name, mean in (("GlobalAvgPool", x.mean(1)), ("GlobalSumPool", x.sum(1))):
        pooled = highprec.sequences(["serial", dense(1.3), [name, {}]], x)
        plain = highprec.kernel(dense(1.3), mean)
        np.testing.assert_allclose(pooled.nngp, plain.nngp, rtol=1e-13)
        np.testing.assert_allclose(pooled.ntk, plain.ntk, rtol=1e-13)


def test_an_aggregation_sums_over_the_edges() -> None:
    rng = np.random.default_rng(73)
    x, edges = rng.standard_normal((3, 4, 2)), rng.random((3, 4, 4))
    net = ["serial", dense(1.3), ["Aggregate", {}], ["GlobalSumPool", {}]]
    truth = highprec.sequences(net, x, pattern=(edges, edges))
    summed = np.einsum("nsr,nsc->nrc", edges, x).sum(axis=1)
    np.testing.assert_allclose(
        truth.nngp, highprec.kernel(dense(1.3), summed).nngp, rtol=1e-13
    )
    none = highprec.sequences(net, x)
    np.testing.assert_allclose(
        none.nngp, highprec.kernel(dense(1.3), x.sum(1)).nngp, rtol=1e-13
    )
