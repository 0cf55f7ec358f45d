"""The command line: what it prints, what it writes, how it fails."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("sklearn")

from sklearn.model_selection import train_test_split
from typer.testing import CliRunner

import fastntk
from fastntk._errors import FastntkError
from fastntk.cli import EXIT_FAILED, EXIT_MISSING, EXIT_STOPPED, exits, missing_message
from fastntk.cli.app import app
from fastntk.cli.demo import job as demo_module
from fastntk.cli.demo.ridge import fit_ridge

USAGE = 2
Run: TypeAlias = Callable[..., Any]
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Invoke the command line in this process, with wide, uncoloured output."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    runner = CliRunner()

    def invoke(*arguments: Any) -> Any:
        result = runner.invoke(app, [str(a) for a in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def no_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test when a Gram matrix is computed."""

    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError("computed before the arguments were checked")

    monkeypatch.setattr(demo_module, "gram", gram)


def in_new_process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


# --- demo -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_demo_reaches_the_accuracy_and_draws(
    run: Run, tmp_path: Path, dtype: str
) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "digits.png"
    result = run("demo", "--seeds", 2, "--dtype", dtype, "--out", picture)
    assert result.exit_code == 0, result.output
    summary = r"mean ([\d.]+)%, minimum ([\d.]+)% over 2 splits"
    found = re.search(summary, result.stdout)
    assert found is not None
    mean, least = found.groups()
    assert float(mean) >= 98.5
    assert 98.0 <= float(least) <= float(mean)
    assert dtype in result.stdout
    for word in ("ns per entry", "memory", "first calls", "Cholesky", str(picture)):
        assert word in result.stdout
    assert picture.read_bytes().startswith(PNG_SIGNATURE)


def test_demo_without_picture_needs_no_matplotlib(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        exits, "find_spec", lambda name: None if name == "matplotlib" else name
    )
    result = run("demo", "--seeds", 1, "--no-plot")
    assert result.exit_code == 0, result.output
    assert list(tmp_path.iterdir()) == []


def test_a_split_is_reproducible() -> None:
    digits = demo_module.load_digits()
    split = demo_module.evaluate_split(digits, seed=3)
    again = demo_module.evaluate_split(digits, seed=3)
    assert (split.accuracy, split.curve) == (again.accuracy, again.curve)
    assert (split.n_train, split.n_test) == (1437, 360)
    assert split.curve[-1] == (1437, split.accuracy)
    assert split.n_entries == 1437 * 1797


def test_the_ridge_is_chosen_without_the_test_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digits = demo_module.load_digits()
    _, test = train_test_split(
        np.arange(1797), test_size=0.2, stratify=digits.labels, random_state=0
    )
    blank = digits.images.copy()
    blank[test] = 1.0
    seen = []

    def recorded(gram: Any, targets: Any, ridges: Any) -> Any:
        seen.append((gram.copy(), targets.copy()))
        return fit_ridge(gram, targets, ridges)

    monkeypatch.setattr(demo_module, "fit_ridge", recorded)
    true = demo_module.evaluate_split(digits, seed=0)
    blind = demo_module.evaluate_split(replace(digits, images=blank), seed=0)
    assert true.accuracy > 0.98
    assert blind.accuracy < 0.2
    half = len(seen) // 2
    for first, second in zip(seen[:half], seen[half:], strict=True):
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])


def test_demo_reports_a_library_error_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise FastntkError("a worded reason")

    monkeypatch.setattr(demo_module, "gram", gram)
    result = run("demo", "--seeds", 1, "--no-plot")
    assert result.exit_code == EXIT_FAILED
    assert "fastntk: a worded reason" in result.stderr
    assert "Traceback" not in result.output


def test_ctrl_c_stops_the_demo_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_module, "gram", gram)
    result = run("demo", "--seeds", 1, "--no-plot")
    assert result.exit_code == EXIT_STOPPED
    assert "stopped" in result.stderr
    assert "Traceback" not in result.output


# --- bad usage, said before any work --------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing/demo.png", "does not exist"),
        ("demo.txt", "must end in"),
        ("folder.png", "is a folder"),
    ],
)
def test_demo_refuses_a_picture_it_cannot_write(
    run: Run, no_computation: None, tmp_path: Path, name: str, words: str
) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "folder.png").mkdir()
    result = run("demo", "--out", tmp_path / name)
    assert result.exit_code == USAGE
    assert words in result.stderr
    assert "--out" in result.stderr


def test_demo_refuses_a_read_only_place(
    run: Run, no_computation: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")

    # root may write to read-only folders
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    result = run("demo", "--out", tmp_path / "demo.png")
    assert result.exit_code == USAGE
    assert "Permission denied" in result.stderr


def test_checking_the_picture_leaves_an_older_one_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(
        "fastntk.cli.demo.report.run_and_report", lambda **settings: settings
    )
    picture = tmp_path / "demo.png"
    assert run("demo", "--out", picture).exit_code == 0
    assert not picture.exists()
    picture.write_bytes(b"older")
    assert run("demo", "--out", picture).exit_code == 0
    assert picture.read_bytes() == b"older"


@pytest.mark.parametrize(
    "arguments",
    [("demo", "--seeds", "0"), ("demo", "--dtype", "float16"), ("no-such-command",)],
)
def test_wrong_usage_exits_with_two(
    run: Run, no_computation: None, arguments: tuple[str, ...]
) -> None:
    result = run(*arguments)
    assert result.exit_code == USAGE
    assert "Traceback" not in result.output


# --- missing extras -------------------------------------------------------------------


def test_missing_message_names_every_package_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exits, "find_spec", lambda name: None)
    message = missing_message(["sklearn", "matplotlib"], "cli,sklearn,plot")
    assert message is not None
    assert "scikit-learn, matplotlib, which are not installed" in message
    assert 'pip install "fastntk[cli,sklearn,plot]"' in message


