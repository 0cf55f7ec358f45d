"""Fixtures of the tests of ``fastntk fit`` and ``fastntk predict``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Invoke a command in this process, with wide, uncoloured output."""
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from fastntk.cli.app import app

    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")

    def invoke(*arguments: Any) -> Any:
        result = CliRunner().invoke(app, [str(a) for a in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return invoke


def houses(n: int, seed: int) -> Any:
    """Return rows of size, age and price."""
    rng = np.random.default_rng(seed)
    size, age = rng.uniform(30, 200, n), rng.uniform(0, 80, n)
    return np.c_[size, age, 1000 * size - 5 * age**2 + 50_000]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "houses.csv"
    np.savetxt(
        path, houses(120, 0), delimiter=",", header="size,age,price", comments=""
    )
    return path


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Return rows with other columns in another order, and the truth."""
    rows = houses(40, 1)
    path = tmp_path / "new.csv"
    other = np.c_[rows[:, 1], np.arange(40), rows[:, 0], rows[:, 2]]
    np.savetxt(path, other, delimiter=",", header="age,id,size,price", comments="")
    return path
