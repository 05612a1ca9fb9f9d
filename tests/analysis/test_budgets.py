"""Measures over a budget of word pieces: by hand, by a plain computation, and what holds whatever the ranking is."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import made, plain_set, ranked

from bench.analysis import budgets
from bench.analysis.budgets import Budget, check_budgets, ended, pieces_taken, word_pieces
from bench.analysis.controls import oracle, random_means
from bench.analysis.values import always_one, budget_curve, evaluate
from bench.data.answers import normalised_answer, stands_in
from bench.errors import BenchError
from bench.evaluation.measures import resolve
from retrievers.base import Ranking

# Word pieces: 2, 3, 4, 1. "E-4012" is e, -, 401, ##2.
TEXTS = {"d1": "red cats", "d2": "red cats sleep", "d3": "E-4012", "d4": "films"}


def of_texts(judgements=(("q", "d2", 1), ("q", "d4", 2))):
    return made(TEXTS, {query: "x" for query, _, _ in judgements}, judgements)


def value(dataset, ranking, name):
    return evaluate(dataset, ranking, resolve([name]))[name].tolist()


def test_word_pieces_are_minilms_without_its_special_ones():
    assert word_pieces().lengths(list(TEXTS.values())).tolist() == [2, 3, 4, 1]
    assert word_pieces().lengths(["", "word " * 5_000]).tolist() == [0, 5_000]
    assert word_pieces().lengths(["red cats"], special=True).tolist() == [4]


def test_they_are_those_of_the_model_itself():
    """Figures of transformers' own tokenizer of MiniLM."""
    texts = ["Error E-4012: the pump’s blocked!", "सूरज चाँद 東京タワー", "a\tb\n\nc", "Größe naïve ﬁne", "🙂 x²"]
    assert word_pieces().lengths(texts).tolist() == [12, 11, 3, 6, 3]


@pytest.mark.parametrize(
    ("budget", "whole", "cut"),
    [(1, 0, 0), (2, 0, 0), (3, 0, 0.5), (4, 0, 0.5), (5, 0.5, 0.5), (9, 0.5, 0.5), (10, 1, 1), (99, 1, 1)],
)
def test_by_hand(budget, whole, cut):
    """d1 takes 2 pieces, d2 goes to 5, d3 to 9, d4 to 10."""
    dataset = of_texts()
    ranking = ranked(dataset, [["d1", "d2", "d3", "d4"]])
    assert value(dataset, ranking, f"R@{budget}t") == [whole]
    assert value(dataset, ranking, f"R(cut=True)@{budget}t") == [cut]
    assert value(dataset, ranking, f"Success@{budget}t") == [float(whole > 0)]
    assert value(dataset, ranking, f"R(rel=2)@{budget}t") == [float(whole == 1)]


def test_gain_over_a_budget_is_that_of_the_hits_that_fit():
    dataset = of_texts()
    ranking, first_two = ranked(dataset, [["d1", "d2", "d3", "d4"]]), ranked(dataset, [["d1", "d2"]])
    assert value(dataset, ranking, "nDCG@9t") == value(dataset, first_two, "nDCG")
    assert value(dataset, ranking, "nDCG@4t") == [0]


def test_nothing_below_the_first_passage_that_does_not_fit_counts():
    """d4 alone would fit after d2 was passed over."""
    dataset = of_texts()
    assert value(dataset, ranked(dataset, [["d2", "d4"]]), "R@2t") == [0]


def test_of_a_hit_with_a_span_the_span_is_the_passage():
    dataset = of_texts()
    ranking = ranked(dataset, [["d1", "d2", "d3", "d4"]])
    spans = np.array([[[0, 3], [4, 8], [-1, -1], [-1, -1]]], dtype=np.int32)  # red; cats; whole; whole
    spanned = replace(ranking, spans=spans)
    assert pieces_taken(dataset, spanned, 100).tolist() == [[1, 2, 6, 7]]
    assert value(dataset, spanned, "R@2t") == [0.5]
    assert value(dataset, ranking, "R@2t") == [0]


def test_a_query_without_hits_and_a_document_that_the_set_lacks():
    dataset = of_texts((("p", "d2", 1), ("q", "d4", 1)))
    documents = ranked(dataset, [["d1"], ["d1", "d4"]]).documents
    documents[1, 0] = -2  # of a stored run: what it says is not known, and takes no room
    ranking = Ranking(np.where(np.array([[True], [False]]), -1, documents), np.zeros((2, 2), dtype=np.float32))
    assert value(dataset, ranking, "R@1t") == [0, 1]


