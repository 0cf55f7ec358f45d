"""Kernels on the disk: what is loaded, what is compiled anew, and what is told."""

import ctypes
import errno
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock

from fastntk._jit import CpuOp, cache, folder, lock
from fastntk._jit.files import KernelFile
from fastntk.kernels.cpu.known import known_panel
from fastntk.kernels.cpu.ops import OPS

F32, F64 = np.dtype("float32"), np.dtype("float64")
C_FUNCTION = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 7)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder, of a process that has told nothing yet."""
    monkeypatch.setattr(folder, "_FOLDER", tmp_path / "kernels")
    monkeypatch.setattr(folder, "_NO_FOLDER", None)
    monkeypatch.setattr(folder, "_PROBLEMS", [])
    monkeypatch.setattr(folder, "_TOLD", threading.Lock())
    return tmp_path / "kernels"


def new(name: str) -> CpuOp:
    return CpuOp(OPS[name].body, known_panel)


def check_dropout(op: CpuOp, dtype: np.dtype[Any] = F64) -> None:
    """Compare a compiled dropout, of rate 2, with the formula."""
    panel = known_panel(dtype)
    before = panel[0].copy()
    C_FUNCTION(op.address(dtype))(*(part.ctypes.data for part in panel))
    x, tau = before[:64], before[64:128]
    np.testing.assert_allclose(
        panel[0][:64], np.copysign(2 * abs(x) - 1, x), atol=1e-6, rtol=1e-6
    )
    np.testing.assert_allclose(panel[0][64:128], 2 * tau, rtol=1e-6)
    np.testing.assert_array_equal(panel[0][128:], before[128:])


def files(place: Path, ending: str) -> list[Path]:
    return sorted(place.rglob(f"*.{ending}"))


def test_dtypes_lie_apart_under_names_of_their_own(place: Path) -> None:
    op = new("dropout")
    for dtype in (F32, F64):
        check_dropout(op, dtype)
    first, second = files(place, "nbc")
    assert first.relative_to(place).parts[:2] == ("float32", "kernels.cpu")
    assert second.relative_to(place).parts[:2] == ("float64", "kernels.cpu")
    assert first.name.startswith("structure.dropout-")
    assert first.name != second.name


def test_code_that_answers_otherwise_is_compiled_anew(place: Path) -> None:
    """The files are sound, and of the right signature; the code is another's."""
    new("copy").compiled(F64)
    (path,) = files(place, "nbc")
    of_copy = KernelFile(path.parent, path.name.removesuffix(".1.nbc"), "")
    index = of_copy.folder / of_copy._index_name
    text = str(_signature_in(index))
    of_copy = KernelFile(of_copy.folder, path.name.removesuffix(".1.nbc"), text)
    _, code = of_copy.read()
    op = new("dropout")
    written: list[KernelFile] = []
    with _swapped(code, written):
        check_dropout(op)
    (file,) = written  # the right code took the place of the wrong one
    answer, right = file.read()
    assert right[1].mangled_name != code[1].mangled_name
    expected = op._answer(F64, _loaded(op))
    np.testing.assert_array_equal(answer, expected)


def _signature_in(index: Path) -> object:
    import pickle

    data = index.read_bytes()
    return pickle.loads(data[data.index(b"fastntk kernel 1\n") + 17 + 32 :])[0]


def _loaded(op: CpuOp) -> Any:
    from types import SimpleNamespace

    made = op.compiled(F64)
    description = SimpleNamespace(llvm_cfunc_wrapper_name=made.native_name)
    return SimpleNamespace(library=made._library, fndesc=description)


@contextmanager
def _swapped(code: Any, written: list[KernelFile]) -> Any:
    """Let the next kernel that is read be another's, with the answer of this one."""
    read, write = KernelFile.read, KernelFile.write
    panel = known_panel(F64)
    OPS["dropout"].compiled(F64)
    C_FUNCTION(OPS["dropout"].address(F64))(*(part.ctypes.data for part in panel))

    def other(self: KernelFile) -> Any:
        return None if written else (panel[0], code)

    def noted(self: KernelFile, what: Any) -> None:
        write(self, what)
        written.append(self)

    KernelFile.read, KernelFile.write = other, noted  # type: ignore[method-assign]
    try:
        yield
    finally:
        KernelFile.read, KernelFile.write = read, write  # type: ignore[method-assign]


