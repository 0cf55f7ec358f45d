"""Links of the pages that Sphinx cannot follow by itself.

- Docstrings name internal objects and those of NumPy and SciPy, which have no page: if
  the name can be imported it is shown without a link; if not, it is a mistake and stays
  a warning.
- Names such as ``fastntk.fit``, whose page is that of ``fastntk.solvers.fit``, lead
  there, from this site and from others.
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

HOMES = ("fastntk", "fastntk.stax")  # modules that lend names of others
ALIASED = {"function", "class", "exception"}

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


def documented(name: str) -> Any:
    """Return the object of a dotted name, taken from its module rather than imported.

    ``fastntk.solvers.solve`` is a function, and a module has its name too.
    """
    home, _, last = name.rpartition(".")
    try:
        return getattr(import_module(home), last, None)
    except ImportError:  # a method: its home is a class
        return None


def add_aliases(app: Sphinx, env: Any) -> None:
    """Enter public names whose page stands under another name."""
    objects = env.get_domain("py").objects
    pages = {
        id(value): entry
        for name, entry in list(objects.items())
        if entry.objtype in ALIASED and (value := documented(name)) is not None
    }
    for home in HOMES:
        module = import_module(home)
        for name in module.__all__:
            entry = pages.get(id(getattr(module, name)))
            if entry is not None and f"{home}.{name}" not in objects:
                objects[f"{home}.{name}"] = entry._replace(aliased=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect all to the build."""
    app.connect("env-updated", add_aliases)
    app.connect("missing-reference", unlinked)
    app.connect("source-read", read_page)
    app.connect("autodoc-process-docstring", keep_initials, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
