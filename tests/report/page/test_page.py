"""What the page is put together from: scripts, data, drawings, definitions, its policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from page_data import blocks as data_blocks
from page_data import numbers, raw

from bench.report import blocks
from bench.report.page import scripts
from bench.report.page.blocks import rendered
from bench.report.page.columns import column
from bench.report.page.data_block import as_text, data_block
from bench.report.page.definitions import anchor, definitions
from bench.report.page.document import View, document
from bench.report.page.inline_svg import inline
from bench.report.run.kinds import KINDS
from bench.report.table import Table

HOSTILE = "</script><script>alert(1)</script>\u202e{{ 7 }}"


def unpacked(block):
    """The content of a data block, as a browser reads it."""
    return data_blocks(block)["x"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_data_comes_back_and_holds_no_markup(content):
    assert unpacked(data_block("x", content)) == content


@given(st.binary())
def test_bytes_come_back_from_text_that_nothing_reads_otherwise(given_bytes):
    text = as_text(given_bytes)
    assert raw(text) == given_bytes
    assert not {*text} & {*"<&\"'\\`"}
    assert text.isascii()
    assert text.isprintable()
    assert json.dumps(text) == f'"{text}"'


@given(st.lists(st.integers(-(10**6), 10**6)))
def test_numbers_come_back_from_columns_of_digits(given_numbers):
    packed = column(np.array(given_numbers, dtype=np.int64))
    assert numbers(packed) == given_numbers
    assert not {*"".join(packed["digits"])} & {*"<&\"'\\`"}


def test_a_column_has_no_more_texts_than_its_numbers_have_digits():
    assert column([0, 84]) == {"least": 0, "digits": ["0~"]}
    assert column([84, 85]) == {"least": 0, "digits": ["01", "~0"]}
    assert column([]) == {"least": 0, "digits": [""]}


def test_data_may_be_arrays_and_what_is_no_number_is_null():
    content = {
        "a": np.array([1, 2], dtype=np.uint16),
        "b": np.array([0.5, np.nan], dtype=np.float32),
        "c": float("nan"),
    }
    assert unpacked(data_block("x", content)) == {"a": [1, 2], "b": [0.5, None], "c": None}


def test_a_script_holds_what_it_imports_before_it_and_once():
    text = scripts.script(["page"])
    assert not re.search(r"^(import|export) ", text, re.MULTILINE)
    assert text.count("function onAddress") == text.count("function element") == 1
    assert text.index("function onAddress") < text.index("function showViews") < text.rindex("showViews();")


def test_a_script_and_a_style_lose_what_only_readers_of_the_sources_need():
    for text in (scripts.script(["page", "explorer", "map"]), scripts.style(["explorer", "map"])):
        assert not [line for line in text.splitlines() if not line or line != line.strip() or line.startswith("//")]
        assert "/*" not in text


def test_no_source_has_a_text_over_lines_or_a_comment_that_would_not_be_lost():
    for source in (files("bench.report.page") / "static").iterdir():
        text = source.read_text("utf-8")
        comments = [line.strip() for line in text.splitlines() if "/*" in line or "*/" in line]
        assert all(re.fullmatch(r"/\*[^*]*\*/", line) for line in comments), source.name
        assert not comments or source.name.endswith(".css"), source.name
        if source.name.endswith(".js"):
            assert not [line for line in text.splitlines() if line.count("`") % 2 or line.endswith("\\")], source.name


def test_the_policy_allows_the_page_its_own_script_and_style_and_nothing_else():
    page = document("a page", [View("one", "One", Markup("<p>x</p>"))])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for tag, rule in (("style", "style-src"), ('script type="module"', "script-src")):
        content = re.search(rf"<{tag}>(.*?)</{tag.split()[0]}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    others = {name: value for name, value in rules.items() if name not in ("style-src", "script-src")}
    assert others == {"default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'"}
    assert "://" not in re.sub(r"https?://www\.w3\.org/\S*", "", page)


def test_titles_are_text():
    page = document(HOSTILE, [View("one", HOSTILE, Markup())])
    assert "<script>alert" not in page
    assert "\u202e" not in page


SVG = b"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 72 36"
     onload="alert(1)">
 <metadata>who</metadata>
 <defs><style>*{x: y}</style><path id="m1" d="M 0.123456 1"/>
  <clipPath id="c1"><rect x="0" y="0" width="9.000001" height="9"/></clipPath></defs>
 <script>alert(1)</script>
 <g id="axes_1">
  <path d="M 0 0 L 1 1" style="fill: #ffffff; stroke: #000000; behavior: url(x)"/>
  <use xlink:href="#m1" style="fill: #0072b2" clip-path="url(#c1)"/>
  <use xlink:href="https://elsewhere/x#m1"/>
  <image href="https://elsewhere/y.png"/>
  <a href="https://elsewhere"><text>in a link</text></a>
  <text style="font-size: 9px; font-family: 'Some Sans'" transform="rotate(-0 1 2)">&lt;b&gt; &amp; more</text>
 </g>
</svg>"""


