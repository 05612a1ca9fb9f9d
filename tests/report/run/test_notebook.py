"""A run as the value of a notebook's cell."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

from fakes import Broken, Fixed
from stored import edit_info

import bench
from bench.data.formats import load_dataset
from bench.storage.run import Run
from retrievers.lexical.bm25 import BM25

HOSTILE = "</td><script>alert(1)</script> & \x1b\u202e 'x' \"y\""


def made(tmp_path, write_set, retrievers, name="small"):
    dataset = replace(load_dataset(write_set()), name=name)
    return bench.run([dataset], retrievers, results=str(tmp_path / "out"), latency=False, name="r")


class Tags(HTMLParser):
    """Every tag must be closed in its turn."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.attributes = [], set(), set()

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def tags(html):
    parser = Tags()
    parser.feed(html)
    assert not parser.open
    return parser


def test_it_shows_the_figures_the_verdict_and_where_the_rest_is(tmp_path, write_set):
    run = made(tmp_path, write_set, {"bm25": BM25(), "Fixed": Fixed()})
    html = run._repr_html_()
    text = unescape(re.sub(r"<[^>]*>", " ", html))
    for wanted in ("nDCG@10 [95%]", "bm25", "Fixed", "Verdict: ", str(run.folder / "report.md")):
        assert wanted in text
    value = run.measures.query("retriever == 'bm25' and measure == 'nDCG@10' and slice == 'all'")["value"].item()
    assert f"{value:.4f} [" in text


def test_it_is_self_contained_and_takes_the_colours_around_it(tmp_path, write_set):
    html = made(tmp_path, write_set, [Fixed()])._repr_html_()
    parser = tags(html)
    assert parser.seen <= {"div", "style", "table", "caption", "tr", "th", "td", "p", "strong", "code", "ul", "li"}
    assert parser.attributes <= {"class", "scope"}
    assert "url(" not in html
    assert not re.search(r"(?<!-)color:|background", html)


def test_hostile_names_are_text(tmp_path, write_set):
    html = made(tmp_path, write_set, {HOSTILE.replace("\x1b", ""): Fixed()}, name=HOSTILE)._repr_html_()
    assert "script" not in tags(html).seen
    assert not {"\x1b", "\u202e"} & {*html}
    assert "&lt;script&gt;" in html


def test_a_run_in_which_all_failed_says_why(tmp_path, write_set):
    text = made(tmp_path, write_set, [Broken()])._repr_html_()
    tags(text)
    assert "the index is broken" in text
    assert "log.txt" in text


def test_an_interrupted_run_says_how_to_go_on(tmp_path, write_set):
    run = made(tmp_path, write_set, [Fixed()])
    edit_info(run.folder, complete=False)
    html = bench.load_run(run.folder)._repr_html_()
    assert "not complete" in html
    assert "--resume" in html


def test_without_reports_a_run_has_no_html_and_its_text_is_shown(monkeypatch, tmp_path):
    monkeypatch.setattr(Run, "as_html", None)
    assert Run(tmp_path, {})._repr_html_() is None
