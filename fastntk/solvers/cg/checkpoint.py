"""The state of an iteration in a file that is whole at every instant."""

import hashlib
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._files import beside, opened_whole
from fastntk._resources import process_exists
from fastntk._shown import shown
from fastntk._typing import AnyArray
from fastntk._validation.arguments import as_float, as_path

__all__ = ["Checkpoint", "fingerprint"]

FORMAT = 1
_UNREADABLE = (ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile)


class Checkpoint:
    """Writes a state now and then, and reads it back.

    Parameters
    ----------
    path : path-like or None
        An ``.npz`` file; None writes nothing.
    key : str
        Names the problem: a file of another one is refused.
    seconds : float
        Between writes.

    Raises
    ------
    InputError
        If the file can't be written there, or is of another problem, or damaged.
    """

    def __init__(self, path: Any, key: str, seconds: float) -> None:
        self.path = None if path is None else as_path(path, "checkpoint")
        self._key = key
        self._seconds = _as_seconds(seconds)
        self._next = time.monotonic() + self._seconds
        if self.path is not None:
            _check_writable(self.path)
            _remove_leftovers(self.path)

    @property
    def is_due(self) -> bool:
        """Whether it is time to write."""
        return self.path is not None and time.monotonic() >= self._next

    def save(self, arrays: Mapping[str, AnyArray], facts: Mapping[str, Any]) -> None:
        """Write a state: beside its place, then into it."""
        if self.path is None:
            return
        head = json.dumps({"format": FORMAT, "key": self._key, **facts})
        with opened_whole(self.path) as file:
            np.savez(file, **arrays, head=np.array(head))  # type: ignore[arg-type]
        self._next = time.monotonic() + self._seconds

    def load(self) -> tuple[dict[str, AnyArray], dict[str, Any]] | None:
        """Return arrays and facts, or None if there is no file."""
        if self.path is None or not self.path.exists():
            return None
        try:
            with self.path.open("rb") as file:
                archive = np.load(file, allow_pickle=False)
                arrays = {name: archive[name] for name in archive.files}
            facts = json.loads(str(arrays.pop("head")))
        except _UNREADABLE as error:
            raise InputError(
                f"checkpoint: {self.path} can't be read ({error}); expected a file "
                "written by this solver. Delete it to start from the beginning"
            ) from None
        if facts.get("format") != FORMAT or facts.get("key") != self._key:
            raise self.other()
        return arrays, facts

    def other(self) -> InputError:
        """Return the error for a file of another problem."""
        return InputError(
            f"checkpoint: {self.path} is of another problem: the kernel, the targets, "
            "the ridge or the settings differ. Delete it, or name another file"
        )


def fingerprint(*parts: Any) -> str:
    """Return a hash of arrays and of things that print."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(str((part.shape, part.dtype)).encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _as_seconds(value: Any) -> float:
    seconds = as_float(value)
    if not seconds >= 0:
        raise InputError(
            f"checkpoint_seconds: found {shown(value)}; expected a number of seconds"
        )
    return seconds


def _check_writable(path: Path) -> None:
    folder = path.parent
    if path.suffix != ".npz":
        raise InputError(f"checkpoint: found {path}; expected a name ending in .npz")
    if not folder.is_dir():
        raise InputError(f"checkpoint: the folder {folder} does not exist; make it")
    probe = beside(path)
    try:
        probe.open("wb").close()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            f"checkpoint: can't write in {folder}: {reason}. Name a file elsewhere"
        ) from None


def _remove_leftovers(path: Path) -> None:
    """Delete what processes that were killed while writing left beside a file."""
    for left in path.parent.glob(f".{path.name}.*"):
        number = left.name.rpartition(".")[2]
        if number.isdigit() and not process_exists(int(number)):
            left.unlink(missing_ok=True)
