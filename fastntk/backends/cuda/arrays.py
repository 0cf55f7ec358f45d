"""Arrays of other libraries on the device: what is taken, and what is given back.

Nothing is imported for it: an array is known by what it offers,
``__cuda_array_interface__`` or DLPack, and the library that made it is loaded already.
"""

import contextlib
import math
import sys
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import AnyArray
from fastntk.backends.cuda.dlpack import borrowed
from fastntk.backends.cuda.memory import empty, settle, to_device
from fastntk.backends.cuda.where import device_of, is_on_device
from fastntk.kernels.cuda.target import cuda, is_simulated, require_cuda

__all__ = [
    "as_device_matrix",
    "device_copy",
    "device_of",
    "flat_output",
    "given_back",
    "host_copy",
    "is_on_device",
    "new_output",
    "on_device_of",
]

KINDS = "float32, float64, integers or booleans"


def on_device_of(*arrays: Any) -> Any:
    """Return a context in which kernels run on the device that holds the arrays.

    Raises
    ------
    InputError
        If they lie on several devices.
    NotSupportedError
        If there are some, and no kernel can run: the driver may have gone, or
        numba-cuda may not be there, where another library made the array.
    """
    there = [x for x in arrays if is_on_device(x)]
    if there:
        require_cuda()
    known = {device_of(x) for x in there} - {None}
    if len(known) > 1:
        raise InputError(
            f"x1, x2 and out: found arrays on the CUDA devices {sorted(known)}; "  # type: ignore[type-var]
            "expected all of them on one. Copy them to one device first"
        )
    if not known or is_simulated():
        return contextlib.nullcontext()
    return cuda().gpus[known.pop()]


def as_device_matrix(x: Any, name: str) -> Any:
    """Return a matrix on the device as Numba's array, without a copy.

    Raises
    ------
    InputError
        If it cannot be read, has another rank than 2 or no numbers, or is empty.
    """
    matrix = _as_numba(x, name)
    if matrix.ndim != 2:
        raise InputError(
            f"{name}: found a device array of shape {tuple(matrix.shape)}; expected "
            "rows of shape (n, d). Reshape it, or copy samples with positions to the "
            "host and use backend='cpu'"
        )
    if 0 in matrix.shape:
        raise InputError(
            f"{name}: found an empty device array of shape {tuple(matrix.shape)}; "
            "expected at least one row and one feature"
        )
    if matrix.dtype.kind not in "fiub" or matrix.dtype == np.float16:
        raise InputError(
            f"{name}: found a device array of {matrix.dtype}; expected {KINDS}. "
            "Convert it on the device first"
        )
    return matrix


def _as_numba(x: Any, name: str) -> Any:
    """Return any device array as Numba's."""
    if isinstance(x, tuple | list):
        raise InputError(
            f"{name}: found a {type(x).__name__} of arrays on the device; expected one "
            "array. Stack them there first"
        )
    if not is_on_device(x):  # its address must never reach a kernel
        raise InputError(
            f"{name}: found a {type(x).__module__}.{type(x).__name__} in host memory; "
            "expected an array on the device, as the others are. Copy it there"
        )
    if hasattr(type(x), "copy_to_host"):
        return x
    if hasattr(x, "block_until_ready"):  # JAX: it may not have been launched yet
        x.block_until_ready()
    try:
        if hasattr(x, "__cuda_array_interface__"):
            return cuda().as_cuda_array(x)
        return cuda().as_cuda_array(borrowed(x))
    except Exception as error:
        raise InputError(
            f"{name}: found a {type(x).__module__}.{type(x).__name__} on a device that "
            f"cannot be read ({error}); expected an array of {KINDS}. Tensors that "
            "require gradients need .detach(), bfloat16 a conversion"
        ) from None


