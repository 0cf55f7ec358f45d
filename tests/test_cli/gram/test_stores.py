"""``fastntk gram`` and stores: what is there is kept, and words are the command's."""

from pathlib import Path

import numpy as np
import pytest

from fastntk.cli import EXIT_FAILED
from fastntk.store.files import FileLayer
from tests.test_cli.gram.rows import USAGE, Run, expected, rows

pytest.importorskip("typer")


def test_a_plain_matrix_never_lands_in_an_unfinished_store(
    run: Run, tmp_path: Path
) -> None:
    npy, out = tmp_path / "X.npy", tmp_path / "K.npy"
    np.save(npy, rows(300))
    assert run(npy, "--out", out, "--shard", "1/2").exit_code == 0
    plain = run(npy, "--out", out)
    assert plain.exit_code == USAGE and "an unfinished store is there" in plain.stderr
    assert "--resume" in plain.stderr and "--force" in plain.stderr
    assert not out.exists()
    np.save(out, rows())  # by another program
    second = run(npy, "--out", out, "--shard", "2/2")
    assert second.exit_code == USAGE and "exists already" in second.stderr
    np.testing.assert_array_equal(np.load(out), rows())
    out.unlink()
    assert "complete" in run(npy, "--out", out, "--shard", "2/2").stdout
    np.testing.assert_allclose(np.load(out), expected(rows(300)), rtol=1e-12)


def test_force_replaces_a_store_and_its_journals(
    run: Run, npy: Path, tmp_path: Path
) -> None:
    out = tmp_path / "K.npy"
    assert run(npy, "--out", out, "--resume").exit_code == 0
    assert run(npy, "--out", out).exit_code == USAGE
    assert run(npy, "--out", out, "--force").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["K.npy", "X.npy"]
    np.testing.assert_array_equal(np.load(out), expected(rows()))
    again = run(npy, "--out", out, "--resume")
    assert again.exit_code == EXIT_FAILED and "something is there" in again.stderr


# --- words ----------------------------------------------------------------------------


def test_messages_speak_of_options(
    run: Run, npy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "K.npy"
    assert run(npy, "--out", out, "--resume").exit_code == 0
    other = run(npy, "--out", out, "--resume", "--depth", 1)
    assert other.exit_code == EXIT_FAILED
    assert "another network" in other.stderr and "give --force" in other.stderr
    (tmp_path / "K.npy.fastntk" / "manifest.json").write_text("{")
    assert "give --force to begin" in run(npy, "--out", out, "--resume").stderr
    small = run(npy, "--out", tmp_path / "L.npy", "--resume", "--max-memory", 10)
    assert small.exit_code == USAGE and "Raise --max-memory" in small.stderr
    monkeypatch.setattr(FileLayer, "free_bytes", lambda *_: 10)
    full = run(npy, "--out", tmp_path / "L.npy", "--resume")
    assert "--layout lower" in full.stderr and "layout=" not in full.stderr


def test_only_a_symmetric_matrix_has_a_half(
    run: Run, npy: Path, tmp_path: Path
) -> None:
    sides = (npy, "--x2", npy, "--out", tmp_path / "K.npy")
    result = run(*sides, "--layout", "lower")
    assert result.exit_code == USAGE and "--layout" in result.stderr
