"""Where compiled kernels are kept, and why they are not."""

import os
import threading
from pathlib import Path

from fastntk._jit.sources import source_hash
from fastntk._warnings import warn

__all__ = [
    "cache_folder",
    "cache_problem",
    "note_no_folder",
    "note_unwritable",
    "warn_once",
]


def _find() -> tuple[Path | None, str | None]:
    """Return the cache folder, or None and why there is none."""
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(base).expanduser() if base else Path.home() / ".cache"
        return folder.absolute() / "fastntk" / source_hash(), None
    except (RuntimeError, OSError) as error:  # no home directory; a folder that is gone
        found = f"{base!r} cannot be resolved" if base else "there is no home directory"
        return None, f"{found} ({_in_words(error)})"


def _in_words(error: BaseException) -> str:
    """Return the reason that an error gives, without numbers and names."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason).rstrip(".")


_FOLDER, _NO_FOLDER = _find()  # a process that changes its folder keeps its cache
_PROBLEMS: list[str] = []  # the first one is told
_TOLD = threading.Lock()  # the first one to acquire it warns


def cache_folder() -> Path | None:
    """Return the folder of compiled kernels, None if there is no place for one.

    It lies in ``NUMBA_CACHE_DIR``, else in ``$XDG_CACHE_HOME``, else in ``~/.cache``;
    one subfolder per state of the kernel sources.
    """
    return _FOLDER


def cache_problem() -> str | None:
    """Return why what this process compiles is not kept, None if nothing is known."""
    return (*_PROBLEMS, _NO_FOLDER)[0]


def note_no_folder() -> None:
    """Tell, with the next warning, that there is no place for a cache folder."""
    _note(_NO_FOLDER or "there is no cache folder")


def _note(reason: str) -> None:
    """Let nothing more be saved in this process, for a reason to tell."""
    if not _PROBLEMS:
        _PROBLEMS.append(reason)


def note_unwritable(folder: Path, error: Exception) -> None:
    """Let nothing more be saved after a file, or its lock, could not be made."""
    if isinstance(error, TimeoutError) and error.errno is None:
        _note(str(error))
    else:
        reason = _in_words(error)
        _note(f"the cache folder {folder} cannot be written ({reason})")


def warn_once() -> None:
    """Warn that nothing is kept, if something should have been; once per process."""
    if not _PROBLEMS or not _TOLD.acquire(blocking=False):
        return
    warn(
        f"compiled kernels are not kept: {_PROBLEMS[0]}; every process compiles them "
        "anew, which takes seconds. Set NUMBA_CACHE_DIR to a folder that can be "
        "written and has some 50 MB left"
    )
