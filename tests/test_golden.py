"""The engine against the stored reference values."""

import warnings
from typing import Any

import pytest

from fastntk import stax
from tests.golden.loader import (
    GROUPS,
    REFERENCE_ERROR,
    Case,
    layers,
    load,
    split,
)
from tests.networks import REFERENCE_LAYERS, build
from tests.reference import highprec
from tests.tolerances import GOLDEN_NOISE_LIMIT, rel_dev, tolerance

KNOWN = {name for group in GROUPS for c in load(group) for name in layers(c.net)} & {
    name for name in dir(stax) if callable(getattr(stax, name))
}
READY = {group: split(group, KNOWN)[0] for group in GROUPS}
CASES = [case for group in GROUPS for case in READY[group]]
NEURAL_TANGENTS = [case for case in CASES if case.group != "fc_highprec"]
FOUR = ("nngp", "ntk", "cov1", "cov2")


def name(case: Case) -> str:
    return f"{case.group}-{case.name}"


def run(case: Case) -> dict[str, Any]:
    result = build(case.net).kernel_fn(case.x1, case.x2)
    return {key: getattr(result, key) for key in FOUR}


def test_no_layer_of_the_first_release_is_missing() -> None:
    assert KNOWN >= REFERENCE_LAYERS
    assert len(CASES) >= 60


@pytest.mark.parametrize("group", GROUPS)
def test_cases_that_wait_for_their_layers(group: str) -> None:
    missing = split(group, KNOWN)[1]
    assert len(READY[group]) + missing.total() == len(load(group))
    if missing:
        counted = ", ".join(f"{n} x {layer}" for layer, n in sorted(missing.items()))
        pytest.skip(f"{missing.total()} cases of {group} wait for layers: {counted}")


@pytest.mark.parametrize("case", NEURAL_TANGENTS, ids=name)
def test_equals_neural_tangents_to_ten_times_its_noise(case: Case) -> None:
    result = run(case)
    judged = 0
    for get in case.expect:
        noise = 10 * case.noise.get(get, case.noise["nngp"])
        if noise > GOLDEN_NOISE_LIMIT:
            continue  # judged by multiple precision, below
        allowed = max(tolerance("golden", "float64"), noise)
        allowed = REFERENCE_ERROR.get((case.name, get), allowed)
        assert rel_dev(result[get], case.expect[get]) <= allowed, get
        judged += 1
    if not judged:
        assert min(10 * v for v in case.noise.values()) > GOLDEN_NOISE_LIMIT


@pytest.mark.parametrize(
    "case",
    [c for c in NEURAL_TANGENTS if layers(c.net) <= REFERENCE_LAYERS],
    ids=name,
)
def test_equals_multiple_precision_on_the_stored_networks(case: Case) -> None:
    if case.name == "Sign_0_d8_b":
        pytest.skip("chaotic: one unit in the last place of an input decides")
    truth = highprec.kernel(case.net, case.x1, case.x2)
    result = run(case)
    for get in ("nngp", "ntk"):
        assert rel_dev(result[get], getattr(truth, get)) <= tolerance(get, "float64")


@pytest.mark.parametrize("case", READY["fc_highprec"], ids=name)
def test_equals_the_stored_multiple_precision_values(case: Case) -> None:
    result = run(case)
    for get in ("nngp", "ntk"):
        assert rel_dev(result[get], case.expect[get]) <= tolerance("golden", "float64")


@pytest.mark.parametrize("case", CASES[::5], ids=name)
def test_gram_and_diagonal_agree_with_kernel_fn(case: Case) -> None:
    import fastntk

    net = build(case.net)
    both = net.kernel_fn(case.x1, case.x2, ("ntk", "nngp"))
    assert both._fields == ("ntk", "nngp")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for get in ("nngp", "ntk"):
            alone = fastntk.gram(net, case.x1, case.x2, get)
            diagonal = fastntk.diagonal(net, case.x1, get)
            assert rel_dev(alone, getattr(both, get)) <= tolerance(
                "invariance", alone.dtype
            )
            if case.x2 is None:
                assert (alone.diagonal() == diagonal).all()
