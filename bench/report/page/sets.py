"""The sets of a page, and the data that its views read of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from bench.report.page.data_block import data_block
from bench.report.table import inert


class ShownSet(NamedTuple):
    """slug: of the set in addresses. name: as it is shown. texts: the content of `texts_of`.

    explored: `explorer_data`, None where the query explorer does not show the set. mapped: `map_data` likewise.
    """

    slug: str
    name: str
    texts: Mapping[str, Any]
    explored: Mapping[str, Any] | None = None
    mapped: Mapping[str, Any] | None = None


def blocks(sets: Sequence[ShownSet]) -> list[Markup]:
    """By set `texts-…`, and `explorer-…` and `map-…` where it has them; `map` says which sets have the last."""
    mapped = [{"slug": shown.slug, "name": inert(shown.name)} for shown in sets if shown.mapped]
    contents: dict[str, Any] = {"map": {"sets": mapped}} if mapped else {}
    for shown in sets:
        views = {"texts": shown.texts, "explorer": shown.explored, "map": shown.mapped}
        contents |= {f"{view}-{shown.slug}": content for view, content in views.items() if content}
    return [data_block(name, content) for name, content in contents.items()]
