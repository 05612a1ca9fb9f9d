"""Every figure of a table that the short forms leave out stands in a CSV file or in analysis.json."""

from __future__ import annotations

import math
import re

import pytest
from fakes import Fixed

import bench
from bench.data.formats import load_dataset
from bench.report.run import parts
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.tfidf import Tfidf

TABLES = ("measures", "groups", "unanswerable", "latency", "recall", "comparisons")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """On a set with slices, wordings, queries without an answer and unjudged hits."""
    dataset = load_dataset("support-faq").sample(150, 0)
    retrievers = {"bm25": BM25(), "tfidf": Tfidf(), "Fixed": Fixed()}
    return bench.run([dataset], retrievers, results=str(tmp_path_factory.mktemp("stored")), seconds=0.05)


def numbers(content):
    """All numbers of a JSON document or of rows."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        return [number for part in content for number in numbers(part)]
    return [content] if isinstance(content, int | float) and not isinstance(content, bool) else []


def shown(number):
    """A number without its sign, as the tables may show it."""
    return {f"{abs(number):,.{digits}f}" for digits in range(5)} | {f"{abs(number):.0%}"}


def test_no_figure_is_lost(run):
    stored = numbers([run.analysis, *(run.rows(table) for table in TABLES)])
    known = {text for number in stored if math.isfinite(number) for text in shown(number)}
    titles = set()
    for dataset in run.datasets:
        for table in (*parts.tables(run, dataset), *parts.audited(run, dataset)):
            titles.add(table.title.partition(": ")[2])
            for row in table.rows:
                for cell in row[table.columns_left :]:
                    figures = re.findall(r"\d[\d,]*(?:\.\d+)?%?", cell.replace("<0.001", ""))
                    assert {*figures} <= known, (table.title, cell)
    assert {"wordings of one question", "queries without an answer", "cost", "words that no document has"} <= titles
    assert len(titles) >= 8
