"""What every layer becomes: ops, their coefficients, and what streams are after it."""

import math
from typing import Any

import numpy as np
import pytest

from fastntk import stax
from fastntk.kernels.abi import AFFINE_RHO, NON_NEGATIVE, UNIT_VARIANCE
from fastntk.program import Op, Program, lower
from fastntk.program.lowering.series import hermite_matrix
from fastntk.program.rectified import rectified_coefs
from fastntk.stax import (
    Cos,
    Dense,
    DotGeneral,
    Dropout,
    Exp,
    ExpNormalized,
    FanInConcat,
    FanInProd,
    FanOut,
    Flatten,
    Gabor,
    Gaussian,
    Gelu,
    Hermite,
    Identity,
    Index,
    LayerNorm,
    Monomial,
    Polynomial,
    Rbf,
    RectifiedMonomial,
    Relu,
    Sigmoid_like,
    Sin,
    Slice,
    parallel,
    serial,
)

pytestmark = pytest.mark.jit_off

BOTH = ("nngp", "ntk")


def program(*layers: Any, **options: Any) -> Program:
    return lower(serial(*layers).spec, BOTH, 3, **options)


def ops(*layers: Any) -> list[Op]:
    """Return the ops of layers after a Dense without bias, and before another one."""
    return list(program(Dense(8), *layers, Dense(4)).ops[1:-1])


def op(layer: Any) -> Op:
    (found,) = ops(layer)
    return found


def after(*layers: Any) -> Op:
    """Return the affine op after layers: its flags tell what is known of the stream."""
    return program(Dense(8), *layers, Dense(4)).ops[-1]


G = math.exp(0.5 * 0.7)
TABLE: list[tuple[Any, str, tuple[float, ...], bool]] = [
    (Gelu(), "gelu", (), False),
    (Gabor(), "gabor", (), False),
    (Sin(2.0, 3.0), "sin", (2.0, 3.0), False),
    (Cos(2.0, 3.0), "cos", (2.0, 3.0), True),
    (Gaussian(2.0, -3.0), "gaussian", (2.0, -3.0), True),
    (Exp(2.0, 3.0), "exp", (4.0, 0.0, 18.0, 9.0, 0.0, 36.0, 36.0), True),
    (Rbf(0.5), "exp", (1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0), True),
    (RectifiedMonomial(3), "rectified", (3.0,), True),
    (RectifiedMonomial(1), "abrelu", (0.5, 0.5, 0.25), True),
    (Monomial(2), "mehler", (3, 2, 0, 1, 0, 0, math.sqrt(2), 0), False),
    (Hermite(2), "mehler", (3, 1, 0, 0, 1), False),
    (Hermite(0), "mehler", (1, 1, 1), False),
]


@pytest.mark.parametrize(("layer", "name", "row_coefs", "is_nonnegative"), TABLE)
def test_activations_become_one_op(
    layer: Any, name: str, row_coefs: tuple[float, ...], is_nonnegative: bool
) -> None:
    found = op(layer)
    assert found.name == name
    assert found.row_coefs == pytest.approx(row_coefs, rel=1e-15)
    assert found.layer == f"{layer!r} at layer 1"
    assert bool(after(layer).flags & NON_NEGATIVE) == is_nonnegative
    assert not program(Dense(8), layer).is_gaussian


def test_exp_normalized_has_a_floor_under_rows_of_zeros() -> None:
    exp, floor = ops(ExpNormalized(0.5, -0.3))
    low = math.exp(-0.15)
    expected = (G, 1.0, 0.0, 0.0, 0.5, 0.5 * G, 0.5 * low)
    assert exp.row_coefs == pytest.approx(expected, rel=1e-15)
    assert (floor.name, floor.row_coefs) == ("floor", (1e-15 * low,))
    assert after(ExpNormalized()).flags & NON_NEGATIVE


