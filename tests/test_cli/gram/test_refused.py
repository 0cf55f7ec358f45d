"""What ``fastntk gram`` refuses before it works, and in which words."""

from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from fastntk.cli import EXIT_MISSING
from tests.test_cli.gram.rows import Run, refused, rows

pytest.importorskip("typer")


pytestmark = pytest.mark.usefixtures("no_computation")


# --- columns and sides ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--columns", "cost", "has no column 'cost' for --columns; it has 4: size"),
        ("--columns", "4", "a number from 0 to 3, or one from -1, the last, to -4"),
        ("--columns", "0,size", "--columns names a column of train.csv twice"),
        ("--exclude", "-5", "has no column '-5' for --exclude"),
    ],
)
def test_columns_that_are_none(
    run: Run, csv: Path, tmp_path: Path, option: str, value: str, words: str
) -> None:
    refused(run, option, words, csv, option, value, "--out", tmp_path / "K.npy")


def test_many_columns_are_counted(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{i}" for i in range(20)) + "\n" + 19 * "1," + "1\n")
    out = ("--out", tmp_path / "K.npy")
    refused(run, "--columns", "c6, c7 and 12 more. Give", path, "--columns", "d", *out)


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
    said = run(npy, option, value, "--out", tmp_path / "K.npy").stderr
    assert "Value error" not in said


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
    from fastntk.cli import exits

    monkeypatch.setattr(
        exits, "find_spec", lambda name: None if name == "zarr" else name
    )
    result = run(npy, "--out", tmp_path / "K.zarr")
    assert result.exit_code == EXIT_MISSING
    assert 'pip install "fastntk[cli,store]"' in result.stderr
