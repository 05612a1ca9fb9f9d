"""The status of a judging: its figures are those of the parts, and each sentence says what its figures say."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from partly_judged import shared, write_partly_judged

from bench.data.formats import load_dataset
from bench.experiment.judging import begin_judging
from bench.judging.agreement import Coefficient
from bench.judging.disagreement import disagreements
from bench.judging.grades import GradeLine, append, read
from bench.judging.judging_record import JudgedQuery, read_record
from bench.judging.session import Session
from bench.judging.status import status_of
from bench.judging.status_sentences import status_sentences


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return load_dataset(write_partly_judged(tmp_path_factory.mktemp("status") / "set"))


@pytest.fixture
def session(dataset, tmp_path):
    queries = [
        JudgedQuery(*query) for query in zip(dataset.query_ids, dataset.query_texts, dataset.metadata, strict=True)
    ]
    record = begin_judging(tmp_path, "set", dataset, queries, ["bm25", "lsa"], seed=1)
    return Session(tmp_path, record, dataset, "ann")


def grade(session, judge, pairs, flip=()):
    texts = session.documents.texts
    lines = []
    for place, pair in enumerate(pairs):
        query, name = session.pairs[pair]
        text = session.record.queries[int(session.pool.query[pair])].text
        value = 3 * int(shared(text, texts[int(session.pool.document[pair])]) >= 2)
        lines.append(GradeLine(query, name, judge, grade=3 - value if place in flip else value))
    append(session.folder, *lines)
    session.refresh()


def test_nothing_is_judged(session):
    lines = status_sentences(status_of(session))
    assert len(lines) == 1
    assert lines[0].startswith("0 of ")


def test_all_judged_by_one(session):
    grade(session, "ann", session.order.order.tolist())
    status = status_of(session)
    gain, _ = session.gains()
    truth = session.pool.values(gain).mean(axis=0)
    for place, label in enumerate(("bm25", "lsa")):
        assert status.values[label].value == pytest.approx(truth[place])
        assert status.values[label].low < truth[place] < status.values[label].high
    (a, b), one = next(iter(status.differences.items()))
    assert one.value == pytest.approx(status.values[a].value - status.values[b].value)
    assert one.value >= 0, "the higher one first"
    assert status.judged_by == {"ann": len(session.pool)}
    assert status.effect is None
    text = "\n".join(status_sentences(status))
    assert "one alone has judged" in text
    assert "disagree" not in text


def test_what_one_alone_brought_is_what_it_would_lose(session):
    grade(session, "ann", session.order.order.tolist())
    gain, _ = session.gains()
    status = status_of(session)
    for place, label in enumerate(("bm25", "lsa")):
        kept = gain.copy()
        other = 1 - place
        kept[(session.pool.rank[:, place] > 0) & (session.pool.rank[:, other] == 0)] = 0
        without = session.pool.values(kept).mean(axis=0)[place]
        assert status.values[label].value - status.alone[label] == pytest.approx(without)


def test_two_judges(session):
    pairs = session.order.order[:80].tolist()
    grade(session, "ann", pairs)
    grade(session, "bob", pairs, flip={3, 9})
    status = status_of(session)
    assert status.judged_by == {"ann": 80, "bob": 80}
    assert (status.disagreements, status.settled) == (len(disagreements(read(session.folder))), 0) == (2, 0)
    few, all_lines = status_sentences(status), status_sentences(status, verbose=True)
    assert "Judges disagree on 2 documents, 2 of them not settled: --settle." in few
    assert any(line.startswith("Judges agree: Krippendorff's alpha 0.") for line in few)
    assert sum("moves by" in line for line in few) == 1
    assert any(line.startswith("ann and bob: weighted kappa") for line in all_lines)
    assert len(all_lines) > len(few)
    assert {"ann", "bob"} == status.effect.alone.keys()


def test_repeats_are_told_of_their_judge(session):
    pairs = session.order.order[:30].tolist()
    grade(session, "ann", pairs)
    names = [session.pairs[pair] for pair in pairs[:10]]
    append(session.folder, *(GradeLine(*name, "ann", grade=3, purpose="repeat") for name in names))
    session.refresh()
    line = next(line for line in status_sentences(status_of(session), verbose=True) if "asked again" in line)
    assert line.startswith("ann, asked again: the same grade for ")
    assert "of 10 documents" in line


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.9, 0.82, 0.95, "enough for conclusions"),
        (0.75, 0.7, 0.9, "enough for tentative conclusions"),
        (0.7, 0.5, 0.9, "whether that is enough is open"),
        (0.4, 0.2, 0.6, "too little for conclusions"),
        (0.4, math.nan, math.nan, "too few queries to say how sure"),
        (math.nan, math.nan, math.nan, "all grades of 80 documents are the same"),
    ],
)
def test_what_an_alpha_is_worth_is_what_its_interval_says(session, value, low, high, expected):
    pairs = session.order.order[:80].tolist()
    grade(session, "ann", pairs)
    grade(session, "bob", pairs)
    status = status_of(session)
    ordinal = Coefficient(value, low, high, 80, 20)
    changed = replace(status, agreement=replace(status.agreement, ordinal=ordinal))
    assert any(expected in line for line in status_sentences(changed))


def test_as_json_it_is_plain(session):
    pairs = session.order.order[:80].tolist()
    grade(session, "ann", pairs)
    grade(session, "bob", pairs, flip={1})
    content = status_of(session).as_json()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["verdict"]["leader"] in ("bm25", "lsa")
    assert content["verdict"]["against"][0]["retriever"] in ("bm25", "lsa")
    assert {(row["a"], row["b"]) for row in content["agreement"]["kappa"]} == {("ann", "bob")}
    assert content["effect"]["moved"][0]["queries"] > 0
    assert np.isfinite(content["differences"][0]["value"])


def test_on_made_queries_it_says_so(session):
    grade(session, "ann", session.order.order.tolist())
    made = replace(status_of(session), made_queries=True)
    assert status_sentences(made)[1].startswith("On made queries, after ")


def test_wordings_of_one_question_are_counted_once(dataset, session, tmp_path):
    """The field that the card names goes with the queries into the record, and from there into every interval."""
    card = replace(dataset.card, group="question")
    queries = [
        JudgedQuery(query.id, query.text, {"question": f"g{place // 2}"} if place < 20 else {})
        for place, query in enumerate(session.record.queries)
    ]
    folder = tmp_path / "grouped"
    begin_judging(folder, "set", replace(dataset, card=card), queries, ["bm25", "lsa"], seed=1)
    grouped = Session(folder, read_record(folder), dataset, "ann")
    assert grouped.record.groups.tolist() == [*(place // 2 for place in range(20)), 10, 11, 12, 13, 14]
    for one in (session, grouped):
        grade(one, "ann", one.order.order[: len(one.pool) // 2].tolist())
    alone, by_group = status_of(session), status_of(grouped)
    assert (alone.groups, by_group.groups, by_group.as_json()["groups"]) == (None, 15, 15)
    assert [one.value for one in alone.values.values()] == [one.value for one in by_group.values.values()]
    assert [one.low for one in alone.values.values()] != [one.low for one in by_group.values.values()]
    assert [one.low for one in alone.progress.verdict.standings] != [
        one.low for one in by_group.progress.verdict.standings
    ]
    assert "Queries are 15 groups of wordings, over which all intervals are." in status_sentences(by_group)


def test_queries_of_a_log_have_no_groups_whatever_the_card_of_the_documents_names(dataset, tmp_path):
    grouped = replace(dataset, card=replace(dataset.card, group="question"))
    record = begin_judging(tmp_path, "set", grouped, [JudgedQuery("q", "w1 w2", {"count": 3})], ["bm25"])
    assert record.groups is None
