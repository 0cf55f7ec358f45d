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
_FILE = re.compile(r"`((?:\w[\w.-]*/)+[\w.*-]*|\w+\.py)`")
_DRAWN = re.compile(r"(?<![\w/.<])(?:\w+/)*\w+\.py\b")
_DOTTED = re.compile(r"`(fastntk(?:\.\w+)+)(?:\(.*?\))?`")
LEFT_OUT = "..."
BASES = (ROOT, ROOT / "fastntk")
PLANNED = re.compile(r"^## Prepared, not built$.*?(?=^## )", re.MULTILINE | re.DOTALL)


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
    """Yield files and folders that a page names in its text, such as `bench/suite`.

    What has neither an ending nor a slash at its end counts if it begins with a folder
    that is there: `x/y` may be a quotient.
    """
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    for name in _FILE.findall(text):
        first, last = name.split("/")[0], name.split("/")[-1]
        if not last or "." in last or any((base / first).is_dir() for base in BASES):
            yield name


def drawn_names(page: Path) -> Iterator[str]:
    """Yield the Python files that the drawings of a page name: blocks of plain text."""
    for block in _FENCED.finditer(page.read_text(encoding="utf-8")):
        if block[0].startswith("```text"):
            yield from _DRAWN.findall(block[0])


def dotted_names(page: Path) -> Iterator[str]:
    """Yield names such as `fastntk.gram`, without those that are planned only."""
    text = PLANNED.sub("", _FENCED.sub("", page.read_text(encoding="utf-8")))
    yield from _DOTTED.findall(text)
