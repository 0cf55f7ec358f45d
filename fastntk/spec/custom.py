"""Layers that hold Python functions: they compare and print, but make no JSON."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from fastntk._errors import NetworkError
from fastntk.spec._base import Spec
from fastntk.spec._checks import short_repr

__all__ = ["Custom", "Elementwise", "function_name"]


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
            f"{short_repr(self)}: a layer that holds a Python function can't be "
            "written as a dictionary or JSON; expected layers of numbers. Keep the "
            "code that builds the network, or pickle it if its functions are at the "
            "top level of a module"
        )


@dataclasses.dataclass(frozen=True, repr=False)
class Elementwise(_HoldsCode):
    """An activation whose dual the user gives as a NumPy function.

    Parameters
    ----------
    fn : callable or None, default=None
        The activation itself.
    nngp_fn : callable or None, default=None
        ``(cov12, var1, var2) -> E[fn(u) fn(v)]``, on arrays.
    d_nngp_fn : callable or None, default=None
        ``(cov12, var1, var2) -> E[fn'(u) fn'(v)]``, on arrays.

    Raises
    ------
    NetworkError
        If none is given, one is not callable, or ``d_nngp_fn`` comes without
        ``nngp_fn``.
    """

    fn: Callable[..., Any] | None = None
    nngp_fn: Callable[..., Any] | None = None
    d_nngp_fn: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        """Check the fields."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None and not callable(value):
                raise NetworkError(
                    f"{short_repr(self)}: {field.name} is {short_repr(value)}; "
                    "expected a function or None"
                )
        if self.fn is None and self.nngp_fn is None:
            raise NetworkError(
                f"{short_repr(self)}: found neither fn nor nngp_fn; expected nngp_fn, "
                "the function (cov12, var1, var2) -> E[fn(u) fn(v)]"
            )
        if self.nngp_fn is None and self.d_nngp_fn is not None:
            raise NetworkError(
                f"{short_repr(self)}: found d_nngp_fn without nngp_fn; expected both, "
                "or nngp_fn alone"
            )

    def _repr_arguments(self) -> Iterator[str]:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None:
                shown = function_name(value) if callable(value) else short_repr(value)
                yield f"{field.name}={shown}"


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
                f"Custom: kernel_fn is {short_repr(self.kernel_fn)}; expected a "
                "function from a kernel to a kernel"
            )
        if not isinstance(found, str):
            raise NetworkError(f"Custom: name is {short_repr(found)}; expected a str")
        name = self.name or function_name(self.kernel_fn)
        object.__setattr__(self, "name", name)

    def _repr_arguments(self) -> Iterator[str]:
        yield self.name
