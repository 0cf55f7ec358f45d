"""What ``fastntk gram`` computes, from every kind of file."""

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import fastntk
from fastntk.cli import EXIT_FAILED
from tests.test_cli.gram.rows import NAMES, Run, expected, network, rows

pytest.importorskip("typer")


def written(run: Run, tmp_path: Path, *arguments: Any) -> Any:
    out = tmp_path / "K.npy"
    result = run(*arguments, "--out", out)
    assert result.exit_code == 0, result.output
    assert not list(tmp_path.glob(".*")), "a file was left behind"
    return np.load(out)


def test_the_matrix_is_that_of_the_library(run: Run, npy: Path, tmp_path: Path) -> None:
    np.testing.assert_array_equal(written(run, tmp_path, npy), expected(rows()))


def test_the_summary_says_what_was_done(run: Run, npy: Path, tmp_path: Path) -> None:
    result = run(npy, "--out", tmp_path / "K.npy", "--threads", 1)
    assert "K.npy: ntk, 30 x 30, float64, 7.03 KiB" in result.stdout
    assert "s: compiled in " in result.stdout and " s (1 thread)," in result.stdout
    assert "ns per entry" not in result.stdout  # of so few nobody would learn
    result = run(npy, "--out", tmp_path / "K.npy", "--force", "--quiet")
    assert result.exit_code == 0 and result.output == ""


def test_compiling_is_no_part_of_the_rate(
    run: Run, npy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastntk.cli.gram import job as gram_job

    calls: list[tuple[int, int]] = []
    real: Any = fastntk.gram

    def gram(net: Any, x1: Any, x2: Any, *args: Any, **options: Any) -> Any:
        calls.append((len(x1), len(x2)))
        time.sleep(0.2 if len(x1) == 2 else 0.0)
        return real(net, x1, x2, *args, **options)

    monkeypatch.setattr(gram_job, "gram", gram)
    monkeypatch.setattr(gram_job, "MANY", 900)
    sides = (npy, "--x2", npy, "--threads", 1)
    result = run(*sides, "--out", tmp_path / "K.npy")
    assert calls == [(2, 2), (30, 30)]
    found = re.search(r"compiled in (\S+) s, .* \((\S+) ns per", result.stdout)
    assert found is not None and float(found[1]) >= 0.2
    assert float(found[2]) < 0.2e9 / 900


@pytest.mark.parametrize("kind", ["npz", "sparse", "csv", "semicolons", "parquet"])
def test_every_kind_of_file_gives_the_same(
    run: Run, csv: Path, tmp_path: Path, kind: str
) -> None:
    x = rows()
    path = tmp_path / f"data.{kind if kind in ('npz', 'parquet') else 'csv'}"
    if kind == "npz":
        np.savez(path, x=x, y=x[:, 0])
    elif kind == "sparse":
        path = tmp_path / "data.npz"
        scipy.sparse.save_npz(path, scipy.sparse.coo_matrix(x))
    elif kind == "parquet":
        arrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        table = arrow.table({name: x[:, i] for i, name in enumerate(NAMES)})
        parquet.write_table(table, path)
    elif kind == "semicolons":
        text = csv.read_text().replace(",", ";")
        path.write_text("\n\n" + text.replace("size", '"size"'))
    else:
        path = csv
    found = written(run, tmp_path, path)
    np.testing.assert_allclose(found, expected(x), rtol=1e-12)


def test_single_precision_stays_so_and_can_be_asked_for(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "single.npy"
    np.save(path, rows().astype(np.float32))
    found = written(run, tmp_path, path)
    assert found.dtype == np.float32
    found = written(run, tmp_path, path, "--dtype", "float64", "--force")
    assert found.dtype == np.float64


def test_integers_are_numbers(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "integers.npy"
    x = np.arange(12).reshape(4, 3)
    np.save(path, x)
    np.testing.assert_array_equal(written(run, tmp_path, path), expected(x))


@pytest.mark.parametrize(
    ("arguments", "net"),
    [
        (("--depth", 1), network(1)),
        (("--depth", 0), network(0)),
        (("--activation", "erf"), network(3, "Erf")),
        (("--w-std", 2.0, "--b-std", 0.5), network(W_std=2.0, b_std=0.5)),
        (("--b-std", 0), network(b_std=None)),
    ],
)
def test_options_of_the_network(
    run: Run, npy: Path, tmp_path: Path, arguments: tuple[Any, ...], net: Any
) -> None:
    found = written(run, tmp_path, npy, *arguments)
    np.testing.assert_array_equal(found, expected(rows(), net=net))


def test_every_activation_is_a_layer() -> None:
    from fastntk.cli.network import Activation, plain_network

    for name in Activation:
        layers = str(plain_network(1, name)).lower().replace("_", "")
        word = name.value.replace("-", "").replace("sigmoidlike", "erf")
        assert f", {word}(" in layers, name


def test_a_network_from_a_file(run: Run, npy: Path, tmp_path: Path) -> None:
    net = network(2, "Erf", W_std=0.7)
    path = tmp_path / "net.json"
    path.write_text(net.to_json())
    found = written(run, tmp_path, npy, "--net", path)
    np.testing.assert_array_equal(found, expected(rows(), net=net))


def test_several_kernels_are_several_files(run: Run, npy: Path, tmp_path: Path) -> None:
    result = run(npy, "--out", tmp_path / "K.npy", "--get", "nngp, ntk")
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "K.npy").exists()
    both = expected(rows(), get=("nngp", "ntk"))
    for name, kernel in zip(("nngp", "ntk"), both, strict=True):
        found = np.load(tmp_path / f"K_{name}.npy")
        np.testing.assert_array_equal(found, kernel)


# --- columns and sides ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (("--exclude", "price"), [0, 1, 2]),
        (("--exclude", "price", "--exclude", "0"), [1, 2]),
        (("--columns", "rooms,size"), [2, 0]),
        (("--columns", "-1, 0"), [3, 0]),
        (("--columns", "0,1", "--exclude", "age"), [0]),
    ],
)
def test_columns_by_name_and_number(
    run: Run, csv: Path, tmp_path: Path, arguments: tuple[str, ...], chosen: list[int]
) -> None:
    found = written(run, tmp_path, csv, *arguments)
    np.testing.assert_allclose(found, expected(rows()[:, chosen]), rtol=1e-12)


