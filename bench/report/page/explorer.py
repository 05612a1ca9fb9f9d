"""The query explorer as a part of a page: all queries of a set in a table, and each with its hits side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from bench.report.page.addresses import QUERIES
from bench.report.page.data_block import data_block
from bench.report.page.document import View
from bench.report.page.markup import render

MODULE = "explorer"  # its script


class ExploredSet(NamedTuple):
    """slug: of the set in addresses. name: as it is shown. content: `explorer_data`."""

    slug: str
    name: str
    content: Mapping[str, Any]


def view(sets: Sequence[ExploredSet]) -> View:
    """The view; its script is MODULE."""
    return View(QUERIES, "Queries", render("explorer", sets=sets), scripted=True)


def blocks(sets: Sequence[ExploredSet]) -> list[Markup]:
    """The data that its script reads, one block a set."""
    return [data_block(f"explorer-{explored.slug}", explored.content) for explored in sets]
