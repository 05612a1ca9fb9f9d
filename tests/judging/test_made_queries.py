"""Queries made from documents are called what they are, ask for one document each, and no verdict says more of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import bench
from bench.data.formats import load_dataset
from bench.data.formats.records import dataset_of
from bench.errors import BenchError
from bench.judging.made_queries import as_asked, make_queries
from bench.judging.realism import Realism, best_overlaps, realism
from bench.report.run import markdown
from bench.report.run.names import display_name
from bench.report.run.verdict import conclusion
from bench.storage.run import load_run

GUIDE = """# Changing the filter

The pump stops when its filter is full. See E-4012 for more.
How often should it be changed? Once a year.

```sh
# this is no heading
```

Cleaning *it*
-------------

Rinse the filter with water.
"""


@pytest.fixture
def guide(write_set):
    """Documents with titles, headings and questions."""
    corpus = [
        {"_id": "d1", "title": "Filter of the pump", "text": GUIDE},
        {"_id": "d2", "title": "Introduction to it", "text": "Welcome to all of you."},
        {"_id": "d3", "title": "Introduction to it", "text": "Hello!"},
        {"_id": "d4", "title": "Short", "text": "A cat sat on the mat. Why is that so?"},
    ]
    return load_dataset(write_set("guide", corpus, [{"_id": "q1", "text": "x"}], [("q1", "d1", 1)]))


def made_of(dataset, kind):
    return {(query.text, query.document) for query in make_queries(dataset, 100, 0, [kind])}


def test_each_kind_is_what_it_says(guide):
    assert made_of(guide, "title") == {("Filter of the pump", "d1")}
    assert made_of(guide, "heading") < {("Changing the filter", "d1"), ("Cleaning it", "d1")}
    assert made_of(guide, "first sentence") == {
        ("The pump stops when its filter is full.", "d1"),
        ("Welcome to all of you.", "d2"),
        ("A cat sat on the mat.", "d4"),
    }
    assert made_of(guide, "question") == {("How often should it be changed?", "d1"), ("Why is that so?", "d4")}


def test_no_two_are_from_one_document_and_the_seed_decides(guide):
    drawn = make_queries(guide, 100, 3)
    assert len({query.document for query in drawn}) == len(drawn) == 3
    assert drawn == make_queries(guide, 100, 3)
    assert len(make_queries(guide, 1, 3)) == 1
    asked = as_asked(drawn)
    assert {metadata["made"] for _, metadata in asked.values()} <= {"title", "heading", "first sentence", "question"}
    assert all(metadata["from"] for _, metadata in asked.values())


def test_none_can_be_made():
    dataset = dataset_of("bare", {"d1": "word"}, {"q1": ("x", {})}, {("q1", "d1"): 1})
    with pytest.raises(BenchError, match="No query can be made from the documents of bare"):
        make_queries(dataset, 10, 0)


def test_an_unknown_kind(guide):
    with pytest.raises(BenchError, match="Did you mean 'heading'"):
        make_queries(guide, 10, 0, ["headings"])


TEXTS = {"d1": "cat mat sat", "d2": "cat dog", "d3": "dog bone bone"}


def test_best_overlap_is_that_of_the_definition():
    dataset = dataset_of("small", TEXTS, {"q1": ("x", {})}, {("q1", "d1"): 1})
    queries = ["cat mat", "cat bone", "nothing here", "", "dog zebra cat"]
    overlaps = best_overlaps(dataset, queries)

    def idf(term):
        holding = sum(term in text.split() for text in TEXTS.values())
        return np.log(1 + (3 - holding + 0.5) / (holding + 0.5))

    def expected(query):
        total = sum(idf(term) for term in query.split())
        return max(sum(idf(term) for term in query.split() if term in text.split()) / total for text in TEXTS.values())

    assert overlaps[0] == pytest.approx(1)
    assert overlaps[1] == pytest.approx(expected("cat bone"))
    assert overlaps[2] == 0
    assert np.isnan(overlaps[3])
    assert overlaps[4] == pytest.approx(expected("dog zebra cat"))


def test_made_queries_that_are_too_easy_are_told_from_real_ones():
    texts = {f"d{number}": f"word{number} other{number} third{number}" for number in range(40)}
    dataset = dataset_of("many", texts, {"q1": ("x", {})}, {("q1", "d1"): 1})
    made = [f"word{number} other{number}" for number in range(40)]
    real = [f"word{number} zebra{number}" for number in range(40)]
    result = realism(dataset, made, real, np.random.default_rng(0))
    assert result.made == 1
    assert 0 < result.low < result.difference < result.high <= 1
    assert "look better than they are" in result.sentence()
    assert "look worse than they are" in realism(dataset, real, made, np.random.default_rng(0)).sentence()
    alike = realism(dataset, made, made, np.random.default_rng(0))
    assert alike.difference == 0
    assert alike.low < 0 < alike.high


def test_what_few_queries_leave_open():
    assert "is open" in Realism(0.9, 0.8, 0.1, -0.1, 0.3, 20, 5).sentence()
    assert "about as many" in Realism(0.9, 0.89, 0.01, -0.04, 0.06, 200, 500).sentence()


def test_the_interval_holds_as_often_as_it_says():
    rng = np.random.default_rng(0)
    texts = {f"d{number}": f"word{number} other{number}" for number in range(60)}
    dataset = dataset_of("many", texts, {"q1": ("x", {})}, {("q1", "d1"): 1})

    def drawn(count, chance):
        ends = rng.random(count) < chance
        return [f"word{place}" if end else f"zebra{place}" for place, end in enumerate(ends)]

    inside = 0
    for _ in range(60):
        result = realism(dataset, drawn(30, 0.9), drawn(15, 0.6), rng)
        inside += result.low <= 0.3 <= result.high
    assert inside >= 54


def test_too_few_to_compare(guide):
    with pytest.raises(BenchError, match="1 real queries have words"):
        realism(guide, ["pump filter", "cat mat"], ["pump", "?"], np.random.default_rng(0))


@pytest.fixture(scope="module")
def marked_runs(tmp_path_factory):
    """A run on a set of made queries, and one on that and another set."""
    from made import CORPUS, QRELS, QUERIES, write_beir

    folder = tmp_path_factory.mktemp("made")
    sets = [
        str(write_beir(folder / "made", CORPUS, QUERIES, QRELS, "made_queries = true\n")),
        str(write_beir(folder / "asked", CORPUS, QUERIES, QRELS)),
    ]
    options = {"latency": False, "results": str(folder / "results")}
    return [bench.run(given, ["bm25", "tfidf"], **options).folder for given in (sets[:1], sets, sets[1:])]


@pytest.mark.slow
def test_a_verdict_on_made_queries_says_no_more(marked_runs):
    run = load_run(marked_runs[0])
    sentences = run.analysis["sets"]["made"]["verdict"]["sentences"]
    assert sentences[0].startswith("On made queries: ")
    assert "what people ask may decide otherwise" in sentences[-1]
    assert run.analysis["overall"]["sentences"][0].startswith("On made queries: ")
    assert conclusion(run).choice.endswith(", on made queries")
    assert display_name(run.datasets[0]) == "made (made queries)"
    report = markdown.render(run)
    assert ", on made queries" in report
    assert "On made queries: " in report


@pytest.mark.slow
def test_over_several_sets_it_says_which_are_made(marked_runs):
    analysis = load_run(marked_runs[1]).analysis
    assert "The queries of made were made from the documents." in analysis["overall"]["sentences"]
    assert analysis["sets"]["made"]["verdict"]["sentences"][0].startswith("On made queries: ")
    assert "made queries" not in json.dumps(analysis["sets"]["asked"])
    assert not conclusion(load_run(marked_runs[1])).choice.endswith("made queries")


@pytest.mark.slow
def test_a_set_of_asked_queries_is_not_marked(marked_runs):
    assert "made queries" not in markdown.render(load_run(marked_runs[2]))


def test_a_verdict_on_known_items_says_that_the_queries_were_made(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    titles = ["Pumps and valves", "Sleep of cats", "Bread at home", "Rain in spring"]
    for title in titles:
        (folder / f"{title[:4]}.md").write_text(f"# {title}\n\n{title.split()[0]} is what this page is about.\n")
    found = bench.run(
        [str(folder)], ["bm25", "tfidf"], known_item="title", latency=False, results=str(tmp_path / "results")
    )
    run = load_run(found.folder)
    (of_set,) = run.analysis["sets"].values()
    assert of_set["verdict"]["sentences"][0].startswith("On made queries: ")
    assert conclusion(run).choice.endswith(", on made queries")
