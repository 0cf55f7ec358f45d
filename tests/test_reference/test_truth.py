"""The references against each other and against the stored values."""

from typing import Any

import numpy as np
import pytest

from tests.golden.loader import NUMERICAL, REFERENCE_ERROR, Case, layers, load
from tests.networks import REFERENCE_LAYERS
from tests.reference import highprec, naive
from tests.tolerances import GOLDEN_NOISE_LIMIT, rel_dev, relative_error

pytestmark = pytest.mark.jit_off

HIGHPREC = load("fc_highprec")
OTHERS = [
    case
    for group in ("fc_activations", "fc_structure")
    for case in load(group)
    if NUMERICAL not in layers(case.net)
]
# Next to parallel rows a stack of signs magnifies rounding to the size of the kernel.
NOT_CHAOTIC = [c for c in OTHERS if c.name != "Sign_0_d8_b" and not c.is_sequence]


def name(case: Case) -> str:
    return case.name


def comparable(case: Case, value: np.ndarray, get: str) -> tuple[Any, Any]:
    """Return both matrices with zeros where neural-tangents has no value."""
    stored = case.expect[get]
    usable = np.isfinite(stored)
    assert usable.all() or get in case.nonfinite
    return np.where(usable, value, 0.0), np.where(usable, stored, 0.0)


def test_the_references_know_every_stored_network() -> None:
    assert (len(HIGHPREC), len(OTHERS)) == (24, 142)
    for case in (*HIGHPREC, *OTHERS):
        assert layers(case.net) <= REFERENCE_LAYERS


@pytest.mark.parametrize("case", HIGHPREC, ids=name)
def test_multiple_precision_equals_the_stored_60_digit_values(case: Case) -> None:
    truth = highprec.kernel(case.net, case.x1, case.x2)
    assert rel_dev(truth.nngp, case.expect["nngp"]) <= 3e-16
    assert rel_dev(truth.ntk, case.expect["ntk"]) <= 3e-16


@pytest.mark.parametrize("case", OTHERS, ids=name)
@pytest.mark.parametrize("get", ["nngp", "ntk"])
def test_multiple_precision_agrees_with_neural_tangents(case: Case, get: str) -> None:
    truth = highprec.of_case(case)
    allowed = max(2e-14 if case.noise else 2e-12, case.allowed_noise(get))
    allowed = REFERENCE_ERROR.get((case.name, get), allowed)
    assert rel_dev(*comparable(case, getattr(truth, get), get)) <= allowed


@pytest.mark.parametrize("case", NOT_CHAOTIC, ids=name)
def test_naive_recursion_agrees_with_neural_tangents(case: Case) -> None:
    result = naive.kernel(case.net, case.x1, case.x2)
    for get in ("nngp", "ntk", "cov1", "cov2"):
        if get in case.expect:
            # The naive recursion keeps half the digits next to parallel rows.
            noise = case.allowed_noise(get)
            allowed = 1e-6 if get == "ntk" else max(1e-7, noise)
            value = getattr(result, get)
            assert rel_dev(*comparable(case, value, get)) <= allowed


@pytest.mark.parametrize("case", NOT_CHAOTIC, ids=name)
def test_naive_recursion_agrees_with_multiple_precision(case: Case) -> None:
    truth = highprec.kernel(case.net, case.x1, case.x2)
    result = naive.kernel(case.net, case.x1, case.x2)
    generic = _is_generic(case.x1, case.x1 if case.x2 is None else case.x2)
    for get in ("nngp", "ntk"):
        exact = getattr(truth, get)
        value = np.where(generic, getattr(result, get), exact)
        diag1, diag2 = getattr(truth, f"{get}1"), getattr(truth, f"{get}2")
        assert relative_error(value, exact, diag1, diag2) <= 1e-11


def _is_generic(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(x1, axis=1)[:, None] * np.linalg.norm(x2, axis=1)
    return np.asarray(np.abs(x1 @ x2.T) < (1 - 1e-4) * norms)


def test_eighty_digits_are_enough_at_depth_100() -> None:
    layer = ["serial", ["Dense", {"out_dim": 1, "W_std": 3.0}], ["Erf", {}]]
    net = ["serial", ["repeat", layer, 100], ["Dense", {"out_dim": 1}]]
    x = np.array([[1.0, 0.0], [1.0, 1e-9], [-1.0, 1e-9], [1e6, 1.0], [1e-6, 1e-7]])
    coarse = highprec.kernel(net, x)
    fine = highprec.kernel(net, x, digits=160)
    for a, b in zip(coarse, fine, strict=True):
        np.testing.assert_array_equal(a, b)


def test_most_stored_cases_are_quiet_enough_to_judge_by() -> None:
    quiet = [c for c in OTHERS if c.allowed_noise("ntk") <= GOLDEN_NOISE_LIMIT]
    assert len(quiet) >= 90
