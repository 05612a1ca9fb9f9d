"""A table for a paper: it says what the run stores, and what strangers wrote stays text."""

from __future__ import annotations

import re
import string
from dataclasses import replace

import pytest
from fakes import Broken, Fixed
from hypothesis import given
from hypothesis import strategies as st

import bench
from bench.data.formats import load_dataset
from bench.report.run.latex import escape, render
from retrievers.lexical.bm25 import BM25

HOSTILE = "\\input{x} & 50% $x^2$ #1 _a_ ~{}\n\\\\ [2em] -- \u202e"
# What LaTeX prints -> how it is written.
WRITTEN = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "…": r"\ldots{}",
    **{each: f"{{{each}}}" for each in "-,["},
    **{each: f"\\{each}" for each in "&%$#_{}"},
}


def printed(text):
    """What LaTeX would print of it; what begins a command that is not known here stays, and fails the comparison."""
    back = {written: character for character, written in WRITTEN.items()}
    pattern = "|".join(map(re.escape, sorted(back, key=len, reverse=True)))
    return re.sub(pattern, lambda match: back[match.group()], text)


def without_known(text):
    return re.sub("|".join(map(re.escape, sorted(WRITTEN.values(), key=len, reverse=True))), "", text)


@given(st.text(string.printable + "éß…", max_size=30))
def test_every_text_is_printed_as_it_is(text):
    line = " ".join(text.split())
    plain = "".join(character if character.isprintable() else "\ufffd" for character in line)
    assert printed(escape(text)) == plain
    assert not set(without_known(escape(text))) & set("\\&%$#_{}~^<>|\"'`-,[")


def numbers(text):
    """The rows of figures: a list of cells each."""
    body = text.partition("\\midrule\n")[2].partition("\n\\bottomrule")[0]
    return [line.removesuffix(r" \\").split(" & ") for line in body.splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Three of which two are alike, on two sets, one of a hostile name; and one that failed."""
    sets = [
        load_dataset("vector-notes").sample(60, 0),
        replace(load_dataset("support-faq").sample(30, 0), name=HOSTILE),
    ]
    retrievers = {"bm25": BM25(), "a_b & c": type("Alike", (Fixed,), {})(), "Fixed": Fixed(), "Broken": Broken()}
    return bench.run(sets, retrievers, results=str(tmp_path_factory.mktemp("latex")), latency=False)


def test_a_row_has_the_stored_figures_and_a_group_of_columns_a_set(run):
    text = render(run)
    assert r"\begin{tabular}{lrrrr}" in text
    assert text.count(r"\multicolumn{2}{c}") == 2
    assert r"\cmidrule(lr){2-3}" in text
    assert r"\cmidrule(lr){4-5}" in text
    rows = numbers(text)
    assert [printed(row[0]) for row in rows] == ["bm25", "a_b & c", "Fixed"]  # the failed one has no figures
    frame = run.measures[(run.measures["slice"] == "all") & (run.measures["retriever"] == "bm25")]
    names = [(run.datasets[0]["name"], "nDCG@10"), (run.datasets[0]["name"], "R@10")]
    for cell, (dataset, measure) in zip(rows[0][1:], names, strict=False):
        value = frame[(frame["dataset"] == dataset) & (frame["measure"] == measure)]["value"].item()
        assert f"{value:.3f}" in cell


def test_marks_are_those_of_the_analysis(run):
    rows = numbers(render(run))
    analysis = run.analysis["sets"]["vector-notes"]
    letters = analysis["letters"]["nDCG@10"]
    assert len(set(letters.values())) > 1
    for row, label in zip(rows, ["bm25", "a_b & c", "Fixed"], strict=True):
        assert rf"\textsuperscript{{{letters[label]}" in row[1]
        assert (r"\dagger" in row[1]) == (label in analysis["level"]["nDCG@10"]["undecided"])
        assert (r"\textbf" in row[1]) == (label == "bm25")


def test_the_caption_says_test_level_correction_and_queries(run):
    caption = re.search(r"\\caption\{(.*)\}", render(run)).group(1)
    for text in ("60 queries", "randomisation test", ".05", "Holm", "share a letter", "Bold"):
        assert text in caption
    assert "interval" not in caption


def test_intervals_stand_below_where_they_are_asked_for(run):
    rows = numbers(render(run, intervals=True))
    assert len(rows) == 6
    assert re.fullmatch(r"\{\\scriptsize \[0\.\d{3}, 0\.\d{3}\]\}", rows[1][1])
    assert "bootstrap intervals" in render(run, intervals=True)


def test_it_is_well_formed_whatever_things_are_called(run):
    text = render(run, intervals=True)
    columns = text.partition("\\begin{tabular}{")[2].partition("}")[0]
    assert all(len(row) == len(columns) for row in numbers(text))
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert re.findall(r"\\begin\{(\w+)\}", text) == re.findall(r"\\end\{(\w+)\}", text)[::-1]
    assert r"\input" not in text
    assert "\u202e" not in text
    known = {
        *("begin", "end", "centering", "caption", "toprule", "midrule", "bottomrule", "cmidrule", "multicolumn"),
        *("textbf", "textsuperscript", "dagger", "scriptsize", "usepackage"),
        *re.findall(r"[a-z]+", " ".join(WRITTEN.values())),
    }
    assert set(re.findall(r"\\([a-zA-Z]+)", text)) <= known


def test_other_letters_than_latin_are_told(tmp_path, write_set):
    plain, greek = (
        bench.run([replace(load_dataset(write_set(name)), name=shown)], [Fixed()], results=str(tmp_path), latency=False)
        for name, shown in (("one", "été"), ("two", "λόγος"))
    )
    assert "LuaLaTeX" not in render(plain)
    assert "LuaLaTeX" in render(greek)
