"""``fastntk gram`` and stores: what is there is kept, and words are the command's."""

from pathlib import Path

import numpy as np
import pytest

from fastntk.cli import EXIT_FAILED
from tests.test_cli_gram.rows import USAGE, Run, expected, rows

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
