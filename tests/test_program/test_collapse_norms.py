"""Networks on rows of one norm, and homogeneous ones of any degree."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.backends.cpu.collapse import collapsed_program
from fastntk.backends.cpu.one_norm import one_variance
from fastntk.program import lower
from fastntk.program.degree import Degree, degree_of
from tests.networks import RELU, build, dense, mlp, residual
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
DOUBLE, SINGLE = np.dtype(np.float64), np.dtype(np.float32)
NORMALISED = ["serial", dense(), ["LayerNorm"], *[RELU, dense(b_std=0.2)] * 8]


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collapse matrices of any size, and keep what was run."""
    used: list[Any] = []

    def optimised(*args: Any) -> Any:
        used.append(collapsed_program(*args))
        return used[-1]

    monkeypatch.setattr("fastntk.backends.cpu.collapse.MIN_FLOPS", 0)
    monkeypatch.setattr("fastntk.backends.cpu.backend.collapsed_program", optimised)
    return used


def unit_rows(dtype: Any, norm: float = 2.0) -> Any:
    """Rows of one norm, among them near duplicates and opposite ones."""
    x = np.random.default_rng(3).standard_normal((14, 5))
    x[1], x[2] = x[0] + 1e-7 * x[3], x[0] + 1e-3 * x[4]
    x[5], x[6] = -x[0], -x[0] + 1e-4 * x[7]
    x *= norm / np.linalg.norm(x, axis=1, keepdims=True)
    return x.astype(dtype)


def check(net: list[Any], x: Any, always: list[Any]) -> None:
    truth = highprec.kernel(net, x)
    result = fastntk.gram(build(net), x, get=GETS)
    assert always[-1] is not None
    for get in GETS:
        exact = getattr(truth, get)
        error = relative_error(
            getattr(result, get), exact, exact.diagonal(), exact.diagonal()
        )
        assert error <= tolerance(get, x.dtype.type), get


ACTIVATIONS = [["Relu"], ["Erf"], ["Gelu"], ["Sin"], ["Gaussian"], ["Abs"]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a[0])
def test_rows_of_one_norm(activation: Any, dtype: type, always: list[Any]) -> None:
    check(mlp(activation, 12, W_std=1.3, b_std=0.3), unit_rows(dtype), always)


def test_residual_branches(always: list[Any]) -> None:
    block = residual(["serial", RELU, dense(b_std=0.1)], 2)
    net = ["serial", dense(b_std=0.1), *[block] * 4, dense()]
    check(net, unit_rows(np.float64), always)


def test_after_layer_norm_any_rows(always: list[Any]) -> None:
    x = unit_rows(np.float64) * np.linspace(10, 40, 14)[:, None]
    check(NORMALISED, x, always)
    assert always[-1].power == 0.0


@pytest.mark.parametrize(
    ("layers", "degree"),
    [
        ((stax.Relu(),), Degree(1.0)),
        ((stax.RectifiedMonomial(2), stax.Dense(1), stax.Monomial(3)), Degree(6.0)),
        ((stax.Hermite(2),), Degree(2.0)),
        ((stax.Sign(), stax.Dense(1, b_std=1.0), stax.Gelu()), Degree(0.0)),
        ((stax.LayerNorm(eps=1e-9), stax.Dense(1, b_std=1.0)), Degree(0.0, eps=1e-9)),
        ((stax.Polynomial([1.0, 2.0]),), None),
        ((stax.Gelu(),), None),
        ((stax.Dense(1, b_std=0.1), stax.Relu()), None),
    ],
)
def test_degrees(layers: tuple[Any, ...], degree: Any) -> None:
    spec = stax.serial(stax.Dense(1), *layers).spec
    assert degree_of(lower(spec, GETS, 4)) == degree


@pytest.mark.parametrize("degree", [2, 3])
def test_powers_on_rows_of_any_norm(degree: int, always: list[Any]) -> None:
    x = unit_rows(np.float64) * np.linspace(0.5, 2, 14)[:, None]
    check(mlp(["RectifiedMonomial", {"degree": degree}], 2), x, always)
    assert always[-1].power == degree**2


def test_collapse_can_be_turned_off(always: list[Any]) -> None:
    net = build(mlp(["Gelu"], 5, b_std=0.1))
    x = unit_rows(np.float64)
    layers = fastntk.gram(net, x, collapse=False)
    assert not always
    series = fastntk.gram(net, x)
    assert always[-1] is not None
    size = layers.diagonal().max()
    np.testing.assert_allclose(series, layers, rtol=0, atol=1e-12 * size)
    with pytest.raises(fastntk.InputError, match="collapse: found 1; expected True"):
        fastntk.gram(net, x, collapse=1)  # type: ignore[arg-type]


def test_the_program_of_the_data_says_so() -> None:
    net = build(mlp(["Gelu"], 5, b_std=0.1))
    assert "collapsed: " in str(net.program(unit_rows(np.float64)))
    spread = unit_rows(np.float64) * np.linspace(1, 2, 14)[:, None]
    assert "collapsed: " not in str(net.program(spread))


def test_what_counts_as_one_norm() -> None:
    q = np.full(5, 3.0)
    assert one_variance((q, q), DOUBLE) == 3.0
    assert one_variance((q, q * (1 + 4e-15)), DOUBLE) is not None
    assert one_variance((q, q * (1 + 1e-13)), DOUBLE) is None
    assert one_variance((q, q * (1 + 1e-7)), SINGLE) is not None
    assert one_variance((np.zeros(3),), DOUBLE) is None


def test_rows_of_zeros_beside_others(always: list[Any]) -> None:
    x = unit_rows(np.float64)
    x[3] = 0.0
    layers = fastntk.gram(build(mlp(["Sign"], 2)), x, collapse=False)
    np.testing.assert_array_equal(fastntk.gram(build(mlp(["Sign"], 2)), x), layers)
