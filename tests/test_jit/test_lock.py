"""Locks of files, and file systems without them."""

import errno
from pathlib import Path
from types import SimpleNamespace

import filelock
import pytest

from fastntk._jit import lock
from fastntk._jit.lock import file_lock


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LIMIT", 0.1)


def is_free(path: Path) -> bool:
    other = filelock.FileLock(path)
    try:
        other.acquire(timeout=0)
    except filelock.Timeout:
        return False
    other.release()
    return True


def test_it_is_held_in_the_block_only(tmp_path: Path) -> None:
    path = tmp_path / "name.lock"
    with file_lock(path):
        assert not is_free(path)
    assert is_free(path)
    with pytest.raises(ZeroDivisionError), file_lock(path):
        raise ZeroDivisionError
    assert is_free(path)


@pytest.mark.usefixtures("brief")
def test_nobody_waits_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "name.lock"
    message = r"another process has held .*name\.lock for more than 0\.1 s"
    with (
        filelock.FileLock(path),
        pytest.raises(TimeoutError, match=message),
        file_lock(path),
    ):
        pass


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError), file_lock(tmp_path / "file" / "name.lock"):
        pass


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    "error",
    [
        NotImplementedError("FileSystem does not appear to support flock"),
        OSError(errno.ENOLCK, "No locks available"),
        OSError(errno.EOPNOTSUPP, "Operation not supported"),
    ],
)
def test_without_locks_of_the_system_a_file_stands_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise error

    unsupported = SimpleNamespace(acquire=refuse)
    monkeypatch.setattr(filelock, "FileLock", lambda *args, **options: unsupported)
    path, marker = tmp_path / "name.lock", tmp_path / "name.held"
    with file_lock(path):
        assert marker.exists()
        with pytest.raises(TimeoutError), file_lock(path):
            pass
    # What a killed process left behind holds up others once, not for ever.
    marker.write_text("1\nanother-host\n")
    with pytest.raises(TimeoutError), file_lock(path):
        pass
    assert not marker.exists()
    with file_lock(path):
        assert marker.exists()
    assert not marker.exists()
