"""Programs that the asv suite runs in processes of their own."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

from bench.suite import command_line
from fastntk.cli.app import app


def test_a_file_of_text_is_read_and_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(command_line.__file__).parents[2]))
    assert 0.0 < command_line.track_csv_seconds() < 60.0


def test_the_network_is_one_that_the_command_knows(tmp_path: Path) -> None:
    data, out = tmp_path / "x.npy", tmp_path / "K.npy"
    np.save(data, np.eye(3))
    words = ["gram", str(data), *command_line.NETWORK, "--out", str(out)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert np.load(out).shape == (3, 3)
