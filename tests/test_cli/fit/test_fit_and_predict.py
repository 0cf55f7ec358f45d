"""From a table to a model, and from a model to predictions."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastntk.solvers import load_model
from tests.test_cli.fit.conftest import Run, houses


def test_a_model_is_fitted_and_predicts(
    run: Run, data: Path, new: Path, tmp_path: Path
) -> None:
    model, out = tmp_path / "m", tmp_path / "p.csv"
    fitted = run("fit", data, "--target", "price", "--out", model)
    assert fitted.exit_code == 0, fitted.output
    for word in ("120 of 2 features", "cholesky", "converged", "m.npz and"):
        assert word in fitted.output
    predicted = run("predict", model, new, "--out", out)
    assert predicted.exit_code == 0, predicted.output
    assert "40 rows, price" in predicted.output
    lines = out.read_text().splitlines()
    assert lines[0] == "price"
    found = np.array([float(line) for line in lines[1:]])
    truth = houses(40, 1)[:, 2]
    error = float(np.sqrt(np.mean((found - truth) ** 2)))
    assert error < 0.1 * truth.std()
    assert f"root mean squared error of price: {error:.6g}" in predicted.output


@pytest.mark.parametrize("method", ["cg", "eigh", "falkon", "pinv", "askotch"])
def test_every_method_can_be_chosen(
    run: Run, data: Path, method: str, tmp_path: Path
) -> None:
    out = tmp_path / "m"
    result = run("fit", data, "--method", method, "--out", out, "--diag-reg", "1e-2")
    assert result.exit_code == 0, result.output
    words = json.loads((tmp_path / "m.json").read_text())
    assert words["facts"]["method"] == method
    assert words["facts"]["table"]["targets"] == ["price"]


def test_options_reach_the_solver(run: Run, data: Path, tmp_path: Path) -> None:
    result = run(
        "fit", data, "--out", tmp_path / "m", "--ridge", "0.25", "--get", "nngp",
        "--depth", "1", "--activation", "erf", "--rtol", "1e-9", "--method", "cg",
        "--checkpoint", tmp_path / "state.npz", "--threads", "1", "--quiet",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert result.output == ""
    loaded = load_model(tmp_path / "m")
    assert loaded.ridge == 0.25
    assert loaded.get == "nngp"
    assert loaded.facts["rtol"] == 1e-9
    assert (tmp_path / "state.npz").exists()


def test_several_targets_and_arrays(run: Run, tmp_path: Path) -> None:
    rows = houses(60, 2)
    archive = tmp_path / "d.npz"
    np.savez(archive, x=rows[:, :1], y=rows[:, 1:])
    model, out = tmp_path / "m", tmp_path / "p.npy"
    assert run("fit", archive, "--out", model, "--no-scale").exit_code == 0
    np.save(tmp_path / "x.npy", rows[:7, :1])
    result = run("predict", tmp_path / "m.json", tmp_path / "x.npy", "--out", out)
    assert result.exit_code == 0, result.output
    assert np.load(out).shape == (7, 2)
    expected = load_model(model).predict(rows[:7, :1])
    np.testing.assert_allclose(np.load(out), expected)


def test_files_that_are_there_are_kept(
    run: Run, data: Path, new: Path, tmp_path: Path
) -> None:
    model, out = tmp_path / "m", tmp_path / "p.csv"
    assert run("fit", data, "--out", model).exit_code == 0
    assert run("predict", model, new, "--out", out).exit_code == 0
    before = out.read_bytes(), (tmp_path / "m.npz").read_bytes()
    for arguments in (
        ("fit", data, "--out", model),
        ("predict", model, new, "--out", out),
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "exists already" in result.output
        assert run(*arguments, "--force", "--quiet").exit_code == 0
    assert (out.read_bytes(), (tmp_path / "m.npz").read_bytes()) == before


def test_an_unconverged_fit_saves_nothing(run: Run, data: Path, tmp_path: Path) -> None:
    result = run(
        "fit", data, "--out", tmp_path / "m", "--method", "askotch", "--max-iter", "1",
        "--diag-reg", "1e-9",
    )  # fmt: skip
    assert result.exit_code in (0, 1)
    if result.exit_code == 1:
        assert "largest relative residual" in result.output
        assert not (tmp_path / "m.npz").exists()


REFUSED: list[tuple[list[Any], str]] = [
    (["--ridge", "1", "--diag-reg", "1"], "give --ridge or --diag-reg, not both"),
    (["--diag-reg", "-1"], "expected a number from 0"),
    (["--rtol", "2"], "above 0 and below 1"),
    (["--max-memory", "lots"], "expected an amount such as"),
    (["--target", "colour"], "no column 'colour'"),
    (["--out", "/no/such/folder/m"], "does not exist; make it"),
    (["--depth", "2", "--net", "x.json"], "leave --depth out"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_wrong_options_of_fit(
    run: Run, data: Path, options: list[Any], message: str, tmp_path: Path
) -> None:
    words = ["--out", tmp_path / "m", *options]
    result = run("fit", data, *words)
    assert result.exit_code == 2
    assert message in result.output


def test_constant_columns_are_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    np.savez(path, x=np.ones((20, 2)), y=np.arange(20.0))
    result = run("fit", path, "--out", tmp_path / "m")
    assert result.exit_code == 2
    assert "every feature is constant over 20 rows" in result.output


def test_what_predict_refuses(run: Run, data: Path, new: Path, tmp_path: Path) -> None:
    model = tmp_path / "m"
    assert run("fit", data, "--out", model).exit_code == 0
    (tmp_path / "lacks.csv").write_text("age,price\n1,2\n")
    np.save(tmp_path / "wide.npy", np.ones((3, 3)))
    (tmp_path / "other.json").write_text("{}")
    np.save(tmp_path / "other.npy", np.ones(3))
    cases = [
        ((model, tmp_path / "lacks.csv"), "found no column size"),
        ((model, tmp_path / "wide.npy"), "Leave the targets out"),
        ((model, tmp_path / "absent.csv"), "can't read"),
        ((tmp_path / "absent", new), "can't read"),
        ((tmp_path / "other", new), "no model saved by fastntk"),
        ((model, new, "--out", tmp_path / "p.txt"), "must end in .csv, .npy"),
        ((model, new, "--max-memory", "0"), "expected an amount"),
    ]
    for arguments, message in cases:
        words = (
            arguments
            if "--out" in arguments
            else (*arguments, "--out", tmp_path / "p.csv")
        )
        result = run("predict", *words)
        assert result.exit_code == 2, (arguments, result.output)
        assert message in result.output
    assert not list(tmp_path.glob("p.*"))
