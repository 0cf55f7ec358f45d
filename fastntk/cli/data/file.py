"""Read a file of numbers: rows of features, with or without targets.

`read_rows` is for commands that want features alone (`fastntk gram`), `read_table` for
those that learn: one or more columns are the targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastntk._errors import InputError
from fastntk.cli.data.arrays import (
    ParquetFile,
    check_numbers,
    open_npz,
    read_npy,
    take_array,
)
from fastntk.cli.data.csv import CsvFile

__all__ = ["SUFFIXES", "Rows", "Table", "column_names", "read_rows", "read_table"]

SUFFIXES = (".csv", ".npy", ".npz", ".parquet")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Features: an array (n, d) or (n, positions, channels), or a CSR matrix.

    ``names`` of the columns is None where the file has none.
    """

    values: Any
    names: tuple[str, ...] | None


@dataclass(frozen=True)
class Table:
    """Features (n, d) and targets (n, k) in float64, with the names of columns."""

    features: Array
    targets: Array
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]


# --- features -------------------------------------------------------------------------


def read_rows(
    path: Path,
    *,
    columns: Sequence[str] = (),
    exclude: Sequence[str] = (),
    array: str | None = None,
) -> Rows:
    """Read features.

    Parameters
    ----------
    path : Path
        ``.csv`` (numbers separated by commas, semicolons or tabs, with or without a
        line of names), ``.npy``, ``.npz`` (of NumPy, or of scipy.sparse.save_npz),
        ``.parquet``.
    columns : sequence of str
        Names or numbers of the columns to take, in this order; all by default.
    exclude : sequence of str
        Names or numbers of columns to leave out.
    array : str, optional
        Which array of an ``.npz``; by default the only one, or ``x``.

    Returns
    -------
    Rows
        In the file's own dtype; ``.npy`` files are mapped, not read.

    Raises
    ------
    InputError
        If the file can't be read as finite numbers, or has no such column.
    NotSupportedError
        If the file needs an optional package.
    OSError
        If the file can't be opened.
    """
    suffix = path.suffix.lower()
    if array is not None and suffix != ".npz":
        raise InputError(f"--array chooses in an .npz; found {path.name}")
    if suffix in (".csv", ".parquet"):
        file: Any = CsvFile.open(path) if suffix == ".csv" else ParquetFile(path)
        chosen = _chosen(file.names, columns, exclude, path.name)
        has_names = suffix == ".parquet" or file.has_names
        names = tuple(file.names[i] for i in chosen) if has_names else None
        values = file.read(chosen)
        check_numbers(values, path.name)
        return Rows(values, names)
    if suffix not in SUFFIXES:
        raise _suffix_fault(path)
    values = read_npy(path) if suffix == ".npy" else open_npz(path)
    label = path.name
    if isinstance(values, dict):
        values = take_array(values, array, path.name)
        label = f"{path.name}, {array}" if array else path.name
    check_numbers(values, label)
    return Rows(_some_columns(values, columns, exclude, label), None)


def _suffix_fault(path: Path) -> InputError:
    """Return the error for a name that tells no format."""
    wanted = ", ".join(SUFFIXES)
    if path.is_dir():
        return InputError(f"{path} is a folder; name a file that ends in {wanted}")
    return InputError(f"{path.name or path}: must end in {wanted}")


