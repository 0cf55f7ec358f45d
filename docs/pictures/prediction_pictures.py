"""Pictures of the page on prediction."""

from typing import Any

import numpy as np
from picture_data import smooth_network, title, wave
from scipy.special import erf

from fastntk import plotting, predict, stax

__all__ = ["descent", "momentum", "posterior", "training"]


def posterior() -> Any:
    """Draw the predictions of the Bayesian network and of the trained ensemble."""
    x, y = wave()
    grid = np.linspace(-4.5, 4.5, 200)[:, None]
    figure = plotting.new_figure(11.0, 3.8)
    panels = figure.subplots(1, 2, sharey=True)
    titles = {"nngp": 'get="nngp": Bayesian', "ntk": 'get="ntk": trained to the end'}
    for ax, (get, words) in zip(panels, titles.items(), strict=True):
        found = predict.Posterior(smooth_network(), x, y, get, ridge=0.01)
        plotting.predictive_bands(
            grid,
            found.mean(grid),
            found.variance(grid),
            x_train=x,
            y_train=y,
            samples=found.sample(grid, 5, seed=1),
            ax=ax,
        )
        title(ax, words)
    panels[0].get_legend().remove()
    panels[1].set_ylabel("")
    return figure


def training() -> Any:
    """Draw the band of the limit, and finite networks that were trained."""
    x, y = wave()
    points = np.array([[-1.5], [0.2], [2.2]])
    net = stax.serial(
        stax.Dense(1024, W_std=1.5, b_std=0.5),
        stax.Erf(),
        stax.Dense(1, W_std=1.5, b_std=0.5),
    )
    rate = 0.2 * predict.max_learning_rate(net.kernel_fn(x, None, "ntk"), y.size)
    steps = np.unique(np.geomspace(1, 3000, 60).round().astype(int))
    members = train_networks(x, y, points, steps, rate, n_networks=12)
    flow = predict.GradientFlow(net, x, y, learning_rate=rate).at(steps)
    ax = plotting.training_curves(
        steps,
        flow.mean(points),
        flow.variance(points),
        members=members,
        names=[f"x = {value:g}" for value in points[:, 0]],
        ax=plotting.new_figure(7.4, 4.2).add_subplot(),
    )
    words = "12 trained networks of width 1,024 in the band of the limit"
    ax.set_title(words, loc="left", fontweight="bold", fontsize=11)
    ax.set_xlabel("steps of gradient descent")
    return ax.figure


def train_networks(
    x: Any, y: Any, points: Any, steps: Any, rate: float, n_networks: int
) -> Any:
    """Train networks of one hidden layer, full batch; return outputs at the points.

    The NTK parameterization: weights of variance 1, scaled by W_std / sqrt(width).
    """
    rng = np.random.default_rng(2)
    width, w_std, b_std = 1024, 1.5, 0.5
    w1, b1 = (rng.normal(size=(n_networks, 1, width)) for _ in range(2))
    w2 = rng.normal(size=(n_networks, width, 1))
    b2 = rng.normal(size=(n_networks, 1, 1))
    scale = w_std / np.sqrt(width)

    def run(rows: Any) -> tuple[Any, Any, Any]:
        before = w_std * (rows @ w1) + b_std * b1
        after = erf(before)
        return before, after, scale * (after @ w2) + b_std * b2

    found = []
    for step in range(1, int(steps[-1]) + 1):
        before, after, output = run(x)
        error = rate / y.size * (output - y)
        slope = 2 / np.sqrt(np.pi) * np.exp(-(before**2))
        back = scale * (error @ w2.swapaxes(1, 2)) * slope
        w2 = w2 - scale * (after.swapaxes(1, 2) @ error)
        b2 = b2 - b_std * error.sum(axis=1, keepdims=True)
        w1 = w1 - w_std * (x.T @ back)
        b1 = b1 - b_std * back.sum(axis=1, keepdims=True)
        if step in steps:
            found.append(run(points)[2][:, :, 0])
    return np.stack(found, axis=1)


def momentum() -> Any:
    """Draw the logistic loss in training, with and without momentum."""
    x, y = wave(30)
    labels = np.where(y > 0, 1.0, -1.0)
    kernel = smooth_network().kernel_fn(x, None, "ntk")
    times = np.geomspace(1, 1e4, 200)
    losses = {}
    for name, value in {"no momentum": None, "0.9": 0.9, "0.99": 0.99}.items():
        flow = predict.gradient_descent("logistic", kernel, labels, 0.1, momentum=value)
        outputs = flow(times)
        loss = [predict.Logistic().value(f, labels) for f in outputs]
        losses[name if value is None else f"momentum {name}"] = loss
    figure = plotting.new_figure(7.0, 3.8)
    ax = plotting.loss_curves(times, losses, ax=figure.add_subplot())
    ax.set_ylabel("logistic loss on the training set")
    return figure


def descent() -> Any:
    """Draw discrete steps of several sizes on the flow that they follow."""
    x, y = wave()
    kernel = smooth_network().kernel_fn(x, None, "ntk")
    edge = predict.max_learning_rate(kernel, y.size)
    times = np.geomspace(1, 1e3, 80)
    flow = predict.gradient_descent_mse(kernel, y)(times, fx_train_0=0.0)
    loss = 0.5 * np.mean((flow - y) ** 2, axis=(1, 2))
    figure = plotting.new_figure(7.0, 3.8)
    ax = plotting.loss_curves(times, {"gradient flow": loss}, ax=figure.add_subplot())
    for share, marker, colour in ((0.3, "s", "#009E73"), (0.95, "o", "#D55E00")):
        counts = np.unique(np.geomspace(1, 1e3 / (share * edge), 18).round())
        found = []
        for count in counts.astype(int):
            fitted = predict.kernel_gradient_descent(
                kernel, y, share * edge, n_steps=int(count)
            )
            found.append(0.5 * np.mean((fitted.fx_train - y) ** 2))
        look: dict[str, Any] = {"marker": marker, "color": colour, "linestyle": "none"}
        name = f"steps of {share:g} of the largest"
        ax.plot(counts * share * edge, found, label=name, **look)
    ax.set(xlabel="time (steps times step size)", ylabel="loss, mean squared / 2")
    title(ax, "Kernel gradient descent")
    ax.legend(frameon=False, loc="lower left")
    return figure
