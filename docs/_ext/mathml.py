"""Mathematics as MathML, made by docutils while the pages are built.

Browsers render MathML by themselves: the pages need no script, no font and no network.
"""

import re
from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger
from sphinx.util.math import get_node_equation_number

FUNCTION = re.compile(r"(<mo>&ApplyFunction;</mo>)(?!\s*(<mspace|<mo [^>]*>\())")
NAME = re.compile(r"<mo>([a-z]{2,})</mo>")
MARKS = re.compile(r"[,.;:)]+")


def convert(node: nodes.Element, as_block: bool) -> str:
    """Return the MathML of a formula; what docutils cannot read is a warning."""
    tex = node.astext()
    if as_block and r"\\" in tex and r"\begin" not in tex:
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    try:
        return spaced(str(tex2mathml(tex, as_block=as_block)))
    except MathError as error:
        getLogger(__name__).warning("%s in %r", error, tex, location=node)
        return f"<code>{escape(tex)}</code>"


def spaced(formula: str) -> str:
    """Return a formula with the space of TeX around names: sin u, but sin(u)."""
    formula = NAME.sub(r'<mo lspace="0" rspace="0">\1</mo>', formula)
    return FUNCTION.sub(r'\1<mspace width="0.1667em"></mspace>', formula)


def keep_marks(app: Sphinx, doctree: nodes.document) -> None:
    """Move commas and the like to the formula before them: lines must not start so."""
    for node in doctree.findall(nodes.math):
        text = node.next_node(descend=False, siblings=True)
        if isinstance(text, nodes.Text) and (found := MARKS.match(text)):
            node["marks"] = found[0]
            text.parent.replace(text, nodes.Text(text[found.end() :]))


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    formula = convert(node, as_block=False)
    if "marks" in node:
        formula = f'<span class="formula">{formula}{node["marks"]}</span>'
    translator.body.append(formula)
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write a formula on lines of its own, with its number if it has one."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})</span>')
    translator.body.append(convert(node, as_block=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer."""
    app.connect("doctree-read", keep_marks)
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
