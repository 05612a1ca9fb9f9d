"""What in a set moves its figures: a window, unknown words, unjudged copies."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from made import made, plain_set, ranked

from bench.analysis import copies as copies_module
from bench.analysis import set_effects
from bench.analysis.copies import copies
from bench.analysis.judged_hits import Hits
from bench.analysis.set_effects import Model, unknown_words, windows
from bench.analysis.terms import Terms
from bench.data.check.near_duplicates import TooMuch
from retrievers import RetrieverError
from retrievers.dense.encoder import MINILM, locate

LONG = "pump " * 300
MINILM_MODEL = Model(MINILM)


def seen_by(dataset, model=MINILM_MODEL, rows=(["d000"],), cutoff=10):
    """The window audit of one retriever, called x, that encodes with `model`."""
    hits = {"x": Hits.of(dataset, ranked(dataset, list(rows)))}
    (found,) = windows(dataset, hits, {"x": model}, cutoff)
    return found


def three_pairs():
    """Two pairs ask for the long document, one for the short one."""
    return made(
        {"long": LONG, "short": "a valve", "other": "a tap"},
        {"q1": "x", "q2": "y", "q3": "z"},
        [("q1", "long", 1), ("q2", "long", 1), ("q3", "short", 1), ("q3", "other", 0)],
    )


def test_recall_of_relevant_documents_that_the_window_cuts():
    """The long document is found once, the short one is found."""
    found = seen_by(three_pairs(), rows=[["long"], ["short", "other", "long"], ["short"]], cutoff=2)
    assert (found.readers, found.window, found.relevant, found.cut) == (("x",), 256, 2, 1)
    assert (found.pairs_cut, found.pairs_whole) == (2, 1)
    assert (found.found_cut, found.found_whole) == ({"x": 0.5}, {"x": 1.0})


@pytest.fixture
def reads_4(tmp_path):
    """The files of a model that reads 4 word pieces; no weights, which nobody here asks for."""
    folder = tmp_path / "narrow"
    folder.mkdir()
    for name in ("config.json", "modules.json", "tokenizer.json"):
        shutil.copy(locate(MINILM, None) / name, folder)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 4}')
    return str(folder)


def test_the_window_is_that_of_the_model_that_ran(reads_4):
    dataset = three_pairs()
    rows = [["long"], ["short"], ["short"]]
    narrow = seen_by(dataset, Model(reads_4), rows)
    assert (narrow.model, narrow.window, narrow.cut) == (reads_4, 4, 1)  # "a valve" has two, and two special ones
    wider = seen_by(dataset, Model(reads_4, None, 3), rows)
    assert (wider.window, wider.cut) == (3, 2)  # as the retriever was told


def test_each_model_has_a_window_and_retrievers_share_one(reads_4):
    dataset = three_pairs()
    hits = {
        name: Hits.of(dataset, ranked(dataset, [["long"], ["long"], ["short"]])) for name in ("bm25", "a", "b", "c")
    }
    models = {"a": Model(MINILM), "b": Model(reads_4), "c": Model(MINILM)}
    found = windows(dataset, hits, models, cutoff=10)
    assert [(each.readers, each.window) for each in found] == [(("a", "c"), 256), (("b",), 4)]
    assert list(found[0].found_cut) == ["bm25", "a", "b", "c"]  # of all, for whoever reads on is not cut
    assert windows(dataset, hits, {}, cutoff=10) == []


def test_where_nothing_is_cut_there_is_no_recall_of_it():
    found = seen_by(plain_set(2, [(0, 0, 1)]))
    assert (found.cut, found.found_cut) == (0, {"x": None})


def test_without_the_model_the_window_is_not_checked(monkeypatch):
    def absent(*_):
        raise RetrieverError("The model is absent.")

    monkeypatch.setattr(set_effects, "word_pieces", absent)
    found = seen_by(plain_set(2, [(0, 0, 1)]))
    assert (found.not_checked, found.window) == ("The model is absent.", None)


def test_a_model_that_is_not_here_or_does_not_tell_is_not_checked(tmp_path):
    dataset = plain_set(2, [(0, 0, 1)])
    assert "not a folder on this machine" in seen_by(dataset, Model("lab/model", "abc")).not_checked
    (tmp_path / "config.json").write_text("{}")
    assert "do not tell" in seen_by(dataset, Model(str(tmp_path))).not_checked


def test_queries_with_a_word_that_no_document_has():
    """q2 asks for a zebra; "pumps" is known as its stem is. The unanswerable q4 does not count."""
    dataset = made(
        {"a": "a pump", "b": "a valve"},
        {"q1": "pumps", "q2": "zebra pump", "q3": "valve", "q4": "unheard"},
        [("q1", "a", 1), ("q2", "a", 1), ("q3", "b", 1)],
        unanswerable=["q4"],
    )
    values = {"x": np.array([1, 0.25, 0.5, 0])}
    found = unknown_words(dataset, Terms(dataset), values, np.random.default_rng(0))
    assert (found.queries, found.unknown, found.share) == (3, 1, 1 / 3)
    assert (found.with_unknown["x"].value, found.without_unknown["x"].value) == (0.25, 0.75)


TEXT = "how to clean the filter of a coffee machine with vinegar and a soft brush, step by step"


def copied(texts):
    return made(texts, {"q1": "filter", "q2": "filter"}, [("q1", "a", 1), ("q2", "d", 1)])


def test_unjudged_copies_and_where_they_stand():
    """b is a's text in other case, c nearly so, d is another. b stands above the answer, c below it."""
    dataset = copied({"a": TEXT, "b": TEXT.upper(), "c": TEXT + "s", "d": "a tap"})
    hits = {
        "x": Hits.of(dataset, ranked(dataset, [["b", "a", "c"], ["d"]])),
        "y": Hits.of(dataset, ranked(dataset, [["d", "c"], ["a"]])),
    }
    found = copies(dataset, hits, cutoff=10)
    assert (found.pairs, found.near_searched) == (2, True)
    assert (found.within, found.above, found.above_all) == ({"x": 2, "y": 1}, {"x": 1, "y": 1}, {"x": 1, "y": 1})
    assert [(each.query, each.document, each.relevant, each.ranks) for each in found.examples] == [
        ("q1", "c", "a", {"x": 3, "y": 2}),
        ("q1", "b", "a", {"x": 1, "y": None}),
    ]


