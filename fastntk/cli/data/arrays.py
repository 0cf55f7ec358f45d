"""Read matrices from NumPy's files, SciPy's sparse ones and Parquet."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import InputError, NotSupportedError

__all__ = ["ParquetFile", "check_numbers", "open_npz", "read_npy", "take_array"]

_SPARSE = {"format", "shape", "data"}  # what scipy.sparse.save_npz writes at least


_MAGIC = (b"\x93NUMPY", b"PK")  # of an array, and of an archive


def _load(path: Path, mmap_mode: Any = None) -> Any:
    with path.open("rb") as file:
        is_numpy = file.read(6).startswith(_MAGIC)
    reason = "it does not begin like one"
    if is_numpy:
        try:
            return np.load(path, allow_pickle=False, mmap_mode=mmap_mode)
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            reason = _reason(error)
    raise InputError(
        f"{path.name}: this is no file of plain numbers in NumPy's format ({reason}); "
        "write it with numpy.save or numpy.savez"
    )


def _reason(error: Exception) -> str:
    """Return what NumPy found, without what it advises."""
    if "bject" in str(error):  # "Object arrays ...", "dtype ... Python objects"
        return "it holds Python objects"
    return str(error).partition(". ")[0].strip().rstrip(".") or "it is damaged"


def read_npy(path: Path) -> Any:
    """Return the array of an ``.npy`` file, mapped: pages are read when they are used.

    Raises
    ------
    InputError
        If it is no file of `numpy.save`, or holds Python objects.
    """
    found = _load(path, "r")
    if not isinstance(found, np.ndarray):
        found.close()
        raise InputError(f"{path.name}: found an .npz archive; name it .npz")
    return found


def open_npz(path: Path) -> Any:
    """Return the arrays of an ``.npz`` archive by name, or the sparse matrix in it.

    Raises
    ------
    InputError
        If it is no file of `numpy.savez`, or holds Python objects.
    """
    archive = _load(path)
    if isinstance(archive, np.ndarray):
        raise InputError(f"{path.name}: found a single array; name the file .npy")
    with archive:
        if set(archive.files) >= _SPARSE:
            return _sparse(path)
        try:
            return {name: archive[name] for name in archive.files}
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            words = f"{path.name}: can't read its arrays ({_reason(error)})"
            raise InputError(words) from None


def _sparse(path: Path) -> Any:
    from scipy.sparse import load_npz

    try:
        return load_npz(path).tocsr()
    except (ValueError, OSError, NotImplementedError) as error:
        raise InputError(
            f"{path.name}: this is no matrix of scipy.sparse.save_npz ({error})"
        ) from None


def take_array(arrays: dict[str, Any], name: str | None, file: str) -> Any:
    """Return one array of an archive: the named one, ``x``, or the only one.

    Raises
    ------
    InputError
        If there is no such array, or there are several and none is called ``x``.
    """
    shown = ", ".join(arrays) or "none"
    if name is not None:
        if name not in arrays:
            raise InputError(
                f"{file}: no array {name!r} for --array; it holds: {shown}"
            )
        return arrays[name]
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    for default in ("x", "X"):
        if default in arrays:
            return arrays[default]
    raise InputError(
        f"{file}: found the arrays {shown}; expected one, or one called x. Choose by "
        "--array NAME"
    )


def check_numbers(values: Any, label: str) -> None:
    """Refuse what is no array of finite real numbers with two or three axes.

    Parameters
    ----------
    values : ndarray or CSR matrix
    label : str
        What the message calls it.

    Raises
    ------
    InputError
        With row and column of the first entry that is not finite.
    """
    if values.dtype.kind not in "fiub":
        raise InputError(f"{label}: found dtype {values.dtype}; expected real numbers")
    if values.ndim not in (2, 3) or not all(values.shape):
        raise InputError(
            f"{label}: found shape {values.shape}; expected (rows, columns), not empty"
        )
    data = values if isinstance(values, np.ndarray) else values.data
    with np.errstate(over="ignore", invalid="ignore"):
        if data.dtype.kind != "f" or np.isfinite(data.sum(dtype=np.float64)):
            return
    bad = np.argwhere(~np.isfinite(data))
    if not len(bad):
        return
    where = tuple(int(i) for i in bad[0])
    value = data[where]
    if not isinstance(values, np.ndarray):
        row = int(np.searchsorted(values.indptr, where[0], side="right")) - 1
        where = (row, int(values.indices[where[0]]))
    place = f"row {where[0]}, column {', '.join(map(str, where[1:]))}"
    raise InputError(
        f"{label}, {place}: found {value}; expected finite numbers ({len(bad)} are "
        "not). Leave out rows with gaps"
    )


class ParquetFile:
    """A Parquet file whose footer was read.

    Parameters
    ----------
    path : Path

    Raises
    ------
    NotSupportedError
        If pyarrow isn't installed.
    InputError
        If it is no Parquet file.
    """

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow as arrow
            from pyarrow import parquet
        except ModuleNotFoundError:
            raise NotSupportedError(
                f"{path.name}: reading Parquet needs pyarrow, which is not installed. "
                'Install it with: pip install "fastntk[files]"'
            ) from None
        self.path = path
        with path.open("rb"):  # a missing file in the system's words
            pass
        try:
            self._file = parquet.ParquetFile(path)
        except arrow.ArrowInvalid as error:
            words = str(error).splitlines()[0]
            raise InputError(
                f"{path.name}: this is no Parquet file ({words})"
            ) from None
        self.names: tuple[str, ...] = tuple(self._file.schema_arrow.names)

    def read(self, columns: list[int]) -> Any:
        """Return columns, of shape (rows, columns): float32 if all are, else float64.

        Raises
        ------
        InputError
            If a column has no numbers, has gaps, or the file can't be read.
        """
        import pyarrow as arrow

        names = [self.names[i] for i in columns]
        for name in names:
            kind = self._file.schema_arrow.field(name).type
            is_number = arrow.types.is_floating(kind) or arrow.types.is_integer(kind)
            if not (is_number or arrow.types.is_boolean(kind)):
                raise InputError(
                    f"{self.path.name}, {name!r}: found a column of type {kind}; "
                    "expected numbers. Leave it out with --exclude, or encode it as "
                    "numbers"
                )
        try:
            table = self._file.read(columns=names)
        except (arrow.ArrowException, OSError) as error:
            words = str(error).splitlines()[0]
            raise InputError(f"{self.path.name}: can't read it ({words})") from None
        return self._matrix(table, names)

    def _matrix(self, table: Any, names: list[str]) -> Any:
        """Return the columns of a table side by side."""
        arrays = []
        for name in names:
            column = table.column(name)
            if column.null_count:
                row = int(np.argmax(column.is_null().to_numpy()))
                raise InputError(
                    f"{self.path.name}, row {row}, {name!r}: found an empty cell "
                    f"({column.null_count} in the column); expected a finite number. "
                    "Leave out rows with gaps"
                )
            arrays.append(column.to_numpy())
        is_single = all(a.dtype.kind == "f" and a.dtype.itemsize <= 4 for a in arrays)
        found = np.empty(
            (table.num_rows, len(names)), np.float32 if is_single else np.float64
        )
        for i, array in enumerate(arrays):
            found[:, i] = array
        return found
