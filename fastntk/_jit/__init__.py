"""The only modules that know Numba's flags, function addresses and caches.

Ops are called by address: every op body is compiled once per dtype as a C function
with one fixed signature, and a compiled loop calls it through an ``int64`` table. So
an op compiles when a program first uses it, the disk cache is hit in the next
process, and no function is ever an argument or a closure cell of another (which
would recompile in every process).

With ``NUMBA_DISABLE_JIT=1`` the same table holds plain Python functions.
"""

from fastntk._jit.apart import JIT_ENABLED
from fastntk._jit.folder import (
    cache_folder,
    cache_problem,
    note_no_folder,
    note_unwritable,
    warn_once,
)
from fastntk._jit.functions import cpu_kernel, scalar
from fastntk._jit.lock import file_lock
from fastntk._jit.ops import CpuOp, call_op
from fastntk._jit.pointers import like, scratch, strip
from fastntk._jit.sources import compiled_sources, kernel_hash, source_hash

__all__ = [
    "JIT_ENABLED",
    "CpuOp",
    "cache_folder",
    "cache_problem",
    "call_op",
    "compiled_sources",
    "cpu_kernel",
    "file_lock",
    "kernel_hash",
    "like",
    "note_no_folder",
    "note_unwritable",
    "scalar",
    "scratch",
    "source_hash",
    "strip",
    "warn_once",
]
