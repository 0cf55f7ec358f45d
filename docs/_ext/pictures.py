"""Marks pictures of several panels: a narrow page scrolls them, without shrinking."""

import struct
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

SEVERAL_PANELS = 800  # pixels; single ones have less


def png_width(path: Path) -> int:
    """Return the width from the header of a PNG file."""
    with path.open("rb") as file:
        return int(struct.unpack(">16xI", file.read(20))[0])


def mark_wide(app: Sphinx, doctree: nodes.document) -> None:
    """Give wide pictures a class for the style sheet."""
    for picture in doctree.findall(nodes.image):
        path = Path(app.srcdir, picture["uri"])
        if path.suffix == ".png" and png_width(path) > SEVERAL_PANELS:
            picture["classes"].append("panels")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect it to the build."""
    app.connect("doctree-read", mark_wide)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
