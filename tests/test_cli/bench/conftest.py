"""One small benchmark, run once, and the command line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def report() -> dict[str, Any]:
    """Return a benchmark of 96 rows, with NumPy as a rival."""
    pytest.importorskip("typer")
    from fastntk.benchmark import Settings, run_benchmark
    from fastntk.cli.network import plain_network

    settings = Settings(
        net=plain_network(1),
        n=96,
        d=5,
        threads=2,
        repeats=2,
        rival_repeats=2,
        against=("numpy", "scikit-ntk"),
        environments={"numpy": Path(sys.executable), "scikit-ntk": Path("nowhere")},
        get="nngp",  # scikit-ntk has none
        of_depth=plain_network,
        depths=(1, 2),
        cold=False,
        patience=0.0,
    )
    return run_benchmark(settings)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Invoke ``fastntk bench`` in this process, with wide, uncoloured output."""
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from fastntk.cli.app import app

    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")

    def invoke(*arguments: Any) -> Any:
        result = CliRunner().invoke(app, ["bench", *(str(a) for a in arguments)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return invoke
