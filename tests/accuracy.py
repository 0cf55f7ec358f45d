"""The promise on accuracy, as one function: the engine against multiple precision."""

from typing import Any

import numpy as np

import fastntk
from tests.networks import build
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
DIGITS = 60


def conditioning(
    net: list[Any], x: np.ndarray, truth: highprec.Truth, digits: int = DIGITS
) -> dict[str, float]:
    """Return how far one unit in the last place of the inputs moves the truth."""
    rng = np.random.default_rng(0)
    up = rng.random(x.shape) < 0.5
    moved = np.where(up, np.nextafter(x, np.inf), np.nextafter(x, -np.inf))
    moved = np.where(x == 0, x, moved).astype(x.dtype)
    other = highprec.kernel(net, moved, digits=digits)
    return {
        get: relative_error(
            np.tril(getattr(other, get), -1),
            np.tril(getattr(truth, get), -1),
            getattr(truth, f"{get}1"),
            getattr(truth, f"{get}1"),
        )
        for get in GETS
    }


def errors(result: Any, truth: highprec.Truth) -> dict[str, float]:
    """Return the errors of both kernels, in the unit of their tolerances."""
    found = {}
    for get in GETS:
        diagonals = getattr(truth, f"{get}1"), getattr(truth, f"{get}2")
        value = getattr(result, get)
        found[get] = relative_error(value, getattr(truth, get), *diagonals)
    return found


def check(net: list[Any], x: np.ndarray, digits: int = DIGITS) -> None:
    """Compare the symmetric matrix, a rectangular one and the diagonal."""
    network = build(net)
    truth = highprec.kernel(net, x, digits=digits)
    order = np.argsort(np.arange(len(x)) * 7 % len(x), kind="stable")[:-3]
    part = highprec.Truth(
        truth.nngp[:, order],
        truth.ntk[:, order],
        truth.nngp1,
        truth.nngp1[order],
        truth.ntk1,
        truth.ntk1[order],
    )
    if "Dropout" in str(net):  # the diagonal is another one where rows meet by chance
        part = highprec.kernel(net, x, x[order], digits)
    whole = fastntk.gram(network, x, get=GETS)
    cross = fastntk.gram(network, x, x[order], GETS)
    allowed = {get: tolerance(get, x.dtype) for get in GETS}
    found = {"whole": errors(whole, truth), "cross": errors(cross, part)}
    worst = {get: max(found[kind][get] for kind in found) for get in GETS}
    if any(worst[get] > allowed[get] for get in GETS):
        # Rounding the inputs by one more bit would already do the same harm.
        noise = conditioning(net, x, truth, digits)
        allowed = {get: max(allowed[get], 10 * noise[get]) for get in GETS}
    assert all(worst[get] <= allowed[get] for get in GETS), (found, allowed)
    for get in GETS:
        assert getattr(whole, get).dtype == x.dtype
        np.testing.assert_array_equal(getattr(whole, get), getattr(whole, get).T)
        diagonal = getattr(truth, f"{get}1")
        value = fastntk.diagonal(network, x, get)
        np.testing.assert_allclose(value, diagonal, rtol=allowed[get], atol=0)
