"""Files are whole at every instant, whatever fails while they are written."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastntk._files import (
    beside,
    opened_whole,
    sync_file,
    sync_folder,
    write_whole,
    written_beside,
)

FULL = OSError(28, "No space left on device")
FAULTS = [FULL, KeyboardInterrupt(), MemoryError()]
Fails = Callable[..., Any]


def failing(error: BaseException) -> Fails:
    def fails(*arguments: Any, **options: Any) -> Any:
        raise error

    return fails


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the place of a file that is there already."""
    path = tmp_path / "state.npz"
    path.write_bytes(b"old")
    return path


def test_a_new_file_and_one_that_is_replaced(path: Path) -> None:
    write_whole(path, b"new")
    write_whole(path.with_name("other"), b"")
    assert contents(path.parent) == {"state.npz": b"new", "other": b""}


def test_the_old_file_is_there_until_the_new_one_is_whole(path: Path) -> None:
    with opened_whole(path) as file:
        file.write(b"ne")
        assert path.read_bytes() == b"old"
        file.write(b"w")
    assert contents(path.parent) == {"state.npz": b"new"}


def test_order_of_the_steps(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        is_folder = os.path.isdir(f"/dev/fd/{handle}")
        steps.append("sync folder" if is_folder else "sync file")
        sync(handle)

    def renamed(source: Path, target: Path) -> Path:
        assert source.read_bytes() == b"new"
        steps.append("rename")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    with written_beside(path, give_name=renamed) as (part,):
        part.write_bytes(b"new")
    assert steps == ["sync file", "rename", "sync folder"]


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_a_failure_while_writing(path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), opened_whole(path) as file:
        file.write(b"half of")
        file.flush()
        raise error
    assert contents(path.parent) == {"state.npz": b"old"}


@pytest.mark.parametrize("error", FAULTS, ids=repr)
@pytest.mark.parametrize(("owner", "step"), [(Path, "open"), (os, "fsync")])
def test_a_failure_of_a_step(
    path: Path,
    owner: Any,
    step: str,
    error: BaseException,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, failing(error))
        with pytest.raises(type(error)):
            write_whole(path, b"new")
    assert contents(path.parent) == {"state.npz": b"old"}


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_a_file_that_cannot_be_renamed(path: Path, error: BaseException) -> None:
    with (
        pytest.raises(type(error)),
        written_beside(path, give_name=failing(error)) as (part,),
    ):
        part.write_bytes(b"new")
    assert contents(path.parent) == {"state.npz": b"old"}


def test_several_files_change_together_or_not_at_all(path: Path) -> None:
    other = path.with_name("words.json")
    with (
        pytest.raises(OSError, match="No space"),
        written_beside(path, other) as parts,
    ):
        parts[0].write_bytes(b"new")
        raise FULL
    assert contents(path.parent) == {"state.npz": b"old"}
    with written_beside(path, other) as parts:
        for part, data in zip(parts, (b"new", b"words"), strict=True):
            part.write_bytes(data)
        assert contents(path.parent)["state.npz"] == b"old"
    assert contents(path.parent) == {"state.npz": b"new", "words.json": b"words"}


def test_a_block_that_makes_no_file_is_an_error(path: Path) -> None:
    with pytest.raises(FileNotFoundError), written_beside(path):
        pass
    assert contents(path.parent) == {"state.npz": b"old"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "no" / "file", b"")


def test_names_tell_the_process_and_differ() -> None:
    path = Path("folder", "K.npy")
    names = {beside(path, ".part").name for _ in range(100)}
    assert len(names) == 100
    for name in names:
        assert name.startswith(".K.npy.")
        assert name.endswith(f".{os.getpid()}.part")
    assert beside(path).parent == path.parent
    assert beside(path).name.rpartition(".")[2] == str(os.getpid())


def test_threads_that_write_the_same_file(path: Path) -> None:
    data = [bytes([i]) * 100_000 for i in range(8)]
    failed: list[BaseException] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(5):
                write_whole(path, content)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(one,)) for one in data]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert path.read_bytes() in data
    assert list(contents(path.parent)) == ["state.npz"]


@pytest.mark.parametrize("function", ["open", "fsync"])
def test_a_system_that_syncs_no_folders(
    path: Path, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(os, function)

    def refuses(target: Any, *arguments: Any) -> Any:
        is_handle = isinstance(target, int)
        if os.path.isdir(f"/dev/fd/{target}" if is_handle else target):
            raise PermissionError(13, "Permission denied")
        return real(target, *arguments)

    monkeypatch.setattr(os, function, refuses)
    sync_folder(path.parent)
    write_whole(path, b"new")
    assert contents(path.parent) == {"state.npz": b"new"}


def test_no_descriptor_is_left_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []
    close = os.close

    def noted(handle: int) -> None:
        closed.append(handle)
        close(handle)

    monkeypatch.setattr(os, "close", noted)
    monkeypatch.setattr(os, "fsync", failing(FULL))
    with pytest.raises(OSError, match="No space"):
        sync_file(path)
    sync_folder(path.parent)
    assert len(closed) == 2
