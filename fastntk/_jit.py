"""The only module that knows Numba's flags, function addresses and caches.

Ops are called by address: every op body is compiled once per dtype as a C function
with one fixed signature, and a compiled loop calls it through an ``int64`` table. So
an op compiles when a program first uses it, the disk cache is hit in the next
process, and no function is ever an argument or a closure cell of another (which
would recompile in every process).

With ``NUMBA_DISABLE_JIT=1`` the same table holds plain Python functions.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

__all__ = [
    "JIT_ENABLED",
    "CpuOp",
    "cache_folder",
    "call_op",
    "compiled_sources",
    "cpu_kernel",
    "like",
    "scalar",
    "scratch",
    "strip",
]

F = TypeVar("F", bound=Callable[..., Any])

JIT_ENABLED = not numba.config.DISABLE_JIT

# Named flags only. Never nnan/ninf (NaN and inf must surface) and never nsz: the
# sign of a zero tells duplicate rows from antiparallel ones.
FAST_MATH = {"contract"}


def compiled_sources() -> list[Path]:
    """Return the files of all functions that are compiled for CPUs."""
    root = Path(__file__).parent
    kernels = [
        path
        for path in sorted((root / "kernels").rglob("*.py"))
        if "cuda" not in path.relative_to(root).parts
    ]
    return [Path(__file__), root / "benchmark" / "loops.py", *kernels]


def _source_hash() -> str:
    """Return a hash of every source compiled for CPUs; Numba's cache misses callees."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in compiled_sources():
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Return the folder of compiled kernels.

    It lies in ``NUMBA_CACHE_DIR``, else in ``$XDG_CACHE_HOME``, else in ``~/.cache``;
    one subfolder per state of the kernel sources.
    """
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    folder = Path(base).expanduser() if base else Path.home() / ".cache"
    return folder.absolute() / "fastntk" / _source_hash()


def _writable(folder: Path) -> bool:
    """Return whether kernels can be cached there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


_CACHE = cache_folder()
_CACHE_LOCK = threading.RLock()  # the setting is one for the whole process
_CACHING = _writable(_CACHE)


@contextlib.contextmanager
def _cached_here() -> Iterator[None]:
    """Point Numba's cache at our folder while a function is being decorated."""
    with _CACHE_LOCK:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(_CACHE)
        try:
            yield
        finally:
            numba.config.CACHE_DIR = before


def cpu_kernel(func: F) -> F:
    """Compile ``func`` on first call: GIL released, cached, no zero-division checks."""
    with _cached_here():
        jitted = numba.njit(
            cache=_CACHING, nogil=True, error_model="numpy", fastmath=FAST_MATH
        )(func)
    return cast("F", jitted)


def scalar(func: F) -> F:
    """Let compiled code call a scalar formula, always inlined; Python sees it as is."""
    if not JIT_ENABLED:
        return func
    return cast("F", register_jitable(forceinline=True)(func))


# --- pointers that are arrays when the JIT is off -------------------------------------


@intrinsic
def _advance(typingctx, pointer, offset):  # type: ignore[no-untyped-def]
    """Return ``pointer + offset`` (in items)."""

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.intp), codegen


def strip(pointer: Any, offset: int, n: int) -> Any:
    """Return the contiguous 1-D view of ``n`` items from ``offset``."""
    return pointer[offset : offset + n]


@overload(strip, inline="always")
def _strip_overload(pointer, offset, n):  # type: ignore[no-untyped-def]
    def from_pointer(pointer, offset, n):  # type: ignore[no-untyped-def]
        return numba.carray(_advance(pointer, offset), n)

    def from_array(pointer, offset, n):  # type: ignore[no-untyped-def]
        return pointer[offset : offset + n]

    return from_pointer if isinstance(pointer, types.CPointer) else from_array


def scratch(x: Any, n: int) -> Any:
    """Return room for ``n`` (a constant) numbers of the dtype of the strip ``x``.

    On the stack of the compiled function: call it outside loops.
    """
    return np.empty(n, x.dtype)


@intrinsic
def _on_stack(typingctx, x, n):  # type: ignore[no-untyped-def]
    """Return a pointer to ``n`` items on the stack, ``n`` a literal integer."""
    if not isinstance(n, types.IntegerLiteral):
        return None

    def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
        kind = context.get_value_type(signature.args[0].dtype)
        size = context.get_constant(types.intp, n.literal_value)
        return cgutils.alloca_once(builder, kind, size=size)

    return types.CPointer(x.dtype)(x, n), codegen


@overload(scratch, inline="always", prefer_literal=True)
def _scratch_overload(x, n):  # type: ignore[no-untyped-def]
    if not isinstance(n, types.IntegerLiteral):
        return None
    return lambda x, n: numba.carray(_on_stack(x, n), n)


def like(x: Any, value: float) -> Any:
    """Return ``value`` in the dtype of ``x``, so that float32 stays float32."""
    return type(x)(value)


@overload(like, inline="always")
def _like_overload(x, value):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x, value: np.float32(value)
    return lambda x, value: np.float64(value)


# --- ops by address -------------------------------------------------------------------


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
    """

    registry: ClassVar[list[Callable[..., None]]] = []

    def __init__(self, body: Callable[..., None]) -> None:
        self.body = body
        self.name = body.__name__
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
            with _cached_here():
                self._compiled[dtype] = numba.cfunc(
                    _op_signature(dtype),
                    nopython=True,
                    cache=_CACHING,
                    error_model="numpy",
                    fastmath=FAST_MATH,
                )(self.body)
        return self._compiled[dtype]


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
