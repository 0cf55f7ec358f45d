"""Ops by address: C functions with one signature, called through a table."""

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature
from numba.extending import intrinsic, overload

from fastntk._jit.apart import JIT_ENABLED
from fastntk._jit.cache import KernelCache, compiling
from fastntk._jit.functions import OPTIONS

__all__ = ["CpuOp", "call_op"]

Arrays = tuple[np.ndarray[Any, Any], ...]

_C_FUNCTION = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 7)


def _op_signature(dtype: np.dtype[Any]) -> Any:
    """Return the C signature of every op: see `fastntk.kernels.abi`."""
    t = types.CPointer(types.float32 if dtype == np.float32 else types.float64)
    i = types.CPointer(types.int64)
    return types.void(t, t, t, i, i, t, t)


class CpuOp:
    """An op body, compiled per dtype when its address is first asked for.

    Parameters
    ----------
    body : callable
        ``body(slots, rows, cols, dims, ints, coefs, constants)``, a function of a
        module.
    known : callable, optional
        Returns new arguments for a dtype, numbers that are always the same. A body that
        is loaded from the cache is run on them before it is used.
    """

    registry: ClassVar[list[Callable[..., None]]] = []

    def __init__(
        self,
        body: Callable[..., None],
        known: Callable[[np.dtype[Any]], tuple[np.ndarray[Any, Any], ...]]
        | None = None,
    ) -> None:
        self.body = body
        self.name = body.__name__
        self.known = known
        self._compiled: dict[np.dtype[Any], Any] = {}

    def address(self, dtype: np.dtype[Any]) -> int:
        """Return the int64 that `call_op` takes for this op and dtype."""
        if not JIT_ENABLED:
            if self.body not in CpuOp.registry:
                CpuOp.registry.append(self.body)
            return CpuOp.registry.index(self.body)
        return int(self.compiled(dtype).address)

    def compiled(self, dtype: np.dtype[Any]) -> Any:
        """Return Numba's ``CFunc``, compiling or loading it at the first call."""
        if dtype not in self._compiled:
            compiling(partial(self._compile, dtype))
        return self._compiled[dtype]

    def _compile(self, dtype: np.dtype[Any]) -> None:
        """Compile or load the body, with Numba's lock."""
        if dtype in self._compiled:  # by another thread meanwhile
            return
        signature = normalize_signature(_op_signature(dtype))
        op: Any = CFunc(self.body, signature, locals={}, options=dict(OPTIONS))
        answer = None if self.known is None else partial(self._answer, dtype)
        op._cache = KernelCache(self.body, answer)
        op.compile()
        self._compiled[dtype] = op

    def _answer(self, dtype: np.dtype[Any], result: Any) -> np.ndarray[Any, Any]:
        """Run a compiled body on the known numbers and return its slots."""
        assert self.known is not None
        arguments = self.known(dtype)
        name = result.fndesc.llvm_cfunc_wrapper_name
        function = _C_FUNCTION(result.library.get_pointer_to_function(name))
        function(*(argument.ctypes.data for argument in arguments))
        return arguments[0]


@intrinsic
def _call_address(  # type: ignore[no-untyped-def]
    typingctx, address, slots, rows, cols, dims, ints, coefs, constants
):
    """Call a C function at ``address`` with the data pointers of seven arrays."""
    arrays = (slots, rows, cols, dims, ints, coefs, constants)
    signature = types.void(types.int64, *arrays)

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        ir = cgutils.ir
        pointers = [
            builder.bitcast(
                context.make_array(t)(context, builder, value).data, cgutils.voidptr_t
            )
            for t, value in zip(arrays, args[1:], strict=True)
        ]
        fnty = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t] * len(pointers))
        builder.call(builder.inttoptr(args[0], fnty.as_pointer()), pointers)
        return context.get_dummy_value()

    return signature, codegen


def call_op(
    address: int,
    slots: Any,
    rows: Any,
    cols: Any,
    dims: Any,
    ints: Any,
    coefs: Any,
    constants: Any,
) -> None:
    """Call the op at ``address`` on 1-D arrays."""
    CpuOp.registry[address](slots, rows, cols, dims, ints, coefs, constants)


@overload(call_op, inline="always")
def _call_op_overload(  # type: ignore[no-untyped-def]
    address, slots, rows, cols, dims, ints, coefs, constants
):
    def impl(  # type: ignore[no-untyped-def]
        address, slots, rows, cols, dims, ints, coefs, constants
    ):
        _call_address(address, slots, rows, cols, dims, ints, coefs, constants)

    return impl
