"""The hits of one query -> a terminal table, one column a retriever; matched terms are highlighted."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.data.dataset import is_relevant
from bench.data.passages import matching_spans, passage, query_terms

if TYPE_CHECKING:
    from bench.experiment.one_query import Hit, QueryHits

SHOWN_CHARACTERS = 220


def render(results: QueryHits) -> Iterator[RenderableType]:
    """The table, and what its marks mean."""
    title = Text(f"{results.query}  ({results.dataset})", style="bold")
    table = Table(title=title, title_justify="left", show_lines=True)
    for label in results.hits:
        table.add_column(Text(label), overflow="fold", ratio=1)
    terms = query_terms(results.query)
    for rank in range(max(map(len, results.hits.values()), default=0)):
        table.add_row(*(_hit(rank, hits[rank], terms) if rank < len(hits) else "" for hits in results.hits.values()))
    yield table
    for label, hits in results.hits.items():
        if not hits:
            yield Text(f"{label}: no hit.", style="dim")
    marks = "Underlined: words that share a term with the query."
    if results.judged:
        marks += " ✓ relevant, ✗ judged not relevant; without a mark: not judged."
    yield Text(marks, style="dim")


def _hit(rank: int, hit: Hit, terms: Collection[str]) -> RenderableType:
    heading = Text(f"{rank + 1}. {hit.document}  {hit.score:.3f}", style="dim")
    if hit.grade is not None:
        relevant = is_relevant(hit.grade)
        heading.append(" ✓" if relevant else " ✗", style="bold green" if relevant else "bold red")
        if hit.grade > 1:
            heading.append(f" grade {hit.grade}", style="green")
    return Group(heading, highlighted(hit.text, terms))


def highlighted(text: str, terms: Collection[str]) -> Text:
    """The passage of a text that matches best, its words underlined that share one of the terms."""
    shown = Text(passage(text, terms, SHOWN_CHARACTERS))
    for start, end in matching_spans(shown.plain, terms):
        shown.stylize("bold underline", start, end)
    return shown
