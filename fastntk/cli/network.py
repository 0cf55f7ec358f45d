"""The options of commands that describe a network, and the network they describe.

Every command that works on a network takes the same five: ``--net FILE``, or
``--depth``, ``--activation``, ``--w-std`` and ``--b-std``.
"""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fastntk._errors import FastntkError

if TYPE_CHECKING:
    from fastntk.stax import Network

__all__ = [
    "Activation",
    "ActivationOption",
    "BStdOption",
    "DepthOption",
    "NetOption",
    "WStdOption",
    "check_between",
    "network_of",
    "plain_network",
]

DEPTH, W_STD, B_STD = 3, 1.5, 0.1
WIDTH = 512  # of hidden layers: without meaning for the kernel, but a layer has one


class Activation(StrEnum):
    """Activations that have a name on the command line."""

    relu = "relu"
    leaky_relu = "leaky-relu"
    abs = "abs"
    sign = "sign"
    erf = "erf"
    tanh = "tanh"
    sigmoid = "sigmoid"
    sigmoid_like = "sigmoid-like"
    softplus = "softplus"
    gelu = "gelu"
    silu = "silu"
    selu = "selu"
    mish = "mish"
    sin = "sin"
    cos = "cos"
    gaussian = "gaussian"
    rbf = "rbf"


_LAYERS: dict[Activation, tuple[str, tuple[float, ...]]] = {
    Activation.relu: ("Relu", ()),
    Activation.leaky_relu: ("LeakyRelu", (0.1,)),
    Activation.abs: ("Abs", ()),
    Activation.sign: ("Sign", ()),
    Activation.erf: ("Erf", ()),
    Activation.tanh: ("Tanh", ()),
    Activation.sigmoid: ("Sigmoid", ()),
    Activation.sigmoid_like: ("Sigmoid_like", ()),
    Activation.softplus: ("Softplus", ()),
    Activation.gelu: ("Gelu", ()),
    Activation.silu: ("Silu", ()),
    Activation.selu: ("Selu", ()),
    Activation.mish: ("Mish", ()),
    Activation.sin: ("Sin", ()),
    Activation.cos: ("Cos", ()),
    Activation.gaussian: ("Gaussian", ()),
    Activation.rbf: ("Rbf", ()),
}

DepthOption = Annotated[
    int | None,
    typer.Option(
        "--depth",
        min=0,
        max=1000,
        help="Hidden layers; 3 by default.",
        rich_help_panel="Network",
    ),
]
ActivationOption = Annotated[
    Activation | None,
    typer.Option(
        "--activation",
        help="Of the hidden layers; relu by default.",
        rich_help_panel="Network",
    ),
]
WStdOption = Annotated[
    float | None,
    typer.Option(
        "--w-std",
        help="Scale of weights; 1.5 by default.",
        rich_help_panel="Network",
    ),
]
BStdOption = Annotated[
    float | None,
    typer.Option(
        "--b-std",
        help="Scale of biases; 0.1 by default, 0 for none.",
        rich_help_panel="Network",
    ),
]
NetOption = Annotated[
    Path | None,
    typer.Option(
        "--net",
        help="Any other network: a file with what net.to_json() returns.",
        rich_help_panel="Network",
    ),
]


def network_of(
    net: Path | None,
    depth: int | None,
    activation: Activation | None,
    w_std: float | None,
    b_std: float | None,
) -> Network:
    """Return the network of a file, or that of the four other options.

    Parameters
    ----------
    net : Path or None
        File with the JSON text of a network.
    depth, activation, w_std, b_std : int, Activation, float, float or None
        None where the option wasn't given.

    Returns
    -------
    Network

    Raises
    ------
    typer.BadParameter
        If the file can't be read or holds no network, a number is out of range, or
        both ways are mixed.
    """
    if net is None:
        return plain_network(depth, activation, w_std, b_std)
    given = {
        "--depth": depth,
        "--activation": activation,
        "--w-std": w_std,
        "--b-std": b_std,
    }
    extra = [name for name, value in given.items() if value is not None]
    if extra:
        message = f"the file describes the whole network; leave {', '.join(extra)} out"
        raise typer.BadParameter(message, param_hint="--net")
    from fastntk import stax

    try:
        return stax.from_json(net.read_bytes())
    except FastntkError as error:
        message = f"{net}: {error}"
    except OSError as error:
        message = f"can't read {net}: {error.strerror or error}"
    raise typer.BadParameter(message, param_hint="--net")


def plain_network(
    depth: int | None = None,
    activation: Activation | None = None,
    w_std: float | None = None,
    b_std: float | None = None,
) -> Network:
    """Return ``depth`` hidden layers of one activation, and a linear read-out.

    Examples
    --------
    >>> print(plain_network(1, Activation.erf))
    serial(Dense(512, W_std=1.5, b_std=0.1), Erf(), Dense(1, W_std=1.5, b_std=0.1))
    """
    from fastntk import stax

    w = W_STD if w_std is None else check_between(w_std, "--w-std", 0.0, math.inf)
    b = B_STD if b_std is None else b_std
    if not 0.0 <= b < math.inf:
        message = f"{b:g} is not a number from 0"
        raise typer.BadParameter(message, param_hint="--b-std")
    name, arguments = _LAYERS[activation or Activation.relu]
    layer: Any = getattr(stax, name)(*arguments)
    scales: dict[str, Any] = {"W_std": w, "b_std": b or None}
    hidden = (DEPTH if depth is None else depth) * [stax.Dense(WIDTH, **scales), layer]
    return stax.serial(*hidden, stax.Dense(1, **scales))


def check_between(value: float, option: str, low: float, high: float) -> float:
    """Return a number inside of an open interval, or refuse it by its option's name."""
    if low < value < high:
        return value
    wanted = f"above {low:g}" + ("" if high == math.inf else f" and below {high:g}")
    message = f"{value:g} is out of range; expected a number {wanted}"
    raise typer.BadParameter(message, param_hint=option)