def test_a_phase_splits_a_wave_into_its_odd_and_even_parts() -> None:
    for layer, odd, even in (
        (Sin(2.0, 3.0, 0.4), 2 * math.cos(0.4), 2 * math.sin(0.4)),
        (Cos(2.0, 3.0, 0.4), -2 * math.sin(0.4), 2 * math.cos(0.4)),
    ):
        copy, sin, cos, add = ops(layer)
        assert [o.name for o in (copy, sin, cos, add)] == ["copy", "sin", "cos", "add"]
        assert (sin.row_coefs, cos.row_coefs) == ((odd, 3.0), (even, 3.0))
        assert (copy.stream, copy.other) == (add.stream, add.other) == (0, 1)
        assert (sin.stream, cos.stream) == (0, 1)
    net = program(Dense(8), Sin(c=0.4), Dense(8), Sin(c=0.4), Dense(1))
    assert net.n_streams == 2  # the second stream is given back


@pytest.mark.parametrize("quarter", range(-4, 5))
def test_a_phase_of_quarter_turns_is_one_op(quarter: int) -> None:
    phase = quarter * math.pi / 2
    assert op(Sin(c=phase)).name == ("cos" if quarter % 2 else "sin")
    assert op(Cos(c=phase)).name == ("sin" if quarter % 2 else "cos")


def test_a_wave_of_no_amplitude_is_one_op() -> None:
    assert op(Sin(a=0.0, c=0.3)).row_coefs == (0.0, 1.0)


def test_sigmoid_like_is_erf_with_a_shift() -> None:
    erf, affine = ops(Sigmoid_like())
    assert erf.row_coefs == (0.5, 1 / 2.4020563531719796)
    assert affine.row_coefs == (1.0, 0.25, 0.0, 0.0, 0.0)


def test_the_step_is_half_of_one_plus_the_sign() -> None:
    sign, affine = ops(RectifiedMonomial(0))
    assert sign.name == "sign"
    assert affine.row_coefs == (0.25, 0.25, 0.0, 0.0, 0.0)
    assert affine.flags == AFFINE_RHO
    assert not after(RectifiedMonomial(0)).flags & NON_NEGATIVE


def test_rectified_powers_bring_their_polynomials() -> None:
    assert op(RectifiedMonomial(4)).coefs == rectified_coefs(4)


