"""A judging that begins with a run: what the set has judged counts and is not asked, and no retriever runs again."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged import estimate_after, made_pool
from partly_judged import write_partly_judged

import bench
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment import judging as beginning
from bench.experiment.judging import begin_from_run
from bench.experiment.stored_set import set_of_run
from bench.judging.design import judging_order
from bench.judging.estimate import chances_after
from bench.judging.folder import write_set
from bench.judging.grades import GRADES, THE_SET, combined, read
from bench.judging.judging_record import read_record
from bench.judging.session import Session
from bench.judging.stopping import looks, running_verdict
from bench.storage.run import load_run

DIFFERENCE = np.array([1.0, -1.0])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("begun")
    source = write_partly_judged(folder / "set")
    stored = bench.run(
        str(source), ["bm25", "lsa"], latency=False, map="none", controls=True, results=str(folder), name="run"
    )
    return load_run(stored.folder)


@pytest.fixture(scope="module")
def dataset(run):
    return set_of_run(run)


@pytest.fixture
def session(run, dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(beginning, "rank", None)  # whoever runs a retriever fails
    record = begin_from_run(tmp_path / "judged", run, dataset, seed=2)
    return Session(tmp_path / "judged", record, dataset, "ann", repeat_share=0.0, shared_share=1.0)


def test_the_pool_is_what_the_retrievers_of_the_run_returned(run, dataset, session):
    assert session.record.settings.retrievers == ("bm25", "lsa"), "without controls"
    for label, hits in zip(("bm25", "lsa"), session.record.rankings, strict=True):
        assert np.array_equal(hits, run.cell("set", label).ranking.documents[:, :10])
    assert [query.text for query in session.record.queries] == dataset.query_texts


def test_what_the_set_judged_counts_and_nobody_is_asked_for_it(dataset, session):
    judgements = {
        (dataset.query_ids[query], document): max(0, grade)
        for query, document, grade in zip(
            dataset.judged_query, dataset.document_ids(dataset.judged_document), dataset.grade.tolist(), strict=True
        )
    }
    assert combined(read(session.folder)) == judgements
    assert {line.judge for line in read(session.folder)} == {THE_SET}
    progress = session.progress()
    assert progress.known == progress.judged == len(judgements.keys() & set(session.pairs)) > 0
    asked = session.following(10_000)
    assert len(asked) == progress.pairs - progress.known
    assert not {(one.query_id, one.document_id) for one in asked} & judgements.keys()
    assert progress.verdict is None, "no look before the first judgement"


def test_it_goes_on_after_a_beginning_that_was_killed(run, dataset, tmp_path):
    whole = begin_from_run(tmp_path / "whole", run, dataset)
    begin_from_run(tmp_path / "again", run, dataset)
    content = (tmp_path / "again" / GRADES).read_bytes()
    half = content[: len(content) // 2]
    (tmp_path / "again" / GRADES).write_bytes(half)
    begin_from_run(tmp_path / "again", run, dataset)
    assert combined(read(tmp_path / "again")) == combined(read(tmp_path / "whole"))
    assert len(read(tmp_path / "again")) == len(read(tmp_path / "whole"))
    assert read_record(tmp_path / "again").queries == whole.queries


def test_judged_whole_the_estimate_is_the_value_and_the_written_set_has_all_judgements(dataset, session):
    while (now := session.current()) is not None:
        session.act(now.number, "grade", now.position % 2)
    gain, _ = session.gains()
    assert session.progress().judged == len(session.pool)
    assert not np.isnan(gain).any()
    write_set(session.folder, dataset, session.record.asked)
    written = load_dataset(session.folder)
    assert len(written.grade) == len(combined(read(session.folder)))
    assert written.card.description.startswith("Judged by 1 judge")


def test_the_scale_is_the_sets_own(tmp_path):
    source = write_partly_judged(tmp_path / "graded", highest=2, queries=4)
    stored = bench.run(str(source), ["bm25", "tfidf"], latency=False, map="none", results=str(tmp_path))
    run = load_run(stored.folder)
    names = begin_from_run(tmp_path / "j", run, set_of_run(run)).settings.grade_names
    assert names == ("not relevant", "grade 1", "grade 2")


def test_nobody_judges_in_the_name_of_the_set(dataset, session):
    with pytest.raises(BenchError, match="that a set had before"):
        Session(session.folder, session.record, dataset, THE_SET)


def test_a_run_of_several_sets_needs_a_name(tmp_path):
    sets = [str(write_partly_judged(tmp_path / name, queries=3)) for name in ("one", "two")]
    stored = bench.run(sets, ["bm25", "tfidf"], latency=False, map="none", results=str(tmp_path))
    run = load_run(stored.folder)
    with pytest.raises(BenchError, match="of several sets: one, two"):
        set_of_run(run)
    assert set_of_run(run, "two").name == "two"
    with pytest.raises(BenchError, match="no set of"):
        set_of_run(run, "three")
    shutil.rmtree(tmp_path / "two" / "qrels")
    write_changed = tmp_path / "two" / "qrels"
    write_changed.mkdir()
    (write_changed / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\td0\t1\n", "utf-8")
    with pytest.raises(BenchError, match="changed since"):
        set_of_run(run, "two")


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_with_what_was_known_the_estimate_is_unbiased_and_its_variance_is_as_stated(share):
    """The known ones are the likely ones, as in a set that somebody judged: no sample, and no bias by it."""
    pool, gain = made_pool(np.random.default_rng(1), better=0.5)
    known = pool.rank.max(axis=1) == 1
    judged = int(known.sum() + share * (~known).sum())
    seen = [
        estimate_after(pool, judging_order(pool, np.random.default_rng(seed), known), gain, judged)
        for seed in range(600)
    ]
    means = np.array([one.means @ DIFFERENCE for one in seen])
    truth = pool.values(gain).mean(axis=0) @ DIFFERENCE
    assert abs(means.mean() - truth) < 4 * means.std() / np.sqrt(len(means))
    stated = np.mean([one.sampling_variance(DIFFERENCE) for one in seen])
    assert stated == pytest.approx(means.var(), rel=0.25)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_known_ones_come_first_and_the_others_as_without_them(seed, share):
    pool, _ = made_pool(np.random.default_rng(seed % 5), queries=6)
    known = np.random.default_rng(seed).random(len(pool)) < share
    order = judging_order(pool, np.random.default_rng(seed), known)
    plain = judging_order(pool, np.random.default_rng(seed))
    count = int(known.sum())
    assert set(order.order[:count].tolist()) == set(np.flatnonzero(known).tolist())
    assert order.order[count:].tolist() == [pair for pair in plain.order.tolist() if not known[pair]]
    for judged in {min(len(pool), count + 1), len(pool)}:
        assert np.all(order.chances(judged)[known] == 1)
        assert chances_after(order.size, judged).sum() == pytest.approx(judged)


@given(st.integers(1, 5_000), st.data())
def test_looks_begin_behind_what_was_known(pairs, data):
    known = data.draw(st.integers(0, pairs - 1))
    places = looks(pairs, known)
    assert places[-1] == pairs
    assert places[0] > known
    assert looks(pairs, 0) == looks(pairs)


def test_the_retriever_by_whose_hits_a_set_was_judged_is_no_winner_among_equals():
    """All hits of the first are known; of the other's own ones few are relevant, and none of those drawn at first."""
    trials, wrong = 150, 0
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        pool, gain = made_pool(rng, queries=100, relevant_share=0.02, clearness=0.8)
        order = judging_order(pool, rng, pool.rank[:, 0] > 0)
        wrong += running_verdict(pool, order, gain, 0.001).kind == "winner"
    assert wrong / trials <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / trials)
