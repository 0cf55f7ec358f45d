"""The references against each other and against the stored values."""

import numpy as np
import pytest

from tests.golden.loader import REFERENCE_ERROR, Case, split
from tests.reference import highprec, naive
from tests.tolerances import GOLDEN_NOISE_LIMIT, rel_dev, relative_error

pytestmark = pytest.mark.jit_off

LAYERS = set(
    "Dense Relu LeakyRelu ABRelu Abs Sign Erf Identity FanOut FanInSum".split()
)
HIGHPREC = split("fc_highprec", LAYERS)[0]
OTHERS = [c for g in ("fc_activations", "fc_structure") for c in split(g, LAYERS)[0]]
# Next to parallel rows a stack of signs magnifies rounding to the size of the kernel.
NOT_CHAOTIC = [c for c in OTHERS if c.name != "Sign_0_d8_b"]


def name(case: Case) -> str:
    return case.name


def test_the_expected_number_of_cases_is_ready() -> None:
    assert (len(HIGHPREC), len(OTHERS)) == (14, 46)


@pytest.mark.parametrize("case", HIGHPREC, ids=name)
def test_multiple_precision_equals_the_stored_60_digit_values(case: Case) -> None:
    truth = highprec.kernel(case.net, case.x1, case.x2)
    assert rel_dev(truth.nngp, case.expect["nngp"]) <= 3e-16
    assert rel_dev(truth.ntk, case.expect["ntk"]) <= 3e-16


@pytest.mark.parametrize("case", OTHERS, ids=name)
@pytest.mark.parametrize("get", ["nngp", "ntk"])
def test_multiple_precision_agrees_with_neural_tangents(case: Case, get: str) -> None:
    truth = highprec.kernel(case.net, case.x1, case.x2)
    allowed = REFERENCE_ERROR.get((case.name, get), max(1e-14, 10 * case.noise[get]))
    assert rel_dev(getattr(truth, get), case.expect[get]) <= allowed


@pytest.mark.parametrize("case", NOT_CHAOTIC, ids=name)
def test_naive_recursion_agrees_with_neural_tangents(case: Case) -> None:
    result = naive.kernel(case.net, case.x1, case.x2)
    for get in ("nngp", "ntk", "cov1", "cov2"):
        if get in case.expect:
            noise = 10 * case.noise.get(get, max(case.noise.values()))
            # The naive recursion keeps half the digits next to parallel rows.
            allowed = 1e-6 if get == "ntk" else max(1e-8, noise)
            assert rel_dev(getattr(result, get), case.expect[get]) <= allowed


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
    quiet = [c for c in OTHERS if 10 * c.noise["ntk"] <= GOLDEN_NOISE_LIMIT]
    assert len(quiet) >= 20