def moments(k: int, power: int) -> float:
    """Return ``E[z^power h_k(z)]`` by exact quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    unit = np.zeros(k + 1)
    unit[k] = 1 / math.sqrt(math.factorial(k))
    values = nodes**power * np.polynomial.hermite_e.hermeval(nodes, unit)
    return float(values @ weights / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("coef", [(3.0,), (1.0, 2.0), (0.2, 0.5, -0.3, 0.0, 1.5, 2.0)])
def test_hermite_coefficients_are_those_of_the_integral(
    coef: tuple[float, ...],
) -> None:
    q = 1.7
    for k, row in enumerate(hermite_matrix(coef)):
        found = q ** (k / 2) * sum(m * q**i for i, m in enumerate(row))
        terms = [c * q ** (p / 2) * moments(k, p) for p, c in enumerate(coef)]
        scale = sum(map(abs, terms))
        assert found == pytest.approx(sum(terms), abs=1e-12 * (1 + scale))


def test_hermite_coefficients_of_high_degree_are_exact() -> None:
    matrix = hermite_matrix((0.0,) * 64 + (1.0,))
    assert matrix[0][32] == pytest.approx(math.prod(range(1, 64, 2)), rel=1e-15)
    assert matrix[64][0] == pytest.approx(math.sqrt(math.factorial(64)), rel=1e-15)
    variance = math.fsum(sum(row) ** 2 for row in matrix)  # E z^128
    assert variance == pytest.approx(math.prod(range(1, 128, 2)), rel=1e-14)


def test_zeros_at_the_end_of_a_polynomial_cost_nothing() -> None:
    assert op(Polynomial((1, 2, 0, 0))).row_coefs == op(Polynomial((1, 2))).row_coefs
    assert op(Polynomial((0, 0))).row_coefs == (1, 1, 0)


def test_only_hermite_assumes_a_variance() -> None:
    assert op(Hermite(3)).flags == UNIT_VARIANCE
    assert op(Monomial(3)).flags == 0


def test_layernorm_keeps_the_features_gaussian() -> None:
    found = program(Dense(8), LayerNorm(eps=0.1))
    assert found.is_gaussian
    assert [(o.name, o.row_coefs) for o in found.ops[1:]] == [("layernorm", (0.1,))]


def test_dropout_drops_in_training_only() -> None:
    train = program(Dense(8), Relu(), Dropout(0.7))
    assert train.has_dropout
    assert (train.ops[-1].coefs, train.ops[-1].row_coefs) == ((0.7,), (0.7,))
    for layer in (Dropout(0.7, "test"), Dropout(1.0)):
        assert not program(Dense(8), Relu(), layer).has_dropout
    assert program(Dense(8), Dropout(0.7, "test")).is_gaussian
    assert not program(Dense(8), Dropout(1.0)).is_gaussian


def test_factors_and_layers_over_one_position() -> None:
    assert op(DotGeneral(rhs=-3)).row_coefs == (9.0,)
    assert ops(DotGeneral(), DotGeneral(lhs=-1), Index(Slice[:, ...])) == []
    assert program(Dense(8), DotGeneral(rhs=2)).is_gaussian
    flat = program(Dense(8), Flatten())
    assert (flat.is_gaussian, flat.width, len(flat.ops)) == (False, 8, 1)


def test_a_concatenation_weights_branches_by_their_widths() -> None:
    branches = parallel(Dense(8), Dense(24), Identity())
    found = program(FanOut(3), branches, FanInConcat(), Dense(1))
    scales = [o.row_coefs[0] for o in found.ops if o.name == "scale"]
    assert scales == [8 / 35, 24 / 35, 3 / 35]
    assert [o.name for o in found.ops].count("add") == 2
    joined = program(FanOut(3), branches, FanInConcat())
    assert (joined.width, joined.is_gaussian) == (35, False)


def test_a_product_of_branches() -> None:
    branches = parallel(serial(Relu(), Dense(4)), serial(Gelu(), Dense(4)))
    found = program(Dense(8), FanOut(2), branches, FanInProd())
    last = found.ops[-1]
    assert (last.name, last.stream, last.other) == ("multiply", 0, 1)
    assert (found.width, found.is_gaussian) == (4, False)
    one = program(Dense(8), FanOut(1), FanInProd())
    assert (one.is_gaussian, len(one.ops)) == (True, 1)
    assert not program(Dense(8), FanOut(1), FanInConcat()).is_gaussian


def test_joins_are_nonnegative_if_all_branches_are() -> None:
    for join in (FanInProd(), FanInConcat()):
        for layers, expected in (((Relu(), Cos()), True), ((Relu(), Sin()), False)):
            last = after(FanOut(2), parallel(*layers), join)
            assert bool(last.flags & NON_NEGATIVE) == expected


STANDARD = Dense(8, b_std=0.0, parameterization="standard")


@pytest.mark.parametrize(
    "layer",
    [Relu(), RectifiedMonomial(2), Monomial(2), Hermite(1), ExpNormalized()],
    ids=repr,
)
def test_angles_of_rows_of_zeros_are_masked(layer: Any) -> None:
    names = [o.name for o in program(STANDARD, layer, Dense(1)).ops]
    assert names[1] == "mask"
    assert "mask" not in [o.name for o in ops(layer)]


def test_a_program_may_start_in_the_middle() -> None:
    found = program(Relu(), Dropout(0.5), is_gaussian=True, needs_mask=True)
    assert [o.name for o in found.ops] == ["mask", "abrelu", "dropout"]
    found = program(Dropout(0.5), is_input=False)
    assert [o.name for o in found.ops] == ["dropout"]
    assert program(Identity(), is_gaussian=True).is_gaussian
    assert stax.Identity().program().width is None
