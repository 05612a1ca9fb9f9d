"""What reports say of how sure, why, and what to do: stored figures, marked where they must be, and inert texts."""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest
from fakes import Broken, Fixed
from rich.console import Console
from whole_report import whole_report

import bench
from bench.data.formats import load_dataset
from bench.report.markdown import escape
from bench.report.run import audits, charts, forms, losses, terminal_verbose, why
from bench.report.run.cost import cost
from bench.report.run.names import analysis
from bench.report.run.quality import quality, summary
from bench.report.run.verdict import conclusion
from bench.report.table import interval, number, signed, signed_interval
from bench.storage.costs import TIMING, WAITED
from retrievers.base import Ranking
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.tfidf import Tfidf
from retrievers.pipelines.rerank import Rerank

HOSTILE = "<script>alert(1)</script> | **x** [a](b) `c` $x^2$ www.evil.example @you \x1b[31m\u202e"
HALF = 30
# Document n answers a query with its own word, which keyword search finds, and one with none of its words.
CORPUS = [{"_id": f"d|<b>`{n:02}", "text": f"word{n} about many things {HOSTILE}"} for n in range(HALF)]
CORPUS.append({"_id": "copy", "text": CORPUS[0]["text"]})
QUERIES = [{"_id": f"q|<i>{n:02}", "text": f"word{n}"} for n in range(HALF)]
QUERIES += [{"_id": f"r|<i>{n:02}", "text": f"many unheard{n}\n# {HOSTILE}"} for n in range(HALF)]
QRELS = [(f"{kind}|<i>{n:02}", f"d|<b>`{n:02}", 1) for kind in "qr" for n in range(HALF)]
QRELS += [(f"q|<i>{n:02}", f"d|<b>`{(n + 1) % HALF:02}", 0) for n in range(HALF)]


@dataclass
class Guesses:
    """Finds the answer where there is no word to go by, and only there."""

    kind: ClassVar[str] = "dense"
    _size: int = field(init=False, repr=False, compare=False, default=0)

    def index(self, documents):
        self._size = len(documents)
        self._place = {text.split()[0][4:]: place for place, text in enumerate(documents) if text.startswith("word")}

    def search(self, queries, k):
        ranking = Ranking.empty(len(queries), k)
        for row, query in enumerate(queries):
            answer = self._place.get(re.findall(r"unheard(\d+)|$", query)[0], -1)
            hits = [answer] * (answer >= 0) + [each for each in range(self._size) if each != answer]
            ranking.put(row, np.array(hits[:k]), -np.arange(min(k, len(hits)), dtype=np.float32))
        return ranking


def shown(found):
    """All tables in the terminal."""
    console = Console(file=io.StringIO(), width=200)
    for each in terminal_verbose.render(found):
        console.print(each)
    return console.file.getvalue()


