"""What was compiled, kept on the disk for all processes.

One kernel with one signature has files and a lock of its own. A process that finds
none takes the lock, looks again, compiles, saves, and gives the lock back.
"""

import hashlib
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
import numpy as np
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock

from fastntk._jit.apart import apart
from fastntk._jit.files import KernelFile
from fastntk._jit.folder import (
    cache_folder,
    cache_problem,
    note_no_folder,
    note_unwritable,
    warn_once,
)
from fastntk._jit.lock import file_lock

__all__ = ["KernelCache", "compiling"]

T = TypeVar("T")
# of a compiled function on known numbers, in the process that saves it
Answer = Callable[[Any], "np.ndarray[Any, Any]"]
_CLOSE = {"float32": 1e-3, "float64": 1e-10}

# Locks of the files that are being compiled, callees last; guarded by Numba's lock.
_HELD: list[tuple[Path, ExitStack]] = []


def compiling(work: Callable[[], T]) -> T:
    """Load or compile a kernel with Numba's lock, and tell when it is not kept.

    File locks that are taken meanwhile are given back, whatever happens.
    """
    if global_compiler_lock.is_locked():  # a callee, by the thread that compiles
        return _locked(work)
    result = apart(lambda: _locked(work))
    warn_once()
    return result


def _locked(work: Callable[[], T]) -> T:
    with global_compiler_lock:
        n_before = len(_HELD)
        try:
            return work()
        finally:
            while len(_HELD) > n_before:
                _, held = _HELD.pop()
                held.close()


class KernelCache(_Cache):  # type: ignore[misc]
    """What Numba asks for compiled forms of one function.

    Parameters
    ----------
    function : callable
        A function of a module.
    answer : callable, optional
        Runs a compiled form (Numba's ``CompileResult``) on known numbers. What it
        returns is saved, and compared when the form is loaded.
    """

    def __init__(
        self, function: Callable[..., Any], answer: Answer | None = None
    ) -> None:
        self._function = function
        self._answer = answer

    @property
    def cache_path(self) -> str | None:
        """The folder of all kernels."""
        folder = cache_folder()
        return None if folder is None else str(folder)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled form for a signature; None if it is to be compiled."""
        target_context.refresh()
        file = self._file(sig, target_context.codegen())
        if file is None:
            note_no_folder()
            return None
        found = self._load(file, target_context)
        if found is None and _lock(file):
            found = self._load(file, target_context)  # another process may have made it
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save a compiled form, if its lock is held."""
        file = self._file(sig, data.codegen)
        if file is None or all(path != file.lock for path, _ in _HELD):
            return
        if data.lifted or data.library.has_dynamic_globals:
            return  # holds addresses of this process
        saved = data._reduce()
        answer = None if self._answer is None else self._answer(data)
        try:
            file.write((answer, saved))
        except OSError as error:
            note_unwritable(file.folder, error)

    def _load(self, file: KernelFile, target_context: Any) -> Any:
        """Return a compiled form that is sound, and answers as it did, or None."""
        found = file.read()
        if found is None:
            return None
        answer, saved = found
        try:
            result = CompileResult._rebuild(target_context, *saved)
            if self._answer is None or _is_same(self._answer(result), answer):
                return result
        except Exception:  # of LLVM, of unpickling: compile it anew
            pass
        _leave_names(saved)
        return None

    def _file(self, sig: Any, codegen: Any) -> KernelFile | None:
        """Return the files of a signature, None if there is no cache folder."""
        folder = cache_folder()
        if folder is None:
            return None
        function, config = self._function, numba.config
        args = getattr(sig, "args", sig)
        types = ", ".join(map(str, args))
        home = function.__module__.removeprefix("fastntk.")
        versions = (numba.__version__, llvmlite.__version__, sys.version_info[:2])
        options = (config.OPT, config.BOUNDSCHECK, config.USING_SVML)
        what = (home, versions, options, codegen.magic_tuple())
        text = f"{function.__qualname__}({types}) {what}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        line = function.__code__.co_firstlineno
        name = f"{home.rpartition('.')[2]}.{function.__qualname__}-{line}.{digest}"
        dtypes = [name for name in ("float32", "float64") if name in types]
        place = folder / ("-".join(dtypes) or "other") / home.rpartition(".")[0]
        return KernelFile(place, name, text)

    def enable(self) -> None:
        """Do nothing: whether files can be written is seen when they are."""

    def disable(self) -> None:
        """Do nothing, as `enable`."""

    def flush(self) -> None:
        """Do nothing: other processes may use the files."""


def _lock(file: KernelFile) -> bool:
    """Acquire the lock under which a kernel is compiled and saved, if that can be."""
    if cache_problem() is not None:
        return False
    try:
        file.folder.mkdir(parents=True, exist_ok=True)
        held = ExitStack()
        held.enter_context(file_lock(file.lock))
        _HELD.append((file.lock, held))
    except OSError as error:
        note_unwritable(file.folder, error)
    return cache_problem() is None


def _is_same(answer: Any, expected: Any) -> bool:
    """Return whether two answers agree to rounding, which libraries may differ in."""
    if answer.dtype != expected.dtype or answer.shape != expected.shape:
        return False
    close = _CLOSE[answer.dtype.name]
    return bool(np.allclose(answer, expected, rtol=close, atol=close, equal_nan=True))


def _leave_names(saved: Any) -> None:
    """Keep Numba from giving a new function the names of one that was loaded.

    LLVM would find the old machine code under them.
    """
    while next(FunctionIdentity._unique_ids) <= (saved[1].uid or 0):
        pass
