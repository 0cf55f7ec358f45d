"""Pictures of expected and measured errors, for the page on theory."""

from typing import Any

import numpy as np
from picture_data import COLOURS, on_sphere, relu_network, tidy, title

import fastntk
from fastntk import plotting, theory

__all__ = ["bound", "eigenlearning", "kare", "learning_curve"]


def kare() -> Any:
    """Draw KARE and measured errors against the ridge, for 20 targets together."""
    net, n_targets = relu_network(), 20
    rng = np.random.default_rng(5)
    u, v, w = rng.normal(size=(3, 6, n_targets)) / np.sqrt(6)

    def targets(x: Any) -> Any:
        noise = 0.1 * rng.normal(size=(len(x), n_targets))
        return np.sin(2 * x @ u) + (x @ v) * (x @ w) + noise

    x, x_new = on_sphere(500, 0)[0], on_sphere(4000, 1)[0]
    y, y_new = targets(x), targets(x_new)
    kernel, cross = fastntk.gram(net, x), fastntk.gram(net, x_new, x)
    known = theory.decompose(kernel, y)
    unit = known.trace / known.n_samples
    ridges = unit * np.geomspace(1e-4, 10, 16)
    measured = []
    for ridge in ridges:
        solution = np.linalg.solve(kernel + ridge * np.eye(500), y)
        measured.append(np.mean((cross @ solution - y_new) ** 2))
    figure = plotting.new_figure(7.0, 4.0)
    plotting.ridge_curve(
        theory.kare(known, ridges),
        measured,
        unit=unit,
        n_outputs=n_targets,
        ax=figure.add_subplot(),
    )
    return figure


def learning_curve() -> Any:
    """Draw the learning curve told from 500 rows, and errors measured up to 2,000."""
    net = relu_network()
    (x, y), (x_new, y_new) = on_sphere(2000, 0), on_sphere(4000, 1)
    known = theory.decompose(fastntk.gram(net, x[:500]), y[:500])
    ridge = 1e-2 * known.trace / 500
    sizes = np.array([25, 50, 100, 200, 500, 1000, 2000])
    kernel, cross = fastntk.gram(net, x), fastntk.gram(net, x_new, x)
    measured = np.empty((5, len(sizes)))
    rng = np.random.default_rng(3)
    for errors in measured:
        order = rng.permutation(2000)
        for j, size in enumerate(sizes):
            rows = order[:size]
            shifted = kernel[np.ix_(rows, rows)] + ridge * np.eye(size)
            found = cross[:, rows] @ np.linalg.solve(shifted, y[rows])
            errors[j] = np.mean((found - y_new) ** 2)
    figure = plotting.new_figure(7.0, 4.0)
    ax = plotting.learning_curve(
        sizes,
        measured,
        theory=theory.learning_curve(known, np.geomspace(25, 2500, 30), ridge),
        leave_one_out=(500, theory.leave_one_out(known, ridge)),
        ax=figure.add_subplot(),
    )
    words = "Learning curve, told from 500 rows"
    title(ax, words)
    return figure


def eigenlearning() -> Any:
    """Draw expected and measured errors of a linear and a quadratic target."""
    net = relu_network()
    levels = theory.sphere_spectrum(net, d=6, n_degrees=20)
    sizes = np.unique(np.geomspace(5, 500, 30).round())
    figure = plotting.new_figure(7.0, 4.0)
    ax = figure.add_subplot()
    rows, new = on_sphere(2000, 0)[0], on_sphere(2000, 1)[0]
    kernel, cross = fastntk.gram(net, rows), fastntk.gram(net, new, rows)
    targets: dict[int, Any] = {
        1: lambda x: x[:, 0],
        2: lambda x: np.sqrt(4 / 3) * x[:, 0] * x[:, 1],
    }
    for (degree, target), colour in zip(targets.items(), COLOURS, strict=False):
        name = f"degree {degree}"
        known = theory.eigenlearning(
            levels.eigenvalues,
            np.eye(20)[degree] * np.mean(target(new) ** 2),
            sizes,
            ridge=0.1,
            multiplicities=levels.multiplicities,
            tail=levels.tail,
        )
        ax.plot(sizes, known.test_mse, color=colour, linewidth=2, label=name)
        counts = np.array([10, 30, 100, 300, 500])
        found = mean_errors(kernel, cross, target(rows), target(new), counts)
        look: dict[str, Any] = {
            "linestyle": "none",
            "marker": "o",
            "markerfacecolor": "white",
        }
        ax.plot(counts, found, color=colour, label=f"{name}, measured", **look)
    ax.set(xscale="log", yscale="log", xlabel="training rows")
    ax.set(ylabel="test error (mean squared)")
    title(ax, "Known spectrum")
    tidy(ax)
    ax.legend(frameon=False, loc="lower left")
    return figure


def mean_errors(kernel: Any, cross: Any, y: Any, y_new: Any, counts: Any) -> Any:
    """Return test errors with a ridge of 0.1, means over 20 random training sets."""
    rng = np.random.default_rng(4)
    found = np.zeros(len(counts))
    for _ in range(20):
        order = rng.permutation(len(y))
        for j, n in enumerate(counts):
            some = order[:n]
            shifted = kernel[np.ix_(some, some)] + 0.1 * np.eye(n)
            error = cross[:, some] @ np.linalg.solve(shifted, y[some]) - y_new
            found[j] += np.mean(error**2) / 20
    return found


def bound() -> Any:
    """Draw the bound from the RKHS norm, and the errors that it bounds."""
    net = relu_network()
    (x, y), (x_new, y_new) = on_sphere(2000, 0), on_sphere(4000, 1)
    sizes = np.array([50, 100, 200, 500, 1000, 2000])
    kernel, cross = fastntk.gram(net, x), fastntk.gram(net, x_new, x)
    bounds, measured = [], []
    for n in sizes:
        known = theory.decompose(kernel[:n, :n], y[:n])
        ridge = 0.1 * known.trace / n
        bounds.append(theory.generalisation_bound(known, ridge).bound)
        shifted = kernel[:n, :n] + ridge * np.eye(n)
        error = np.abs(cross[:, :n] @ np.linalg.solve(shifted, y[:n]) - y_new)
        measured.append(np.mean(np.minimum(error, 1.0)))
    figure = plotting.new_figure(7.0, 4.0)
    ax = figure.add_subplot()
    ax.plot(sizes, bounds, "-o", color=COLOURS[0], linewidth=2, label="bound")
    ax.axhline(1.0, color="0.35", linestyle=":", label="says nothing above this")
    look: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "white"}
    ax.plot(sizes, measured, marker="o", color="black", label="measured", **look)
    ax.set(xscale="log", yscale="log", xlabel="training rows")
    ax.set(ylabel="mean absolute error, at most 1")
    ax.set_xticks(sizes, [f"{n:,}" for n in sizes])
    ax.minorticks_off()
    title(ax, "Bound from the RKHS norm")
    tidy(ax)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    return figure