def make(path, out, retrievers, **settings):
    return bench.run(load_dataset(path), retrievers, results=str(out), latency=False, **settings)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A run in which everything has something to say."""
    import json

    folder = tmp_path_factory.mktemp("why") / "both"
    (folder / "qrels").mkdir(parents=True)
    for name, rows in (("corpus", CORPUS), ("queries", QUERIES)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in QRELS)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
    return make(folder, folder.parent / "out", [Tfidf(), BM25(), Guesses(), Fixed()], controls=True)


@pytest.fixture(scope="module")
def dataset(found):
    return found.datasets[0]


def test_a_dagger_stands_exactly_on_what_is_not_shown_different(found, dataset):
    table = quality(found, dataset)
    level = analysis(found, dataset)["level"]
    marked = {
        (row[0], name)
        for row in table.rows
        for name, cell in zip(found.info["measures"], row[1:], strict=True)
        if cell.endswith("†")
    }
    assert marked == {(label, name) for name, each in level.items() for label in each["undecided"]}
    assert marked
    said = "Holm over 6 comparisons of nDCG@10; the other columns are exploratory, over 36 comparisons"
    assert any(said in note for note in table.notes)


def test_controls_stand_last_and_never_compete(found, dataset):
    table = quality(found, dataset)
    assert [row[0] for row in table.rows] == ["Tfidf", "BM25", "Guesses", "Fixed", "random", "oracle"]
    assert table.best
    assert all(row < 4 for row, _ in table.best)
    assert "oracle" not in summary(found).header
    assert "oracle" not in str(cost(found, dataset).rows)


def test_the_cost_table_marks_exactly_the_stored_pareto_set(found, dataset):
    table = cost(found, dataset)
    marked = [row[0].removesuffix(" ◆") for row in table.rows if row[0].endswith(" ◆")]
    assert marked == analysis(found, dataset)["pareto"]["retrievers"]
    assert "nDCG@10, index time at once" in table.notes[0]  # nothing was timed; memory is not known in one process


def test_charts_of_choices_have_no_controls(write_set, tmp_path):
    path = write_set(card='slices = ["kind"]\n')
    timed = bench.run(path, [BM25(), Fixed()], results=str(tmp_path / "out"), controls=True, seconds=0.1, samples=20)
    charts.write(timed)
    for name in ("pareto", "slices"):
        drawn = (timed.folder / "charts" / f"{name}.svg").read_text("utf-8")
        assert "BM25" in drawn
        assert "oracle" not in drawn
    assert "oracle" in (timed.folder / "charts" / "measures.svg").read_text("utf-8")


def test_what_is_no_better_than_random_is_called_out(found, dataset):
    assert analysis(found, dataset)["no_better_than_random"] == ["Fixed"]
    assert any("random order of the documents: Fixed." in note for note in quality(found, dataset).notes)
    assert "random order of the documents: Fixed." in shown(found).partition("Verdict")[2]


def test_differences_are_the_stored_ones(found, dataset):
    table = why.differences(found, dataset)
    stored = [row for row in found.rows("comparisons") if row["measure"] == "nDCG@10"]
    assert len(table.rows) == len(stored) == 6
    better = analysis(found, dataset)["better"]["nDCG@10"]
    for cells, row in zip(table.rows, stored, strict=True):
        assert cells[:2] == (row["a"], row["b"])
        assert cells[2].startswith(f"{row['difference']:+.4f} [{row['low']:+.3f}, {row['high']:+.3f}]")
        assert cells[4:7] == tuple(str(row[name]) for name in ("wins", "ties", "losses"))
        assert cells[8] == f"{row['detectable']:.3f}"
        wins = [pair[0] for pair in better if set(pair) == {row["a"], row["b"]}]
        assert cells[9] == (f"{wins[0]} better" if wins else "undecided")
    assert {cells[9] for cells in table.rows} > {"undecided"}


def test_overlap_and_its_crossing_are_the_stored_ones(found, dataset):
    stored = analysis(found, dataset)["crossover"]
    table = why.overlap(found, dataset)
    assert len(table.rows) == len(stored["bins"]) == 2
    for cells, each in zip(table.rows, stored["bins"], strict=True):
        assert cells[1] == str(each["queries"])
        values = [f"{each['quality'][label]['value']:.4f}" for label in table.header[2:]]
        assert [cell.split(" ")[0] for cell in cells[2:]] == values
    contest = next(each for each in stored["contests"] if each["lexical"] == "BM25")
    low, high = contest["crossings"][0]
    said = f"Guesses and BM25 cross: Guesses is ahead up to an overlap of {low:.2f}, BM25 from {high:.2f} on."
    assert said in table.notes


def figure(low, high):
    return {"value": (low + high) / 2, "low": low, "high": high, "queries": 20}


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([figure(-0.1, 0.1), figure(-0.2, 0.1)], "in no bin is either shown ahead"),
        ([figure(0.1, 0.2), figure(-0.2, 0.1)], "D is shown ahead in 1 of 2 bins"),
    ],
)
def test_without_a_crossing_that_is_said(differences, said):
    bins = [{"low": 0.0, "high": 0.4}, {"low": 0.5, "high": 1.0}]
    contest = {"dense": "D", "lexical": "L", "difference": differences, "crossings": []}
    assert why.crossing(contest, bins) == f"D and L: no crossing shown; {said}."


def test_who_solves_what_is_the_stored_one(found, dataset):
    stored = analysis(found, dataset)["pairs"]
    table = why.complementarity(found, dataset)
    assert "fusion (estimate)" in table.header
    for cells, pair in zip(table.rows, stored, strict=True):
        solved = pair["solved"]
        counts = [len(solved["first_only"]), len(solved["second_only"]), solved["both"], solved["neither"]]
        assert cells[2:6] == tuple(map(str, counts))
        assert cells[6] == f"{pair['oracle']['value']:.4f}"
        assert cells[9].startswith(f"{pair['fused_gain']['value']:+.4f} [{pair['fused_gain']['low']:+.3f}, ")


def test_audits_show_what_is_stored(found, dataset):
    stored = analysis(found, dataset)
    tables = {table.title.partition(": ")[2]: table for table in audits.audits(found, dataset)}
    assert list(tables) == [
        "ties and nDCG@10",
        "unjudged hits and nDCG@10",
        "words that no document has",
        "unjudged copies of relevant documents",
        "traps (judged not relevant)",
    ]
    assert all(table.line for table in tables.values())
    ties = {row[0]: row[2:] for row in tables["ties and nDCG@10"].rows}
    for label, cells in ties.items():
        wanted = [f"{stored['ties'][label][name]:.4f}" for name in ("value", "best", "worst", "expected")]
        assert list(cells) == wanted
    assert "all at one grade that the set uses." in tables["unjudged hits and nDCG@10"].notes[0]
    for label, share, value, low, high in tables["unjudged hits and nDCG@10"].rows:
        each = stored["unjudged"][label]
        assert share == f"{each['unjudged'] / each['hits']:.0%}"
        assert [value, low, high] == [f"{each[name]:.4f}" for name in ("value", "low", "high")]
    for label, rate, *counts in tables["traps (judged not relevant)"].rows:
        each = stored["traps"]["judged"][label]
        assert rate.startswith(f"{each['rate']['value']:.4f} ")
        assert counts == [str(each[name]) for name in ("wrong", "right", "undecided")]
    for label, *counts in tables["unjudged copies of relevant documents"].rows:
        assert counts == [str(stored["copies"][name][label]) for name in ("within", "above", "above_all")]


def test_a_window_that_cuts_is_shown():
    seen = {
        "model": "path/to/M",
        "readers": ["dense:model=M", "other"],
        "cutoff": 10,
        "window": 256,
        "relevant": 8,
        "cut": 2,
        "found_cut": {"bm25": 0.5},
        "found_whole": {"bm25": None},
        "not_checked": None,
    }
    (table,) = audits.windows({"windows": [seen, {**seen, "cut": 0}, {**seen, "not_checked": "no model"}]}, "set", "")
    assert table.header == ("retriever", "cut ones found in the top 10", "others found there")
    assert table.rows == (("bm25", "50%", "n/a"),)
    said = "2 of 8 relevant documents (25%) are cut by dense:model=M, other; found in the top 10, cut ones / others"
    assert f"{said}: bm25 50% / n/a." in table.line
    assert "the 256 word pieces that dense:model=M, other read. " in table.notes[0]
    assert list(audits.windows({}, "set", "")) == []


def test_traps_are_told_as_pairs_and_as_the_mean_that_the_table_has():
    rate = {"value": 0.75, "low": 0.5, "high": 0.875}
    each = {"pairs": 1, "rate": rate, "wrong": 1, "right": 0, "undecided": 0}
    for pairs, said in ((1, "1 pair of a query and a document"), (3, "3 pairs of a query and a document")):
        found = audits._traps({"x": {**each, "pairs": pairs}}, "set", "judged not relevant")
        assert found.notes[0].startswith(f"{said} judged not relevant. ")
        assert found.line.startswith(f"Traps, {said} judged not relevant: ")
        assert found.line.endswith("of those where either is stored, mean over queries, in x 75%.")


def test_ties_that_may_go_on_below_the_stored_hits_are_told():
    each = {"tied": 4, "cut": 1, "value": 0.5, "best": 0.6, "worst": 0.4, "expected": 0.5}
    notes = audits.ties({"ties": {"x": each, "y": {**each, "cut": 0}}}, "set", "RR").notes
    assert notes[1] == "Orders of the stored hits alone; equal scores may go on below them: x in 1 query."
    assert len(audits.ties({"ties": {"y": {**each, "cut": 0}}}, "set", "RR").notes) == 1


def test_copies_are_told_as_their_table_has_them():
    """The sentence speaks of the copied document, of which the column before the last does, not of the first one."""
    seen = {"cutoff": 10, "pairs": 1, "near_searched": True}
    seen |= {"within": {"a": 1, "b": 1}, "above": {"a": 1, "b": 0}, "above_all": {"a": 0, "b": 0}}
    table = audits.copies({"copies": seen}, "set", "")
    assert table.header[1:] == ("in the top 10", "above what they copy", "above all relevant ones")
    assert table.rows == (("a", "1", "1", "0"), ("b", "1", "0", "0"))
    said = "Copies: 1 time an unjudged document in a top 10 copies a relevant one; above what it copies: "
    assert table.line == f"{said}a 1 of 1, b 0 of 1."


def test_the_worst_losses_of_the_pair_of_the_verdict_are_in_the_report(found, dataset):
    about = set(analysis(found, dataset)["verdict"]["pair"])
    every = [each for each in analysis(found, dataset)["failures"] if each["worst"]]
    stored = [each for each in every if {each["loser"], each["winner"]} == about]
    assert 0 < len(stored) <= 2 < len(every)
    blocks = list(losses.losses(found, dataset))
    pairs = list(zip(blocks[::2], blocks[1::2], strict=True))
    assert len(pairs) == len(stored)
    for (heading, queries), each in zip(pairs, stored, strict=True):
        assert heading.text.startswith(f"{each['loser']} below {each['winner']}: {each['lost']} quer")
        assert len(queries.items) == min(3, len(each["worst"]))
    text = whole_report(found)
    assert all(f"#### {escape(heading.text)}" in text for heading, _ in pairs)
    assert "query by query: see " in shown(found)


def test_the_verdict_is_first_in_the_report_and_last_in_the_terminal(found):
    verdict = conclusion(found)
    sentence = verdict.paragraphs[0].first
    text = whole_report(found)
    assert text.index("## Verdict: ") < text.index("## Summary")
    assert escape(sentence) in text
    assert shown(found).rstrip().splitlines()[-1].startswith("Not shown better than a random order")
    assert f"Verdict: {verdict.choice}" in shown(found)


def test_several_sets_have_a_verdict_over_all(write_set, tmp_path):
    sets = [load_dataset(write_set(name)) for name in ("one", "two")]
    found = bench.run(sets, [BM25(), Fixed()], results=str(tmp_path / "out"), latency=False)
    paragraphs = conclusion(found).paragraphs
    assert paragraphs[0].first == found.analysis["overall"]["sentences"][0]
    assert len(paragraphs) == 3


def test_hostile_texts_stay_text(found):
    forms.write(found)
    text = whole_report(found)
    assert "unheard" in text  # queries are shown at all
    for bad in ("<script>", "<b>", "<i>", " www.", " @you", "\x1b", "\u202e"):
        assert bad not in text
    assert not any(line.startswith("# <") for line in text.splitlines())
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith(" |") for line in tables)
    for mark in ("`c`", "[a](b)", "**x**", " $x"):
        assert mark not in text
    output = shown(found)
    assert "\x1b[31m" not in output
    assert (found.folder / "charts" / "crossover.svg").is_file()


def test_strangers_get_no_link():
    assert escape("https://a.example www.a.example a@b.example @me") == (
        r"https\://a.example www\.a.example a\@b.example \@me"
    )
    assert escape("nDCG@10") == "nDCG@10"


@pytest.mark.parametrize(
    ("text", "inert"),
    [("- a", r"\- a"), ("1. a", r"1\. a"), ("2) a", r"2\) a"), ("---", r"\---"), ("===", r"\==="), ("+0.5", "+0.5")],
)
def test_strangers_begin_no_list_and_no_heading(text, inert):
    assert escape(text) == inert
    assert escape("0.5 [0.4, 0.6]") == r"0.5 \[0.4, 0.6\]"


def test_the_terminal_is_not_exceeded(found):
    assert max(map(len, shown(found).splitlines())) <= 200


# What is missing is left out: no crash, and no empty table.


def complete(found):
    charts.write(found)
    text = whole_report(found)
    lines = text.splitlines()
    for here, following in zip(lines, [*lines[1:], ""], strict=True):
        assert not (re.match(r"\| ---", here) and not following.startswith("|")), "an empty table"
    return text, shown(found)


def test_without_a_dense_retriever_there_is_no_crossing(write_set, tmp_path):
    text, _ = complete(make(write_set(), tmp_path / "out", [BM25(), Tfidf()]))
    assert "No dense retriever was compared" in text
    assert "cross" not in text


def test_one_retriever_has_no_pairs(write_set, tmp_path):
    text, output = complete(make(write_set(), tmp_path / "out", [BM25()]))
    for each in ("differences in", "who solves what", "loses most", "†", "◆"):
        assert each not in text
        assert each not in output


def test_a_failed_cell_is_a_reason_and_no_figure(write_set, tmp_path):
    found = make(write_set(), tmp_path / "out", [BM25(), Broken()])
    text, output = complete(found)
    assert "the index is broken" in text
    assert "the index is broken" in output
    assert "differences in" not in text
    assert "What failed: the log has more." in text
    assert "".join(output.split()).count(f"Whatfailed:{found.folder}/log.txthasmore.") == 1
    assert (found.folder / "log.txt").exists()


def test_where_all_failed_there_is_no_verdict(write_set, tmp_path):
    text, output = complete(make(write_set(), tmp_path / "out", [Broken()]))
    assert "Verdict" not in text + output


def test_without_an_answerable_query_that_is_all_there_is_to_say(write_set, tmp_path):
    path = write_set(qrels=[("q1", "d1", 0), ("q2", "d3", 0)])
    text, output = complete(make(path, tmp_path / "out", [BM25(), Fixed()]))
    assert "nothing can be measured: no query has a relevant document." in text
    assert "nothing can be measured" in output
    assert "R@10" not in text


def test_a_difference_that_is_shown_is_never_zero():
    assert [why.shows_from(each) for each in (0.0004, 0.0, 0.059, math.nan)] == ["<0.001", "n/a", "0.059", "n/a"]


def test_what_rounds_to_zero_has_no_minus():
    assert [signed(each) for each in (-1e-17, -0.0, 0.0, -0.00006)] == ["+0.0000", "+0.0000", "+0.0000", "-0.0001"]
    assert [number(each, 3) for each in (-1e-17, -0.0004, 0.0005, -1)] == ["0.000", "0.000", "0.001", "-1.000"]
    assert signed_interval({"value": -1e-9, "low": -0.0004, "high": 0.02}) == "+0.0000 [+0.000, +0.020]"


def _no_better(query, documents):
    return np.zeros(len(documents))


def test_a_reranker_is_shown_at_each_depth_beside_its_own_first_stage(tmp_path, write_set):
    dataset = load_dataset(write_set(tmp_path / "set"))
    retrievers = {"rerank": Rerank((BM25(),), by=_no_better, depth=12), "bm25": BM25()}
    run = bench.run(dataset, retrievers, results=tmp_path / "results", latency=False)
    (stored,) = run.datasets
    table = why.rerank_depths(run, stored)
    assert [row[:2] for row in table.rows] == [("rerank", "first stage"), ("", "5"), ("", "10"), ("", "12")]
    assert {row[5] for row in table.rows} == {"n/a"}, "nothing was timed"
    first = next(row for row in run.rows("measures") if (row["retriever"], row["measure"]) == ("bm25", "nDCG@10"))
    assert table.rows[0][2] == interval(first), "one figure, one interval"
    again = bench.run(dataset, {"bm25": BM25()}, results=tmp_path / "others", latency=False)
    assert why.rerank_depths(again, again.datasets[0]) is None


@pytest.mark.parametrize(("waited", "shown"), [(0.0, "1.5"), (0.2, "~1.5")])
def test_times_at_each_depth_are_marked_on_a_noisy_machine(tmp_path, write_set, monkeypatch, waited, shown):
    dataset = load_dataset(write_set(tmp_path / "set"))
    retrievers = {"rerank": Rerank((BM25(),), by=_no_better)}
    run = bench.run(dataset, retrievers, results=tmp_path / "results", latency=False)
    depth = {"depth": 0, "value": {"value": 0.5, "low": 0.4, "high": 0.6}, "gain": None, "ceiling": None}
    rows = [{**depth, "p50_ms": 1.5, "p95_ms": None}]
    monkeypatch.setattr(why, "analysis", lambda *_: {"rerank_depths": {"rerank": rows}})
    monkeypatch.setattr("bench.report.run.cost.costs_of", lambda *_: {"rerank": {WAITED[TIMING]: {"value": waited}}})
    assert why.rerank_depths(run, run.datasets[0]).rows[0][5:] == (shown, "n/a")