def test_a_copy_may_stand_above_what_it_copies_and_below_another_right_answer():
    """c copies a and b, which are both relevant, and takes the place of neither where it stands below one of them."""
    dataset = made(
        {"a": TEXT, "b": TEXT, "c": TEXT, "d": "a tap"},
        {"q1": "filter"},
        [("q1", "a", 1), ("q1", "b", 1), ("q1", "d", 1)],
    )
    orders = {"below d": ["d", "c", "a"], "below a": ["a", "c", "b"], "above": ["c", "d", "b"], "alone": ["d", "c"]}
    found = copies(dataset, {name: Hits.of(dataset, ranked(dataset, [each])) for name, each in orders.items()}, 10)
    assert found.pairs == 1
    assert found.above == {"below d": 1, "below a": 0, "above": 1, "alone": 1}
    assert found.above_all == {"below d": 0, "below a": 0, "above": 1, "alone": 0}


def test_a_judged_copy_and_one_below_the_cutoff_are_no_findings():
    texts = {"a": TEXT, "b": TEXT, "c": TEXT}
    dataset = made(texts, {"q1": "filter"}, [("q1", "a", 1), ("q1", "b", 0)])
    hits = {"x": Hits.of(dataset, ranked(dataset, [["b", "a", "c"]]))}
    assert copies(dataset, hits, cutoff=2).pairs == 0


def test_with_too_much_text_equal_copies_are_still_found(monkeypatch):
    def refuse(texts):
        raise TooMuch

    monkeypatch.setattr(copies_module, "near_pairs", refuse)
    dataset = copied({"a": TEXT, "b": TEXT, "c": TEXT + "s", "d": "a tap"})
    found = copies(dataset, {"x": Hits.of(dataset, ranked(dataset, [["b", "c"], ["d"]]))}, cutoff=10)
    assert (found.pairs, found.near_searched) == (1, False)


def test_the_files_of_a_model_may_lie_in_the_folder_of_its_first_module(reads_4):
    folder = Path(reads_4)
    inner = folder / "0_Transformer"
    inner.mkdir()
    for name in ("tokenizer.json", "sentence_bert_config.json"):
        (folder / name).rename(inner / name)
    assert seen_by(three_pairs(), Model(reads_4), [["long"], ["short"], ["short"]]).window == 4


def test_the_window_of_a_model_that_only_transformers_describes_is_the_least_that_its_files_say(reads_4):
    """RoBERTa's way: 514 places, of which 512 are for word pieces."""
    folder = Path(reads_4)
    (folder / "sentence_bert_config.json").unlink()
    (folder / "config.json").write_text('{"max_position_embeddings": 6}')
    assert seen_by(three_pairs(), Model(reads_4), [["long"], ["short"], ["short"]]).window == 6
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 4}')
    assert seen_by(three_pairs(), Model(reads_4), [["long"], ["short"], ["short"]]).window == 4
