"""Sphinx settings.

Build with ``make docs``, which is
``python -m sphinx -E -W --keep-going -n -q docs docs/_build``.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import fastntk  # noqa: E402

project = "fastntk"
author = "the fastntk authors"
copyright = f"2026, {author}"
version = release = fastntk.__version__
html_title = f"fastntk {release}"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "links",
    "mathml",
    "pictures",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_ext", "_templates", "changes"]
templates_path = ["_templates"]
nitpicky = True
suppress_warnings = ["myst.header"]  # pages may start at any level of heading

# Docstrings: `name` in single backticks is a link where there is such a name.
default_role = "autolink"
autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Pages: Markdown whose headings can be linked to, and mathematics between dollars.
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
highlight_language = "text"

# Everything that a page needs is beside it: no fonts, scripts or styles from elsewhere.
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["fastntk.css"]
html_math_renderer = "mathml"
html_show_sphinx = False
pygments_dark_style = "github-dark"
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5ea8"},
    "dark_css_variables": {"color-brand-primary": "#7db8f0"},
}
