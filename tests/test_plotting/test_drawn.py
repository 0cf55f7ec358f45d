"""What panels draw: the numbers they were given, where they were told to."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

import matplotlib

from fastntk import gram, plotting, predict, stax, theory

NET = stax.serial(
    stax.Dense(512, W_std=1.5, b_std=0.5), stax.Erf(), stax.Dense(1, b_std=0.1)
)


@pytest.fixture(scope="module")
def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, size=(20, 1))
    return x, np.sin(2 * x) + 0.1 * rng.normal(size=x.shape)


@pytest.fixture(scope="module")
def spectrum(data: Any) -> theory.TrainingSpectrum:
    return theory.decompose(gram(NET, data[0]), data[1])


def edges(band: Any, x: Any) -> tuple[Any, Any]:
    """Return the lower and upper edge of a filled band over increasing x."""
    vertices = band.get_paths()[0].vertices
    n = len(x)
    lower, upper = vertices[1 : n + 1], vertices[n + 2 : 2 * n + 2][::-1]
    np.testing.assert_array_equal(lower[:, 0], x)
    np.testing.assert_array_equal(upper[:, 0], x)
    return lower[:, 1], upper[:, 1]


def rendered(ax: Any) -> Any:
    """Draw the figure, which runs the layout, and return the axes."""
    ax.figure.canvas.draw()
    return ax


# --- training -------------------------------------------------------------------------


def test_training_curves_are_the_predictors_numbers(data: Any) -> None:
    x, y = data
    times = np.logspace(-1, 4, 30)
    flow = predict.GradientFlow(NET, x, y).at(times)
    mean, variance = flow.mean(x[:3]), flow.variance(x[:3])
    ax: Any = plotting.training_curves(
        times, mean, variance, targets=y[:3], names=["a", "b", "c"]
    )
    bands = ax.collections
    assert len(bands) == 3
    for i in range(3):
        np.testing.assert_array_equal(ax.lines[i].get_xdata(), times)
        np.testing.assert_array_equal(ax.lines[i].get_ydata(), mean[:, i, 0])
        low, high = edges(bands[i], times)
        spread = 2 * np.sqrt(variance[:, i])
        np.testing.assert_allclose(low, mean[:, i, 0] - spread, atol=1e-14)
        np.testing.assert_allclose(high, mean[:, i, 0] + spread, atol=1e-14)
        assert ax.lines[3 + i].get_ydata() == [y[i, 0]]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["a", "b", "c", "targets"]
    assert ax.get_xscale() == "log"
    rendered(ax)


def test_members_are_thin_lines_in_the_colour_of_their_mean() -> None:
    members = np.arange(12.0).reshape(2, 3, 2)
    ax: Any = plotting.training_curves([1, 2, 3], np.zeros((3, 2)), members=members)
    thin = ax.lines[2:]
    found = {tuple(line.get_ydata()): line.get_color() for line in thin}
    assert found[tuple(members[1, :, 0])] == ax.lines[0].get_color()
    assert found[tuple(members[0, :, 1])] == ax.lines[1].get_color()
    assert len(ax.collections) == 0


def test_time_zero_has_a_place() -> None:
    ax: Any = plotting.loss_curves([0.0, 1.0, 10.0], {"train": [1.0, 0.5, 0.0]})
    assert ax.get_xscale() == "symlog"
    assert ax.get_xlim() == (0.0, 10.0)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, 0.5, np.nan])
    rendered(ax)


def test_four_losses_are_two_pairs() -> None:
    losses = {name: [1.0, 0.5] for name in ("train", "test", "train 2", "test 2")}
    ax: Any = plotting.loss_curves([1, 2], losses, levels={"noise": 0.1})
    colours = [line.get_color() for line in ax.lines]
    assert colours[0] == colours[2] and colours[1] == colours[3]
    assert [line.get_linestyle() for line in ax.lines] == ["-", "-", "--", "--", ":"]


# --- predictions ----------------------------------------------------------------------


def test_predictive_bands_are_the_posteriors_numbers(data: Any) -> None:
    x, y = data
    posterior = predict.Posterior(NET, x, y, ridge=0.01)
    grid = np.random.default_rng(1).permutation(np.linspace(-3, 3, 50))[:, None]
    mean, variance = posterior.mean(grid), posterior.variance(grid)
    samples = posterior.sample(grid, 2, seed=0)
    ax: Any = plotting.predictive_bands(
        grid, mean, variance, x_train=x, y_train=y, samples=samples
    )
    order = np.argsort(grid[:, 0])
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), grid[order, 0])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), mean[order, 0])
    low, high = edges(ax.collections[0], grid[order, 0])
    spread = 2 * np.sqrt(variance[order])
    np.testing.assert_allclose(low, mean[order, 0] - spread, atol=1e-14)
    np.testing.assert_allclose(high, mean[order, 0] + spread, atol=1e-14)
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), samples[0, order, 0])
    np.testing.assert_array_equal(ax.lines[3].get_ydata(), y[:, 0])
    rendered(ax)


# --- kernels --------------------------------------------------------------------------


def test_a_kernel_is_shown_as_cosines_sorted_by_class(data: Any) -> None:
    kernel = gram(NET, data[0])
    labels = np.arange(20) % 3
    ax: Any = plotting.kernel_matrix(kernel, labels)
    order = np.argsort(labels, kind="stable")
    scale = np.sqrt(np.diag(kernel))
    wanted = (kernel / np.outer(scale, scale))[np.ix_(order, order)]
    np.testing.assert_allclose(ax.get_images()[0].get_array(), wanted, rtol=1e-14)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2"]
    rendered(ax)


def test_a_row_of_zeros_is_shown_as_zeros() -> None:
    ax: Any = plotting.kernel_matrix([[1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(ax.get_images()[0].get_array(), [[1, 0], [0, 0]])


def test_the_spectrum_and_what_lies_beyond_it(
    spectrum: theory.TrainingSpectrum,
) -> None:
    ax: Any = plotting.spectrum(spectrum.eigenvalues, spectrum.power)
    shares, left = (line.get_ydata() for line in ax.lines)
    values = spectrum.eigenvalues[::-1]
    np.testing.assert_allclose(shares, (values / values.sum())[values > 0])
    power = spectrum.power[::-1]
    wanted = [power[i:].sum() / power.sum() for i in range(20)]
    np.testing.assert_allclose(left, wanted)
    rendered(ax)


# --- errors ---------------------------------------------------------------------------


def test_the_learning_curve_has_theory_and_measurement(
    spectrum: theory.TrainingSpectrum,
) -> None:
    curve = theory.learning_curve(spectrum, [5, 10, 20, 40, 80], ridge=0.1)
    measured = np.array([[0.5, 0.4], [0.7, 0.2]])
    ax: Any = plotting.learning_curve(
        [5, 20], measured, theory=curve, leave_one_out=(20, 0.3)
    )
    by_label = {line.get_label(): line for line in ax.lines}
    far = np.asarray(curve.is_extrapolated)
    shown = by_label["theory"].get_ydata()
    np.testing.assert_array_equal(shown[~far], curve.test_mse[~far])
    assert np.isnan(shown[far]).all()
    drawn = far & np.asarray(curve.is_told)
    if drawn.any():
        beyond = by_label["theory, extrapolated"].get_ydata()
        np.testing.assert_array_equal(beyond[drawn], curve.test_mse[drawn])
        assert np.isfinite(beyond).sum() == drawn.sum() + 1  # no gap
    dots = by_label["measured, range of 2"]
    np.testing.assert_allclose(dots.get_ydata(), [0.6, 0.3])
    assert by_label["leave-one-out"].get_ydata() == [0.3]
    segments = ax.collections[1].get_segments()
    np.testing.assert_allclose(segments[0], [[5, 0.5], [5, 0.7]])
    rendered(ax)


def test_the_ridge_curve_has_the_band_of_kare(
    spectrum: theory.TrainingSpectrum,
) -> None:
    ridges = np.geomspace(1e-3, 1, 6)
    estimate = theory.kare(spectrum, ridges)
    ax: Any = plotting.ridge_curve(estimate, ridges, unit=2.0, n_outputs=4)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), ridges / 2.0)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), estimate.test_mse)
    low, high = edges(ax.collections[0], ridges / 2.0)
    factor = 1 + estimate.relative_error / 2
    np.testing.assert_allclose(high, estimate.test_mse * factor)
    np.testing.assert_allclose(low, estimate.test_mse / factor)
    rendered(ax)


def test_accuracies_are_in_percent_with_their_range() -> None:
    ax: Any = plotting.accuracy_curve([10, 100], [[0.5, 0.75], [0.5, 0.25]])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [50, 50])
    low, high = edges(ax.collections[0], [10, 100])
    np.testing.assert_allclose([low, high], [[50, 25], [50, 75]])
    rendered(ax)


# --- phase ----------------------------------------------------------------------------


def test_the_phase_diagram_has_the_critical_line() -> None:
    weights, biases = np.linspace(0.5, 2.5, 12), np.linspace(0.0, 0.4, 7)
    diagram = theory.phase_diagram(stax.Erf(), weights, biases)
    line = theory.critical_line(stax.Erf(), biases)
    ax: Any = plotting.phase_diagram(diagram, line)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), line.W_std)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), line.b_std)
    mesh = ax.collections[0]
    np.testing.assert_allclose(np.ravel(mesh.get_array()), diagram.chi_1.ravel())
    assert {text.get_text() for text in ax.texts} == {"ordered", "chaotic"}
    assert ax.get_xlim() == (0.5, 2.5)
    rendered(ax)
    contour: Any = plotting.phase_diagram(diagram)  # without the line: chi_1 = 1
    assert len(contour.lines) == 0 and len(contour.collections) == 2


def test_scales_without_a_fixed_point_are_marked() -> None:
    diagram = theory.phase_diagram(stax.Relu(), np.linspace(1, 2, 9), [0.1, 0.2, 0.3])
    ax: Any = plotting.phase_diagram(diagram)
    assert {text.get_text() for text in ax.texts} == {"ordered", "unbounded"}
    assert np.ma.getmaskarray(ax.collections[0].get_array()).any()
    rendered(ax)


# --- figures, axes, settings ----------------------------------------------------------

PANELS = {
    "accuracy_curve": lambda ax: plotting.accuracy_curve([1, 2], [0.5, 1.0], ax=ax),
    "kernel_matrix": lambda ax: plotting.kernel_matrix(np.eye(3), ax=ax),
    "learning_curve": lambda ax: plotting.learning_curve([1, 2], [0.5, 0.2], ax=ax),
    "loss_curves": lambda ax: plotting.loss_curves([1, 2], {"a": [2, 1]}, ax=ax),
    "phase_diagram": lambda ax: plotting.phase_diagram(
        theory.phase_diagram(stax.Erf(), [0.5, 2.0], [0.1, 0.2]), ax=ax
    ),
    "predictive_bands": lambda ax: plotting.predictive_bands([1], [2], [3], ax=ax),
    "ridge_curve": lambda ax: plotting.ridge_curve(
        theory.kare(theory.decompose(np.diag([3.0, 1.0]), [2.0, 2.0]), [0.5, 1.0]),
        ax=ax,
    ),
    "spectrum": lambda ax: plotting.spectrum([1.0, 2.0], ax=ax),
    "training_curves": lambda ax: plotting.training_curves([1, 2], [3, 4], ax=ax),
}


def test_every_panel_is_listed() -> None:
    figures = {"dynamics_figure", "new_figure", "summary_figure"}
    assert set(PANELS) | figures == set(plotting.__all__)


@pytest.mark.parametrize("name", PANELS)
def test_ax_is_used_and_returned(name: str) -> None:
    figure = plotting.new_figure()
    left, right = figure.subplots(1, 2)
    assert PANELS[name](left) is left
    assert left.has_data() and not right.has_data()
    assert left.get_xlabel() and left.get_ylabel()
    alone = PANELS[name](None)
    assert alone.figure is not figure and alone.has_data()


@pytest.mark.parametrize("name", PANELS)
def test_no_setting_is_changed(name: str) -> None:
    before = dict(matplotlib.rcParams)
    rendered(PANELS[name](None))
    assert dict(matplotlib.rcParams) == before


def test_pyplot_is_not_loaded() -> None:
    code = (
        "import sys, numpy as np; from fastntk import plotting;"
        "assert 'matplotlib' not in sys.modules, 'loaded with the package';"
        "plotting.spectrum([1.0]).figure.savefig('/dev/null', format='png');"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert found.stdout.strip() == "False", found.stderr
