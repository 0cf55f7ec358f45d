"""Memory of the device by its addresses: views, overlaps, and copies to the host.

NumPy's memory takes the place of the device's.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk.backends.cuda import arrays as cuda_arrays
from fastntk.backends.cuda import memory as cuda_memory
from fastntk.backends.cuda import multiply as cuda_multiply
from fastntk.backends.cuda.overlap import address_of, refuse_shared

pytestmark = pytest.mark.jit_off


class There:
    """A NumPy array as one on the device; Numba copies no negative strides."""

    def __init__(self, x: np.ndarray) -> None:
        self.x, self.strides = x, x.strides
        interface = dict(x.__array_interface__, strides=x.strides)
        self.__cuda_array_interface__ = interface

    def copy_to_host(self) -> np.ndarray:
        if min(self.strides, default=0) < 0:
            raise NotImplementedError
        return self.x.copy()


def read(view: Any) -> There:
    """Follow an interface, as Numba does on the device."""
    holder = SimpleNamespace(__array_interface__=view.__cuda_array_interface__)
    return There(np.asarray(holder))


@pytest.fixture
def on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(as_cuda_array=read, synchronize=lambda: None)
    for module in (cuda_arrays, cuda_memory):
        monkeypatch.setattr(module, "cuda", lambda: fake)
        monkeypatch.setattr(module, "is_simulated", lambda: True)
    monkeypatch.setattr(cuda_arrays, "require_cuda", lambda: fake)


@pytest.mark.usefixtures("on_the_host")
def test_copies_of_arrays_of_every_layout() -> None:
    x = np.arange(24.0).reshape(4, 6)
    views = (x, x.T, x[::-1], x[:, ::-2], x[::-1, ::-1], x[1::2, ::-1].T, x[0, ::-1])
    for view in views:
        np.testing.assert_array_equal(cuda_arrays.host_copy(There(view)), view)


def test_arrays_of_the_host_never_become_addresses() -> None:
    with pytest.raises(fastntk.InputError, match=r"x1: found a numpy\.ndarray in host"):
        cuda_arrays.as_device_matrix(np.eye(2), "x1")
    outs: Any = (np.eye(2), "no", None)
    for out in outs:
        with pytest.raises(fastntk.InputError, match="out: found a .* in host memory"):
            cuda_arrays.flat_output(out, (2, 2), np.dtype(float))


def test_outputs_share_no_memory() -> None:
    x = np.zeros((6, 8))
    left, right = There(x[:, :4]), There(x[:, 4:])  # side by side in the same rows
    refuse_shared([left, right], [There(np.zeros((6, 8)))])
    refuse_shared([left], [np.eye(2), There(np.zeros((0, 3)))])
    for outs, inputs in (
        ([left, left], []),
        ([There(x[:, :5]), right], []),
        ([left], [There(x.T)]),
        ([There(x[::-1])], [There(x[5:])]),
    ):
        with pytest.raises(fastntk.InputError, match="shared with an input or another"):
            refuse_shared(outs, inputs)


def test_cases_too_hard_to_tell_count_as_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_hard(*args: Any, **options: Any) -> bool:
        raise np.exceptions.TooHardError

    monkeypatch.setattr(np, "shares_memory", too_hard)
    with pytest.raises(fastntk.InputError, match="shared"):
        refuse_shared([There(np.eye(2))], [There(np.eye(2))])


class Refusing:
    """A tensor that requires gradients."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        raise RuntimeError("use detach()")


def test_arrays_that_say_no_have_no_address() -> None:
    assert address_of(Refusing()) is None
    assert address_of(3) is None


def test_addresses_are_not_followed() -> None:
    nowhere = SimpleNamespace(
        __cuda_array_interface__={
            "shape": (2, 3),
            "strides": None,
            "typestr": "<f4",
            "data": (64, False),
        }
    )
    found = address_of(nowhere)
    assert found is not None
    assert (found.shape, found.ctypes.data) == ((2, 3), 64)


def test_copies_without_a_stream_are_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    fake = SimpleNamespace(
        to_device=lambda values, stream: done.append("copy"),
        synchronize=lambda: done.append("wait"),
    )
    monkeypatch.setattr(cuda_memory, "cuda", lambda: fake)
    cuda_memory.to_device(np.ones(2))
    assert done == ["copy", "wait"]
    cuda_memory.to_device(np.ones(2), object())  # whoever has a stream waits for it
    assert done == ["copy", "wait", "copy"]


def test_columns_live_until_they_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy on a stream may read the host's memory after the call."""
    given: list[Any] = []

    def to_device(values: Any, stream: Any) -> Any:
        given.append(values)
        return values

    monkeypatch.setattr(cuda_multiply, "to_device", to_device)
    monkeypatch.setattr(cuda_multiply, "cupy_module", lambda: None)
    sums = cuda_multiply._Sums(np.eye(3), 3, None, np.dtype(np.float32), object())
    kept = [id(value) for value in vars(sums).values()]
    sums.v = sums.out = None
    assert len(given) == 2
    assert all(id(values) in kept for values in given)
    held = {id(value) for value in vars(sums).values()}
    assert all(id(values) in held for values in given)
