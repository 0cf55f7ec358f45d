"""The examples of docs/guide/command_line.md, run as they stand there."""

import os
import re
import shlex
from collections.abc import Iterator
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

from fastntk.cli.app import app
from tests.test_cli.gram.rows import NAMES, network, rows

PAGE = Path(__file__).parents[3] / "docs" / "guide" / "command_line.md"


def examples() -> Iterator[tuple[str, str]]:
    """Yield every command of the page, with the output shown."""
    text = PAGE.read_text(encoding="utf-8")
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the files that the page speaks of, and go there."""
    np.save(tmp_path / "X.npy", rows(600))
    (tmp_path / "net.json").write_text(network(2, "Erf").to_json())
    for name, n, first in (("train", 160, ["id", *NAMES]), ("test", 40, NAMES[::-1])):
        header = ",".join(first)
        table = np.random.default_rng(n).normal(size=(n, len(first)))
        path = tmp_path / f"{name}.csv"
        np.savetxt(path, table, delimiter=",", header=header, comments="")
    test = (tmp_path / "test.csv").read_text()
    (tmp_path / "test.csv").write_text(
        "\n".join(
            f"{'id' if i == 0 else i},{line}"
            for i, line in enumerate(test.splitlines())
        )
    )
    (tmp_path / "gaps.csv").write_text("size,age\n50,1\n60,\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def test_the_page_shows_what_happens(folder: Path) -> None:
    found = list(examples())
    assert len(found) >= 8
    checker = OutputChecker()
    for command, output in found:
        program, *words = shlex.split(command)
        assert program == "fastntk"
        result = CliRunner().invoke(app, words, prog_name="fastntk")
        text = re.sub("[│╭╮╰╯─]", " ", result.stdout + result.stderr)
        is_right = checker.check_output(output, text, ELLIPSIS | NORMALIZE_WHITESPACE)
        assert is_right, f"$ {command}\n{text}\nThe page has:\n{output}"
    assert {"K.npy", "deep.npy", "K_ntk.npy", "big.npy"} <= set(os.listdir(folder))


def test_the_page_lists_every_command() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for command in app.registered_commands:
        name = command.name or command.callback.__name__  # type: ignore[union-attr]
        assert f"fastntk {name}" in text, name
