"""What ``fastntk bench`` refuses, and how it fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

pytest.importorskip("typer")

from fastntk import FastntkError
from fastntk.cli import EXIT_FAILED, EXIT_MISSING, EXIT_STOPPED

USAGE = 2
Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    def benchmark(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError("measured before the arguments were checked")

    monkeypatch.setattr("fastntk.benchmark.run_benchmark", benchmark)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--n", "3"), "--n"),
        (("--d", "0"), "--d"),
        (("--get", "both"), "found 'both'; expected ntk or nngp"),
        (("--dtype", "float16"), "--dtype"),
        (("--threads", "0"), "--threads"),
        (("--repeats", "0"), "--repeats"),
        (("--against", "numpy,jax"), "found 'jax'; expected some of neural-tangents"),
        (("--net", "missing.json"), "can't read missing.json"),
        (("--net", "net.json", "--depth", "2"), "leave --depth out"),
        (("--w-std", "-1"), "expected a number above 0"),
        (("--json", "b.txt"), "b.txt must end in .json"),
        (("--plot", "b.gif"), "b.gif must end in .png, .pdf, .svg"),
        (("--html", "b.md"), "b.md must end in .html, .htm"),
        (("--html", "missing/b.html"), "the folder missing does not exist"),
    ],
)
def test_bad_values(run: Run, arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == USAGE, result.output
    assert words in result.stderr and arguments[0] in result.stderr


@pytest.mark.parametrize("option", ["--json", "--plot", "--html"])
def test_files_are_kept(run: Run, tmp_path: Path, option: str) -> None:
    suffix = {"--json": ".json", "--plot": ".png", "--html": ".html"}[option]
    path = tmp_path / f"there{suffix}"
    path.write_text("older")
    result = run(option, path)
    assert result.exit_code == USAGE and "exists already" in result.stderr
    assert path.read_text() == "older"
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    assert "is a folder" in run(option, folder).stderr


def test_a_read_only_place(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:  # root may write anywhere
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    result = run("--json", tmp_path / "b.json")
    assert result.exit_code == USAGE and "Permission denied" in result.stderr


# --- rivals ---------------------------------------------------------------------------


def test_an_environment_is_made_on_request_only(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    result = run("--against", "neural-tangents")
    assert result.exit_code == EXIT_MISSING
    assert "Give --install-rivals" in result.stderr
    assert str(tmp_path) in result.stderr
    assert not list(tmp_path.iterdir())


def test_an_environment_that_cannot_be_made(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(library: str) -> NoReturn:
        raise FastntkError(f"can't make an environment for {library}: no network")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("fastntk.benchmark.rivals.environments.make_environment", fail)
    result = run("--against", "scikit-ntk", "--install-rivals")
    assert result.exit_code == EXIT_FAILED
    assert "making an environment for scikit-ntk" in result.stderr
    assert "fastntk: can't make an environment" in result.stderr


def test_an_environment_without_the_library(run: Run, tmp_path: Path) -> None:
    result = run("--against", "scikit-ntk", "--rivals-env", tmp_path)
    assert result.exit_code == USAGE
    assert "can't import skntk" in result.stderr and "--rivals-env" in result.stderr


# --- failures -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (FastntkError("a worded reason"), EXIT_FAILED, "fastntk: a worded reason"),
        (OSError(28, "No space left on device"), EXIT_FAILED, "No space left"),
        (KeyboardInterrupt(), EXIT_STOPPED, "fastntk: stopped"),
    ],
)
def test_failures_in_words(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    words: str,
) -> None:
    def benchmark(*args: Any, **kwargs: Any) -> NoReturn:
        raise error

    monkeypatch.setattr("fastntk.benchmark.run_benchmark", benchmark)
    result = run("--n", 64)
    assert result.exit_code == code
    assert words in result.stderr


def test_plots_without_matplotlib(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastntk.cli import exits

    monkeypatch.setattr(
        exits, "find_spec", lambda name: None if name == "matplotlib" else name
    )
    result = run("--html", tmp_path / "b.html")
    assert result.exit_code == EXIT_MISSING
    assert 'pip install "fastntk[cli,plot]"' in result.stderr
