"""Layers that hold or join other layers."""

import dataclasses
from collections.abc import Iterator

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._axes import axis_field, keep_axes
from fastntk.spec._base import Spec
from fastntk.spec._checks import as_count

__all__ = [
    "FanInConcat",
    "FanInProd",
    "FanInSum",
    "FanOut",
    "Parallel",
    "Section",
    "Serial",
    "repeat",
]

_DEEPEST = 128  # walks over a network recurse, and Python limits that
_LARGEST = 10**6  # branches or copies; more is a mistake, and would fill the memory


@dataclasses.dataclass(frozen=True, repr=False)
class FanOut(Spec):
    """Hands its input to ``num`` branches.

    Parameters
    ----------
    num : int
        Number of branches, >= 1.

    Raises
    ------
    NetworkError
        If ``num`` is not an integer >= 1.
    """

    num: int

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        num = as_count(self.num, "num", f"FanOut({shown(self.num)})", _LARGEST)
        object.__setattr__(self, "num", num)


@dataclasses.dataclass(frozen=True, repr=False)
class FanInSum(Spec):
    """Adds the outputs of the branches before it."""


@dataclasses.dataclass(frozen=True, repr=False)
class FanInProd(Spec):
    """Multiplies the outputs of the branches before it, feature by feature."""


@dataclasses.dataclass(frozen=True, repr=False)
class FanInConcat(Spec):
    """Puts the features of the branches before it side by side.

    Parameters
    ----------
    axis : int, default=-1
        The axis of the features; counted from the front, it is settled where the
        inputs are known.

    Raises
    ------
    NetworkError
        If it is another one.
    """

    axis: int = axis_field(-1)

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        remedy = "Branches are joined along their features; write -1"
        keep_axes(self, "FanInConcat()", remedy=remedy)


class _Composite(Spec):
    """Common part of the layers that hold a tuple of layers."""

    layers: tuple[Spec, ...]

    def __post_init__(self) -> None:
        """Check the fields and convert them."""
        layers = _as_layers(self.layers, self.stax_name)
        object.__setattr__(self, "layers", layers)
        nesting = 1 + max(layer.nesting for layer in layers)
        if nesting > _DEEPEST:
            raise NetworkError(
                f"{self.stax_name}: layers are nested {nesting} deep; expected at "
                f"most {_DEEPEST}. Collect the layers in a list and call "
                "serial(*layers) once"
            )
        object.__setattr__(self, "nesting", nesting)
        names_axes = any(layer.names_axes for layer in layers)
        object.__setattr__(self, "names_axes", names_axes)

    def _repr_arguments(self) -> Iterator[str]:
        return map(repr, self.layers)


@dataclasses.dataclass(frozen=True, repr=False)
class Serial(_Composite, stax_name="serial"):
    """Layers one after the other.

    Parameters
    ----------
    layers : tuple of Spec
        At least one layer, from input to output.

    Raises
    ------
    NetworkError
        If there is no layer, or something is no layer.

    Examples
    --------
    >>> from fastntk.spec import Dense, Relu
    >>> Serial((Dense(512), Relu()))
    serial(Dense(512), Relu())
    """

    layers: tuple[Spec, ...]


@dataclasses.dataclass(frozen=True, repr=False)
class Section(Serial, stax_name="serial", is_layer=False):
    """Layers cut out of a network, which keep their places in messages.

    Parameters
    ----------
    layers : tuple of Spec
        At least one layer, from input to output.
    places : tuple of str
        Where each one stands in the whole network, such as "2.1"; "" for a network
        of this layer alone.
    """

    places: tuple[str, ...]


@dataclasses.dataclass(frozen=True, repr=False)
class Parallel(_Composite, stax_name="parallel"):
    """Layers side by side, each on a branch of its own.

    Parameters
    ----------
    layers : tuple of Spec
        One layer for each branch; at least one.

    Raises
    ------
    NetworkError
        If there is no layer, or something is no layer.
    """

    layers: tuple[Spec, ...]


def repeat(layer: Spec, n: int) -> Serial:
    """Return ``n`` copies of a layer, one after the other.

    Parameters
    ----------
    layer : Spec
        The layer to repeat.
    n : int
        Number of copies, >= 1.

    Returns
    -------
    Serial

    Raises
    ------
    NetworkError
        If ``n`` is not an integer >= 1, or ``layer`` is no layer.

    Examples
    --------
    >>> from fastntk.spec import Relu
    >>> repeat(Relu(), 2)
    serial(Relu(), Relu())
    """
    label = f"repeat({shown(layer)}, {shown(n)})"
    count = as_count(n, "n", label, _LARGEST)
    return Serial((layer,) * count)


def _as_layers(layers: object, name: str) -> tuple[Spec, ...]:
    if not isinstance(layers, tuple | list):
        raise NetworkError(
            f"{name}: layers is {shown(layers)}; expected a tuple of layers"
        )
    if not layers:
        raise NetworkError(f"{name}(): found no layers; expected at least one")
    for index, layer in enumerate(layers):
        if not isinstance(layer, Spec):
            raise NetworkError(
                f"{name}: argument {index} is {shown(layer)} of type "
                f"{type(layer).__name__}; expected a layer such as Dense(512)"
                f"{_remedy(layer, name)}"
            )
    return tuple(layers)


def _remedy(found: object, name: str) -> str:
    """Return what to do about a thing that is no layer, if that is clear."""
    if callable(found):
        return "; call it, e.g. Relu()"
    if isinstance(found, tuple | list):
        return f"; unpack the sequence, e.g. {name}(*layers)"
    return ""
