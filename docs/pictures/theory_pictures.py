"""Pictures of kernels and depth, for the page on theory."""

from typing import Any

import numpy as np
from picture_data import COLOURS, on_sphere, relu_network, tidy, title

import fastntk
from fastntk import plotting, stax, theory

__all__ = [
    "convergence",
    "design",
    "finite_width",
    "phase",
    "recursion",
    "spectrum",
    "sphere",
]


def recursion() -> Any:
    """Draw kernels, divided by their diagonal, against the angle at three depths."""
    theta = np.linspace(0, np.pi, 200)
    figure = plotting.new_figure(7.0, 4.0)
    ax = figure.add_subplot()
    looks = zip((1, 3, 10), COLOURS, strict=True)
    for n, colour in looks:
        hidden = [stax.Dense(512, W_std=np.sqrt(2)), stax.Relu()]
        net = stax.serial(*n * hidden, stax.Dense(1))
        for get, style in (("ntk", "-"), ("nngp", "--")):
            kernel = theory.kernel_profile(net, theta, d=6, get=get)
            name = f"NTK, {n} hidden layer{'s' * (n > 1)}" if get == "ntk" else None
            look: dict[str, Any] = {"color": colour, "linestyle": style, "label": name}
            ax.plot(np.degrees(theta), kernel / kernel[0], linewidth=2, **look)
    ax.plot([], [], "--", color="0.35", label="NNGP, the same")
    ax.set(xlabel="angle of two rows (degrees)", ylabel="kernel / its diagonal")
    ax.set(xlim=(0, 180), xticks=range(0, 181, 30), ylim=(-0.22, 1.02))
    title(ax, "Kernels of ReLU networks")
    tidy(ax)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.04, 1.0))
    return figure


