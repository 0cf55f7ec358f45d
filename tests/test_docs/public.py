"""The public names of the package: what the reference has to show."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any, NamedTuple

import fastntk

# Packages and modules that users never import from; their names may change.
INTERNAL = {
    "backends",
    "calls",
    "cli",
    "device",
    "duals",
    "kernels",
    "layerwise",
    "program",
    "request",
    "spec",
    "store",
    "tiling",
    "warmup",
}


class Name(NamedTuple):
    """A public object and where it is imported from."""

    module: str
    name: str

    @property
    def full(self) -> str:
        """Return the dotted name."""
        return f"{self.module}.{self.name}"

    @property
    def value(self) -> Any:
        """Return the object."""
        return getattr(importlib.import_module(self.module), self.name)


def public_modules() -> list[str]:
    """Return the package and the packages in it that users import from."""
    found = [m.name for m in pkgutil.iter_modules(fastntk.__path__)]
    return ["fastntk"] + [
        f"fastntk.{name}"
        for name in found
        if not name.startswith("_") and name not in INTERNAL
    ]


def public_names() -> list[Name]:
    """Return the names in ``__all__`` of the public modules; no modules, no dunders."""
    names = [
        Name(module, name)
        for module in public_modules()
        for name in importlib.import_module(module).__all__
        if not name.startswith("__")
    ]
    return [name for name in names if not inspect.ismodule(name.value)]


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class of ours defines."""
    for base in cls.__mro__:
        if not base.__module__.startswith("fastntk"):
            continue
        for name, value in vars(base).items():
            is_method = inspect.isfunction(value) or isinstance(
                value, property | classmethod | staticmethod
            )
            if is_method and not name.startswith("_"):
                yield name, value
