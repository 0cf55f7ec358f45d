"""The rules of the house; each function returns what breaks one, in words."""

from collections import Counter, deque
from collections.abc import Iterable
from pathlib import Path

from tests.test_house.imports import Import, imports_of, modules_of

__all__ = [
    "MOST_MODULES",
    "alike_modules",
    "crowded_folders",
    "folder_circles",
    "module_circles",
]

MOST_MODULES = 16
MOST_ALIKE = 3

Graph = dict[
    str, dict[str, Import]
]  # from a name to others, and an import that says so


def module_circles(root: Path) -> list[str]:
    """Return the circles of modules that import each other."""
    graph: Graph = {}
    for found in imports_of(root):
        graph.setdefault(found.importer, {}).setdefault(found.imported, found)
    return _circles(graph, f"modules of {root.name}")


def folder_circles(root: Path) -> list[str]:
    """Return the circles among the children, modules and folders, of every folder.

    The ``__init__`` of a folder is one of its children: what it imports must not import
    it back, from however deep.
    """
    imports = imports_of(root)
    found = []
    for folder, module in modules_of(root).items():
        if module.is_package:
            where = f"children of {module.path.parent.relative_to(root.parent)}/"
            found += _circles(_children(folder, imports), where)
    return found


def crowded_folders(root: Path) -> list[str]:
    """Return the folders with more modules than one can overlook."""
    return [
        f"{folder.relative_to(root.parent)}/ holds {len(names)} modules; "
        f"expected {MOST_MODULES} at most: {', '.join(names)}"
        for folder, names in _folders(root).items()
        if len(names) > MOST_MODULES
    ]


def alike_modules(root: Path) -> list[str]:
    """Return the modules of a folder that a first word in common puts together."""
    found = []
    for folder, names in _folders(root).items():
        words = Counter(_first_word(name) for name in names)
        for word in [word for word, n in words.items() if n > MOST_ALIKE]:
            alike = ", ".join(name for name in names if _first_word(name) == word)
            found.append(
                f"{folder.relative_to(root.parent)}/ has {words[word]} modules that "
                f"begin with {word!r}, which want a folder: {alike}"
            )
    return found


def _folders(root: Path) -> dict[Path, list[str]]:
    """Return the names of the modules in every folder, ``__init__`` left out."""
    found: dict[Path, list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        if path.stem != "__init__":
            found.setdefault(path.parent, []).append(path.stem)
    return found


def _first_word(name: str) -> str:
    return name.lstrip("_").partition("_")[0]


def _children(folder: str, imports: Iterable[Import]) -> Graph:
    """Return which children of a folder import which."""
    graph: Graph = {}
    for found in imports:
        one, two = (_child(folder, name) for name in found[:2])
        if one and two and one != two:
            graph.setdefault(one, {}).setdefault(two, found)
    return graph


def _child(folder: str, name: str) -> str | None:
    """Return the child of a folder that a module is or lies in."""
    if name == folder:
        return "__init__"
    inside = name.removeprefix(f"{folder}.")
    return None if inside == name else inside.partition(".")[0]


def _circles(graph: Graph, where: str) -> list[str]:
    """Return short circles in words, until every circle shares an import with one."""
    found = {tuple(_shortest(graph, start)) for start in sorted(graph)} - {()}
    known: set[tuple[str, str]] = set()
    words = []
    for circle in sorted(found, key=lambda names: (len(names), names)):
        steps = list(zip(circle, (*circle[1:], circle[0]), strict=True))
        if known.isdisjoint(steps):
            known.update(steps)
            words.append(_in_words(graph, steps, where))
    return words


def _shortest(graph: Graph, start: str) -> list[str]:
    """Return a shortest way from a node back to itself, or nothing."""
    before: dict[str, str] = {}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for other in graph.get(name, ()):
            if other == start:
                way = [name]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if other not in before:
                before[other] = name
                queue.append(other)
    return []


def _in_words(graph: Graph, steps: list[tuple[str, str]], where: str) -> str:
    """Return a circle with the files and lines of its imports."""
    names = " -> ".join([steps[0][0], *(other for _, other in steps)])
    lines = [f"a circle among the {where}: {names}"]
    for name, other in steps:
        found = graph[name][other]
        lines.append(f"    {found.place} imports {found.imported}")
    return "\n".join(lines)
