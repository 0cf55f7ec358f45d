"""Files of one compiled function: checksum, signature, whole or not there."""

import os
from pathlib import Path

import pytest

from fastntk._jit.files import KernelFile

CODE = {"code": b"\x90" * 5000, "numbers": [1, 2, 3]}


@pytest.fixture
def file(tmp_path: Path) -> KernelFile:
    return KernelFile(tmp_path, "module.name-12.abc", "name(float64) of these versions")


def paths(folder: Path) -> tuple[Path, Path]:
    (index,) = folder.glob("*.nbi")
    (data,) = folder.glob("*.nbc")
    return index, data


def test_what_was_written_is_read(file: KernelFile, tmp_path: Path) -> None:
    assert file.read() is None
    file.write(CODE)
    assert file.read() == CODE
    assert {path.suffix for path in tmp_path.iterdir()} == {".nbi", ".nbc"}


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data + b"\0",
        lambda data: b"not ours" + data,
        lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
        lambda data: data[:40] + bytes([data[40] ^ 64]) + data[41:],
        lambda data: b"\x80\x05cos\nsystem\n(S'exit 1'\ntR.",
    ],
)
def test_a_changed_byte_makes_it_unknown_and_it_can_be_written_anew(
    file: KernelFile, tmp_path: Path, which: int, change: object
) -> None:
    file.write(CODE)
    path = paths(tmp_path)[which]
    assert callable(change)
    path.write_bytes(change(path.read_bytes()))
    assert file.read() is None
    file.write(CODE)
    assert file.read() == CODE


def test_code_of_another_signature_is_unknown(file: KernelFile, tmp_path: Path) -> None:
    """As if one process had written its code under the name of another's."""
    place = tmp_path / "other"
    place.mkdir()
    other = KernelFile(place, "module.name-12.def", "name(float32) of these versions")
    other.write(CODE)
    file.write(CODE)
    for ours, others in zip(paths(tmp_path), paths(place), strict=True):
        before = ours.read_bytes()
        ours.write_bytes(others.read_bytes())
        assert file.read() is None
        ours.write_bytes(before)
    assert file.read() == CODE


def test_an_index_without_its_code_is_unknown(file: KernelFile, tmp_path: Path) -> None:
    file.write(CODE)
    paths(tmp_path)[1].unlink()
    assert file.read() is None


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_what_cannot_be_written_leaves_nothing(
    file: KernelFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    def refuse(*args: object) -> None:
        raise error

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(type(error)):
        file.write(CODE)
    assert list(tmp_path.iterdir()) == []
