"""Further pictures of the pages on prediction."""

import warnings
from typing import Any

import numpy as np
from picture_data import (
    COLOURS,
    on_sphere,
    relu_network,
    smooth_network,
    tidy,
    title,
    wave,
)

from fastntk import plotting, predict
from fastntk.solvers import block_cg

__all__ = ["gradient_flow", "learning_rate", "operator", "singular"]

BLUE, ORANGE, GREEN = COLOURS


def gradient_flow() -> Any:
    """Draw the bands of an ensemble at three times of its training."""
    x, y = wave()
    grid = np.linspace(-4.5, 4.5, 200)[:, None]
    flow = predict.GradientFlow(smooth_network(), x, y)
    figure = plotting.new_figure(12.0, 3.6)
    panels = figure.subplots(1, 3, sharey=True)
    for ax, time in zip(panels, (1.0, 10.0, 1e3), strict=True):
        now = flow.at(time)
        plotting.predictive_bands(
            grid, now.mean(grid), now.variance(grid), x_train=x, y_train=y, ax=ax
        )
        title(ax, f"t = {time:,g}")
        if ax is not panels[0]:
            ax.set_ylabel("")
        if ax is not panels[2]:
            ax.get_legend().remove()
    return figure


def learning_rate() -> Any:
    """Draw the loss of gradient descent around the largest stable step."""
    x, y = wave()
    kernel = smooth_network().kernel_fn(x, None, "ntk")
    edge = predict.max_learning_rate(kernel, y.size)
    figure = plotting.new_figure(7.0, 3.8)
    ax = figure.add_subplot()
    for share, colour in ((0.5, GREEN), (0.99, BLUE), (1.01, ORANGE)):
        run = predict.kernel_gradient_descent(kernel, y, share * edge, n_steps=300)
        ax.plot(run.losses, color=colour, lw=2, label=f"{share:g} of the largest step")
    ax.set(yscale="log", xlabel="steps", ylabel="loss, mean squared / 2")
    title(ax, "Steps around the largest stable one")
    tidy(ax)
    ax.legend(frameon=False)
    return figure


def singular() -> Any:
    """Draw the eigenvalues of a kernel with duplicate rows, and the cut-off."""
    x = np.concatenate([on_sphere(60, 0)[0], on_sphere(60, 0)[0][:20]])
    kernel = relu_network().kernel_fn(x, None, "ntk")
    posterior = predict.gp_inference(kernel, np.zeros((80, 1)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        posterior("ntk", kernel)
    report = posterior.reports["ntk"]
    values = np.abs(np.linalg.eigvalsh(kernel))[::-1]
    rank = np.arange(1, 81)
    kept = rank <= report.rank
    figure = plotting.new_figure(7.0, 3.8)
    ax = figure.add_subplot()
    ax.plot(rank[kept], values[kept], "o", color=BLUE, ms=4, label="kept")
    ax.plot(rank[~kept], values[~kept], "x", color=ORANGE, label="count as zero")
    ax.axhline(report.cutoff, color="0.4", ls="--", label="cut-off")
    ax.set(yscale="log", xlabel="rank", ylabel="eigenvalue (size)")
    title(ax, "80 rows, 20 of them duplicates")
    tidy(ax)
    ax.legend(frameon=False, loc="center left")
    return figure


def operator() -> Any:
    """Draw the error of means found by products, beside a factorisation."""
    (x, y), (x_new, _) = on_sphere(1500, 0), on_sphere(200, 1)
    net = relu_network()
    kernel, cross = net.kernel_fn(x, None, "ntk"), net.kernel_fn(x_new, x, "ntk")
    unit = np.trace(kernel) / len(kernel)
    figure = plotting.new_figure(7.0, 3.8)
    ax = figure.add_subplot()
    counts = np.arange(1, 26, 2)
    for share, colour in ((1e-2, BLUE), (1e-4, ORANGE)):
        exact = cross @ np.linalg.solve(kernel + share * unit * np.eye(1500), y)
        for name, look in (("rpcholesky", "o-"), ("none", "s:")):
            errors = []
            for count in counts:
                found = block_cg(
                    kernel,
                    y,
                    share * unit,
                    rtol=1e-12,
                    max_iter=int(count),
                    preconditioner=name,
                )
                errors.append(np.abs(cross @ found.x - exact).max() / exact.std())
            words = "preconditioned" if name == "rpcholesky" else "not preconditioned"
            label = f"ridge {share:g} tr(K)/n, {words}"
            ax.plot(counts, errors, look, color=colour, ms=4, label=label)
    ax.set(yscale="log", xlabel="products with the kernel", ylabel="error of the mean")
    title(ax, "Conjugate gradients against a factorisation")
    tidy(ax)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    return figure
