"""Files and modules that pages, docstrings and comments name are there."""

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_docs.pages import (
    BASES,
    DOCS,
    PAGES,
    ROOT,
    dotted_names,
    drawn_names,
    file_names,
)

# Made by a command, or by the user.
NOT_HERE = {"K.npy.fastntk/", "bench/.asv", "docs/_build"}
# Folders that hold code, and pages for those who work on it.
CODE = ("fastntk", "tests", "bench", "tools")
DEVELOPERS = [
    page
    for page in PAGES
    if DOCS not in page.parents or page.parent == DOCS / "developer"
]
SOURCES = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]

_MENTIONED = re.compile(r"(?<![\w/.<*-])(?:\w[\w-]*/)*\w+\.py\b")
_DOTTED = re.compile(r"(?<!`)`(fastntk(?:\.\w+)+)`(?!`)")


def label(page: Path) -> str:
    """Return the name of a page among the tests."""
    return page.parent.name + page.stem


@functools.cache
def last_names() -> set[str]:
    """Return the names of all source files, and of their folders with a slash."""
    folders = {folder for path in SOURCES for folder in path.relative_to(ROOT).parents}
    return {path.name for path in SOURCES} | {f"{folder.name}/" for folder in folders}


def is_there(name: str) -> bool:
    """Return whether a page may name a file, a folder or a pattern so.

    From the root or from the package; by its last name alone where the page says in
    other words in which folder it is.
    """
    return name in last_names() or any(list(base.glob(name)) for base in BASES)


def resolves(name: str) -> bool:
    """Return whether a dotted name leads to a module, or to a word in one."""
    place = ROOT
    parts = name.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if parts and (place / f"{parts[0]}.py").is_file():
        place /= f"{parts.pop(0)}.py"
    else:
        place /= "__init__.py"
    if not place.is_file():
        return False
    text = place.read_text(encoding="utf-8")
    return all(re.search(rf"\b{part}\b", text) for part in parts)


def words(path: Path) -> Iterator[str]:
    """Yield the docstrings and comments of a source file."""
    text = path.read_text(encoding="utf-8")
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, holders):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def lost(path: Path) -> Iterator[str]:
    """Yield what a source file names in words, and what is not there."""
    for text in words(path):
        for name in _MENTIONED.findall(text):
            places = path.parent.rglob(name) if "/" not in name else ()
            bases = (path.parent, *BASES)
            if not any(places) and not any((base / name).exists() for base in bases):
                yield name
        for name in _DOTTED.findall(text):
            if not resolves(name):
                yield name


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_files_that_pages_name_exist(page: Path) -> None:
    names = sorted(set(file_names(page)) - NOT_HERE)
    assert [name for name in names if not is_there(name)] == []


@pytest.mark.parametrize("page", DEVELOPERS, ids=label)
def test_files_in_drawings_exist(page: Path) -> None:
    names = sorted(set(drawn_names(page)))
    assert [name for name in names if not is_there(name)] == []


@pytest.mark.parametrize("page", DEVELOPERS, ids=label)
def test_modules_that_pages_name_exist(page: Path) -> None:
    assert [name for name in dotted_names(page) if not resolves(name)] == []


@pytest.mark.parametrize("folder", CODE)
def test_words_in_the_code_name_what_is_there(folder: str) -> None:
    sources = [path for path in SOURCES if path.relative_to(ROOT).parts[0] == folder]
    found = {
        f"{path.relative_to(ROOT)}: {name}" for path in sources for name in lost(path)
    }
    assert sorted(found) == []


def test_what_is_not_there_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`kernels/cpu_ops.py`, `bench/sweet`, `p/2` and `fastntk.gram(x)`\n"
        "```text\nwalk  tiling/walker.py\n```\n"
        "## Prepared, not built\n`fastntk.later`\n## Next\n`fastntk.kernels.scalars`\n",
        encoding="utf-8",
    )
    assert list(file_names(page)) == ["kernels/cpu_ops.py", "bench/sweet"]
    assert not any(map(is_there, file_names(page)))
    assert list(drawn_names(page)) == ["tiling/walker.py"]
    dotted = list(dotted_names(page))
    assert dotted == ["fastntk.gram", "fastntk.kernels.scalars"]
    assert list(map(resolves, dotted)) == [True, False]


def test_old_names_in_the_code_are_found(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text(
        '"""See `fastntk.kernels.scalars`."""\n\nx = "cpu_ops.py"  # see row_ops.py\n',
        encoding="utf-8",
    )
    assert list(lost(source)) == ["fastntk.kernels.scalars", "row_ops.py"]
