"""The reference shows every public name, and the pages hang together."""

import fnmatch
import importlib
import re
from typing import Any

import pytest

from tests.test_docs.pages import DOCS, ROOT
from tests.test_docs.public import Name, public_modules, public_names

_MODULE = re.compile(r"^\.\. (?:currentmodule|module):: (\S+)", re.MULTILINE)
_TABLE = re.compile(r"^\.\. autosummary::\n(?: +:.*\n)*\n((?: +\S+\n)+)", re.MULTILINE)
_DATA = re.compile(r"^\.\. data:: (\S+)", re.MULTILINE)
_TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown() -> dict[str, Any]:
    """Return the objects that pages of the reference have in their tables."""
    found = {}
    for page in sorted(DOCS.glob("reference/*.md")):
        text, module = page.read_text(encoding="utf-8"), None
        marks = sorted(
            [m for kind in (_MODULE, _TABLE, _DATA) for m in kind.finditer(text)],
            key=lambda m: m.start(),
        )
        for mark in marks:
            if mark.re is _MODULE:
                module = mark[1]
                continue
            for entry in mark[1].split():
                home, _, name = f"{module}.{entry}".rpartition(".")
                found[f"{page.name}: {entry}"] = getattr(
                    importlib.import_module(home), name
                )
    return found


SHOWN = shown()


@pytest.mark.parametrize("name", public_names(), ids=lambda name: name.full)
def test_every_public_name_is_on_a_page(name: Name) -> None:
    assert any(value is name.value for value in SHOWN.values()), (
        f"{name.full} is on no page: add it to a table of docs/reference/"
    )


def test_every_public_module_has_a_page() -> None:
    pages = [p.read_text(encoding="utf-8") for p in DOCS.glob("reference/*.md")]
    named = {name for text in pages for name in _MODULE.findall(text)}
    assert set(public_modules()) <= named


def entries(page: str) -> set[str]:
    """Return the documents that the toctrees of a page list, patterns resolved."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    folder = page.rpartition("/")[0]
    lines = {
        line.strip()
        for tree in _TOCTREE.findall(text)
        for line in tree.splitlines()
        if line.strip() and not line.startswith(":")
    }
    base = f"{folder}/" if folder else ""
    return {f"{base}{line}" for line in lines}


def test_every_page_is_in_the_contents_and_every_entry_a_page() -> None:
    pages = {
        str(path.relative_to(DOCS).with_suffix(""))
        for path in DOCS.rglob("*.md")
        if not {"changes", "_build"} & set(path.relative_to(DOCS).parts)
    }
    listed, new = {"index"}, {"index"}
    while new:
        found = set().union(*(entries(page) for page in new & pages))
        new, listed = found - listed, listed | found
    patterns = {entry for entry in listed if "*" in entry}
    assert listed - patterns <= pages
    loose = {
        page
        for page in pages - listed
        if not any(fnmatch.fnmatch(page, pattern) for pattern in patterns)
    }
    assert not loose


def test_the_readme_leads_to_the_documentation() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("docs/quickstart.md", "docs/index.md", "CONTRIBUTING.md"):
        assert f"]({target})" in text, target
