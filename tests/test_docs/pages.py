"""Pages of the documentation: their code blocks, links and file names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "bench" / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("reference/*.md")),
    *sorted(DOCS.glob("guide/**/*.md")),
    *sorted(DOCS.glob("developer/*.md")),
]

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SOURCE = re.compile(r"# ((?:fastntk|bench|tests|tools)/\S+\.py)\n")
_FENCED = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:\w[\w.-]*/)+(?:[\w.*-]+\.\w+)?)`")
LEFT_OUT = "..."


class Block(NamedTuple):
    """A block of Python, and the line of the page where it begins."""

    text: str
    line: int

    @property
    def is_session(self) -> bool:
        """Whether it shows a session with prompts."""
        return self.text.startswith(">>>")

    @property
    def source(self) -> Path | None:
        """The file that it is an excerpt of; None for what is no excerpt."""
        found = _SOURCE.match(self.text)
        return ROOT / found[1] if found else None


def blocks(page: Path) -> list[Block]:
    """Return the Python blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], text.count("\n", 0, found.start(1)) + 1)
        for found in _BLOCK.finditer(text)
    ]


def excerpt_fault(excerpt: str, source: str) -> str | None:
    """Return the first part of an excerpt that the source does not have.

    Parts are lines in a row, divided by lines that read ``...``; they have to come in
    the same order.
    """
    lines, rest = excerpt.splitlines(), source
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.strip() == LEFT_OUT:
            parts.append([])
        else:
            parts[-1].append(line)
    for part in filter(None, parts):
        text = "\n".join(part) + "\n"
        before, found, rest = rest.partition(text)
        if not found or (before and not before.endswith("\n")):
            return text
    return None


def links(page: Path) -> Iterator[str]:
    """Yield what the links of a page point to, unless it is on another host."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        if "://" not in target:
            yield target.partition("#")[0]


def file_names(page: Path) -> Iterator[str]:
    """Yield files and folders that a page names in its text, such as `tools/x.py`."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    yield from _FILE.findall(text)
