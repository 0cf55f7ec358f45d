"""What the documentation names is there: links, layers and ops."""

import re
from pathlib import Path

import pytest

from fastntk import stax
from fastntk.program.ops import OP_COSTS
from tests.test_docs.pages import DOCS, PAGES, ROOT, links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name + page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        assert (page.parent / target).exists(), target


def test_the_readme_lists_every_layer() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = "\n".join(re.findall(r"^\|.*\|$", text, re.MULTILINE))
    named = set(re.findall(r"`(\w+)`", table))
    layers = {name for name in stax.__all__ if callable(getattr(stax, name))}
    others = {"AggregateImplementation", "Kernel", "Network", "from_json"}
    assert layers - others <= named


def test_the_page_of_ops_lists_every_op() -> None:
    text = (DOCS / "developer" / "ops.md").read_text(encoding="utf-8")
    table = text.split("\n## ")[0]
    named = {
        name
        for first in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", first)
    }
    assert named == set(OP_COSTS)
