"""Options that are refused, and work that fails."""

import re
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("matplotlib")

from fastntk import stax
from fastntk.cli import EXIT_FAILED, EXIT_MISSING, EXIT_STOPPED, exits
from fastntk.cli.dynamics import job as dynamics
from tests.test_cli.dynamics.table import USAGE, Run, rows


@pytest.mark.usefixtures("no_computation")
@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--depth", "-1", "0"),
        ("--activation", "swoosh", "swoosh"),
        ("--w-std", "0", "expected a number above 0"),
        ("--w-std", "nan", "expected a number above 0"),
        ("--b-std", "-1", "not a number from 0"),
        ("--test-fraction", "1", "above 0 and below 1"),
        ("--test-fraction", "0", "above 0 and below 1"),
        ("--learning-rate", "0", "above 0"),
        ("--learning-rate", "inf", "above 0"),
        ("--diag-reg", "-1e-3", "expected a number from 0"),
        ("--max-rows", "5", "11"),
        ("--seed", "-1", "0"),
        ("--format", "jpg", "jpg"),
        ("--times", "1:2", "FIRST:LAST:COUNT"),
        ("--times", "0:10:5", "FIRST:LAST:COUNT"),
        ("--times", "10:1:5", "FIRST:LAST:COUNT"),
        ("--times", "1:10:1", "FIRST:LAST:COUNT"),
        ("--times", "1", "increasing times"),
        ("--times", "-1,2", "increasing times"),
        ("--times", "1,1", "increasing times"),
        ("--times", "1,inf", "increasing times"),
        ("--times", "1,nan", "increasing times"),
        ("--times", "soon", "increasing times"),
    ],
)
def test_bad_values(
    run: Run, data: Path, tmp_path: Path, option: str, value: str, words: str
) -> None:
    result = run(data, "--out", tmp_path / "out", f"{option}={value}")
    assert result.exit_code == USAGE
    assert words in result.stderr and option in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_computation")
def test_bad_networks(run: Run, data: Path, tmp_path: Path) -> None:
    net = tmp_path / "net.json"
    result = run(data, "--net", net)
    assert (result.exit_code, "No such file" in result.stderr) == (USAGE, True)
    net.write_text("{}")
    result = run(data, "--net", net)
    assert (result.exit_code, "network description" in result.stderr) == (USAGE, True)
    result = run(data, "--net", net, "--depth", 2, "--w-std", 1)
    assert result.exit_code == USAGE
    assert "leave --depth, --w-std out" in result.stderr


def test_constant_columns(run: Run, tmp_path: Path) -> None:
    table = rows()
    path = tmp_path / "data.npy"
    np.save(path, np.column_stack([table, np.ones(40)]))
    result = run(path, "--out", tmp_path)
    assert result.exit_code == EXIT_FAILED
    assert "the target 'column 3' is constant" in result.stderr
    np.save(path, np.column_stack([np.ones(40), table[:, -1]]))
    result = run(path, "--out", tmp_path)
    assert result.exit_code == EXIT_FAILED
    assert "all features are constant" in result.stderr


def test_a_singular_kernel_says_what_to_do(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "twice.npy"
    np.save(path, np.tile(rows(20), (2, 1)))
    result = run(path, "--out", tmp_path, "--diag-reg", 0)
    assert result.exit_code == EXIT_FAILED
    assert "singular" in result.stderr and "--diag-reg 1e-6" in result.stderr
    result = run(path, "--out", tmp_path, "--diag-reg", 1e-6, "--times", "1,10")
    assert result.exit_code == 0, result.output


def test_a_network_that_takes_no_rows_fails_in_one_line(
    run: Run, data: Path, tmp_path: Path
) -> None:
    net = tmp_path / "net.json"
    net.write_text(stax.serial(stax.Dense(3), stax.GlobalAvgPool()).to_json())
    result = run(data, "--net", net, "--out", tmp_path)
    assert result.exit_code == EXIT_FAILED
    assert re.search(r"fastntk: .*positions", result.stderr)
    assert not (tmp_path / "dynamics.json").exists()


def test_ctrl_c_leaves_nothing(
    run: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(dynamics, "gram", gram)
    result = run(data, "--out", tmp_path / "out")
    assert result.exit_code == EXIT_STOPPED
    assert "stopped" in result.stderr
    assert not (tmp_path / "out").exists()


def test_without_matplotlib_it_says_what_to_install(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        exits, "find_spec", lambda name: None if name == "matplotlib" else name
    )
    result = run(data)
    assert result.exit_code == EXIT_MISSING
    assert 'pip install "fastntk[cli,plot]"' in result.stderr


def test_help_has_examples(run: Run) -> None:
    text = run("--help").stdout
    assert "fastntk dynamics houses.csv --target price --out pictures" in text
    for option in ("--net", "--times", "--diag-reg", "--force", "--test-fraction"):
        assert option in text
