"""A report is blocks: every form renders each kind, in the order in which they come."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bench.report import markdown, terminal
from bench.report.blocks import (
    Block,
    Chart,
    Code,
    FlippedQuery,
    Folded,
    Heading,
    Item,
    Items,
    Paragraph,
    Remark,
    Strong,
    Text,
)
from bench.report.table import Table

BLOCKS = [
    Heading("needle"),
    Paragraph("needle.", ("It is behind the first.",)),
    Text(("a ", Strong("needle"), " and ", Code("code"))),
    Remark("failed", "on needle: no reason", "bm25"),
    Items((Item(("needle",), (("below ", Code("it")),)),)),
    FlippedQuery("lost", "bm25 on small", "q1: needle", (("base", "1. d1"), ("head", "finds nothing"))),
    Chart("charts/a.svg", "needle"),
    Folded("more", (Text(("needle",)),)),
    Table("needle", ("retriever", "R@5"), (("bm25", "0.5"),)),
]


def printed(blocks, change=str):
    console = Console(file=io.StringIO(), width=80, highlight=False)
    for each in terminal.render(blocks, change):
        console.print(each)
    return console.file.getvalue()


def test_each_kind_of_block_is_tried():
    kinds = set(Block.__subclasses__())
    assert {type(each) for each in BLOCKS} == kinds


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_every_form_shows_each_kind_of_block(block):
    assert "needle" in markdown.render([block])
    if not isinstance(block, Chart):  # of which a terminal can show nothing
        assert "needle" in printed([block])


@pytest.mark.parametrize("form", [printed, markdown.render])
def test_a_block_of_an_unknown_kind_is_not_passed_over(form):
    with pytest.raises(TypeError):
        form([Block()])


@pytest.mark.parametrize("form", [printed, markdown.render])
def test_a_form_keeps_the_order(form):
    shown = form([Text(("first",)), Folded("more", (Text(("second",)),)), Text(("third",))])
    assert shown.index("first") < shown.index("second") < shown.index("third")


def test_names_of_retrievers_are_changed_where_a_form_wants_it_and_nothing_else():
    label, text = "dense:model=/long/path", "no such file: /long/path"
    blocks = [
        Paragraph(f"Use {label}."),
        Remark("failed", text, label),
        Table("", ("retriever", "R@5"), ((label, "1"),)),
    ]
    shown = " ".join(printed(blocks, lambda each: each.replace(label, "dense:model=…")).split())
    assert "Use dense:model=…." in shown
    assert f"failed: dense:model=… {text}" in shown
    assert "│ dense:model=… │" in shown


def test_pieces_of_a_text_stay_text_and_keep_their_spaces():
    pieces = (Strong("*a*"), " - b_c ", Code("`d` | e"), ".")
    assert markdown.render([Text(pieces)]) == r"**\*a\*** - b\_c `'d' ¦ e`." + "\n"
    assert markdown.render([Text(("- a",))]) == "\\- a\n"
