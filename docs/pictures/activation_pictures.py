"""The picture of the page on activations."""

from typing import Any

import numpy as np
from picture_data import tidy, title

from fastntk import plotting, stax

__all__ = ["profiles"]

# Okabe and Ito's colours, full lines and dashes
LINES: tuple[tuple[str, Any, float, str, str], ...] = (
    ("ReLU", stax.Relu(), 2.0, "#0072B2", "-"),
    ("GELU", stax.Gelu(), 2.0, "#D55E00", "-"),
    ("SiLU", stax.Silu(), 2.0, "#009E73", "-"),
    ("softplus", stax.Softplus(), 1.5, "#CC79A7", "-"),
    ("ELU", stax.Elu(), 1.5, "#0072B2", "--"),
    ("tanh", stax.Tanh(), 1.5, "#D55E00", "--"),
    ("erf", stax.Erf(), 1.5, "#009E73", "--"),
    ("hard tanh", stax.HardTanh(), 1.5, "#CC79A7", "--"),
)
DEPTHS = (1, 3, 30)


def profiles() -> Any:
    """Draw the tangent kernel of eight activations at three depths over the cosine."""
    rho = np.cos(np.linspace(np.pi, 0, 601))
    figure = plotting.new_figure(9.6, 3.6)
    axes = figure.subplots(1, len(DEPTHS), sharey=True)
    for ax, depth in zip(axes, DEPTHS, strict=True):
        for name, layer, variance, colour, dashes in LINES:
            dense = stax.Dense(512, W_std=variance**0.5, b_std=0.1)
            net = stax.serial(*[dense, layer] * depth, dense)
            ntk = net.profile(rho, "ntk")
            ax.plot(rho, ntk / ntk[-1], dashes, color=colour, lw=1.4, label=name)
        title(ax, f"{depth} hidden layer" + ("s" if depth > 1 else ""))
        ax.set_xlabel("cosine of two inputs")
        tidy(ax)
    axes[0].set_ylabel("NTK, relative to equal inputs")
    axes[-1].legend(frameon=False, fontsize="small", loc="lower center", ncols=2)
    return figure
