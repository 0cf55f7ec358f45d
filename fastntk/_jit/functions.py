"""Functions that are compiled when they are called, and formulas inside of them."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

from numba.core.registry import CPUDispatcher
from numba.extending import register_jitable

from fastntk._jit.apart import JIT_ENABLED
from fastntk._jit.cache import KernelCache, compiling

__all__ = ["OPTIONS", "cpu_kernel", "scalar"]

F = TypeVar("F", bound=Callable[..., Any])

# Named flags only. Never nnan/ninf (NaN and inf must surface) and never nsz: the
# sign of a zero tells duplicate rows from antiparallel ones.
FAST_MATH = {"contract"}
OPTIONS = {"nopython": True, "error_model": "numpy", "fastmath": FAST_MATH}


class _Kernel(CPUDispatcher):  # type: ignore[misc]
    """Numba's compiled function, with our cache."""

    def enable_caching(self) -> None:
        self._cache = KernelCache(self.py_func)

    def compile(self, sig: Any) -> Any:
        return compiling(partial(super().compile, sig))


def cpu_kernel(func: F) -> F:
    """Compile ``func`` on first call: GIL released, cached, no zero-division checks."""
    if not JIT_ENABLED:
        return func
    kernel = _Kernel(func, targetoptions=OPTIONS | {"nogil": True, "boundscheck": None})
    if func.__module__.startswith("fastntk."):  # others are in no hash
        kernel.enable_caching()
    return cast("F", kernel)


def scalar(func: F) -> F:
    """Let compiled code call a scalar formula, always inlined; Python sees it as is."""
    if not JIT_ENABLED:
        return func
    return cast("F", register_jitable(forceinline=True)(func))