def flat_output(out: Any, shape: tuple[int, int], dtype: np.dtype[Any]) -> Any:
    """Return an output on the device as a flat view, and its row stride in items.

    Raises
    ------
    InputError
        If shape, dtype or layout do not fit.
    """
    matrix = _as_numba(out, "out")
    interface = getattr(out, "__cuda_array_interface__", None) or {}
    library = type(out).__module__.split(".")[0]  # JAX reuses arrays as it likes
    if interface.get("data", (0, False))[1] or library in ("jax", "jaxlib"):
        raise InputError(
            f"out: found a read-only {type(out).__name__} on the device; expected an "
            "array that can be written to. Leave out= away"
        )
    if tuple(matrix.shape) != shape or matrix.dtype != dtype:
        raise InputError(
            f"out: found a device array of shape {tuple(matrix.shape)} and dtype "
            f"{matrix.dtype}; expected {shape} and {dtype}"
        )
    if is_simulated():
        if not matrix.is_c_contiguous():
            _refuse_layout("unknown strides")
        return matrix.reshape(shape[0] * shape[1]), shape[1]
    row, column = matrix.strides
    size = matrix.dtype.itemsize
    is_fitting = row % size == 0 and row >= shape[1] * size
    if (shape[1] > 1 and column != size) or (shape[0] > 1 and not is_fitting):
        _refuse_layout(f"strides of {row} and {column} bytes")
    stride = row // size if shape[0] > 1 else shape[1]
    length = (shape[0] - 1) * stride + shape[1]
    flat = dict(matrix.__cuda_array_interface__, shape=(length,), strides=None)
    return cuda().as_cuda_array(_View(matrix, flat)), stride


def _refuse_layout(found: str) -> None:
    raise InputError(
        f"out: found a device array with {found}; expected rows of adjacent numbers "
        "(C order, or a block of such an array). Pass a contiguous array, or none"
    )


def host_copy(x: Any) -> AnyArray:
    """Return a copy of a device array in host memory."""
    with on_device_of(x):
        settle()
        array = _as_numba(x, "array")
        interface = getattr(array, "__cuda_array_interface__", None)
        if interface is None or min(array.strides, default=0) >= 0:
            values: AnyArray = array.copy_to_host()
            return values
        upwards, turns = _upwards(interface)
        turned: AnyArray = cuda().as_cuda_array(_View(array, upwards)).copy_to_host()
        return turned[turns]


def _upwards(interface: dict[str, Any]) -> tuple[dict[str, Any], tuple[slice, ...]]:
    """Return an array with no negative strides, and how to turn it back.

    Numba copies no others to the host.
    """
    pointer, strides, turns = interface["data"][0], [], []
    for size, step in zip(interface["shape"], interface["strides"], strict=True):
        pointer += min(0, (size - 1) * step)
        strides.append(abs(step))
        turns.append(slice(None, None, -1 if step < 0 else 1))
    data = (pointer, True)
    return dict(interface, data=data, strides=tuple(strides)), tuple(turns)


def device_copy(values: AnyArray, example: Any) -> Any:
    """Return numbers of the host as an array of the library, and on the device, of one.

    See `new_output`.
    """
    shape = (1, values.size)
    with on_device_of(example):
        if not values.size:
            return given_back(new_output(values.shape, values.dtype, example), example)
        out = new_output(shape, values.dtype, example)
        settle()
        flat, _ = flat_output(out, shape, values.dtype)
        flat.copy_to_device(to_device(values.reshape(-1)))
        settle()
        return given_back(out.reshape(values.shape), example)


class _View:
    """Memory of an array, read in another way."""

    def __init__(self, owner: Any, interface: dict[str, Any]) -> None:
        self._owner = owner
        self.__cuda_array_interface__ = interface


def new_output(shape: tuple[int, ...], dtype: np.dtype[Any], example: Any) -> Any:
    """Return an array for a result, made by the library that made the input.

    CuPy and PyTorch allocate it themselves; for others it is Numba's array, which has
    ``__cuda_array_interface__``.
    """
    library = type(example).__module__.split(".")[0]
    module = sys.modules.get(library)
    if library == "cupy":
        return module.empty(shape, dtype)  # type: ignore[union-attr]
    if library == "torch":
        kind = getattr(module, dtype.name)
        return module.empty(shape, dtype=kind, device=example.device)  # type: ignore[union-attr]
    if 0 in shape:
        return cuda().device_array(shape, dtype)
    return empty(math.prod(shape), dtype).reshape(shape)


def given_back(result: Any, example: Any) -> Any:
    """Return a result as an array of the library that made the input, if it can be."""
    library = type(example).__module__.split(".")[0]
    cupy = sys.modules.get("cupy")
    if library in ("jax", "jaxlib") and cupy is not None:
        return sys.modules["jax"].dlpack.from_dlpack(cupy.asarray(result))
    return result
