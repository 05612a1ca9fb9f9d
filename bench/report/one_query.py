"""The hits of one query -> a terminal table, one column a retriever; matched terms are highlighted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.data.dataset import is_relevant
from retrievers.analyzer import Analyzer
from retrievers.words import token_spans

if TYPE_CHECKING:
    from bench.experiment.one_query import Hit, QueryHits

SHOWN_CHARACTERS = 220


def render(results: QueryHits) -> Iterator[RenderableType]:
    """The table, and what its marks mean."""
    title = Text(f"{results.query}  ({results.dataset})", style="bold")
    table = Table(title=title, title_justify="left", show_lines=True)
    for label in results.hits:
        table.add_column(Text(label), overflow="fold", ratio=1)
    terms = set(Analyzer()(results.query))
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


def _hit(rank: int, hit: Hit, terms: set[str]) -> RenderableType:
    heading = Text(f"{rank + 1}. {hit.document}  {hit.score:.3f}", style="dim")
    if hit.grade is not None:
        relevant = is_relevant(hit.grade)
        heading.append(" ✓" if relevant else " ✗", style="bold green" if relevant else "bold red")
        if hit.grade > 1:
            heading.append(f" grade {hit.grade}", style="green")
    return Group(heading, highlighted(hit.text, terms))


def highlighted(text: str, terms: set[str]) -> Text:
    """The head of a text, its words underlined where the shared analyzer gives one of the terms for them."""
    analyze = Analyzer()
    shown = Text(text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…")
    for start, end in token_spans(shown.plain):
        if terms & set(analyze(shown.plain[start:end])):
            shown.stylize("bold underline", start, end)
    return shown