def test_columns_left_out_may_hold_text(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "named.csv"
    path.write_text('name,a,b\n"Smith, J",1,2\nJones,3,4\n')
    found = written(run, tmp_path, path, "--exclude", "name")
    np.testing.assert_allclose(found, expected([[1.0, 2.0], [3.0, 4.0]]))


def test_columns_of_arrays_by_number(run: Run, npy: Path, tmp_path: Path) -> None:
    found = written(run, tmp_path, npy, "--exclude", "-1")
    np.testing.assert_allclose(found, expected(rows()[:, :3]), rtol=1e-12)


def test_the_other_side(run: Run, npy: Path, tmp_path: Path) -> None:
    other = tmp_path / "Z.npy"
    np.save(other, rows(7, seed=1))
    found = written(run, tmp_path, npy, "--x2", other)
    np.testing.assert_array_equal(found, expected(rows(), rows(7, seed=1)))


def test_columns_of_the_other_side_are_found_by_name(
    run: Run, csv: Path, tmp_path: Path
) -> None:
    other = tmp_path / "test.csv"
    x = rows(5, seed=1)
    order = [2, 0, 1]
    header = "id," + ",".join(NAMES[i] for i in order)
    table = np.column_stack([np.arange(5), x[:, order]])
    np.savetxt(other, table, delimiter=",", header=header, comments="", fmt="%.17g")
    found = written(run, tmp_path, csv, "--x2", other, "--exclude", "price")
    np.testing.assert_allclose(found, expected(rows()[:, :3], x[:, :3]), rtol=1e-12)


def test_both_sides_in_one_archive(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "both.npz"
    train, test = rows(6), rows(4, seed=1)
    np.savez(path, train=train, test=test)
    found = written(
        run, tmp_path, path, "--array", "test", "--x2", path, "--x2-array", "train"
    )
    np.testing.assert_array_equal(found, expected(test, train))


# --- progress -------------------------------------------------------------------------


def test_progress_shows_rate_and_time_left(run: Run, npy: Path, tmp_path: Path) -> None:
    pytest.importorskip("tqdm")
    result = run(npy, "--out", tmp_path / "K.npy", "--progress")
    assert "100%" in result.stderr and "entries/s" in result.stderr
    assert "gram:" not in result.stdout
    result = run(npy, "--out", tmp_path / "K2.npy")  # no terminal here
    assert result.stderr == ""


def test_a_budget_for_memory_holds(run: Run, npy: Path, tmp_path: Path) -> None:
    found = written(run, tmp_path, npy, "--max-memory", "2 MiB", "--threads", 1)
    np.testing.assert_allclose(found, expected(rows()), rtol=1e-13)


# --- stores ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("K.zarr", ()),
        ("K.zarr", ("--layout", "lower", "--compress", "zstd")),
        ("K.npy", ("--resume",)),
        ("K.npy", ("--layout", "lower")),
    ],
)
def test_stores_hold_the_same(
    run: Run, npy: Path, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    if name.endswith("zarr"):
        pytest.importorskip("zarr")
    out = tmp_path / name
    result = run(npy, "--out", out, *options)
    assert result.exit_code == 0, result.output
    assert "complete" in result.stdout and "tiles computed" in result.stdout
    whole = fastntk.open_store(out)[:, :]
    np.testing.assert_allclose(whole, expected(rows()), rtol=1e-13)
    again = run(npy, "--out", out, *options)
    assert again.exit_code == 0 and "0 of " in again.stdout


def test_shards_of_a_store(run: Run, tmp_path: Path) -> None:
    npy, out = tmp_path / "X.npy", tmp_path / "K.npy"
    np.save(npy, rows(300))
    first = run(npy, "--out", out, "--shard", "2/2")
    assert first.exit_code == 0 and "not complete yet" in first.stdout
    second = run(npy, "--out", out, "--shard", "1/2")
    assert second.exit_code == 0 and "complete" in second.stdout
    np.testing.assert_allclose(np.load(out), expected(rows(300)), rtol=1e-12)


def test_several_kernels_are_several_stores(
    run: Run, npy: Path, tmp_path: Path
) -> None:
    out = tmp_path / "K.npy"
    result = run(npy, "--out", out, "--resume", "--get", "nngp,ntk")
    assert result.exit_code == 0, result.output
    np.testing.assert_allclose(
        np.load(tmp_path / "K_nngp.npy"), expected(rows(), get="nngp"), rtol=1e-13
    )


def test_a_foreign_file_is_not_taken_for_a_store(
    run: Run, npy: Path, tmp_path: Path
) -> None:
    out = tmp_path / "K.npy"
    np.save(out, np.ones((30, 30)))
    result = run(npy, "--out", out, "--resume")
    assert result.exit_code == EXIT_FAILED and str(out) in result.stderr
    np.testing.assert_array_equal(np.load(out), np.ones((30, 30)))
