"""Whether an array lies on a GPU; every call asks, so nothing is imported for it."""

import importlib
from typing import Any

import numpy as np

__all__ = ["device_of", "is_on_device"]

CUDA_DEVICES = (2, 13)  # DLPack's numbers of CUDA memory, plain and managed


def is_on_device(*arrays: Any) -> bool:
    """Return whether any of these lies in the memory of a GPU; None never does."""
    return any(_is_there(x) for x in arrays)


def _is_there(x: Any) -> bool:
    if x is None or isinstance(x, np.ndarray | list):
        return False
    if isinstance(x, tuple):
        return is_on_device(*x)
    if hasattr(type(x), "copy_to_host"):  # Numba's own
        return True
    where = getattr(x, "__dlpack_device__", None)
    if where is not None:
        try:
            return int(where()[0]) in CUDA_DEVICES
        except (BufferError, RuntimeError, TypeError, ValueError):
            return False  # spread over devices: read as NumPy reads it
    return _offers_interface(x)


def device_of(x: Any) -> int | None:
    """Return the number of the device that holds an array, if it says so."""
    where = getattr(x, "__dlpack_device__", None)
    if where is not None:
        return int(where()[1])
    context = getattr(getattr(x, "gpu_data", None), "context", None)  # Numba's own
    number = getattr(getattr(context, "device", None), "id", None)
    if number is None and _offers_interface(x):
        return _device_of_address(int(x.__cuda_array_interface__["data"][0]))
    return None if number is None else int(number)


def _offers_interface(x: Any) -> bool:
    """Return whether an array, or its class, has ``__cuda_array_interface__``."""
    name = "__cuda_array_interface__"
    return hasattr(type(x), name) or name in getattr(x, "__dict__", ())


def _device_of_address(address: int) -> int | None:
    """Return the number of the device that an address belongs to; the driver knows."""
    try:
        driver: Any = importlib.import_module("cuda.bindings.driver")
        what = driver.CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL
        error, number = driver.cuPointerGetAttribute(what, address)
    except Exception:  # no such package, or no driver: whoever reads it will say so
        return None
    return None if int(error) else int(number)
