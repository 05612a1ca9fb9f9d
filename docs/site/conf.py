"""How the pages of docs/ become a site: `make site`. Each link and anchor that leads nowhere is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "bench"
author = "The bench developers"
version = release = "0.1.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["site"]

# Anchors as a repository's own view of the pages makes them, so that a link holds in both.
myst_heading_anchors = 3
default_role = "code"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
napoleon_use_rtype = False

html_theme = "furo"
html_title = "bench"
html_copy_source = False
html_show_sourcelink = False


def setup(app: Sphinx) -> None:
    """A table of values is no language that Pygments knows."""
    app.add_lexer("csv", TextLexer)