def plain_recall(dataset, ranking, budget, cut):
    """Passage after passage, text by text."""
    values = []
    for query, row in enumerate(ranking.documents.tolist()):
        relevant = {document for document, grade in dataset.judgements[query].items() if grade > 0}
        left, held = budget, set()
        for rank, document in enumerate(row):
            if document < 0:
                break
            text = dataset.texts[document]
            if ranking.spans is not None and ranking.spans[query, rank, 0] >= 0:
                text = text[slice(*ranking.spans[query, rank].tolist())]
            pieces = int(word_pieces().lengths([text])[0])
            if pieces <= left or (cut and left > 0):
                held.add(document)
            left -= pieces
            if left < 0:
                break
        values.append(len(held & relevant) / len(relevant) if relevant else 0.0)
    return values


@st.composite
def searches(draw):
    """A set with texts of 0 to 30 words, and a ranking with spans or without."""
    sizes = draw(st.lists(st.integers(0, 30), min_size=2, max_size=12))
    documents = {f"d{number:02}": "word " * size for number, size in enumerate(sizes)}
    judged = draw(st.lists(st.sampled_from(sorted(documents)), min_size=1, max_size=4, unique=True))
    dataset = made(documents, {"q": "x"}, [("q", name, 1) for name in judged])
    order = draw(st.permutations(sorted(documents)))[: draw(st.integers(1, len(documents)))]
    ranking = ranked(dataset, [order])
    if draw(st.booleans()):
        longest = [len(documents[name]) for name in order]
        ends = [draw(st.integers(0, length)) for length in longest]
        starts = [draw(st.integers(0, end)) for end in ends]
        ranking = replace(ranking, spans=np.array([list(zip(starts, ends, strict=True))], dtype=np.int32))
    return dataset, ranking


@settings(max_examples=60, deadline=None)
@given(searches(), st.lists(st.integers(1, 150), min_size=2, max_size=2))
def test_it_is_what_a_plain_computation_gives_and_keeps_its_laws(search, two):
    dataset, ranking = search
    small, large = sorted(two)
    measured = {
        (budget, cut): value(dataset, ranking, f"R(cut={cut})@{budget}t") for budget in two for cut in (False, True)
    }
    for (budget, cut), figures in measured.items():
        assert figures == pytest.approx(plain_recall(dataset, ranking, budget, cut))
        assert figures <= measured[large, cut] or budget == large
        assert measured[budget, False] <= measured[budget, True]
    assert measured[small, True] <= measured[large, True]
    depth = ranking.documents.shape[1]
    assert value(dataset, ranking, "R@100000t") == value(dataset, ranking, f"R@{depth}")
    assert value(dataset, ranking, "nDCG@100000t") == value(dataset, ranking, "nDCG")


def test_a_passage_is_counted_once_and_none_below_a_full_budget(monkeypatch):
    dataset = plain_set(60, [(0, 0, 1), (1, 1, 1)], queries=2)
    asked = []
    lengths = budgets.WordPieces.lengths
    monkeypatch.setattr(budgets, "_counters", {})
    monkeypatch.setattr(budgets.WordPieces, "lengths", lambda self, texts: asked.extend(texts) or lengths(self, texts))
    names = [f"d{number:03}" for number in range(60)]
    ranking = ranked(dataset, [names, names])
    value(dataset, ranking, "R@4t")
    value(dataset, ranking, "Success@4t")
    assert len(asked) == len(set(asked)) == budgets.BLOCK


def test_recall_by_budget_is_recall_of_whole_passages():
    dataset = of_texts((("p", "d1", 0), ("q", "d2", 1), ("q", "d4", 2)))
    ranking = ranked(dataset, [["d1"], ["d1", "d2", "d3", "d4"]])
    curve = budget_curve(dataset, ranking, resolve(["R@5t", "R@10", "R(cut=True)@3t"]), 4)
    assert [point[:2] for point in curve] == [(3, 0), (5, 0.5), *((budget, 1) for budget in budgets.BUDGETS)]
    assert {point[2] for point in curve} == {0}


def test_where_a_ranking_was_cut_before_a_budget_was_full_is_known():
    dataset = of_texts((("p", "d1", 1), ("q", "d2", 1)))
    ranking = ranked(dataset, [["d1", "d2"], ["d1"]])  # 5 pieces; and one hit that the retriever ended with
    taken = pieces_taken(dataset, ranking, 10)
    assert ended(dataset, ranking, taken, 5, cut_at=2).tolist() == [False, False]
    assert ended(dataset, ranking, taken, 6, cut_at=2).tolist() == [True, False]
    assert ended(dataset, ranking, taken, 6, cut_at=0).tolist() == [False, False]
    whole = ranked(dataset, [["d1", "d2", "d3", "d4"], ["d1"]])
    assert not ended(dataset, whole, pieces_taken(dataset, whole, 100), 100, cut_at=4).any()


