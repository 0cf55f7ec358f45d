"""The engine against the stored reference values."""

import warnings
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.golden.loader import (
    GROUPS,
    NUMERICAL,
    REFERENCE_ERROR,
    Case,
    layers,
    load,
    split,
)
from tests.networks import REFERENCE_LAYERS, build
from tests.reference import highprec
from tests.tolerances import GOLDEN_NOISE_LIMIT, rel_dev, tolerance

STORED = {name for group in GROUPS for c in load(group) for name in layers(c.net)}
KNOWN = {name for name in STORED if callable(getattr(stax, name, None))}
CASES = [case for group in GROUPS for case in split(group, KNOWN)[0]]
NEURAL_TANGENTS = [
    case for case in CASES if case.group != "fc_highprec" and not case.quadrature_error
]
BY_QUADRATURE = [case for case in CASES if case.quadrature_error]
HIGHPREC = [case for case in CASES if case.group == "fc_highprec"]
FOUR = ("nngp", "ntk", "cov1", "cov2")


def name(case: Case) -> str:
    return f"{case.group}-{case.name}"


def run(case: Case) -> dict[str, Any]:
    net = build(case.net)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Hermite")
        result = net.kernel_fn(case.x1, case.x2, **case.kernel_kwargs)
    return {key: getattr(result, key) for key in FOUR}


def deviation(case: Case, value: np.ndarray, get: str) -> float:
    """Compare what is finite in the stored values; ours is finite everywhere."""
    stored = case.expect[get]
    assert value.shape == stored.shape
    assert np.isfinite(value).all(), get
    usable = np.isfinite(stored)
    assert usable.all() or get in case.nonfinite
    return rel_dev(np.where(usable, value, 0.0), np.where(usable, stored, 0.0))


def test_every_layer_of_the_stored_networks_exists() -> None:
    assert STORED <= KNOWN
    assert STORED - {NUMERICAL} <= REFERENCE_LAYERS
    assert len(CASES) == sum(len(load(group)) for group in GROUPS)
    assert len(BY_QUADRATURE) == 8


@pytest.mark.parametrize("case", NEURAL_TANGENTS, ids=name)
def test_equals_neural_tangents_to_ten_times_its_noise(case: Case) -> None:
    result = run(case)
    judged = 0
    for get in case.expect:
        noise = case.allowed_noise(get)
        if noise > GOLDEN_NOISE_LIMIT:
            continue  # judged by multiple precision, below
        allowed = max(tolerance("golden", "float64"), noise)
        allowed = REFERENCE_ERROR.get((case.name, get), allowed)
        assert deviation(case, result[get], get) <= allowed, get
        judged += 1
    if not judged:
        assert min(10 * v for v in case.noise.values()) > GOLDEN_NOISE_LIMIT


@pytest.mark.parametrize("case", BY_QUADRATURE, ids=name)
def test_numerical_duals_are_within_twice_the_error_of_the_stored(case: Case) -> None:
    result = run(case)
    for get, error in case.quadrature_error.items():
        assert deviation(case, result[get], get) <= 2 * error, get


@pytest.mark.parametrize(
    "case",
    [c for c in NEURAL_TANGENTS if layers(c.net) <= REFERENCE_LAYERS],
    ids=name,
)
def test_equals_multiple_precision_on_the_stored_networks(case: Case) -> None:
    if case.name == "Sign_0_d8_b":
        pytest.skip("chaotic: one unit in the last place of an input decides")
    truth = highprec.of_case(case)
    result = run(case)
    exact = {"cov1": truth.nngp1, "cov2": truth.nngp2, **truth._asdict()}
    for get in case.expect:
        allowed = tolerance("ntk" if get == "ntk" else "nngp", "float64")
        assert rel_dev(result[get], exact[get]) <= allowed, get


@pytest.mark.parametrize("case", HIGHPREC, ids=name)
def test_equals_the_stored_multiple_precision_values(case: Case) -> None:
    result = run(case)
    for get in ("nngp", "ntk"):
        assert rel_dev(result[get], case.expect[get]) <= tolerance("golden", "float64")


@pytest.mark.parametrize("case", [c for c in CASES if not c.is_sequence][::5], ids=name)
@pytest.mark.filterwarnings("ignore:.*Hermite")
def test_gram_and_diagonal_agree_with_kernel_fn(case: Case) -> None:
    net = build(case.net)
    both = net.kernel_fn(case.x1, case.x2, ("ntk", "nngp"))
    assert both._fields == ("ntk", "nngp")
    for get in ("nngp", "ntk"):
        alone = fastntk.gram(net, case.x1, case.x2, get)
        diagonal = fastntk.diagonal(net, case.x1, get)
        allowed = tolerance("invariance", alone.dtype)
        assert rel_dev(alone, getattr(both, get)) <= allowed
        if case.x2 is None:
            assert (alone.diagonal() == diagonal).all()