# --- a cache that cannot be used: one warning, and the right result -------------------


def told(run: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        run()
    return [str(warning.message) for warning in found]


def check_told_once(reason: str) -> None:
    op = new("dropout")
    (message,) = told(lambda: check_dropout(op))
    assert message.startswith(f"compiled kernels are not kept: {reason}")
    assert "NUMBA_CACHE_DIR" in message
    assert told(lambda: check_dropout(op, F32)) == []


def test_a_folder_that_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(folder, "_FOLDER", tmp_path / "file" / "kernels")
    check_told_once(f"the cache folder {tmp_path}/file/kernels/float64/kernels.cpu can")


def test_a_disk_that_is_full(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, path: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(KernelFile, "_open_for_write", refuse)
    reason = f"cannot be written ({os.strerror(errno.ENOSPC)})"
    check_told_once(f"the cache folder {place}/float64/kernels.cpu {reason}")
    assert files(place, "nbc") == []


def test_no_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", refuse)
    found, reason = folder._find()
    assert found is None
    assert reason == ("there is no home directory (Could not determine home directory)")
    monkeypatch.setattr(folder, "_FOLDER", found)
    monkeypatch.setattr(folder, "_NO_FOLDER", reason)
    check_told_once(reason)


def test_a_lock_that_another_process_holds(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_dropout(new("dropout"))
    (path,) = files(place, "lock")
    for ending in ("nbc", "nbi"):
        files(place, ending)[0].unlink()
    monkeypatch.setattr(lock, "LIMIT", 0.1)
    with filelock.FileLock(path):
        check_told_once(f"another process has held {path} for more than 0.1 s")
    assert files(place, "nbc") == []


def test_a_full_cache_that_cannot_be_written_is_used_without_a_word(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new("dropout").compiled(F64)

    def refuse(self: object, *args: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(cache, "file_lock", refuse)
    monkeypatch.setattr(KernelFile, "_open_for_write", refuse)
    op = new("dropout")
    assert told(lambda: check_dropout(op)) == []
    assert op.compiled(F64).cache_hits == 1


# --- Ctrl-C while a kernel compiles ---------------------------------------------------


def test_an_interrupt_inside_the_compiler(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes while LLVM calls Python back, which swallows what a callback raises."""
    sent: list[bytes] = []

    def keep(library: Any, code: bytes | None) -> None:
        if code is not None and not sent:
            sent.append(code)
            os.kill(os.getpid(), signal.SIGINT)
        library.__dict__["_compiled_object"] = code

    attribute = property(lambda library: library.__dict__["_compiled_object"], keep)
    monkeypatch.setattr(JITCodeLibrary, "_compiled_object", attribute, raising=False)
    op = new("dropout")
    with pytest.raises(KeyboardInterrupt):
        op.compiled(F64)
    check_dropout(op)  # goes on in the same process
    assert len(sent) == 1
    check_sound(place)


def test_an_interrupt_while_another_thread_compiles(place: Path) -> None:
    op = new("dropout")
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with global_compiler_lock:
            begun.set()
            go_on.wait(30)
            op.compiled(F32)

    def interrupt() -> None:
        while all(t.name != "fastntk-compile" for t in threading.enumerate()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threads = [threading.Thread(target=target) for target in (hold, interrupt)]
    threads[0].start()
    begun.wait(30)
    threads[1].start()
    with pytest.raises(KeyboardInterrupt):
        op.compiled(F64)
    go_on.set()
    for thread in threads:
        thread.join()
    check_dropout(op)
    check_dropout(op, F32)
    check_sound(place)


def check_sound(place: Path) -> None:
    """Refuse locks that are held, and files that another process could not use."""
    assert cache._HELD == []
    for path in files(place, "lock"):
        other = filelock.FileLock(path)
        other.acquire(timeout=0)
        other.release()
    again = new("dropout")
    check_dropout(again)
    assert again.compiled(F64).cache_hits == 1
