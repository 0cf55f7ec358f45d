"""Work that fails or is stopped: exit codes, words, and no half a file."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import fastntk
from fastntk import FastntkError
from fastntk.cli import EXIT_FAILED, EXIT_STOPPED
from tests.test_cli.gram.rows import USAGE, Run, expected, rows

pytest.importorskip("typer")


def nothing_left(folder: Path) -> bool:
    return sorted(path.name for path in folder.iterdir()) == ["X.npy"]


def test_a_full_disk_shows_before_anything_is_computed(
    run: Run, npy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastntk.cli.gram import job as gram_job

    def full(*args: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError("computed though the disk is full")

    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(gram_job, "gram", gram)
    result = run(npy, "--out", tmp_path / "K.npy")
    assert result.exit_code == EXIT_FAILED
    assert "no room for" in result.stderr and "7,328 bytes" not in result.stderr
    assert "the result takes 7,200 bytes" in result.stderr
    assert "No space left on device" in result.stderr
    assert "--dtype float32" in result.stderr
    assert nothing_left(tmp_path)


def test_a_limit_on_the_size_of_files(npy: Path, tmp_path: Path) -> None:
    """The system's own refusal, in a process that may write 5,000 bytes."""
    resource = pytest.importorskip("resource")
    done = subprocess.run(
        [sys.executable, "-m", "fastntk.cli", "gram", npy, "--out", tmp_path / "K.npy"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == EXIT_FAILED
    assert "files of that size are not allowed here" in done.stderr
    assert "File too large" in done.stderr and "are free" not in done.stderr
    assert "Traceback" not in done.stderr
    assert nothing_left(tmp_path)


def test_an_error_of_the_library_is_one_line(
    run: Run, npy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastntk.cli.gram import job as gram_job

    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise FastntkError("a worded reason")

    monkeypatch.setattr(gram_job, "gram", gram)
    result = run(npy, "--out", tmp_path / "K.npy")
    assert result.exit_code == EXIT_FAILED
    assert result.stderr == "fastntk: a worded reason\n"
    assert nothing_left(tmp_path)


def test_a_kernel_that_leaves_the_range(run: Run, tmp_path: Path) -> None:
    npy = tmp_path / "X.npy"
    np.save(npy, 1e19 * rows().astype(np.float32))
    result = run(npy, "--out", tmp_path / "K.npy", "--w-std", 1e3)
    assert result.exit_code == EXIT_FAILED
    assert "float32" in result.stderr and "Dense" in result.stderr
    assert nothing_left(tmp_path)


def test_too_little_memory(run: Run, npy: Path, tmp_path: Path) -> None:
    result = run(npy, "--out", tmp_path / "K.npy", "--max-memory", "100B")
    assert result.exit_code == USAGE
    assert "--max-memory is 100 bytes; this call needs more than" in result.stderr
    assert "for a copy of the inputs. Raise --max-memory" in result.stderr
    assert "0 for the result" not in result.stderr and "out=" not in result.stderr
    assert nothing_left(tmp_path)


def test_a_failed_run_keeps_the_older_result(
    run: Run, npy: Path, tmp_path: Path
) -> None:
    out = tmp_path / "K.npy"
    out.write_bytes(b"older")
    result = run(npy, "--out", out, "--force", "--max-memory", "100B")
    assert result.exit_code == USAGE
    assert out.read_bytes() == b"older"
    assert run(npy, "--out", out, "--force").exit_code == 0
    np.testing.assert_array_equal(np.load(out), expected(rows()))


@pytest.mark.parametrize("how", ["link", "no links"])
def test_a_file_that_appears_meanwhile_is_kept(
    run: Run,
    npy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    from fastntk.cli.gram import job as gram_job

    out = tmp_path / "K.npy"
    real = fastntk.gram

    def gram(*args: Any, **options: Any) -> Any:
        out.write_bytes(b"somebody else's")
        return real(*args, **options)

    def no_link(*args: Any) -> NoReturn:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(gram_job, "gram", gram)
    if how == "no links":
        monkeypatch.setattr(os, "link", no_link)
    result = run(npy, "--out", out)
    assert result.exit_code == EXIT_FAILED
    assert "appeared in the meantime" in result.stderr
    assert out.read_bytes() == b"somebody else's"


def test_a_file_system_without_links(
    run: Run, npy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*args: Any) -> NoReturn:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_link)
    assert run(npy, "--out", tmp_path / "K.npy").exit_code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "K.npy"), expected(rows()))


def test_ctrl_c(
    run: Run, npy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastntk.cli.gram import job as gram_job

    def gram(*args: Any, **kwargs: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(gram_job, "gram", gram)
    result = run(npy, "--out", tmp_path / "K.npy")
    assert result.exit_code == EXIT_STOPPED
    assert result.stderr == "fastntk: stopped\n"
    assert nothing_left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    npy = tmp_path / "X.npy"
    np.save(npy, np.random.default_rng(0).normal(size=(6000, 50)))
    command = [sys.executable, "-m", "fastntk.cli", "gram", str(npy), "--out"]
    command += [str(tmp_path / "K.npy"), "--depth", "300", "--threads", "1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # a test run in the background ignores SIGINT, and its children would too
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment
    )
    signal.signal(signal.SIGINT, before)
    with process:
        deadline = time.monotonic() + 60.0
        while not list(tmp_path.glob(".K.npy.*.part")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        assert not (tmp_path / "K.npy").exists()
        process.send_signal(number)
        _, words = process.communicate(timeout=60)
    assert process.returncode == EXIT_STOPPED
    assert words == "fastntk: stopped\n"
    assert nothing_left(tmp_path)


def test_what_killed_processes_left_is_named(
    run: Run, npy: Path, tmp_path: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    left = tmp_path / f".K.npy.{process.pid}.part"
    left.write_bytes(bytes(2048))
    (tmp_path / f".L.npy.{os.getpid()}.part").write_bytes(b"")  # at work
    (tmp_path / ".note.part").write_bytes(b"")
    result = run(npy, "--out", tmp_path / "K.npy")
    assert result.exit_code == 0 and result.stderr.count("was left by") == 1
    assert f"{left} (2 KiB) was left by a process that was killed" in result.stderr
    assert left.exists()
    assert run(npy, "--out", tmp_path / "M.npy", "--quiet").output == ""


def test_a_matrix_larger_than_the_memory_allowed(tmp_path: Path) -> None:
    """A result of 200 MB in a process that may take 64 MB beyond its own start."""
    npy, out = tmp_path / "X.npy", tmp_path / "K.npy"
    np.save(npy, np.random.default_rng(0).normal(size=(5000, 4)))
    code = (
        "import resource, sys\n"
        "from fastntk.cli.app import app\n"
        "import fastntk, numpy as np\n"
        "from fastntk import stax\n"
        "fastntk.gram(stax.serial(stax.Dense(1), stax.Relu()), np.ones((9, 4)))\n"
        "limit = 64 << 20\n"
        "soft = int(open('/proc/self/statm').read().split()[5]) * 4096 + limit\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (soft, soft))\n"
        "app(sys.argv[1:])\n"
    )
    if not Path("/proc/self/statm").exists():
        pytest.skip("needs Linux to limit memory")
    arguments = ["gram", str(npy), "--out", str(out), "--depth", "1", "--threads", "1"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 200e6
