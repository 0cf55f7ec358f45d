"""What is computed and written."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("matplotlib")

import fastntk
from fastntk import gram, predict, stax, theory
from fastntk.cli.data.file import read_table
from fastntk.cli.dynamics import job as dynamics
from fastntk.cli.dynamics import problem as problems
from fastntk.cli.outputs import write_all
from tests.test_cli.dynamics.table import NAMES, USAGE, Run, rows


def test_pictures_and_numbers(run: Run, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    result = run(data, "--out", out, "--times", "0.1:1e4:7", "--activation", "erf")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)
    for name in NAMES[:3]:
        content = (out / name).read_bytes()
        assert content.startswith(b"\x89PNG") and len(content) > 10_000
        assert str(out / name) in result.stdout
    numbers = json.loads((out / "dynamics.json").read_text())
    assert numbers["data"] == "houses.csv"
    assert numbers["features"] == ["size", "age"] and numbers["targets"] == ["price"]
    assert (numbers["n_train"], numbers["n_test"]) == (32, 8)
    assert len(numbers["times"]) == 7
    assert len((out / "dynamics.json").read_bytes()) < 20_000
    assert "Erf()" in numbers["network"]
    for words in ("32 for training", "KARE", "leave-one-out", "stable below"):
        assert words in result.stdout


def test_numbers_are_those_of_the_library(data: Path) -> None:
    net = stax.serial(stax.Dense(8, b_std=0.5), stax.Erf(), stax.Dense(1))
    times = np.array([0.0, 1.0, 100.0])
    settings = problems.Settings(net, times=times, diag_reg=1e-2, learning_rate=0.1)
    problem = problems.prepare(read_table(data), settings)
    found = dynamics.compute(problem, settings)
    x, y, x_new = problem.x_train, problem.y_train, problem.x_test
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(y.std(axis=0), 1)
    kernel = gram(net, x)
    spectrum = theory.decompose(kernel, y)
    assert found.ridge == pytest.approx(1e-2 * np.trace(kernel) / len(x))
    assert found.leave_one_out == theory.leave_one_out(spectrum, found.ridge)
    largest = predict.max_learning_rate(kernel + found.ridge * np.eye(len(x)), y.size)
    assert found.largest_stable_rate == pytest.approx(largest)

    ensemble = predict.gradient_descent_mse_ensemble(net, x, y, 0.1, 1e-2)
    mean, covariance = ensemble(times, x_new, "ntk", True)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    training = found.training
    np.testing.assert_allclose(training.mean, mean[:, training.shown, 0], atol=1e-9)
    np.testing.assert_allclose(
        training.variance, variance[:, training.shown], atol=1e-9
    )
    errors = np.mean((mean[..., 0] - problem.y_test[:, 0]) ** 2, axis=1)
    np.testing.assert_allclose(training.losses["test rows, mean of all"], errors)
    one = errors + variance.mean(axis=1)
    np.testing.assert_allclose(training.losses["test rows, one network"], one)

    solution = np.linalg.solve(kernel + found.ridge * np.eye(len(x)), y)
    last = np.mean((gram(net, x_new, x) @ solution - problem.y_test) ** 2)
    np.testing.assert_allclose(found.errors[:, -1], last)
    assert (
        found.kare.test_mse
        == theory.kare(spectrum, found.ridge, leverages="mean").test_mse
    )
    curve = theory.learning_curve(spectrum, found.curve.n_samples, found.ridge)
    np.testing.assert_array_equal(found.curve.test_mse, curve.test_mse)
    assert {8.0, 32.0, 128.0} <= set(curve.n_samples)


def test_the_mean_is_drawn_through_the_training_rows(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    x = np.random.default_rng(0).uniform(-2, 2, size=60)
    np.savetxt(path, np.stack([x, np.sin(2 * x)], axis=1), delimiter=",")
    net = stax.serial(stax.Dense(8, b_std=0.5), stax.Relu(), stax.Dense(1))
    settings = problems.Settings(net, diag_reg=0.0)
    problem = problems.prepare(read_table(path), settings)
    training = dynamics.compute(problem, settings).training
    assert training.grid is not None and training.grid_mean is not None
    assert (np.diff(training.grid[:, 0]) > 0).all()
    assert np.isin(problem.x_train, training.grid).all()
    assert len(training.grid_mean) == len(training.grid) >= 200


def test_networks_too_deep_for_signals_are_noted(
    run: Run, data: Path, tmp_path: Path
) -> None:
    deep = ("--activation", "erf", "--depth", 60)
    result = run(data, "--out", tmp_path / "deep", *deep)
    assert result.exit_code == 0, result.output
    assert "60 hidden layers, but correlations decay" in " ".join(result.stdout.split())
    numbers = json.loads((tmp_path / "deep" / "dynamics.json").read_text())
    assert any("critical_line" in note for note in numbers["notes"])
    result = run(data, "--out", tmp_path / "flat", "--activation", "erf", "--depth", 2)
    assert "correlations decay" not in result.stdout


def test_a_single_feature_gets_its_predictions(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "one.npz"
    table = rows(30, 1)
    np.savez(data, x=table[:, :1], y=table[:, 1])
    result = run(data, "--out", tmp_path, "--depth", 1, "--format", "svg")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "prediction.svg").read_text()
    assert text.startswith("<?xml")
    assert "1 feature," in result.stdout


def test_several_targets_and_a_network_from_a_file(run: Run, tmp_path: Path) -> None:
    data, net = tmp_path / "table.npy", tmp_path / "net.json"
    np.save(data, rows(40, 3))
    net.write_text(stax.serial(stax.Dense(3), stax.Relu(), stax.Dense(3)).to_json())
    result = run(data, "--net", net, "--out", tmp_path, "--target", 3, "--target", -3)
    assert result.exit_code == 0, result.output
    assert "serial(Dense(3), Relu(), Dense(3))" in result.stdout
    assert "target column 3, column 1" in result.stdout
    numbers = json.loads((tmp_path / "dynamics.json").read_text())
    assert numbers["features"] == ["column 0", "column 2"]


def test_rows_are_chosen_by_chance_beyond_the_limit(data: Path) -> None:
    table = read_table(data)
    chosen = [
        problems.prepare(table, problems.Settings(stax.Relu(), max_rows=20, seed=seed))
        for seed in (0, 0, 1)
    ]
    assert [len(p.x_train) + len(p.x_test) for p in chosen] == [20, 20, 20]
    np.testing.assert_array_equal(chosen[0].test_rows, chosen[1].test_rows)
    assert set(chosen[0].test_rows) != set(chosen[2].test_rows)


def test_the_default_times_cover_all_modes(data: Path) -> None:
    settings = problems.Settings(stax.serial(stax.Dense(8, b_std=0.3), stax.Erf()))
    problem = problems.prepare(read_table(data), settings)
    found = dynamics.compute(problem, settings)
    steps: list[str] = []
    dynamics.compute(problem, settings, steps.append)
    assert len(steps) == 4
    scale = problem.y_train.size / found.learning_rate
    eigenvalues = found.spectrum.eigenvalues + found.ridge
    assert found.training.times[0] < 0.1 * scale / eigenvalues[-1]
    assert found.training.times[-1] >= 10 * scale / eigenvalues[0]
    assert found.learning_rate == pytest.approx(found.largest_stable_rate / 2)


def test_steps_that_diverge_are_noted(run: Run, data: Path, tmp_path: Path) -> None:
    arguments = ("--out", tmp_path, "--learning-rate", 1e3, "--times", "0,1,10")
    result = run(data, *arguments)
    assert result.exit_code == 0, result.output
    assert "gradient descent diverges" in result.stdout
    notes = json.loads((tmp_path / "dynamics.json").read_text())["notes"]
    assert any("diverges" in note for note in notes)


def test_files_are_replaced_by_force_only(run: Run, data: Path, tmp_path: Path) -> None:
    older = tmp_path / "training.png"
    older.write_bytes(b"older")
    result = run(data, "--out", tmp_path)
    assert result.exit_code == USAGE
    assert "training.png already" in result.stderr and "--force" in result.stderr
    assert older.read_bytes() == b"older"
    assert not (tmp_path / "dynamics.json").exists()
    result = run(data, "--out", tmp_path, "--force", "--times", "1,10")
    assert result.exit_code == 0, result.output
    assert older.read_bytes().startswith(b"\x89PNG")


def test_files_come_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.write_bytes

    def fails(path: Path, content: bytes) -> int:
        if content == b"second":
            real(path, content[:3])
            raise OSError(28, "No space left on device")
        return real(path, content)

    (tmp_path / "a").write_bytes(b"older")
    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(OSError, match="No space left"):
        write_all(tmp_path, {"a": b"first", "b": b"second"}, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"older"
    write_all(tmp_path, {"a": b"first", "b": b"2"}, force=True)
    assert (tmp_path / "a").read_bytes() == b"first"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"theirs")
    with pytest.raises(fastntk.FastntkError, match="appeared"):
        write_all(tmp_path, {"a": b"ours"}, force=False)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"theirs"]


@pytest.mark.usefixtures("no_computation")
def test_a_folder_that_is_none(run: Run, data: Path) -> None:
    for out, words in ((data, "is a file"), (data / "sub", "can't write")):
        result = run(data, "--out", out)
        assert result.exit_code == USAGE
        assert words in result.stderr and "--out" in result.stderr
