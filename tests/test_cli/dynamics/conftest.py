"""Fixtures of the tests of ``fastntk dynamics``."""

from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from tests.test_cli.dynamics.table import Run, rows


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Invoke the command in this process, with wide, uncoloured output."""
    pytest.importorskip("typer")
    pytest.importorskip("matplotlib")
    from typer.testing import CliRunner

    from fastntk.cli.app import app

    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")

    def invoke(*arguments: Any) -> Any:
        words = ["dynamics", *(str(a) for a in arguments)]
        result = CliRunner().invoke(app, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture
def no_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError("computed before the arguments were checked")

    pytest.importorskip("typer")
    from fastntk.cli.dynamics import job as dynamics

    monkeypatch.setattr(dynamics, "gram", gram)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "houses.csv"
    np.savetxt(path, rows(), delimiter=",", header="size,age,price", comments="")
    return path
