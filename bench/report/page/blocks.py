"""Blocks as HTML, safe from what users call their things."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from bench.report.blocks import Block
from bench.report.page.markup import environment


def rendered(blocks: Iterable[Block]) -> Markup:
    """The blocks, one after the other. Each has a macro of the name of its class in templates/blocks.html."""
    module = environment().get_template("blocks.html", globals={"rendered": rendered}).module
    return Markup("\n").join(Markup(getattr(module, type(block).__name__)(block)) for block in blocks)  # noqa: S704