def test_what_is_1_for_whoever_returns_all_that_fits():
    dataset = of_texts()
    names = ["R@9t", "R@10t", "R(cut=True)@10t", "Success@10t", "R(rel=2)@10t", "nDCG@10t"]
    assert always_one(names, dataset) == ["R@10t", "R(cut=True)@10t", "Success@10t", "R(rel=2)@10t"]
    for order in (["d3", "d1", "d2", "d4"], ["d4", "d2", "d3", "d1"]):
        assert value(dataset, ranked(dataset, [order]), "R@10t") == [1]


def test_luck_is_a_random_order_of_these_texts():
    """Of four documents the relevant one, of 4 pieces, fits a budget of 4 where it comes first: one time in four."""
    dataset = of_texts((("q", "d3", 1),))
    means = random_means(dataset, "R@4t", seed=1)
    assert means.mean() == pytest.approx(0.25, abs=0.03)
    assert set(means) == {0.0, 1.0}
    assert value(dataset, oracle(dataset, 4), "R@4t") == [1]


class TestAnswer:
    DATASET = made(
        {"d1": "It opened in 1889.", "d2": "Who was it? The Eiffel-Tower company built it, in Paris."},
        {"p": "who?", "q": "when?"},
        [("p", "d2", 1), ("q", "d1", 1)],
    )

    def answered(self, answers):
        told = [json.dumps(each) for each in answers]
        return replace(self.DATASET, queries=self.DATASET.queries.set_column(2, "metadata", pa.array(told)))

    def test_it_is_there_where_its_text_stands_in_a_passage_that_fits(self):
        dataset = self.answered([{"answers": ["the Eiffel Tower Company", "EiffelTower company"]}, {"answers": "1889"}])
        ranking = ranked(dataset, [["d1", "d2"], ["d2", "d1"]])
        first, second = (int(n) for n in word_pieces().lengths([dataset.texts[1], dataset.texts[0]]))
        assert value(dataset, ranking, f"Answer@{first + second}t") == [1, 1]
        assert value(dataset, ranking, f"Answer@{first + second - 1}t") == [0, 0]

    def test_of_a_passage_that_is_cut_the_beginning_counts(self):
        dataset = self.answered([{"answers": [{"text": "Paris"}]}, {"answers": {"text": ["1889"]}}])
        ranking = ranked(dataset, [["d2"], ["d1"]])
        size = int(word_pieces().lengths([dataset.texts[0]])[0])
        assert value(dataset, ranking, f"Answer(cut=True)@{size - 1}t") == [1, 1]
        assert value(dataset, ranking, f"Answer(cut=True)@{size - 2}t") == [0, 1]
        assert value(dataset, ranking, f"Answer@{size - 1}t") == [0, 1]

    def test_within_a_span_alone(self):
        dataset = self.answered([{"answers": ["Paris"]}, {"answers": ["1889"]}])
        ranking = ranked(dataset, [["d2"], ["d1"]])
        spans = np.array([[[0, 11]], [[3, 17]]], dtype=np.int32)
        assert value(dataset, replace(ranking, spans=spans), "Answer@99t") == [0, 1]

    def test_texts_are_compared_as_squad_compares_them(self):
        assert normalised_answer(" The  Eiffel-Tower,\na company ") == "eiffeltower company"
        assert stands_in(["us"], "It is US.")
        assert not stands_in(["us"], "a bus")

    @pytest.mark.parametrize("missing", [{}, {"answers": []}, {"answers": ["The"]}, {"answers": 5}])
    def test_a_set_that_lacks_answers_is_refused(self, missing):
        dataset = self.answered([{"answers": ["x"]}, missing])
        with pytest.raises(BenchError, match=r"Answer@9t: 1 query of made .* no text of an answer") as caught:
            check_budgets(resolve(["R@9t", "Answer@9t"]), dataset)
        assert '{"answers": ["Paris"]}' in caught.value.hint
        check_budgets(resolve(["R@9t"]), dataset)


def test_judgements_alone_have_no_texts():
    dataset = replace(of_texts(), judgements_alone=True)
    with pytest.raises(BenchError, match="R@9t: made has judgements alone"):
        check_budgets(resolve(["R@9t", "R@9"]), dataset)
    check_budgets(resolve(["R@9"]), dataset)


def test_without_the_library_such_a_measure_is_one_error_and_others_work(monkeypatch):
    budgets._minilm_pieces.cache_clear()
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(BenchError, match="R@9t: word pieces are counted by the library tokenizers") as caught:
        check_budgets(resolve(["R@9t"]), of_texts())
    assert caught.value.hint == "Run: pip install tokenizers"
    check_budgets(resolve(["R@9"]), of_texts())


def test_whole_passages_fit_up_to_the_budget_itself():
    taken = np.array([[2, 5, 5, 9]])
    assert Budget(5).fits(taken).tolist() == [[True, True, True, False]]
    assert Budget(5, cut=True).fits(taken).tolist() == [[True, True, True, False]]
    assert Budget(6, cut=True).fits(taken).tolist() == [[True, True, True, True]]
