"""What evaluates a request is chosen in one place, before any work."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.calls.choose import by_tiles, choose
from fastntk.calls.gram import gram_of
from fastntk.device.evaluator import DeviceRows
from fastntk.layerwise.evaluator import Layerwise
from fastntk.request.options import DEFAULTS, Options
from fastntk.request.protocol import Evaluator, GivenKernel
from fastntk.request.request import Request
from fastntk.spec import Spec
from fastntk.tiling.evaluator import HostRows

SAME = (lambda *_: (), lambda *_: None, lambda kernel: kernel)
PLAIN = stax.serial(stax.Dense(4), stax.Relu(), stax.Dense(1))
OWN = stax.serial(stax.Dense(4), SAME, stax.Dense(1))
MIXING = stax.serial(stax.Dense(4), stax.GlobalAvgPool(), stax.Dense(1))
ROWS = np.random.default_rng(0).standard_normal((6, 3))
SAMPLES = ROWS.reshape(3, 2, 3)


class OnDevice:
    """An array that says that it lies on a GPU."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape = values, values.shape

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0


def request(net: Any, x1: Any, x2: Any = None, **options: Any) -> Request:
    return Request.of(net, x1, x2, "ntk", Options(**options))


@pytest.mark.parametrize(
    ("net", "x", "kind"),
    [
        (PLAIN, ROWS, HostRows),
        (PLAIN, ROWS.tolist(), HostRows),
        (OWN, ROWS, Layerwise),
        (MIXING, SAMPLES, Layerwise),
        (PLAIN, OnDevice(ROWS), DeviceRows),
    ],
)
def test_each_kind_of_request_has_its_evaluator(net: Any, x: Any, kind: type) -> None:
    assert type(choose(request(net, x))) is kind


def test_a_device_is_chosen_by_any_side_and_by_the_output() -> None:
    there = OnDevice(ROWS)
    assert type(choose(request(PLAIN, ROWS, there))) is DeviceRows
    assert type(choose(request(PLAIN, ROWS), there)) is DeviceRows
    assert type(choose(request(PLAIN, ROWS), [there])) is DeviceRows


@pytest.mark.parametrize("kind", [HostRows, Layerwise, DeviceRows])
def test_evaluators_have_one_interface(kind: type) -> None:
    members = [name for name in vars(Evaluator) if not name.startswith("_")]
    assert {"gram", "diagonal", "tiles"} == set(members)
    assert all(callable(getattr(kind, name)) for name in members)


def test_layers_of_a_user_and_rows_on_a_device_are_refused_together() -> None:
    with pytest.raises(fastntk.NotSupportedError, match=r"inputs on a GPU, and a netw"):
        choose(request(OWN, OnDevice(ROWS)))


def test_rows_on_a_device_are_copied_for_results_in_host_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def on_host(x1: Any, x2: Any, backend: str) -> Any:
        seen.append(backend)
        return _Yield((x1.values, x2, "cpu"))

    monkeypatch.setattr("fastntk.request.request.rows_on_host", on_host)
    out = np.empty((6, 6))
    found = gram_of(request(PLAIN, OnDevice(ROWS)), out)
    assert found is out
    assert seen == ["auto"]
    np.testing.assert_array_equal(out, fastntk.gram(PLAIN, ROWS))


class _Yield:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __enter__(self) -> Any:
        return self.value

    def __exit__(self, *error: object) -> None:
        pass


@pytest.mark.parametrize(("net", "x"), [(OWN, ROWS), (MIXING, SAMPLES)])
def test_walks_over_tiles_refuse_what_has_none(net: Any, x: Any) -> None:
    with (
        pytest.raises(fastntk.NotSupportedError, match=r"^operator: found a layer"),
        by_tiles(request(net, x), "operator"),
    ):
        pass


def test_rows_in_host_memory_stay_where_they_are() -> None:
    asked = request(PLAIN, ROWS)
    with asked.on_host() as found, asked.beside(np.empty((6, 6))) as other:
        assert found is asked
        assert other is asked


class Counted:
    """An engine that notes what it runs and hands it on."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self._engine = HostRows()

    def from_rows(self, request: Request) -> GivenKernel:
        self.runs.append("rows")
        return self._engine.from_rows(request)

    def from_kernel(
        self, spec: Spec, start: GivenKernel, names: tuple[str, ...], options: Options
    ) -> GivenKernel:
        self.runs.append("kernel")
        return self._engine.from_kernel(spec, start, names, options)


def test_layer_by_layer_runs_stretches_through_the_engine_it_is_given() -> None:
    engine = Counted()
    net = stax.serial(PLAIN, SAME, PLAIN)
    (found,) = Layerwise(engine).gram(request(net, ROWS))
    assert engine.runs == ["rows", "kernel"]
    plain = fastntk.gram(stax.serial(PLAIN, PLAIN), ROWS)
    np.testing.assert_allclose(found, plain, rtol=1e-12)


def test_tiles_of_any_evaluator_are_what_the_request_packs() -> None:
    asked = Request.of(PLAIN, ROWS, None, ("nngp", "ntk"), DEFAULTS)
    blocks: Iterator[Any] = choose(asked).tiles(asked)
    rows, cols, block = next(blocks)
    assert (rows, cols) == (slice(0, 6), slice(0, 6))
    np.testing.assert_array_equal(block.ntk, fastntk.gram(PLAIN, ROWS))
