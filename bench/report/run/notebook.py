"""A stored run in a notebook: the table of each set, what failed, and the verdict, as a piece of HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from bench.report.blocks import Block, Code, Heading, Items, Paragraph, Remark, Text
from bench.report.run import parts
from bench.report.run.labels import short_labels
from bench.report.table import Table, inert
from bench.storage.folder import LOG, resuming
from bench.storage.run import Run

# In the colours of what is around it, which may be dark.
_STYLE = (
    ".bench-run table{border-collapse:collapse;margin:.3em 0}"
    ".bench-run caption{text-align:left;font-weight:bold;padding:.3em 0}"
    ".bench-run th,.bench-run td{padding:.2em .7em;text-align:right;border-bottom:1px solid rgba(128,128,128,.4)}"
    ".bench-run th:first-child,.bench-run td:first-child{text-align:left}"
    ".bench-run p{margin:.3em 0}"
)


def render(run: Run) -> str:
    """Self-contained and without scripts; all that strangers wrote is escaped."""
    change = short_labels(run)
    body = "".join(piece for block in _blocks(run) for piece in _rendered(block.relabelled(change)))
    return f'<div class="bench-run"><style>{_STYLE}</style>{body}</div>'


def _blocks(run: Run) -> Iterator[Block]:
    if not run.complete:
        yield Paragraph(f"{run.folder.name} is not complete: it was interrupted.")
        yield Text(("To go on with it: ", Code(resuming(run.folder))))
        return
    for dataset in run.datasets:
        yield from parts.overviews(run, dataset)[:1]
    yield from parts.grown(run)
    yield from parts.legend(run)
    yield from parts.troubles(run, (Code(run.folder / LOG),))
    yield from parts.short_verdict(run)
    yield Text(("The whole report: ", Code(run.folder / parts.page(run))))


def _rendered(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"<p><strong>{_text(block.text)}</strong></p>"
        case Paragraph():
            yield f"<p><strong>{_text(block.first)}</strong> {_text(' '.join(block.rest))}</p>"
        case Remark():
            yield f"<p><strong>{block.kind}:</strong> {_text(block.whole)}</p>"
        case Text():
            yield f"<p>{_pieces(block.pieces)}</p>"
        case Items():
            yield f"<ul>{''.join(f'<li>{_pieces(item.pieces)}</li>' for item in block.items)}</ul>"
        case Table():
            yield _table(block)
        case _:
            raise TypeError(block)


def _table(table: Table) -> str:
    rows = [_row("th", table.header)]
    for number, row in enumerate(table.rows):
        rows.append(_row("td", row, {place for line, place in table.best if line == number}))
    return f"<table><caption>{_text(table.title)}</caption>{''.join(rows)}</table>"


def _row(tag: str, cells: Iterable[str], best: Iterable[int] = ()) -> str:
    texts = (f"<strong>{_text(cell)}</strong>" if place in best else _text(cell) for place, cell in enumerate(cells))
    scope = ' scope="col"' * (tag == "th")
    return f"<tr>{''.join(f'<{tag}{scope}>{text}</{tag}>' for text in texts)}</tr>"


def _pieces(pieces: Iterable[str]) -> str:
    return "".join(f"<code>{_text(piece)}</code>" if isinstance(piece, Code) else _within(piece) for piece in pieces)


def _within(text: str) -> str:
    """A text with the spaces that part it from what is beside it."""
    return " " * text.startswith(" ") + _text(text) + " " * text.endswith(" ")


def _text(text: str) -> str:
    return escape(inert(text))
