"""A set that grows: what holds at every size, whatever the ids and texts are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from made import made

from bench.data.dataset import Card
from bench.data.formats.options import Options
from bench.data.formats.unlabelled import unlabelled
from bench.data.growth import Size, by_corpus, by_itself
from bench.data.normalised import normalised
from bench.errors import BenchError

IDS = st.text("ab1~é😀", min_size=1, max_size=3)
TEXTS = st.text("xyX é", min_size=1, max_size=4)
CORPORA = st.dictionaries(IDS, TEXTS, min_size=1, max_size=12)


def corpus(documents, name="other"):
    """Documents alone. documents: id -> text, or -> columns."""
    rows = [{"id": key, **(its if isinstance(its, dict) else {"text": its})} for key, its in documents.items()]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pa.array([row.get(name, "") for row in rows], pa.large_string()) for name in names}
    return unlabelled(name, pa.table(columns), Card(), Options())


@st.composite
def judged_sets(draw):
    """A set of one query, of whose documents the first ones are judged 0 or 1, at least one of them 1."""
    documents = draw(CORPORA)
    judged = list(documents)[: draw(st.integers(1, len(documents)))]
    grades = [1, *(draw(st.integers(0, 1)) for _ in judged[1:])]
    return made(documents, {"q": "x"}, [("q", name, grade) for name, grade in zip(judged, grades, strict=True)])


def rng():
    return np.random.default_rng(0)


def grown_at_all_sizes(growth):
    """The set with 0, 1, 2, … distractors."""
    first = len(growth.base.documents)
    return [growth.at(Size(n / first, n), growth.base) for n in range(first, first + len(growth.pool) + 1)]


def ids(dataset):
    return dataset.documents["id"].to_pylist()


def judgements(dataset):
    """By query, id of the document and grade."""
    return list(
        zip(
            dataset.judged_query.tolist(),
            dataset.document_ids(dataset.judged_document),
            dataset.grade.tolist(),
            strict=True,
        )
    )


def holds_what_it_promises(growth, judged):
    """The laws of every size. judged: the set's judgements as they were."""
    sizes = grown_at_all_sizes(growth)
    own = ids(growth.base)
    known = set(map(normalised, growth.base.texts))
    before = set()
    for number, grown in enumerate(sizes):
        names = ids(grown.dataset)
        assert len(names) == len(set(names)) == grown.size.documents == len(own) + number, "no id comes twice"
        assert sorted(names, key=str.encode, reverse=True) == names, "the tie rule"
        assert [name for name in names if name in set(own)] == own, "the set's own keep their order"
        assert before <= set(names), "each size holds the smaller ones"
        before = set(names)
        assert judgements(grown.dataset) == judged, "what is judged is in, with its grade"
        assert grown.distractor.tolist() == [name not in set(own) for name in names]
        texts = [grown.dataset.texts[place] for place in np.flatnonzero(grown.distractor).tolist()]
        assert not known & set(map(normalised, texts)), "no copy joins"


@given(dataset=judged_sets(), documents=CORPORA)
def test_a_set_grows_by_another_corpus(dataset, documents):
    kept = [text for text in documents.values() if normalised(text) not in set(map(normalised, dataset.texts))]
    assume(kept)
    growth = by_corpus(dataset, corpus(documents), rng())
    assert (len(growth.pool), growth.copies) == (len(kept), len(documents) - len(kept))
    assert ids(growth.base) == ids(dataset)
    holds_what_it_promises(growth, judgements(dataset))
    whole = growth.at(growth.whole, growth.base)
    first_own = ids(whole.dataset).index(ids(dataset)[0])
    assert first_own == len(kept), "distractors stand before the set's own, which lose a tie with them"


@given(dataset=judged_sets())
def test_a_set_grows_by_its_own_documents(dataset):
    judged = set(dataset.document_ids(dataset.judged_document))
    try:
        growth = by_itself(dataset, rng())
    except BenchError as error:
        base = {normalised(dataset.texts[place]) for place in set(dataset.judged_document.tolist())}
        assert "has no document that nobody judged" in str(error)
        assert {normalised(text) for text in dataset.texts} == base
        return
    assert set(ids(growth.base)) == judged
    holds_what_it_promises(growth, judgements(dataset))
    whole = growth.at(growth.whole, growth.base).dataset
    assert len(whole.documents) + growth.copies == len(dataset.documents)
    assert set(ids(whole)) <= set(ids(dataset))


def test_the_whole_of_a_set_without_copies_is_the_set():
    dataset = made({f"d{n}": f"text {n}" for n in range(9)}, {"q": "x"}, [("q", "d3", 1), ("q", "d4", 0)])
    growth = by_itself(dataset, rng())
    assert growth.whole == Size(4.5, 9)
    assert growth.at(growth.whole, growth.base).dataset.fingerprint == dataset.fingerprint


def test_another_seed_draws_another_order_and_the_same_one_the_same():
    dataset = made({"a": "x"}, {"q": "x"}, [("q", "a", 1)])
    other = corpus({f"d{n}": f"text {n}" for n in range(50)})
    orders = [by_corpus(dataset, other, np.random.default_rng(seed)).order.tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_distractors_have_the_columns_of_the_set_and_no_others():
    """A title of theirs is the title, since texts begin with it here and there; what they do not have is empty."""
    dataset = corpus({"a": {"text": "T x", "title": "T", "kind": "k"}}, "set")
    other = corpus({"b": {"text": "U y", "title": "U", "more": "m"}})
    grown = by_corpus(dataset, other, rng()).at(Size(2, 2), dataset)
    assert grown.dataset.documents.to_pylist() == [
        {"id": "~other:b", "text": "U y", "title": "U", "kind": ""},
        {"id": "a", "text": "T x", "title": "T", "kind": "k"},
    ]
    assert grown.dataset.texts.column("text")[0] == "y"


def test_a_size_is_named_and_described():
    dataset = made({"a": "x", "b": "y"}, {"q": "x"}, [("q", "a", 1)])
    growth = by_corpus(dataset, corpus({f"d{n}": f"text {n}" for n in range(3)}), rng())
    assert (growth.size(2), growth.whole, growth.size(1.5).shown) == (Size(2, 4), Size(2.5, 5), "x1.5")
    grown = growth.at(growth.size(2), growth.base).dataset
    assert (grown.name, grown.note) == ("made x2", "2 documents and 2 of other")
    own = by_itself(dataset, rng())
    assert own.at(own.whole, own.base).dataset.note == "1 judged documents and 1 that nobody judged"
    assert Size(1234.5, 1).shown == "x1234.5"


@pytest.mark.parametrize(
    "grow", [lambda dataset: by_corpus(dataset, corpus({"c": "z"}), rng()), lambda dataset: by_itself(dataset, rng())]
)
def test_that_what_is_not_judged_is_wrong_holds_of_the_set_alone(grow):
    dataset = made({"a": "x", "b": "y"}, {"q": "x"}, [("q", "a", 1)])
    growth = grow(replace(dataset, card=Card(complete=True)))
    assert growth.at(growth.whole, growth.base).dataset.card.complete == growth.own


@pytest.mark.parametrize("documents", [{"b": "X"}, {"b": " x ", "c": "x"}])
def test_a_corpus_of_copies_is_refused(documents):
    dataset = made({"a": "x"}, {"q": "x"}, [("q", "a", 1)])
    with pytest.raises(BenchError, match="other has no document whose text made does not have"):
        by_corpus(dataset, corpus(documents), rng())
