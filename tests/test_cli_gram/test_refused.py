"""What ``fastntk gram`` refuses before it works, and in which words."""

from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from fastntk.cli import EXIT_MISSING
from tests.test_cli_gram.rows import USAGE, Run, rows

pytest.importorskip("typer")


@pytest.fixture(autouse=True)
def no_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastntk.cli import gram_job

    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError("computed before the arguments were checked")

    monkeypatch.setattr(gram_job, "gram", gram)


def refused(run: Run, option: str, words: str, *arguments: Any) -> None:
    result = run(*arguments)
    assert result.exit_code == USAGE, result.output
    assert words in result.stderr and option in result.stderr


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


BAD_ARRAYS: dict[str, tuple[Any, str]] = {
    "one axis": (np.ones(3), "found shape (3,); expected (rows, columns)"),
    "nothing": (np.ones((0, 3)), "found shape (0, 3)"),
    "complex": (np.ones((3, 2), complex), "found dtype complex128"),
    "text": (np.array([["a", "b"]]), "found dtype <U1"),
    "times": (np.zeros((2, 2), "M8[s]"), "found dtype datetime64[s]"),
    "objects": (np.array([[1, "b"]], dtype=object), "no file of plain numbers"),
    "nan": (np.array([[1.0, 2.0], [3.0, np.nan]]), "row 1, column 1: found nan"),
    "infinity": (np.array([[np.inf, 1.0]]), "row 0, column 0: found inf"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_arrays(run: Run, tmp_path: Path, name: str) -> None:
    array, words = BAD_ARRAYS[name]
    path = tmp_path / "bad.npy"
    np.save(path, array)
    refused(run, "DATA", words, path, "--out", tmp_path / "K.npy")


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


# --- columns and sides ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--columns", "cost", "has no column 'cost' for --columns; it has 4: size"),
        ("--columns", "4", "a number from 0 to 3"),
        ("--columns", "0,size", "--columns names a column of train.csv twice"),
        ("--exclude", "-5", "has no column '-5' for --exclude"),
    ],
)
def test_columns_that_are_none(
    run: Run, csv: Path, tmp_path: Path, option: str, value: str, words: str
) -> None:
    refused(run, option, words, csv, option, value, "--out", tmp_path / "K.npy")


def test_no_column_left(run: Run, csv: Path, tmp_path: Path) -> None:
    chosen = ("--columns", "age", "--exclude", "age")
    out = ("--out", tmp_path / "K.npy")
    refused(run, "--exclude", "leaves no column of train.csv", csv, *chosen, *out)


def test_the_other_side_must_fit(run: Run, csv: Path, tmp_path: Path) -> None:
    other, out = tmp_path / "Z.npy", ("--out", tmp_path / "K.npy")
    refused(run, "--x2", "No such file", csv, "--x2", other, *out)
    np.save(other, rows()[:, :2])
    refused(run, "--x2", "found 4 and 2 features", csv, "--x2", other, *out)
    short = tmp_path / "short.csv"
    short.write_text("size,age\n1,2\n")
    refused(run, "--x2", "no column 'rooms'", csv, "--x2", short, *out)


# --- options --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--get", "cov1", "found 'cov1'; expected ntk, nngp, or nngp,ntk"),
        ("--get", "ntk,ntk", "expected ntk, nngp, or nngp,ntk"),
        ("--dtype", "float16", "float32"),
        ("--threads", "0", "Invalid value for"),
        ("--max-memory", "much", "found 'much'; expected an amount such as 512MiB"),
        ("--max-memory", "0", "expected an amount"),
        ("--depth", "-1", "Invalid value for"),
        ("--activation", "step", "leaky-relu"),
        ("--w-std", "0", "0 is out of range; expected a number above 0"),
        ("--w-std", "inf", "inf is out of range"),
        ("--b-std", "-1", "-1 is not a number from 0"),
        ("--b-std", "nan", "nan is not a number from 0"),
    ],
)
def test_bad_values(
    run: Run, npy: Path, tmp_path: Path, option: str, value: str, words: str
) -> None:
    refused(run, option, words, npy, option, value, "--out", tmp_path / "K.npy")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "can't read"),
        ("{", "net.json"),
        ('{"fastntk": 1, "network": {"layer": "Softmax"}}', "Softmax"),
    ],
)
def test_bad_networks(
    run: Run, npy: Path, tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "net.json"
    if text is not None:
        path.write_text(text)
    refused(run, "--net", words, npy, "--net", path, "--out", tmp_path / "K.npy")


def test_a_network_is_given_in_one_way(run: Run, npy: Path, tmp_path: Path) -> None:
    words = "leave --depth, --b-std out"
    both = ("--net", "net.json", "--depth", 2, "--b-std", 0)
    refused(run, "--net", words, npy, *both, "--out", tmp_path / "K.npy")


# --- the result's file ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing/K.npy", "does not exist; make it"),
        ("K.txt", "must end in .npy"),
        ("K", "must end in .npy"),
        ("folder.npy", "is a folder"),
    ],
)
def test_results_that_cannot_be_written(
    run: Run, npy: Path, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "folder.npy").mkdir()
    refused(run, "--out", words, npy, "--out", tmp_path / name)


def test_out_is_needed(run: Run, npy: Path) -> None:
    refused(run, "--out", "Missing option", npy)


def test_a_read_only_place(
    run: Run, npy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:  # root may write anywhere
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    refused(run, "--out", "Permission denied", npy, "--out", tmp_path / "K.npy")


def test_an_existing_result_is_kept(run: Run, npy: Path, tmp_path: Path) -> None:
    out = tmp_path / "K.npy"
    out.write_bytes(b"older")
    refused(run, "--out", "exists already", npy, "--out", out)
    assert "--force" in run(npy, "--out", out).stderr
    assert out.read_bytes() == b"older"


def test_one_of_several_results_exists(run: Run, npy: Path, tmp_path: Path) -> None:
    (tmp_path / "K_ntk.npy").write_bytes(b"older")
    arguments = (npy, "--get", "nngp,ntk", "--out", tmp_path / "K.npy")
    refused(run, "--out", "K_ntk.npy exists already", *arguments)


def test_the_input_is_never_replaced(run: Run, npy: Path) -> None:
    before = npy.read_bytes()
    refused(run, "--out", "is the input", npy, "--out", npy, "--force")
    assert npy.read_bytes() == before


# --- stores ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "option", "value", "words"),
    [
        ("K.zarr", "--shard", "5/4", "expected i/k with i from 1 to k"),
        ("K.npy", "--shard", "first", "expected i/k"),
        ("K.zarr", "--compress", "gzip", "found 'gzip'; expected zstd, or a level"),
        ("K.zarr", "--compress", "23", "a level from 1 to 22"),
        ("K.npy", "--compress", "zstd", "give --out a name in .zarr"),
        ("K.zarr", "--layout", "upper", "lower"),
    ],
)
def test_bad_options_of_stores(
    run: Run,
    npy: Path,
    tmp_path: Path,
    name: str,
    option: str,
    value: str,
    words: str,
) -> None:
    pytest.importorskip("zarr")
    refused(run, option, words, npy, "--out", tmp_path / name, option, value)


def test_a_store_without_zarr(
    run: Run, npy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fastntk.cli

    monkeypatch.setattr(
        fastntk.cli, "find_spec", lambda name: None if name == "zarr" else name
    )
    result = run(npy, "--out", tmp_path / "K.zarr")
    assert result.exit_code == EXIT_MISSING
    assert 'pip install "fastntk[cli,store]"' in result.stderr
