"""Device arrays that offer DLPack alone, read without their library.

The capsule stays alive beside the view, and its own destructor frees the memory: it is
never marked as used. Layout of the structures: dlpack.h, version 0.8 (unversioned).
"""

import ctypes
from typing import Any

import numpy as np

__all__ = ["borrowed"]

LEGACY_STREAM = 1  # the producer makes its work visible to the default stream


class _Device(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_int32), ("index", ctypes.c_int32))


class _DataType(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
    )


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("ndim", ctypes.c_int32),
        ("dtype", _DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


_CODES = {0: "i", 1: "u", 2: "f", 5: "c", 6: "b"}


class _Borrowed:
    """Memory of another library, with ``__cuda_array_interface__``."""

    def __init__(self, capsule: Any, interface: dict[str, Any]) -> None:
        self._capsule = capsule
        self.__cuda_array_interface__ = interface


def borrowed(x: Any) -> _Borrowed:
    """Return a view of an array that offers ``__dlpack__``.

    Raises
    ------
    TypeError
        If its numbers are none that NumPy knows.
    """
    try:
        capsule = x.__dlpack__(stream=LEGACY_STREAM)
    except (TypeError, AssertionError, ValueError, RuntimeError):  # as on a CPU
        capsule = x.__dlpack__()
    tensor = _tensor(capsule)
    kind = _CODES.get(tensor.dtype.code)
    if kind is None or tensor.dtype.lanes != 1:
        raise TypeError(f"numbers of DLPack type {tensor.dtype.code}")
    name = "bool" if kind == "b" else f"{kind}{tensor.dtype.bits // 8}"
    dtype = np.dtype(name)
    shape = tuple(tensor.shape[: tensor.ndim])
    strides = None
    if tensor.strides:
        strides = tuple(s * dtype.itemsize for s in tensor.strides[: tensor.ndim])
    interface = {
        "shape": shape,
        "strides": strides,
        "typestr": dtype.str,
        "data": (int(tensor.data or 0) + int(tensor.byte_offset), False),
        "version": 3,
    }
    return _Borrowed(capsule, interface)


def _tensor(capsule: Any) -> _Tensor:
    """Return what a capsule holds."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    return ctypes.cast(get(capsule, b"dltensor"), ctypes.POINTER(_Tensor)).contents