def test_main_without_typer_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['typer'] = None; import importlib.util as u;"
        "real = u.find_spec;"
        "u.find_spec = lambda name: None if name == 'typer' else real(name);"
        "from fastntk.cli import main; main()"
    )
    result = in_new_process(code)
    assert result.returncode == EXIT_MISSING
    assert 'pip install "fastntk[cli]"' in result.stderr
    assert "Traceback" not in result.stderr


def test_demo_without_scikit_learn_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        exits, "find_spec", lambda name: None if name == "sklearn" else name
    )
    result = run("demo", "--no-plot")
    assert result.exit_code == EXIT_MISSING
    assert 'pip install "fastntk[cli,sklearn,plot]"' in result.stderr


def test_the_entry_module_is_light() -> None:
    code = (
        "import sys, fastntk.cli;"
        "heavy = {'typer', 'rich', 'numba', 'scipy', 'sklearn', 'matplotlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert in_new_process(code).stdout.strip() == "[]"


# --- info and version -----------------------------------------------------------------


def test_info_names_versions_and_machine(run: Run) -> None:
    result = run("info")
    assert result.exit_code == 0, result.output
    facts = dict(
        re.split(r"\s{2,}", line, maxsplit=1) for line in result.stdout.splitlines()
    )
    assert facts["numpy"] == np.__version__
    assert facts["cores"].split()[0].isdigit()
    assert "threads" in facts["blas"]
    assert facts["simd"] and facts["memory"]
    assert "by default" in facts["threads"]
    folder, size = facts["kernel cache"].split(" (", 1)
    assert Path(folder).is_absolute() and "iB" in size
    assert facts["backend cpu"].startswith("usable: ")
    assert re.match(r"usable: |not usable: \w+", facts["backend cuda"])
    assert re.search(r"numba-cuda|cupy|torch|jax", facts["gpu libraries"])


def test_info_as_json(run: Run) -> None:
    result = run("info", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["numpy"] == np.__version__ and "backend cuda" in facts


def test_info_says_why_a_backend_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from types import SimpleNamespace

    from fastntk.cli import info

    def broken() -> NoReturn:
        raise RuntimeError("a driver from another planet")

    for module, words in (
        (SimpleNamespace(why_unusable=lambda: "no driver"), "not usable: no driver"),
        (
            SimpleNamespace(why_unusable=lambda: None, describe=lambda: "H200, 141 GB"),
            "usable: H200, 141 GB",
        ),
        (
            SimpleNamespace(why_unusable=broken),
            "not usable: RuntimeError: a driver from another planet",
        ),
    ):
        monkeypatch.setattr(info, "find_spec", lambda name: name)
        monkeypatch.setattr(info, "import_module", lambda name, found=module: found)
        assert info.backends()["cuda"] == words


def test_info_speaks_of_what_holds_threads_back(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "all")
    monkeypatch.setenv("MKL_NUM_THREADS", "4")
    words = " ".join(run("info").stdout.split())
    assert "1 by default (Python threads" in words
    assert "found OMP_NUM_THREADS: 1" in words
    assert "NUMBA_NUM_THREADS='all' ignored: expected an integer >= 1" in words
    assert "MKL_NUM_THREADS=4 hold BLAS back, not fastntk" in words


def test_info_shows_the_limits_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastntk._resources import MemoryLimit
    from fastntk.cli import info

    limits = [
        MemoryLimit("machine", 16 << 30, 9 << 30),
        MemoryLimit("/sys/fs/cgroup/memory.max", 300 << 20, 200 << 20),
    ]
    monkeypatch.setattr(info, "memory_limits", lambda: limits)
    words = info.collect()["memory"]
    assert words.startswith("300 MiB, 200 MiB free by /sys/fs/cgroup/memory.max")
    assert "machine: 16 GiB" in words
    monkeypatch.setattr(info, "memory_limits", list)
    assert info.collect()["memory"] == "unknown"


def test_version_and_help(run: Run) -> None:
    assert re.fullmatch(r"fastntk \d+\.\d+\.\d+\S*\n", run("--version").stdout)
    text = run("--help").stdout
    for command in ("demo", "info", "gram", "bench"):
        assert command in text


@pytest.mark.parametrize(
    ("command", "least"), [("", 3), ("demo", 1), ("info", 1), ("gram", 4), ("bench", 4)]
)
def test_help_teaches_by_examples(run: Run, command: str, least: int) -> None:
    text = run(*command.split(), "--help").stdout
    examples = re.findall(rf"^\s*(fastntk {command}.*?)\s*$", text, re.MULTILINE)
    assert len(examples) >= least


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "fastntk", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"fastntk {fastntk.__version__}\n"
