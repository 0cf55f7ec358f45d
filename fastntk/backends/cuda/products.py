"""Products of unit rows by cuBLAS, through a library that is there."""

import functools
from collections.abc import Callable
from typing import Any

from fastntk.kernels.cuda.target import is_simulated

__all__ = ["Product", "cupy_module", "library_name", "library_product"]

Product = Callable[..., None]
"""``product(unit1, unit2, block, shape, n_features, stream)``: ``A B^T``, all flat."""


def cupy_module() -> Any:
    """Return CuPy, None if it is not installed or cannot multiply."""
    return _cupy()[0]


@functools.cache
def _cupy() -> tuple[Any, str]:
    """Return CuPy if it can multiply; if not, None and why."""
    if is_simulated():
        return None, "the simulator has no CuPy"
    try:
        import cupy
    except ImportError as error:
        return None, f"{error}; pip install 'cupy-cuda13x[ctk]', or cupy-cuda12x"
    except Exception as error:  # broken installations
        return None, _words("CuPy", error)
    try:
        two = cupy.full((2, 2), 2.0, "float32")  # a single number would not need cuBLAS
        is_right = float((two @ two)[0, 0]) == 8.0
    except Exception as error:  # of its driver, of a library that is missing
        what = f"CuPy {getattr(cupy, '__version__', '')} cannot multiply"
        return None, _words(what, error)
    return (cupy, "") if is_right else (None, "a product by CuPy was wrong")


def _words(what: str, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return (
        f"{what}: {lines[0]}; cuBLAS comes with cupy-cuda13x[ctk] or cupy-cuda12x[ctk]"
    )


def library_name() -> str:
    """Return what multiplies: a library's name and version, or our own kernel."""
    cupy, reason = _cupy()
    if cupy is None:
        return f"own kernel ({reason})"
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
