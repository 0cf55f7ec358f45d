"""Files of data that ``fastntk gram`` refuses, and in which words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastntk import stax
from fastntk.cli import EXIT_MISSING
from tests.test_cli.gram.rows import Run, refused, rows

pytest.importorskip("typer")


pytestmark = pytest.mark.usefixtures("no_computation")


# --- files of data --------------------------------------------------------------------

BAD_TEXT = {
    "empty": ("", "the file is empty"),
    "names only": ("a,b\n", "no rows of numbers"),
    "text": ("a,b\n1,2\n3,high\n", "line 3, 'b': found 'high'; expected a finite"),
    "gap": ("a,b\n1,2\n,4\n", "line 3, 'a': found an empty cell"),
    "nan": ("a,b\n1,nan\n", "line 2, 'b': found 'nan'"),
    "infinity": ("a,b\n1,2\n-inf,2\n", "line 3, 'a': found '-inf'"),
    "short line": ("a,b\n1,2\n1\n", "line 3: found 1 cells; expected 2"),
    "long line": ("a,b\n1,2\n1,2,3\n", "line 3: found 3 cells; expected 2"),
    "commas": ("a;b\n1,5;2\n", "found '1,5'; expected a finite number. Write a point"),
    "names twice": ("a,a\n1,2\n", "two columns have the name 'a'"),
}


@pytest.mark.parametrize("name", BAD_TEXT)
def test_bad_text(run: Run, tmp_path: Path, name: str) -> None:
    text, words = BAD_TEXT[name]
    path = tmp_path / "bad.csv"
    path.write_text(text)
    refused(run, "DATA", words, path, "--out", tmp_path / "K.npy")


def test_a_line_too_long_is_found_beside_columns_left_out(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "shifted.csv"
    path.write_text("a,b,c\n1,2,3\n4,5,6,7\n")
    words = "line 3: found 4 cells; expected 3"
    out = ("--out", tmp_path / "K.npy")
    refused(run, "DATA", words, path, "--columns", "a,b", *out)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("no.npy", None, "No such file"),
        ("no.csv", None, "No such file"),
        ("no.parquet", None, "No such file"),
        ("data.xls", b"1", "must end in .csv, .npy, .npz, .parquet"),
        ("bytes.csv", b"\xff\xfe1", "not UTF-8"),
        ("later.csv", b"1,2\n" * 9999 + b"\xff,2\n", "not UTF-8"),
        ("text.npy", b"1,2", "no file of plain numbers"),
        ("text.npz", b"PK1,2", "no file of plain numbers"),
        ("noise.npz", b"1,2", "NumPy's format (it does not begin like one)"),
        ("none.npy", b"", "NumPy's format (it does not begin like one)"),
        ("text.parquet", b"1,2", "this is no Parquet file"),
    ],
)
def test_files_of_other_kinds(
    run: Run, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    refused(run, "DATA", words, path, "--out", tmp_path / "K.npy")


def test_a_folder_is_no_data(run: Run, tmp_path: Path) -> None:
    (tmp_path / "X.npy").mkdir()
    out = tmp_path / "K.npy"
    refused(run, "DATA", "Is a directory", tmp_path / "X.npy", "--out", out)
    refused(run, "DATA", ". is a folder; name a file that", Path("."), "--out", out)


BAD_ARRAYS: dict[str, tuple[Any, str]] = {
    "one axis": (np.ones(3), "found shape (3,); expected (rows, columns)"),
    "nothing": (np.ones((0, 3)), "found shape (0, 3)"),
    "complex": (np.ones((3, 2), complex), "found dtype complex128"),
    "text": (np.array([["a", "b"]]), "found dtype <U1"),
    "times": (np.zeros((2, 2), "M8[s]"), "found dtype datetime64[s]"),
    "objects": (np.array([[1, "b"]], dtype=object), "it holds Python objects); write"),
    "words": (np.array("text"), "found dtype <U4; expected real numbers"),
    "records": (np.zeros(3, "f8,i4"), "found dtype [('f0', '<f8'), ('f1', '<i4')];"),
    "nan": (np.array([[1.0, 2.0], [3.0, np.nan]]), "row 1, column 1: found nan"),
    "infinity": (np.array([[np.inf, 1.0]]), "row 0, column 0: found inf"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_arrays(run: Run, tmp_path: Path, name: str) -> None:
    array, words = BAD_ARRAYS[name]
    path = tmp_path / "bad.npy"
    np.save(path, array)
    refused(run, "DATA", words, path, "--out", tmp_path / "K.npy")
    said = run(path, "--out", tmp_path / "K.npy").stderr
    assert "pickle" not in said and "mapped" not in said


def test_bad_archives(run: Run, tmp_path: Path) -> None:
    path, out = tmp_path / "some.npz", ("--out", tmp_path / "K.npy")
    np.savez(path, u=rows(), v=rows())
    refused(run, "--array", "found the arrays u, v", path, *out)
    refused(run, "--array", "no array 'w' for --array", path, "--array", "w", *out)
    np.savez(path, x=np.array([[1, "b"]], dtype=object))
    refused(run, "DATA", "can't read its arrays", path, *out)
    np.save(tmp_path / "one.npy", rows())
    (tmp_path / "one.npy").rename(path)
    refused(run, "DATA", "name the file .npy", path, *out)


def test_an_archive_under_the_wrong_name(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", rows())
    path = (tmp_path / "two.npz").rename(tmp_path / "two.npy")
    refused(run, "DATA", "name it .npz", path, "--out", tmp_path / "K.npy")


def test_array_chooses_in_archives_only(run: Run, npy: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "K.npy")
    refused(run, "--array", "chooses in an .npz", npy, "--array", "x", *out)


def test_columns_of_parquet_that_are_no_numbers(run: Run, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path, out = tmp_path / "bad.parquet", ("--out", tmp_path / "K.npy")
    parquet.write_table(arrow.table({"a": [1.0, 2.0], "b": ["x", "y"]}), path)
    refused(run, "DATA", "'b': found a column of type string", path, *out)
    parquet.write_table(arrow.table({"a": [1.0, None], "b": [1, 2]}), path)
    refused(run, "DATA", "row 1, 'a': found an empty cell", path, *out)
    parquet.write_table(arrow.table({"a": [1.0, float("nan")]}), path)
    refused(run, "DATA", "row 1, column 0: found nan", path, *out)


def test_parquet_without_pyarrow(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    path = tmp_path / "data.parquet"
    path.write_bytes(b"")
    result = run(path, "--out", tmp_path / "K.npy")
    assert result.exit_code == EXIT_MISSING
    assert 'pip install "fastntk[files]"' in result.stderr


def test_samples_with_positions_need_a_network_that_ends_at_rows(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, net = tmp_path / "images.npy", tmp_path / "net.json"
    out = ("--out", tmp_path / "K.npy")
    np.save(path, np.ones((3, 4, 2)))
    refused(run, "DATA", "found shape (3, 4, 2); expected (rows, columns)", path, *out)
    assert "--net with a network" in run(path, *out).stderr
    layers = (stax.Flatten(), stax.Dense(8), stax.Relu(), stax.Dense(1))
    net.write_text(stax.serial(*layers).to_json())
    monkeypatch.undo()
    assert run(path, "--net", net, *out).exit_code == 0
    found = np.load(tmp_path / "K.npy")
    assert found.shape == (3, 3) and np.ptp(found) < 1e-12
