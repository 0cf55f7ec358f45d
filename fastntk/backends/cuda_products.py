"""Products of unit rows by cuBLAS, through a library that is there."""

import functools
from collections.abc import Callable
from typing import Any

from fastntk.kernels.cuda_target import is_simulated

__all__ = ["Product", "cupy_module", "library_name", "library_product"]

Product = Callable[..., None]
"""``product(unit1, unit2, block, shape, n_features, stream)``: ``A B^T``, all flat."""


@functools.cache
def cupy_module() -> Any:
    """Return CuPy, None if it is not installed or finds no device."""
    if is_simulated():
        return None
    try:
        import cupy
    except Exception:  # also broken installations
        return None
    return cupy if _works(cupy) else None


def _works(cupy: Any) -> bool:
    """Return whether CuPy can multiply on this device."""
    try:
        one = cupy.ones((1, 1), "float32")
        return float((one @ one)[0, 0]) == 1.0
    except Exception:  # of its driver, of a library that is missing
        return False


def library_name() -> str:
    """Return what multiplies: a library's name and version, or our own kernel."""
    cupy = cupy_module()
    if cupy is None:
        return "own kernel (install cupy-cuda13x or cupy-cuda12x for cuBLAS)"
    return f"cuBLAS by CuPy {cupy.__version__}"


def library_product() -> Product | None:
    """Return the product of a library, None if the kernels multiply themselves.

    float32 stays float32: TF32 only where CuPy is told so (``CUPY_TF32=1``).
    """
    cupy = cupy_module()
    return None if cupy is None else functools.partial(_cupy_product, cupy)


def _cupy_product(
    cupy: Any,
    unit1: Any,
    unit2: Any,
    block: Any,
    shape: tuple[int, int],
    n_features: int,
    stream: Any,
) -> None:
    """Write ``A B^T`` to the first ``n1 * n2`` numbers of a flat block."""
    n1, n2 = shape
    with as_stream(cupy, stream):
        a = cupy.asarray(unit1).reshape(n1, n_features)
        b = cupy.asarray(unit2).reshape(n2, n_features)
        out = cupy.asarray(block)[: n1 * n2].reshape(n1, n2)
        cupy.matmul(a, b.T, out=out)


def as_stream(cupy: Any, stream: Any) -> Any:
    """Return a context in which CuPy works on a stream of Numba."""
    handle = stream.handle
    number = getattr(
        handle, "value", handle
    )  # a ctypes number, or one of cuda-bindings
    return cupy.cuda.ExternalStream(int(number or 0))