def test_a_drawing_is_shapes_and_texts_in_the_pages_colours():
    drawn = str(inline(SVG, "set-chart", 'shows "this"'))
    root = ElementTree.fromstring(drawn)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags == {"svg", "defs", "path", "clipPath", "rect", "use", "text"}
    assert root.attrib["aria-label"] == 'shows "this"'
    assert 'd="M 0.1 1"' in drawn
    assert '<path fill="var(--paper)" stroke="currentColor" d="M 0 0 L 1 1"/>' in drawn
    assert '<use href="#set-chart-0" clip-path="url(#set-chart-1)" fill="#0072b2"/>' in drawn
    assert "<text>&lt;b&gt; &amp; more</text>" in drawn


def test_lines_in_a_row_that_look_alike_are_one_path():
    line = '<path d="M {} 0 L 1 1" style="fill: none; stroke: {}"/>'
    drawn = [(1, "#0072b2"), (2, "#0072b2"), (3, "#d55e00"), (4, "#0072b2")]
    body = "".join(line.format(*one) for one in drawn)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g>{body}</g></svg>'
    assert re.findall(r' d="([^"]*)"', inline(svg.encode(), "a", "")) == [
        "M 1 0 L 1 1 M 2 0 L 1 1",
        "M 3 0 L 1 1",
        "M 4 0 L 1 1",
    ]


def test_nothing_else_of_a_drawing_is_left():
    drawn = str(inline(SVG, "set-chart", "x"))
    for gone in ("style", "onload", "metadata", "alert", "//elsewhere", "axes_1", "link", "url(x)"):
        assert gone not in drawn


def test_two_drawings_share_no_id():
    both = str(inline(SVG, "a", "") + inline(SVG, "b", ""))
    ids = re.findall(r'\bid="([^"]*)"', both)
    assert len(ids) == len(set(ids)) == 4


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_of_table_has_its_definition_in_the_page(kind):
    assert f'id="{anchor(kind.definition)}"' in definitions()


def test_the_definitions_lead_nowhere_on_this_machine_and_hold_no_style():
    links = re.findall(r'href="([^"]*)"', definitions())
    assert links
    assert all(link.startswith(("https://", "#figure-")) for link in links)
    anchors = set(re.findall(r'id="([^"]*)"', definitions()))
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert "style=" not in definitions()


BLOCKS = (
    blocks.Heading(HOSTILE),
    blocks.Paragraph(HOSTILE, (HOSTILE,), state="not comparable"),
    blocks.Text((HOSTILE, blocks.Strong(HOSTILE), blocks.Code(HOSTILE), blocks.LinkedQuery.to(HOSTILE, "#a?b=%22"))),
    blocks.Remark("warning", HOSTILE, HOSTILE),
    blocks.Items((blocks.Item((HOSTILE,), ((HOSTILE,),)),)),
    blocks.FlippedQuery("lost", HOSTILE, HOSTILE, (("base", HOSTILE),)),
    blocks.Folded(HOSTILE, (blocks.Text((HOSTILE,)),)),
    Table(HOSTILE, (HOSTILE, HOSTILE), ((HOSTILE, HOSTILE),), best=frozenset({(0, 1)}), notes=(HOSTILE,)),
)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: type(block).__name__)
def test_every_block_shows_its_texts_and_they_do_nothing(block):
    shown = rendered([block])
    assert "<script" not in shown
    assert "\u202e" not in shown
    assert shown.count("alert(1)") >= 1
    ElementTree.fromstring(f"<div>{shown}</div>")


def test_a_page_renders_every_kind_of_block_but_pictures_in_files():
    kinds = {kind for kind in blocks.Block.__subclasses__() if kind.__module__.startswith("bench.")}
    assert kinds - {blocks.Chart} == set(map(type, BLOCKS))