def column_names(path: Path) -> tuple[str, ...] | None:
    """Return the names of a file's columns, or None where it has none.

    Raises
    ------
    InputError, NotSupportedError, OSError
        As `read_rows`.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return ParquetFile(path).names
    if suffix != ".csv":
        return None
    file = CsvFile.open(path)
    return file.names if file.has_names else None


def _some_columns(
    values: Any, columns: Sequence[str], exclude: Sequence[str], label: str
) -> Any:
    """Take columns out of an array, by number."""
    if not (columns or exclude):
        return values
    if values.ndim != 2:
        raise InputError(
            f"{label}: found shape {values.shape}; --columns and --exclude choose in "
            "(rows, columns)"
        )
    numbers = tuple(f"column {i}" for i in range(values.shape[1]))
    return values[:, _chosen(numbers, columns, exclude, label)]


def _chosen(
    names: Sequence[str], columns: Sequence[str], exclude: Sequence[str], file: str
) -> list[int]:
    """Return the numbers of the columns asked for."""
    taken = [_column(name, names, file, "--columns") for name in columns]
    if len(set(taken)) < len(taken):
        raise InputError(f"--columns names a column of {file} twice; name each once")
    dropped = {_column(name, names, file, "--exclude") for name in exclude}
    kept = [i for i in taken or range(len(names)) if i not in dropped]
    if not kept:
        raise InputError(
            f"--exclude leaves no column of {file}, which has {len(names)}"
        )
    return kept


def _column(name: str, names: Sequence[str], file: str, option: str) -> int:
    """Return the number of a column given by name or number."""
    if name in names:
        return names.index(name)
    try:
        number = int(name)
    except ValueError:
        number = len(names)
    if not -len(names) <= number < len(names):
        shown = ", ".join(names[:8]) + (
            f" and {len(names) - 8} more" if len(names) > 8 else ""
        )
        raise InputError(
            f"{file} has no column {name!r} for {option}; it has {len(names)}: "
            f"{shown}. Give a name, a number from 0 to {len(names) - 1}, or one from "
            f"-1, the last, to -{len(names)}"
        )
    return number % len(names)


# --- features and targets -------------------------------------------------------------


def read_table(path: Path, targets: Sequence[str] = ()) -> Table:
    """Read features and targets.

    Parameters
    ----------
    path : Path
        ``.csv``, ``.npy`` and ``.parquet``: a matrix, see `read_rows`. ``.npz``: arrays
        ``x`` and ``y``, or one matrix.
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
    NotSupportedError
        If the file needs an optional package.
    OSError
        If the file can't be opened.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise _suffix_fault(path)
    if suffix == ".npz":
        found = _table_of_archive(path, targets)
        if found is not None:
            return found
    rows = read_rows(path)
    values = _matrix(rows.values, path.name)
    names = rows.names or tuple(f"column {i}" for i in range(values.shape[1]))
    if values.shape[1] < 2:
        raise InputError(
            f"{path.name}: found 1 column; expected at least 2, features and a target"
        )
    return _split(names, values, targets or ("-1",), path.name)


def _split(
    names: Sequence[str], values: Array, targets: Sequence[str], file: str
) -> Table:
    """Take the target columns out of the others."""
    chosen = [_column(target, names, file, "--target") for target in targets]
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


def _table_of_archive(path: Path, targets: Sequence[str]) -> Table | None:
    """Return the table of the arrays x and y of an archive; None for one matrix."""
    arrays = open_npz(path)
    if not isinstance(arrays, dict):
        raise InputError(
            f"{path.name}: found a sparse matrix; expected arrays x and y, or one "
            "matrix"
        )
    lower = {name.lower(): array for name, array in arrays.items()}
    if not {"x", "y"} <= set(lower):
        if len(arrays) == 1:
            return None
        shown = ", ".join(arrays) or "none"
        raise InputError(
            f"{path.name}: found the arrays {shown}; expected x and y, or one matrix"
        )
    if targets:
        raise InputError(
            f"{path.name}: the targets are its array y; leave --target out, or "
            "save features and targets as one matrix"
        )
    features = _matrix(lower["x"], f"{path.name}, x")
    y = lower["y"]
    values = _matrix(y[:, None] if y.ndim == 1 else y, f"{path.name}, y")
    if len(features) != len(values):
        raise InputError(
            f"{path.name}: found {len(features)} rows of x and {len(values)} of "
            "y; expected as many of both"
        )
    labels = tuple(f"y {i}" for i in range(values.shape[1]))
    columns = tuple(f"column {i}" for i in range(features.shape[1]))
    return Table(features, values, columns, labels if len(labels) > 1 else ("y",))


def _matrix(values: Any, label: str) -> Array:
    """Return the finite numbers of a matrix in float64."""
    check_numbers(values, label)
    if values.ndim != 2:
        raise InputError(
            f"{label}: found shape {values.shape}; expected (rows, columns), not empty"
        )
    return np.asarray(values, dtype=np.float64)
