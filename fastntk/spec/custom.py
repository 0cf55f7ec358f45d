"""Layers that hold Python functions: they compare and print, but make no JSON."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from fastntk._errors import NetworkError
from fastntk._shown import shown
from fastntk.spec._base import Spec
from fastntk.spec._checks import as_count, as_real
from fastntk.spec.activations.numerical import check_method, check_tol

__all__ = ["Custom", "Elementwise", "ElementwiseNumerical", "function_name"]


def function_name(function: object) -> str:
    """Return the name of a function, or of the class of another callable.

    Parameters
    ----------
    function : callable
        A function, a partial, an object with ``__call__``.

    Returns
    -------
    str
    """
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


class _HoldsCode(Spec):
    """Common part of the layers whose fields are functions.

    Functions compare by identity. Pickling works for those that Python can pickle:
    functions at the top level of a module.
    """

    def to_dict(self) -> NoReturn:
        """Refuse: Python functions have no JSON form.

        Raises
        ------
        NetworkError
            Always.
        """
        raise NetworkError(
            f"{shown(self)}: a layer that holds a Python function can't be "
            "written as a dictionary or JSON; expected layers of numbers. Keep the "
            "code that builds the network, or pickle it if its functions are at the "
            "top level of a module"
        )


@dataclasses.dataclass(frozen=True, repr=False)
class Elementwise(_HoldsCode):
    """An activation that the user wrote, and its dual if there is a closed form.

    Parameters
    ----------
    fn : callable or None, default=None
        The activation itself, on arrays.
    nngp_fn : callable or None, default=None
        ``(cov12, var1, var2) -> E[fn(u) fn(v)]``, on arrays; None: computed from
        ``fn``.
    d_nngp_fn : callable or None, default=None
        ``(cov12, var1, var2) -> E[fn'(u) fn'(v)]``, on arrays.
    kinks : tuple of float or None, default=None
        Where ``fn`` or ``fn'`` jumps; None: they are looked for.
    df : callable or None, default=None
        The derivative of ``fn``, on arrays; None: found from ``fn``.
    tol : float, default=1e-12
        Largest error relative to ``sqrt(K(x, x) K(y, y))``, 1e-14 to 0.1.
    method : {"auto", "series", "quadrature"}, default="auto"
        How the dual of ``fn`` is computed.

    Raises
    ------
    NetworkError
        If neither ``fn`` nor ``nngp_fn`` is given, one is not callable, ``d_nngp_fn``
        comes without ``nngp_fn``, or another field is not as described.
    """

    fn: Callable[..., Any] | None = None
    nngp_fn: Callable[..., Any] | None = None
    d_nngp_fn: Callable[..., Any] | None = None
    kinks: tuple[float, ...] | None = None
    df: Callable[..., Any] | None = None
    tol: float = 1e-12
    method: str = "auto"

    def __post_init__(self) -> None:
        """Check the fields."""
        label = shown(self)
        for name in ("fn", "nngp_fn", "d_nngp_fn", "df"):
            check_function(getattr(self, name), name, label)
        if self.fn is None and self.nngp_fn is None:
            raise NetworkError(
                f"{label}: found neither fn nor nngp_fn; expected fn, a function of an "
                "array, or nngp_fn, the function (cov12, var1, var2) -> E[fn(u) fn(v)]"
            )
        if self.nngp_fn is None and self.d_nngp_fn is not None:
            raise NetworkError(
                f"{label}: found d_nngp_fn without nngp_fn; expected both, or nngp_fn "
                "alone"
            )
        if self.fn is None and (self.df is not None or self.kinks is not None):
            raise NetworkError(
                f"{label}: found df or kinks without fn; expected fn, the function "
                "that they belong to"
            )
        object.__setattr__(self, "kinks", as_kinks(self.kinks, label))
        object.__setattr__(self, "tol", check_tol(self.tol, label))
        object.__setattr__(self, "method", check_method(self.method, label))

    def _repr_arguments(self) -> Iterator[str]:
        yield from _shown(self)


@dataclasses.dataclass(frozen=True, repr=False)
class ElementwiseNumerical(_HoldsCode):
    """An activation that the user wrote, by neural-tangents' signature.

    Parameters
    ----------
    fn : callable
        The activation, on arrays.
    deg : int
        At least so many terms are used; the tolerance decides.
    df : callable or None, default=None
        The derivative of ``fn``, on arrays.

    Raises
    ------
    NetworkError
        If a field is not as described.
    """

    fn: Callable[..., Any]
    deg: int
    df: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        """Check the fields."""
        label = shown(self)
        if not callable(self.fn):
            raise NetworkError(f"{label}: fn is {shown(self.fn)}; expected a function")
        check_function(self.df, "df", label)
        object.__setattr__(self, "deg", as_count(self.deg, "deg", label))

    def _repr_arguments(self) -> Iterator[str]:
        yield function_name(self.fn)
        yield shown(self.deg)
        if self.df is not None:
            yield f"df={function_name(self.df)}"


def check_function(value: object, name: str, label: str) -> None:
    """Refuse what is neither None nor callable.

    Parameters
    ----------
    value : object
        The field.
    name, label : str
        The field and the layer as shown in messages.

    Raises
    ------
    NetworkError
        If it is neither.
    """
    if value is not None and not callable(value):
        raise NetworkError(
            f"{label}: {name} is {shown(value)}; expected a function or None"
        )


def as_kinks(value: Any, label: str) -> tuple[float, ...] | None:
    """Return the points at which a function is not smooth, sorted.

    Parameters
    ----------
    value : sequence of float, a float, or None
        The points.
    label : str
        The layer as shown in messages.

    Returns
    -------
    tuple of float or None

    Raises
    ------
    NetworkError
        If something in it is not a finite number.
    """
    if value is None:
        return None
    try:
        points = list(value)
    except TypeError:
        points = [value]
    numbers = [as_real(v, f"kinks[{k}]", label) for k, v in enumerate(points)]
    return tuple(sorted({v + 0.0 for v in numbers}))


def _shown(spec: Elementwise) -> Iterator[str]:
    """Yield the fields of a layer that are not at their default."""
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if value != field.default:
            text = function_name(value) if callable(value) else shown(value)
            yield f"{field.name}={text}"


@dataclasses.dataclass(frozen=True, repr=False)
class Custom(_HoldsCode):
    """A layer that the user made: its kernel map is a Python function.

    Combinators make it of a bare ``(init_fn, apply_fn, kernel_fn)``.

    Parameters
    ----------
    kernel_fn : callable
        Takes the kernel of the layers before it and returns that after it.
    name : str, default=""
        Shown in messages; the name of ``kernel_fn`` if empty.

    Raises
    ------
    NetworkError
        If ``kernel_fn`` is not callable, or ``name`` is no string.
    """

    kernel_fn: Callable[..., Any]
    name: str = ""

    def __post_init__(self) -> None:
        """Check the fields, and find the name."""
        found: object = self.name
        if not callable(self.kernel_fn):
            raise NetworkError(
                f"Custom: kernel_fn is {shown(self.kernel_fn)}; expected a "
                "function from a kernel to a kernel"
            )
        if not isinstance(found, str):
            raise NetworkError(f"Custom: name is {shown(found)}; expected a str")
        name = self.name or function_name(self.kernel_fn)
        object.__setattr__(self, "name", name)

    def _repr_arguments(self) -> Iterator[str]:
        yield self.name
