"""Read a table of numbers: rows of features, and targets."""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastntk._errors import InputError

__all__ = ["SUFFIXES", "Table", "read_table"]

SUFFIXES = (".csv", ".npy", ".npz")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Features (n, d) and targets (n, k) in float64, with the names of columns."""

    features: Array
    targets: Array
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]


def read_table(path: Path, targets: Sequence[str] = ()) -> Table:
    """Read a data file.

    Parameters
    ----------
    path : Path
        ``.csv``: numbers separated by commas, semicolons or tabs, with or without a
        line of names. ``.npy``: a matrix. ``.npz``: arrays ``x`` and ``y``, or one
        matrix.
    targets : sequence of str
        Names or numbers of the target columns, from 0 or from -1 backwards; by default
        the last column.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        If the file can't be read as a table of finite numbers, or has no such column.
    OSError
        If the file can't be opened.
    """
    reader = {".csv": _read_csv, ".npy": _read_npy, ".npz": _read_npz}
    suffix = path.suffix.lower()
    if suffix not in reader:
        raise InputError(f"{path.name}: must end in {', '.join(SUFFIXES)}")
    found = reader[suffix](path)
    if isinstance(found, Table):
        if targets:
            raise InputError(
                f"{path.name}: the targets are its array y; leave --target out, or "
                "save features and targets as one matrix"
            )
        return found
    names, values = found
    if values.shape[1] < 2:
        raise InputError(
            f"{path.name}: found 1 column; expected at least 2, features and a target"
        )
    return _split(names, values, targets or ("-1",), path.name)


def _split(names: list[str], values: Array, targets: Sequence[str], file: str) -> Table:
    """Take the target columns out of the others."""
    chosen = [_column(target, names, file) for target in targets]
    if len(set(chosen)) < len(chosen):
        raise InputError(f"--target names a column of {file} twice; name each once")
    rest = [i for i in range(len(names)) if i not in chosen]
    if not rest:
        raise InputError(
            f"--target names all {len(names)} columns of {file}; leave some as features"
        )
    return Table(
        np.ascontiguousarray(values[:, rest]),
        np.ascontiguousarray(values[:, chosen]),
        tuple(names[i] for i in rest),
        tuple(names[i] for i in chosen),
    )


def _column(target: str, names: list[str], file: str) -> int:
    """Return the number of a column given by name or number."""
    if target in names:
        return names.index(target)
    try:
        number = int(target)
    except ValueError:
        number = len(names)
    if not -len(names) <= number < len(names):
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise InputError(
            f"{file} has no column {target!r} for --target; it has {len(names)}: "
            f"{shown}. Give a name, or a number from 0 to {len(names) - 1}"
        )
    return number % len(names)


# --- csv ------------------------------------------------------------------------------


def _read_csv(path: Path) -> tuple[list[str], Array]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: found bytes that are not UTF-8 text") from None
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    separator = max(",;\t", key=first.count)
    cells = csv.reader(lines, delimiter=separator)
    rows = [(cells.line_num, row) for row in cells if any(map(str.strip, row))]
    if not rows:
        raise InputError(f"{path.name}: the file is empty; expected rows of numbers")
    head = [cell.strip() for cell in rows[0][1]]
    has_names = any(cell and not _is_number(cell) for cell in head)
    named = head if has_names else [""] * len(head)
    names = [name or f"column {i}" for i, name in enumerate(named)]
    body = rows[1:] if has_names else rows
    if not body:
        raise InputError(f"{path.name}: found names of columns but no rows of numbers")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{path.name}: two columns have the name {twice!r}")
    values = [_numbers(row, line, names, path.name) for line, row in body]
    return names, np.array(values)


def _numbers(row: list[str], line: int, names: list[str], file: str) -> list[float]:
    if len(row) != len(names):
        raise InputError(
            f"{file}, line {line}: found {len(row)} cells; expected {len(names)}, as "
            "in the first line"
        )
    try:
        values = [float(cell) for cell in row]
    except ValueError:
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        where = next(i for i, cell in enumerate(row) if not _is_finite(cell))
        found = repr(row[where]) if row[where].strip() else "an empty cell"
        raise InputError(
            f"{file}, line {line}, {names[where]!r}: found {found}; expected a finite "
            "number. Encode classes as numbers; leave out rows with gaps"
        )
    return values


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_finite(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


# --- NumPy's formats ------------------------------------------------------------------


def _load(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path.name}: this is no file of plain numbers that numpy.load reads "
            f"({error}); write it with numpy.save or numpy.savez"
        ) from None


def _read_npy(path: Path) -> tuple[list[str], Array]:
    found = _load(path)
    if not isinstance(found, np.ndarray):
        found.close()
        raise InputError(f"{path.name}: found an .npz archive; name it .npz")
    return _matrix(found, path.name)


def _read_npz(path: Path) -> Table | tuple[list[str], Array]:
    archive = _load(path)
    if isinstance(archive, np.ndarray):
        raise InputError(f"{path.name}: found a single array; name the file .npy")
    with archive:
        try:
            arrays = {name: archive[name] for name in archive.files}
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{path.name}: can't read its arrays ({error})") from None
    lower = {name.lower(): array for name, array in arrays.items()}
    if {"x", "y"} <= set(lower):
        names, features = _matrix(lower["x"], f"{path.name}, x")
        y = lower["y"]
        _, targets = _matrix(y[:, None] if y.ndim == 1 else y, f"{path.name}, y")
        if len(features) != len(targets):
            raise InputError(
                f"{path.name}: found {len(features)} rows of x and {len(targets)} of "
                "y; expected as many of both"
            )
        labels = [f"y {i}" for i in range(targets.shape[1])]
        y_names = tuple(labels) if len(labels) > 1 else ("y",)
        return Table(features, targets, tuple(names), y_names)
    if len(arrays) == 1:
        return _matrix(next(iter(arrays.values())), path.name)
    shown = ", ".join(arrays) or "none"
    raise InputError(
        f"{path.name}: found the arrays {shown}; expected x and y, or one matrix"
    )


def _matrix(array: Any, label: str) -> tuple[list[str], Array]:
    """Return names and finite numbers of a matrix."""
    if array.ndim != 2 or not array.size:
        raise InputError(
            f"{label}: found shape {array.shape}; expected (rows, columns), not empty"
        )
    if array.dtype.kind not in "fiub":
        raise InputError(f"{label}: found dtype {array.dtype}; expected real numbers")
    values = np.asarray(array, dtype=np.float64)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"{label}, row {row}, column {column}: found {values[row, column]}; "
            f"expected finite numbers ({len(bad)} are not). Leave out rows with gaps"
        )
    return [f"column {i}" for i in range(values.shape[1])], values
