"""Who imports whom in a package, read from the syntax trees of its files.

Imports inside functions and under ``TYPE_CHECKING`` count like any others, and so do
calls of ``import_module`` with the name written out.
"""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Import", "imports_of", "modules_of"]


class Import(NamedTuple):
    """One module imports another, at some line of its file."""

    importer: str
    imported: str
    place: str


class Module(NamedTuple):
    """A module's dotted name, its file and its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        """Whether the file is the ``__init__`` of a folder."""
        return self.path.name == "__init__.py"

    def base(self, level: int) -> str:
        """Return the package that ``level`` dots stand for in an import."""
        parts = self.name.split(".")
        return ".".join(parts[: len(parts) - level + self.is_package])


def modules_of(root: Path) -> dict[str, Module]:
    """Return the modules of the package in the folder ``root`` by their dotted names.

    A package has the name of its folder, and its file is the ``__init__``.
    """
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        found[name] = Module(name, path, tree)
    return found


def imports_of(root: Path) -> list[Import]:
    """Return all imports of modules of a package by each other."""
    modules = modules_of(root)
    found = []
    for module in modules.values():
        file = module.path.relative_to(root.parent).as_posix()
        for node in ast.walk(module.tree):
            for name in _imported(node, module, modules):
                if name != module.name:
                    line = getattr(node, "lineno", 0)
                    found.append(Import(module.name, name, f"{file}:{line}"))
    return found


def _imported(
    node: ast.AST, module: Module, modules: dict[str, Module]
) -> Iterator[str]:
    """Yield the modules of the package that one statement or call imports."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
        yield from filter(None, (_nearest(name, modules) for name in names))
    elif isinstance(node, ast.ImportFrom):
        home = node.module or ""
        if node.level:
            home = ".".join(filter(None, (module.base(node.level), home)))
        for alias in node.names:
            yield from _taken_from(home, alias.name, modules)
    elif isinstance(node, ast.Call) and _is_import_module(node.func):
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield from filter(None, [_nearest(first.value, modules)])


def _taken_from(home: str, name: str, modules: dict[str, Module]) -> Iterator[str]:
    """Yield what ``from home import name`` imports.

    A name may be a module and, in the ``__init__`` beside it, something else: then both
    are imported.
    """
    is_module = f"{home}.{name}" in modules
    if is_module:
        yield f"{home}.{name}"
    if not is_module or name in _own_names(modules[home]):
        yield from filter(None, [_nearest(home, modules)])


@functools.cache
def _own_names(package: Module) -> set[str]:
    """Return the names that an ``__init__`` defines or takes from other modules."""
    found = set()
    for node in ast.walk(package.tree):
        if isinstance(node, ast.ImportFrom) and node.module != package.name:
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


def _nearest(name: str, modules: dict[str, Module]) -> str | None:
    """Return the module that a dotted name begins with; None for other packages."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def _is_import_module(function: ast.expr) -> bool:
    """Return whether ``import_module`` is called, by whichever name of its home."""
    name = getattr(function, "id", None) or getattr(function, "attr", None)
    return name == "import_module"
