"""Limits of the control groups of this process, of Linux's version 1 and 2.

A process is in a group, which is in another one, and so on: the limits of all of them
hold. In a container the outer ones are often not to be seen; its own is then mounted
where the outermost would be, so that place is looked at in any case.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

__all__ = ["cpu_quotas", "forget_limits", "kept_limits", "memory_groups"]

T = TypeVar("T")

MOUNT = Path("/sys/fs/cgroup")
GROUPS = Path("/proc/self/cgroup")
NO_LIMIT = 1 << 60  # version 1 writes a number above where there is none
PERIOD = 100_000  # microseconds, where none is written
SECONDS = 10.0  # limits are read again so often: `docker update` changes them
_MEMORY_FILES = {
    "memory.max": "memory.current",
    "memory.high": "memory.current",  # beyond, the kernel slows the process to a halt
    "memory.limit_in_bytes": "memory.usage_in_bytes",
}
_KEPT: dict[Callable[[], Any], tuple[float, Any]] = {}


def kept_limits(read: Callable[[], T]) -> T:
    """Return what a function read at most `SECONDS` ago."""
    now = time.monotonic()
    until, found = _KEPT.get(read, (now, None))
    if now >= until:
        found = read()
        _KEPT[read] = (now + SECONDS, found)
    result: T = found
    return result


def forget_limits() -> None:
    """Have all limits read again by the next question."""
    _KEPT.clear()


def cpu_quotas() -> dict[str, float]:
    """Return the CPUs that every group may use, by the file that says it."""
    found: dict[str, float] = {}
    for folder in _folders("cpu"):
        words = _read(folder / "cpu.max").split()
        quota = _positive(words[0]) if words else None
        if quota:
            period = _positive(words[1]) if len(words) > 1 else PERIOD
            if period:
                found[str(folder / "cpu.max")] = quota / period
        quota = _positive(_read(folder / "cpu.cfs_quota_us"))
        period = _positive(_read(folder / "cpu.cfs_period_us"))
        if quota and period:
            found[str(folder / "cpu.cfs_quota_us")] = quota / period
    return found


def memory_groups() -> Iterator[tuple[str, int, int | None]]:
    """Yield the file of every limit of memory, its bytes, and the bytes used.

    Pages of files count as free, as in the kernel's ``MemAvailable``: the kernel takes
    them back before it ends a process. The bytes used are None where they aren't told.
    """
    for path, limit, usage in kept_limits(_memory_limits):
        used = _number(_read(usage))
        if used is not None:
            used = max(0, used - _file_pages(path.parent))
        yield str(path), limit, used


def _memory_limits() -> list[tuple[Path, int, Path]]:
    """Return the files that hold limits, their bytes, and the files of what is used."""
    found = []
    for folder in _folders("memory"):
        for name, usage in _MEMORY_FILES.items():
            limit = _number(_read(folder / name))
            if limit is not None and limit < NO_LIMIT:
                found.append((folder / name, limit, folder / usage))
    return found


def _file_pages(folder: Path) -> int:
    """Return the bytes of a group that are pages of files."""
    found: dict[str, int] = {}
    for line in _read(folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        found[name] = _number(value) or 0
    return sum(
        found.get("total_" + name, found.get(name, 0))
        for name in ("inactive_file", "active_file")
    )


def _folders(controller: str) -> list[Path]:
    """Return the folders of the groups of this process, innermost first."""
    found: dict[Path, None] = {}
    for base, path in _places(controller):
        inner = PurePosixPath(path)
        if ".." not in inner.parts:  # a group outside of what is mounted
            parts = inner.relative_to("/").parts if inner.is_absolute() else ()
            for length in range(len(parts), 0, -1):
                found[base.joinpath(*parts[:length])] = None
        found[base] = None
    return [folder for folder in found if folder.is_dir()]


def _places(controller: str) -> Iterator[tuple[Path, str]]:
    """Yield where groups are mounted, and the path of this process below it."""
    paths = {"": "/", controller: "/"}
    for line in _read(GROUPS).splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if names == "" or controller in names.split(","):
            paths[names] = path
    for names, path in paths.items():
        if names:
            yield MOUNT / names, path
            for single in names.split(","):
                yield MOUNT / single, path
        else:
            yield MOUNT, path
            yield MOUNT / "unified", path


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(text: str) -> int | None:
    """Return a number >= 0; None for "max", -1, or what is no number."""
    return int(text) if text.isascii() and text.isdigit() else None


def _positive(text: str) -> int | None:
    return _number(text) or None
