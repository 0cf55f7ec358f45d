"""What panels refuse, and in which words."""

import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from fastntk import InputError, plotting, stax, theory

T, ONES = [1.0, 2.0, 3.0], np.ones((3, 2))
KARE = theory.kare(theory.decompose(np.diag([3.0, 1.0]), [2.0, 2.0]), [0.5, 1.0])

REFUSED: dict[str, tuple[Any, str]] = {
    "times decrease": (
        lambda: plotting.training_curves([2, 1, 3], ONES),
        "negative or not increasing",
    ),
    "negative time": (
        lambda: plotting.loss_curves([-1, 1], {"a": [1, 1]}),
        "expected times >= 0",
    ),
    "mean too short": (
        lambda: plotting.training_curves(T, ONES[:2]),
        "mean: found 2 rows; expected 3, one for each of the times",
    ),
    "several outputs": (
        lambda: plotting.training_curves(T, np.ones((3, 2, 2))),
        "draw one at a time",
    ),
    "variance of another shape": (
        lambda: plotting.training_curves(T, ONES, np.ones((3, 1))),
        r"variance: found shape \(3, 1\); expected \(3, 2\)",
    ),
    "negative variance": (
        lambda: plotting.training_curves(T, ONES, -ONES),
        "found -1; expected numbers >= 0",
    ),
    "nan in the mean": (
        lambda: plotting.training_curves(T, [1, np.nan, 2]),
        "mean: found 1 of 3 numbers that are NaN",
    ),
    "too many curves": (
        lambda: plotting.training_curves(T, np.ones((3, 8))),
        "found 8 curves; expected 1 to 7",
    ),
    "no losses": (
        lambda: plotting.loss_curves(T, {}),
        "found 0 curves",
    ),
    "too few names": (
        lambda: plotting.training_curves(T, ONES, names=["a"]),
        "names: found 1; expected 2",
    ),
    "targets of another length": (
        lambda: plotting.training_curves(T, ONES, targets=[1.0]),
        "targets: found 1 numbers; expected 2",
    ),
    "members of another shape": (
        lambda: plotting.training_curves(T, ONES, members=ONES),
        r"members: found shape \(3, 2\); expected \(n_networks, 3, 2\)",
    ),
    "negative loss": (
        lambda: plotting.loss_curves(T, {"a": [1, -1, 1]}),
        r"losses\['a'\]: found -1",
    ),
    "text for numbers": (
        lambda: plotting.loss_curves(T, {"a": "high"}),
        "no array of numbers",
    ),
    "empty": (lambda: plotting.spectrum([]), "empty array"),
    "two features": (
        lambda: plotting.predictive_bands(ONES, [1] * 3, [1] * 3),
        r"x: found shape \(3, 2\); expected one axis",
    ),
    "variance too long": (
        lambda: plotting.predictive_bands([1, 2], [1, 2], [1, 2, 3]),
        "variance: found 3 numbers; expected 2",
    ),
    "negative variance of a prediction": (
        lambda: plotting.predictive_bands([1], [2], [-1]),
        "not standard deviations",
    ),
    "samples of another shape": (
        lambda: plotting.predictive_bands([1], [2], [3], samples=[[1, 2]]),
        r"samples: found shape \(1, 2\); expected \(n_samples, 1\)",
    ),
    "half a training set": (
        lambda: plotting.predictive_bands([1], [2], [3], x_train=[1]),
        "y_train: found None; expected both",
    ),
    "kernel not square": (
        lambda: plotting.kernel_matrix(ONES),
        r"kernel: found shape \(3, 2\); expected \(n, n\)",
    ),
    "labels of another length": (
        lambda: plotting.kernel_matrix(np.eye(2), [1]),
        r"labels: found shape \(1,\); expected \(2,\)",
    ),
    "no positive eigenvalue": (
        lambda: plotting.spectrum([0.0, -1.0]),
        "found 0 as the largest",
    ),
    "a negative eigenvalue": (
        lambda: plotting.spectrum([-1.0, 2.0]),
        "found -1 beside 2 as the largest; expected none below 0",
    ),
    "a number for a diagram": (
        lambda: plotting.phase_diagram(3),  # type: ignore[arg-type]
        "diagram: found int; expected the PhaseDiagram that fastntk.theory.phase_diag",
    ),
    "a list for a line": (
        lambda: plotting.phase_diagram(
            theory.phase_diagram(stax.Erf(), [0.5, 1.0], [0.1, 0.2]),
            [1.0],  # type: ignore[arg-type]
        ),
        "line: found list; expected the CriticalLine",
    ),
    "an array for a curve": (
        lambda: plotting.learning_curve([1, 2], [1, 2], theory=ONES),  # type: ignore[arg-type]
        "theory: found ndarray; expected the LearningCurve",
    ),
    "an array for KARE": (
        lambda: plotting.ridge_curve(ONES),  # type: ignore[arg-type]
        "kare: found ndarray; expected the Kare that fastntk.theory.kare returns",
    ),
    "power of another length": (
        lambda: plotting.spectrum([1.0, 2.0], [1.0]),
        "one for each of the eigenvalues",
    ),
    "errors of another length": (
        lambda: plotting.learning_curve([1, 2], [1, 2, 3]),
        r"errors: found shape \(1, 3\); expected \(n_repeats, 2\)",
    ),
    "an error of zero": (
        lambda: plotting.learning_curve([1, 2], [1, 0]),
        "expected numbers > 0, for a log axis",
    ),
    "accuracies of another length": (
        lambda: plotting.accuracy_curve([1, 2], [0.5]),
        "one column for each of the sizes",
    ),
    "measured of another length": (
        lambda: plotting.ridge_curve(KARE, [1.0]),
        "measured: found 1 numbers; expected 2, one for each of the ridges",
    ),
    "a map of one bias": (
        lambda: plotting.phase_diagram(
            theory.phase_diagram(stax.Erf(), [0.5, 1.0], [0.1])
        ),
        "found 1 biases x 2 weights; expected at least 2 x 2",
    ),
    "a figure for axes": (
        lambda: plotting.spectrum([1.0], ax=plotting.new_figure()),  # type: ignore[arg-type]
        "ax: found Figure; expected matplotlib axes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_words(name: str) -> None:
    call, words = REFUSED[name]
    with pytest.raises(InputError, match=words):
        call()


def test_without_matplotlib_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "fastntk\[plot\]"'):
        plotting.spectrum([1.0])
