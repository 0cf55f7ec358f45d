"""Homogeneous networks as one series in the angle: right, chosen, and refused."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.backends.cpu.collapse import collapsed_program
from fastntk.program import lower
from fastntk.program.degree import Degree, degree_of
from tests.inputs import grid
from tests.networks import (
    ABRELU,
    ABS,
    ERF,
    LEAKY,
    RELU,
    SIGN,
    build,
    dense,
    mlp,
    residual,
    standard,
)
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
DTYPES = [np.float64, np.float32]
TANGENT_BIAS = ["serial", standard(1.2, 0.0, 4), RELU, standard(1.1, 0.0, 2), RELU]
HOMOGENEOUS: dict[str, list[Any]] = {
    "relu-4": mlp(RELU, 4),
    "relu-3": mlp(RELU, 3),
    "relu-20": mlp(RELU, 20),
    "leaky": mlp(LEAKY, 4),
    "abrelu": mlp(ABRELU, 3),
    "abs": mlp(ABS, 5),
    "residual": ["serial", dense(), residual(["serial", RELU, dense()], 2), dense()],
    "tangent-bias": ["serial", *[TANGENT_BIAS] * 3, standard(1.0, 0.0, 1)],
}


MANY = (np.linspace(1.0, 2.0, 1 << 15),)  # mean squares of rows worth a fit


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collapse matrices of any size, and keep what was run."""
    used: list[Any] = []

    def optimised(program: Any, variances: Any, dtype: Any) -> Any:
        used.append(collapsed_program(program, variances, dtype))
        return used[-1]

    monkeypatch.setattr("fastntk.backends.cpu.collapse.MIN_FLOPS", 0)
    monkeypatch.setattr("fastntk.backends.cpu.backend.collapsed_program", optimised)
    return used


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", HOMOGENEOUS)
def test_equals_multiple_precision(name: str, dtype: type, always: list[Any]) -> None:
    rows = grid(3, dtype)
    rows = rows[np.abs(rows).max(axis=1) > 0]
    net = HOMOGENEOUS[name]
    truth = highprec.kernel(net, rows)
    result = fastntk.gram(build(net), rows, get=GETS)
    assert always[-1] is not None
    for get in GETS:
        exact = getattr(truth, get)
        diagonal = exact.diagonal()
        error = relative_error(getattr(result, get), exact, diagonal, diagonal)
        assert error <= tolerance(get, dtype), get


@pytest.mark.parametrize("dtype", DTYPES)
def test_depth_100_equals_the_layer_by_layer_program(
    dtype: type, always: list[Any]
) -> None:
    net = build(mlp(RELU, 100))
    rows = np.random.default_rng(0).standard_normal((40, 6)).astype(dtype)
    rows[1] = rows[0] * (1 + 1e-3)
    rows[2] = -rows[0]
    series = fastntk.gram(net, rows, get=GETS)
    assert always[-1] is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastntk.backends.cpu.collapse.MIN_FLOPS", 1 << 60)
        exact = fastntk.gram(net, rows.astype(np.float64), get=GETS)
    for get in GETS:
        diagonal = getattr(exact, get).diagonal()
        value, truth = getattr(series, get), getattr(exact, get)
        error = relative_error(value, truth, diagonal, diagonal)
        assert error <= tolerance(get, dtype)


def test_scales_beyond_float32_stay_in_the_row_tables(always: list[Any]) -> None:
    net = build(mlp(RELU, 40, W_std=0.35))
    rows = np.random.default_rng(0).standard_normal((9, 4)) * 1e12
    exact = fastntk.gram(net, rows)
    single = fastntk.gram(net, rows.astype(np.float32))
    assert always[-1] is not None
    np.testing.assert_allclose(single, exact, rtol=1e-4)


@pytest.mark.parametrize(
    "net", [mlp(RELU, 2, b_std=0.1), mlp(ERF, 2)], ids=["bias", "erf"]
)
def test_other_networks_are_left_alone(net: list[Any]) -> None:
    program = lower(build(net).spec, GETS, 4)
    assert degree_of(program) is None
    assert collapsed_program(program, MANY, np.dtype(np.float64)) is None


@pytest.mark.parametrize("variances", [MANY, (np.ones(1 << 15),)])
def test_a_kink_in_the_angle_is_refused(variances: Any) -> None:
    program = lower(build(mlp(SIGN, 2)).spec, GETS, 4)
    assert degree_of(program) == Degree(0.0)
    assert collapsed_program(program, variances, np.dtype(np.float64)) is None


def test_a_series_that_costs_more_than_the_layers_is_not_used() -> None:
    program = lower(build(mlp(RELU, 1)).spec, GETS, 4)
    assert degree_of(program) == Degree(1.0)
    assert collapsed_program(program, MANY, np.dtype(np.float64)) is None


def test_rows_of_zeros_with_a_tangent_run_layer_by_layer(always: list[Any]) -> None:
    rows = np.eye(3)
    rows[1] = 0
    net = HOMOGENEOUS["tangent-bias"]
    result = fastntk.gram(build(net), rows)
    assert not always
    exact = highprec.kernel(net, rows).ntk
    np.testing.assert_allclose(result, exact, rtol=1e-12)


def test_rows_of_zeros_without_one_are_exactly_zero(always: list[Any]) -> None:
    rows = np.eye(3)
    rows[1] = 0
    result = fastntk.gram(build(mlp(RELU, 4)), rows)
    assert always[-1] is not None
    assert not result[1].any()


def test_large_matrices_are_collapsed_and_agree(rng: np.random.Generator) -> None:
    net = build(mlp(RELU, 3))
    rows = rng.standard_normal((300, 5))
    part = fastntk.gram(net, rows[:100])  # too small to repay the fit
    whole = fastntk.gram(net, rows)
    np.testing.assert_allclose(whole[:100, :100], part, rtol=1e-11, atol=1e-13)


def test_the_program_prints_its_series_and_error() -> None:
    program = lower(build(mlp(RELU, 3)).spec, GETS, 4)
    collapsed = collapsed_program(program, MANY, np.dtype(np.float64))
    assert collapsed is not None
    assert collapsed.error <= 5e-13
    assert collapsed.flops < program.flops
    assert "series" in str(collapsed)
    assert "ntk, degree" in str(collapsed)
