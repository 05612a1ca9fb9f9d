"""The query explorer as a part of a page: all queries of a set in a table, and each with its hits side by side."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report.page.addresses import QUERIES
from bench.report.page.document import View
from bench.report.page.markup import render
from bench.report.page.sets import ShownSet

MODULE = "explorer"  # its script


def view(sets: Sequence[ShownSet]) -> View:
    """The view of those that are explored; the page needs `sets.blocks` and the script MODULE."""
    return View(QUERIES, "Queries", render("explorer", sets=[shown for shown in sets if shown.explored]), scripted=True)
