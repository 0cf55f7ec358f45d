"""Kernels for GPUs in Numba's own cache, behind our lock and our warning."""

import errno
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import filelock
import pytest

from fastntk._jit import folder
from fastntk.kernels.cuda.kept import keep

pytestmark = pytest.mark.jit_off


class Saving:
    """Stands for the cache of Numba's CUDA target."""

    def __init__(self, place: Path, error: Exception | None = None) -> None:
        self.cache_path, self.error = str(place), error
        self.saved: dict[Any, Any] = {}

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        if self.error is not None:
            raise self.error
        return self.saved.get(sig)

    def save_overload(self, sig: Any, data: Any) -> None:
        other = filelock.FileLock(Path(self.cache_path, "index.lock"))
        with pytest.raises(filelock.Timeout):
            other.acquire(timeout=0)
        if self.error is not None:
            raise self.error
        self.saved[sig] = data


@pytest.fixture(autouse=True)
def silent_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_NO_FOLDER", None)
    monkeypatch.setattr(folder, "_PROBLEMS", [])
    monkeypatch.setattr(folder, "_TOLD", threading.Lock())


def kept(cache: Saving) -> Any:
    """Return what stands in the place of the cache of a kernel."""
    kernel = SimpleNamespace(py_func=test_a_kernel_is_saved_under_a_lock)
    kernel.enable_caching = lambda: setattr(kernel, "_cache", cache)
    keep(kernel)
    return kernel._cache


def test_a_kernel_is_saved_under_a_lock(tmp_path: Path) -> None:
    place = Saving(tmp_path / "__pycache__")
    cache = kept(place)
    assert cache.load_overload("void()", None) is None
    cache.save_overload("void()", "machine code")
    assert cache.load_overload("void()", None) == "machine code"
    assert cache.cache_path == place.cache_path


def test_a_full_disk_is_one_warning(tmp_path: Path) -> None:
    place = Saving(tmp_path, OSError(errno.ENOSPC, "No space left on device"))
    cache = kept(place)
    assert cache.load_overload("void()", None) is None
    with pytest.warns(UserWarning, match=r"\(No space left on device\).*NUMBA_CACHE"):
        cache.save_overload("void()", "machine code")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache.save_overload("void(int64)", "machine code")
    assert place.saved == {}


def test_no_folder_that_numba_may_write(tmp_path: Path) -> None:
    def refuse() -> None:
        raise RuntimeError("cannot cache function 'kernel': no locator available")

    kernel = SimpleNamespace(py_func=refuse, enable_caching=refuse)
    keep(kernel)
    assert not hasattr(kernel, "_cache")
    with pytest.warns(UserWarning, match="no locator available"):
        folder.warn_once()
