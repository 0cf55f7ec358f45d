"""Links of the pages that Sphinx cannot follow by itself.

- Docstrings name internal objects and those of NumPy and SciPy, which have no page: if
  the name can be imported it is shown without a link; if not, it is a mistake and stays
  a warning.
- Pages are read in the repository too, where links lead out of ``docs``.  Pages of the
  repository that have a place here (`SHOWN`) are put there, and links follow them.
"""

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SHOWN = {
    "developer/benchmarks": ROOT / "bench" / "README.md",
    "developer/changes": ROOT / "CHANGELOG.md",
    "developer/contributing": ROOT / "CONTRIBUTING.md",
}

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def exists(name: str) -> bool:
    """Return whether a dotted name can be imported."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:split]))
        except ImportError:
            continue
        try:
            for part in parts[split:]:
                found = getattr(found, part)
        except AttributeError:
            return False
        return True
    return False


def unlinked(
    app: Sphinx, env: Any, node: nodes.Element, content: nodes.Element
) -> nodes.Element | None:
    """Return the text of a reference to something real that has no page."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    homes = [node.get("py:module"), node.get("py:class")]
    paths = [".".join(filter(None, [*homes[:k], target])) for k in range(3)]
    return content if any(map(exists, paths)) else None


def follow(link: re.Match[str], folder: Path, docname: str) -> str:
    """Return a link of a file in ``folder`` as the page ``docname`` has to write it."""
    image, text, target, anchor = link.groups()
    if "://" in target or target.startswith("mailto:"):
        return link[0]
    path = (folder / target).resolve()
    if path.is_dir():
        return text
    for shown, file in SHOWN.items():
        if path == file:
            path = DOCS / f"{shown}.md"
    here = os.path.relpath(path, (DOCS / docname).parent)
    return f"{image}[{text}]({here}{anchor or ''})"


def read_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put pages of the repository in their place, and let links follow."""
    file = SHOWN.get(docname)
    if file is not None:
        app.env.note_dependency(str(file))
        source[0] = file.read_text(encoding="utf-8")
    elif not (DOCS / f"{docname}.md").is_file():
        return  # generated, in reStructuredText
    folder = (file or DOCS / docname).parent
    parts = re.split(r"(^```.*?^```$|`[^`\n]+`(?!\]))", source[0], flags=re.M | re.S)
    for k in range(0, len(parts), 2):
        parts[k] = _LINK.sub(lambda link: follow(link, folder, docname), parts[k])
        if k + 1 < len(parts) and parts[k + 1].startswith("```"):
            # doctest wants an empty line behind an example; a reader doesn't
            parts[k + 1] = re.sub(r"\n\n+```$", "\n```", parts[k + 1])
    source[0] = "".join(parts)


def keep_initials(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Keep "A. Name" from being read as a list, and ``*shape`` as an emphasis."""
    for k, line in enumerate(lines):
        is_shape = "shape (" in line
        text = re.sub(r"(?<=[ (])\*(?=\w)", r"\\*", line) if is_shape else line
        lines[k] = re.sub(r"^(\s*\.\. \[[^\]]+\] )([A-Z]\. )", r"\1\\\2", text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect all to the build."""
    app.connect("missing-reference", unlinked)
    app.connect("source-read", read_page)
    app.connect("autodoc-process-docstring", keep_initials, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
