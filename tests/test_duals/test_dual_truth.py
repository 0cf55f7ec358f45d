"""`dual_activation` against truth in long double and in multiple precision."""

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import special

import fastntk
from fastntk import spec
from tests.golden.loader import FOLDER

KAPPA, SMOOTH_DOT, KINKED_DOT = 1e-12, 1e-10, 1e-8  # relative to the diagonal
NUMERICAL: dict[str, spec.Spec] = {
    "Tanh": spec.Tanh(),
    "Sigmoid": spec.Sigmoid(),
    "Softplus": spec.Softplus(),
    "Silu": spec.Silu(),
    "Mish": spec.Mish(),
    "LogCosh": spec.LogCosh(),
    "Arctan": spec.Arctan(),
    "GeluTanh": spec.GeluTanh(),
    "Elu": spec.Elu(),
    "Selu": spec.Selu(),
    "Celu": spec.Celu(0.5),
    "Softsign": spec.Softsign(),
    "HardTanh": spec.HardTanh(),
    "Relu6": spec.Relu6(),
    "HardSwish": spec.HardSwish(),
}
KINKED = {"Elu", "Selu", "Celu", "Softsign", "HardTanh", "Relu6", "HardSwish"}
STORED: dict[str, spec.Spec] = {
    "tanh": spec.Tanh(),
    "softplus": spec.Softplus(),
    "swish": spec.Silu(),
    "elu": spec.Elu(),
    "softsign": spec.Softsign(),
    "gelu": spec.Gelu(),
    "relu": spec.Relu(),
    "erf": spec.Erf(),
    "abs": spec.Abs(),
    "sin": spec.Sin(),
    "leaky_relu_0.1": spec.LeakyRelu(0.1),
}
USER: dict[str, Any] = {
    "Tanh": np.tanh,
    "Silu": lambda u: u * special.expit(u),
    "Elu": lambda u: np.where(u > 0, u, np.expm1(np.minimum(u, 0))),
    "Relu6": lambda u: np.clip(u, 0, 6),
}


@cache
def truth(name: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / name, allow_pickle=False) as arrays:
        return dict(arrays)


def scale_of(layer: spec.Spec, q11: np.ndarray, q22: np.ndarray) -> np.ndarray:
    one, two = (fastntk.dual_activation(layer, q, q, q)[0] for q in (q11, q22))
    return np.sqrt(one * two)


def errors(
    layer: spec.Spec, table: dict[str, np.ndarray], keys: tuple[str, ...], some: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    q11, q12, q22, k, dk = (table[key][some] for key in keys)
    found = fastntk.dual_activation(layer, q11, q12, q22)
    scale = scale_of(layer, q11, q22)
    return np.abs(found.kappa - k), np.abs(found.kappa_dot - dk), scale, found


@pytest.mark.parametrize("name", NUMERICAL)
def test_equals_long_double_truth(name: str) -> None:
    table = truth("dual_truth_numerical.npz")
    keys = ("q11", "q12", "q22", f"{name}_k", f"{name}_dk")
    assert table[f"{name}_k_err"].max() < 1e-16  # the truth's own
    off, off_dot, scale, found = errors(NUMERICAL[name], table, keys, slice(None))
    assert (off / scale).max() <= KAPPA
    assert (off_dot / scale).max() <= (KINKED_DOT if name in KINKED else SMOOTH_DOT)
    assert (off <= found.kappa_bound).all()
    assert (off_dot <= found.kappa_dot_bound).all()
    assert (np.maximum(off, off_dot) <= found.bound).all()


@pytest.mark.parametrize("name", STORED)
def test_equals_the_stored_truth(name: str) -> None:
    table = truth("dual_truth.npz")
    q = np.maximum(table["table/q11"], table["table/q22"])
    some = (q <= 31) & (np.minimum(table["table/q11"], table["table/q22"]) >= 0.009)
    keys = tuple(f"table/{k}" for k in ("q11", "q12", "q22", f"{name}_k", f"{name}_dk"))
    off, off_dot, scale, found = errors(STORED[name], table, keys, some)
    is_smooth = name in {"tanh", "softplus", "swish", "gelu", "erf", "sin"}
    assert (off / scale).max() <= KAPPA
    assert (off_dot / scale).max() <= (SMOOTH_DOT if is_smooth else KINKED_DOT)
    assert (off <= found.kappa_bound).all()
    assert (off_dot <= found.kappa_dot_bound).all()


def test_variances_of_all_sizes_in_the_stored_truth() -> None:
    table = truth("dual_truth.npz")
    some = table["table/q11"] * table["table/q22"] > 0
    keys = tuple(
        f"table/{k}" for k in ("q11", "q12", "q22", "softplus_k", "softplus_dk")
    )
    off, _, scale, found = errors(spec.Softplus(), table, keys, some)
    assert (off / scale).max() <= KAPPA
    assert (off <= found.kappa_bound).all()


@pytest.mark.parametrize("name", USER)
def test_a_function_of_the_user_is_as_good_as_the_layer(name: str) -> None:
    table = truth("dual_truth_numerical.npz")
    keys = ("q11", "q12", "q22", f"{name}_k", f"{name}_dk")
    some = slice(0, None, 2)
    off, off_dot, scale, found = errors(spec.Elementwise(USER[name]), table, keys, some)
    assert found.kind == "estimated"
    assert (off / scale).max() <= KAPPA
    assert (off_dot / scale).max() <= (KINKED_DOT if name in KINKED else SMOOTH_DOT)
    assert (off <= found.kappa_bound).all()
    assert (off_dot <= found.kappa_dot_bound).all()


def test_the_stored_truth_says_where_it_comes_from() -> None:
    text = (FOLDER / "dual_truth.json").read_text(encoding="utf-8")
    case = json.loads(text)["cases"][0]
    assert set(case["activations"]) == set(STORED)


@pytest.mark.parametrize("name", ["Tanh", "Mish", "Elu", "HardTanh"])
def test_both_methods_agree(name: str) -> None:
    layer: Any = type(NUMERICAL[name])
    q11, q22 = np.array([0.3, 1.0, 2.0]), np.array([0.7, 1.0, 0.5])
    q12 = np.array([-0.9, 0.2, 0.99]) * np.sqrt(q11 * q22)
    found = fastntk.dual_activation(layer(method="quadrature"), q11, q12, q22)
    auto = fastntk.dual_activation(layer(), q11, q12, q22)
    assert found.method == "quadrature"
    expected = {"Elu": "quadrature", "HardTanh": "closed form"}
    assert auto.method == expected.get(name, "series")
    assert np.abs(found.kappa - auto.kappa).max() <= 1e-14
    assert np.abs(found.kappa_dot - auto.kappa_dot).max() <= 1e-13
