"""Fixtures of the tests of ``fastntk gram``."""

from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from tests.test_cli.gram.rows import NAMES, Run, rows


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Invoke the command in this process, with wide, uncoloured output."""
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from fastntk.cli.app import app

    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")

    def invoke(*arguments: Any) -> Any:
        words = ["gram", *(str(a) for a in arguments)]
        result = CliRunner().invoke(app, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def npy(tmp_path: Path) -> Path:
    path = tmp_path / "X.npy"
    np.save(path, rows())
    return path


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    header = ",".join(NAMES)
    np.savetxt(path, rows(), delimiter=",", header=header, comments="", fmt="%.17g")
    return path


@pytest.fixture
def no_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if a Gram matrix is computed."""
    from fastntk.cli.gram import job as gram_job

    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError("computed before the arguments were checked")

    monkeypatch.setattr(gram_job, "gram", gram)
