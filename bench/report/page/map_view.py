"""The map as a view of a page: an element that its script fills."""

from __future__ import annotations

from markupsafe import Markup

from bench.report.page.document import View

MODULE = "map"


def map_view() -> View:
    """The view; the page needs `sets.blocks` and the script MODULE."""
    return View("map", "Map", Markup('<div id="map-root" class="card map"></div>'), scripted=True)
