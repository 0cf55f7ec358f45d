"""What `fastntk info` says of the cache of compiled kernels."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from fastntk.cli import info


def test_info_of_a_cache_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("fastntk._jit.cache_folder", lambda: tmp_path / "a" / "b")
    monkeypatch.setattr("os.access", lambda *a: False)
    words = info.collect()["kernel cache"]
    assert "(0 bytes; not readable: every process compiles anew; set NUMBA" in words
    modes = {os.R_OK | os.X_OK}
    monkeypatch.setattr("os.access", lambda path, mode: mode in modes)
    words = info.collect()["kernel cache"]
    assert "(0 bytes; not writable: every process compiles what is missing;" in words


def test_info_of_a_cache_that_is_not_there_or_behind_a_closed_door(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def closed(path: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").touch()
    inside = tmp_path / "file" / "kernels"
    monkeypatch.setattr("fastntk._jit.cache_folder", lambda: inside)
    words = info.collect()["kernel cache"]
    assert f"(0 bytes; {tmp_path / 'file'} is no folder: every process" in words
    monkeypatch.setattr("fastntk._jit.cache_folder", lambda: tmp_path / "a" / "b")
    monkeypatch.setattr(info, "_first_that_is_there", closed)
    words = info.collect()["kernel cache"]
    assert words.startswith(f"{tmp_path / 'a' / 'b'} (not readable: Permission denied;")
    monkeypatch.setattr("fastntk._jit.cache_folder", lambda: None)
    monkeypatch.setattr("fastntk._jit.cache_problem", lambda: "no home directory")
    assert info.collect()["kernel cache"].startswith("none: no home directory; every")
