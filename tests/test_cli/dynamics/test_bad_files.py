"""Files and columns that are refused, and in which words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("matplotlib")

from fastntk.cli import EXIT_FAILED
from fastntk.cli.data.file import read_table
from tests.test_cli.dynamics.table import USAGE, Run, rows

BAD_TEXT = {
    "empty": ("", "the file is empty"),
    "names only": ("a,b\n", "no rows of numbers"),
    "one column": ("a\n1\n2\n", "found 1 column"),
    "text": ("a,b\n1,2\n3,high\n", "line 3, 'b': found 'high'"),
    "gap": ("a,b\n1,2\n,4\n", "line 3, 'a': found an empty cell"),
    "nan": ("a,b\n1,nan\n", "line 2, 'b': found 'nan'"),
    "ragged": ("a,b\n1,2\n1,2,3\n", "line 3: found 3 cells; expected 2"),
    "names twice": ("a,a\n1,2\n", "two columns have the name 'a'"),
    "few rows": ("1,2\n3,4\n", "expected at least 10 for training"),
}


@pytest.mark.usefixtures("no_computation")
@pytest.mark.parametrize("name", BAD_TEXT)
def test_bad_text_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    text, words = BAD_TEXT[name]
    path = tmp_path / "bad.csv"
    path.write_text(text)
    result = run(path, "--out", tmp_path / "out")
    assert result.exit_code == (EXIT_FAILED if name == "few rows" else USAGE)
    assert words in result.stderr
    assert not (tmp_path / "out").exists()


BAD_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "one axis": ({"a": np.ones(3)}, r"found shape (3,)"),
    "complex": ({"a": np.ones((3, 2), complex)}, "found dtype complex128"),
    "inf": ({"a": np.array([[1.0, np.inf]])}, "row 0, column 1: found inf"),
    "lengths": ({"x": np.ones((3, 2)), "y": np.ones(4)}, "3 rows of x and 4 of y"),
    "names": ({"u": np.ones((3, 2)), "v": np.ones(3)}, "found the arrays u, v"),
    "objects": ({"a": np.array([[1, "b"]], dtype=object)}, "can't read its arrays"),
}


@pytest.mark.usefixtures("no_computation")
@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_arrays_are_refused(run: Run, tmp_path: Path, name: str) -> None:
    arrays, words = BAD_ARRAYS[name]
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    result = run(path, "--out", tmp_path / "out")
    assert result.exit_code == USAGE
    assert words in result.stderr and "DATA" in result.stderr


@pytest.mark.usefixtures("no_computation")
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("no.csv", None, "No such file"),
        ("data.xls", b"1", "must end in .csv, .npy, .npz"),
        ("bytes.csv", b"\xff\xfe1", "not UTF-8"),
        ("text.npy", b"1,2", "no file of plain numbers"),
        ("text.npz", b"PK1,2", "no file of plain numbers"),
    ],
)
def test_files_of_other_kinds_are_refused(
    run: Run, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    result = run(path, "--out", tmp_path / "out")
    assert result.exit_code == USAGE
    assert words in result.stderr and "DATA" in result.stderr


def test_arrays_under_the_wrong_name_are_refused(run: Run, tmp_path: Path) -> None:
    one, two = tmp_path / "one.npz", tmp_path / "two.npy"
    np.save(tmp_path / "one.npy", rows())
    (tmp_path / "one.npy").rename(one)
    np.savez(tmp_path / "two.npz", rows())
    (tmp_path / "two.npz").rename(two)
    assert "name the file .npy" in run(one).stderr
    assert "name it .npz" in run(two).stderr


@pytest.mark.usefixtures("no_computation")
@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (["cost"], "it has 3: size, age, price"),
        (["3"], "from 0 to 2"),
        (["-4"], "from 0 to 2"),
        (["2", "price"], "twice"),
        (["0", "1", "2"], "all 3 columns"),
    ],
)
def test_targets_that_are_none(
    run: Run, data: Path, targets: list[str], words: str
) -> None:
    result = run(data, *(word for name in targets for word in ("--target", name)))
    assert result.exit_code == USAGE
    assert words in result.stderr and "--target" in result.stderr


def test_targets_of_an_archive_are_its_y(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "both.npz"
    np.savez(path, X=rows()[:, :2], Y=rows()[:, 2])
    result = run(path, "--target", "0")
    assert result.exit_code == USAGE
    assert "the targets are its array y" in result.stderr


@pytest.mark.parametrize(
    ("text", "names", "target"),
    [
        ("1;2\n3;4\n", ["column 0"], ["column 1"]),
        ("\ufeffa\tb\n1\t2\n\n3\t4\n", ["a"], ["b"]),
        (",a,b\n0,1,2\n1,3,4\n", ["column 0", "a"], ["b"]),
    ],
)
def test_separators_and_names(
    tmp_path: Path, text: str, names: list[str], target: list[str]
) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    table = read_table(path)
    assert list(table.feature_names) == names and list(table.target_names) == target
    assert table.targets.tolist() == [[2.0], [4.0]]
