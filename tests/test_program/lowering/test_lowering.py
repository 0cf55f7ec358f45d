"""From a spec to a program: what has a limit, what it costs, how it prints."""

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.program import lower
from tests.networks import RELU, build, dense, mlp, residual, standard

pytestmark = pytest.mark.jit_off

GETS = ("nngp", "ntk")
X = np.eye(3)
TWO = ["FanOut", {"num": 2}]
SUM = ["FanInSum", {}]

NO_LIMIT = {
    "activation first": (
        ["serial", RELU, dense()],
        r"^Relu\(\).*Put a Dense before it",
    ),
    "activation twice": (["serial", dense(), RELU, RELU], r"^Relu\(\).*not Gaussian"),
    "sum of activations": (
        ["serial", dense(), TWO, ["parallel", RELU, ["Identity", {}]], SUM, dense()],
        r"^FanInSum\(\).*not Gaussian.*Dense at the end",
    ),
    "sum of inputs": (
        ["serial", TWO, ["parallel", ["Identity", {}], ["Identity", {}]], SUM],
        r"^FanInSum\(\).*not Gaussian",
    ),
    "too few branches": (
        ["serial", dense(), ["FanOut", {"num": 3}], ["parallel", RELU, RELU], SUM],
        r"^parallel\(.*found 3 branches.*expected 2",
    ),
    "parallel of one stream": (
        ["serial", dense(), ["parallel", RELU, RELU]],
        r"^parallel\(.*found 1 branches.*FanOut\(2\)",
    ),
    "branches left open": (["serial", dense(), TWO], r"ends with 2 branches; expected"),
    "dense on branches": (
        ["serial", dense(), TWO, dense()],
        r"^Dense\(16.*found 2 branches at its input; expected one",
    ),
    "sum of one": (["serial", dense(), SUM], r"^FanInSum\(\).*found one branch"),
    "unequal widths": (
        [
            "serial",
            dense(),
            TWO,
            ["parallel", dense(out_dim=3), dense(out_dim=4)],
            SUM,
        ],
        r"^FanInSum\(\).*equal widths",
    ),
}


@pytest.mark.parametrize("kind", NO_LIMIT)
@pytest.mark.parametrize("get", [*GETS, GETS])
def test_networks_without_a_limit(kind: str, get: str | tuple[str, ...]) -> None:
    net, message = NO_LIMIT[kind]
    with pytest.raises(fastntk.NetworkError, match=message):
        build(net).kernel_fn(X, None, get)
    with pytest.raises(fastntk.NetworkError, match=message):
        fastntk.gram(build(net), X, get=get)


@pytest.mark.parametrize("kind", NO_LIMIT)
def test_networks_without_a_limit_have_no_diagonal_or_tiles(kind: str) -> None:
    net, message = NO_LIMIT[kind]
    with pytest.raises(fastntk.NetworkError, match=message):
        fastntk.diagonal(build(net), X)
    with pytest.raises(fastntk.NetworkError, match=message):
        fastntk.tiles(build(net), X)


def test_standard_parameterization_wants_the_width_of_the_input() -> None:
    net = build(["serial", standard(1.0, 0.1), RELU, dense()])
    with pytest.raises(fastntk.NetworkError, match=r"Dense\(16.*pass the data"):
        net.program()
    assert net.program(X).n_features == 3


def test_slots_are_reused_when_a_branch_ends() -> None:
    block = residual(["serial", RELU, dense()])
    one = lower(build(["serial", dense(), block]).spec, ("nngp",))
    many = lower(build(["serial", dense(), ["repeat", block, 9]]).spec, ("nngp",))
    assert one.n_slots == many.n_slots == 2
    assert lower(build(mlp(RELU, 5)).spec, ("nngp",)).n_slots == 1
    assert lower(build(mlp(RELU, 5)).spec, GETS).n_slots == 2


def test_nested_branches_need_a_slot_each() -> None:
    inner = residual(["serial", RELU, dense()])
    net = ["serial", dense(), residual(["serial", RELU, dense(), inner])]
    assert lower(build(net).spec, ("nngp",)).n_slots == 3


def test_costs_grow_with_depth_and_with_the_tangent_kernel() -> None:
    def flops(depth: int, get: tuple[str, ...]) -> int:
        return int(lower(build(mlp(RELU, depth, b_std=0.1)).spec, get).flops)

    assert flops(1, ("nngp",)) < flops(1, GETS) < flops(5, GETS)


def test_a_program_prints_ops_slots_bytes_and_flops() -> None:
    net = build(
        ["serial", dense(1.5, 0.1), RELU, residual(["serial", dense()]), dense()]
    )
    with pytest.raises(fastntk.NetworkError):
        net.program(X)
    net = build(["serial", dense(1.5, 0.1), RELU, dense(), residual(dense()), dense()])
    text = str(net.program(X)).lower()
    for word in ("relu", "dense", "slot", "byte", "flop", "3"):
        assert word in text
    assert str(net.program()) == str(net.program())


def test_programs_are_values() -> None:
    net = stax.serial(stax.Dense(3), stax.Relu(), stax.Dense(1))
    assert net.program(X) == net.program(X)
    assert net.program(X, "nngp") != net.program(X, "ntk")
