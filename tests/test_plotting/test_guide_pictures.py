"""The pictures of the guide: made by code, embedded, described and small."""

import ast
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PICTURES = DOCS / "pictures"


def embedded() -> dict[str, str]:
    """Return the description of every picture in the guide, by file name."""
    found = {}
    for page in sorted((DOCS / "guide").rglob("*.md")):
        text = page.read_text()
        for words, path in re.findall(r"!\[(.*?)\]\(([^)]+)\)", text):
            assert (page.parent / path).resolve().parent == PICTURES
            found[Path(path).name] = words
    return found


def test_every_picture_is_made_by_code_and_embedded() -> None:
    made = set()
    for path in PICTURES.glob("*_pictures.py"):
        for node in ast.parse(path.read_text()).body:
            named = ast.unparse(node).startswith("__all__ =")
            if named and isinstance(node, ast.Assign):
                made |= {f"{name}.png" for name in ast.literal_eval(node.value)}
    there = {path.name for path in PICTURES.glob("*.png")}
    assert made == there == set(embedded())


@pytest.mark.parametrize("path", sorted(PICTURES.glob("*.png")), ids=lambda p: p.stem)
def test_pictures_are_small_and_described(path: Path) -> None:
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert path.stat().st_size <= 100_000
    assert len(embedded()[path.name].split()) >= 5