def spectrum() -> Any:
    """Draw the kernel of handwritten digits, and its spectrum with their labels."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images, labels = images[:900] / 16.0, labels[:900]
    kernel = fastntk.gram(relu_network(), images)
    known = theory.decompose(kernel, np.eye(10)[labels] - 0.1)
    figure = plotting.new_figure(9.6, 3.8)
    left, right = figure.subplots(1, 2)
    plotting.kernel_matrix(kernel[:300, :300], labels[:300], ax=left)
    title(left, "NTK of 300 digits")
    plotting.spectrum(known.eigenvalues, known.power, ax=right)
    title(right, "Spectrum of 900 digits")
    return figure


def sphere() -> Any:
    """Draw eigenvalues by degree on spheres of several dimensions."""
    figure = plotting.new_figure(7.0, 4.0)
    ax = figure.add_subplot()
    for d, colour in zip((3, 6, 12), COLOURS, strict=True):
        levels = theory.sphere_spectrum(relu_network(), d=d, n_degrees=60)
        degrees = np.arange(60)
        seen = levels.eigenvalues > 0
        look: dict[str, Any] = {"marker": "o", "markersize": 3.5, "linewidth": 1.2}
        name = f"d = {d}, falls as degree^-{levels.rate:.1f}"
        values = levels.eigenvalues[seen]
        ax.plot(degrees[seen] + 1, values, color=colour, label=name, **look)
    ax.set(xscale="log", yscale="log")
    ax.set(xlabel="degree + 1", ylabel="eigenvalue (squared output units)")
    title(ax, "ReLU network on spheres")
    tidy(ax)
    ax.legend(frameon=False, loc="lower left")
    return figure


def convergence() -> Any:
    """Draw the training loss, the bound from the smallest eigenvalue, and a time."""
    x, y = on_sphere(300, 0)
    known = theory.decompose(fastntk.gram(relu_network(), x), y)
    times = np.geomspace(0.1, 1e5, 80)
    decay = np.exp(-2 * np.outer(times, known.eigenvalues) / 300)
    loss = decay @ known.power / 600
    bound = 0.5 * np.mean(y**2) * np.exp(-2 * times * known.eigenvalues[0] / 300)
    reached = theory.time_to_loss(known, 1e-3)
    seen = loss > 1e-8
    figure = plotting.new_figure(7.0, 4.0)
    ax = plotting.loss_curves(
        times[seen],
        {"loss": loss[seen], "bound by lambda_min": bound[seen]},
        ax=figure.add_subplot(),
    )
    ax.plot([reached], [1e-3], "o", color="black", label="time_to_loss(1e-3)")
    ax.set_ylabel("training loss, mean squared / 2")
    title(ax, "Convergence")
    ax.legend(frameon=False, loc="lower left")
    return figure


def phase() -> Any:
    """Draw the phase diagrams of tanh and ReLU."""
    figure = plotting.new_figure(11.0, 4.0)
    left, right = figure.subplots(1, 2)
    biases = np.linspace(0.0, 0.8, 61)
    diagram = theory.phase_diagram(np.tanh, np.linspace(0.4, 3.0, 80), biases)
    line = theory.critical_line(np.tanh, biases)
    plotting.phase_diagram(diagram, line, ax=left)
    title(left, "tanh")
    diagram = theory.phase_diagram(stax.Relu(), np.linspace(0.6, 2.4, 240), biases)
    plotting.phase_diagram(diagram, ax=right)
    title(right, "ReLU")
    return figure


def design() -> Any:
    """Draw a kernel wanted and made, and the activation that makes it."""

    def wanted(rho: Any) -> Any:
        return np.exp(4 * (rho - 1))

    made = theory.design_activation(wanted, degree=24)
    rho, u = np.linspace(-1, 1, 200), np.linspace(-3, 3, 200)
    figure = plotting.new_figure(11.0, 3.8)
    left, right = figure.subplots(1, 2)
    left.plot(rho, wanted(rho), color="#0072B2", linewidth=2, label="wanted NTK")
    some = np.linspace(-1, 1, 15)
    reached = np.polynomial.polynomial.polyval(some, made.kernel)
    look: dict[str, Any] = {
        "linestyle": "none",
        "marker": "o",
        "markerfacecolor": "white",
    }
    left.plot(some, reached, color="black", label="made", **look)
    left.set(xlabel="cosine of two rows", ylabel="NTK")
    title(left, "exp(4 (cosine - 1))")
    left.legend(frameon=False, loc="upper left")
    right.plot(u, made(u), color="#D55E00", linewidth=2)
    right.set(xlabel="pre-activation", ylabel="activation")
    title(right, "Its activation")
    for ax in (left, right):
        tidy(ax)
    return figure


def finite_width() -> Any:
    """Draw how far kernels of finite ReLU networks are from the limit."""
    figure = plotting.new_figure(7.0, 4.0)
    ax = figure.add_subplot()
    depths = np.unique(np.geomspace(1, 100, 20).round().astype(int))
    for width, colour in ((50, "#D55E00"), (512, "#0072B2"), (4096, "#009E73")):
        hidden = [stax.Dense(width), stax.Relu()]
        flags = [
            theory.finite_width(stax.serial(*int(n) * hidden, stax.Dense(1)))
            for n in depths
        ]
        spread = np.array([flag.relative_std for flag in flags])
        trusted = np.array([flag.is_trusted for flag in flags])
        ax.plot(depths, spread, color=colour, label=f"width {width:,}", linewidth=2)
        ax.plot(depths[trusted], spread[trusted], "o", color=colour)
    measured = [1, 2, 4, 8, 16]
    ax.plot(measured, [simulated_spread(50, n) for n in measured], "kx", ms=7)
    ax.plot([], [], "kx", ms=7, label="2,000 networks")
    ax.plot([], [], "o", color="black", label="trusted")
    ax.set(xscale="log", yscale="log", xlabel="hidden layers")
    ax.set(ylabel="relative std of the kernel")
    title(ax, "Networks of finite width")
    tidy(ax)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    return figure


def simulated_spread(width: int, depth: int, n_networks: int = 2000) -> float:
    """Return the relative spread of NTKs of ReLU networks at one input."""
    rng = np.random.default_rng(depth)
    scale = np.sqrt(2.0 / width)
    found = np.empty(n_networks)
    for i in range(n_networks):
        x = np.maximum(rng.normal(size=width), 0.0)  # of one feature
        rows, weights = [x], []
        for _ in range(depth - 1):
            weights.append(scale * rng.normal(size=(width, width)))
            rows.append(np.maximum(weights[-1] @ rows[-1], 0.0))
        kernel = rows[-1] @ rows[-1] * scale**2
        back = scale * rng.normal(size=width)
        for row, below, w in zip(rows[:0:-1], rows[-2::-1], weights[::-1], strict=True):
            back = back * (row > 0)
            kernel += scale**2 * (below @ below) * (back @ back)
            back = w.T @ back
        back = back * (rows[0] > 0)
        found[i] = kernel + back @ back
    return float(found.std() / found.mean())
