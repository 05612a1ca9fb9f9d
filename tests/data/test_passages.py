"""The passage of a text that a reader is shown."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.data import passages
from bench.data.passages import matching_spans, passage, query_terms

FILLER = "nothing of it stands here " * 20


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        (f"{FILLER}The pumps were blocked. {FILLER}", "blocked pump", "The pumps were blocked."),
        (f"A pump. {FILLER}A blocked pump stops. {FILLER}", "blocked pump", "A blocked pump stops."),
        (f"{FILLER}Error E-4012 is shown. {FILLER}", "what does E-4012 mean", "E-4012"),
        (f"{FILLER}a pump", "pump", "a pump"),
        (f"A pump stops. {FILLER}", "pump", "A pump stops."),
    ],
)
def test_it_holds_the_densest_terms(text, query, shown):
    found = passage(text, query_terms(query), 60)
    assert shown in found
    assert len(found) <= 60
    assert found.startswith("…") == (not text.startswith(found[:5]))
    assert found.endswith("…") == (not text.endswith(found[-5:]))


def test_rarer_terms_weigh_more_where_weights_are_given():
    text = f"A pump and a filter. {FILLER}The valve. {FILLER}"
    assert "pump and a filter" in passage(text, query_terms("pump filter valve"), 60)
    assert "The valve" in passage(text, {"pump": 0.1, "filter": 0.1, "valv": 5.0}, 60)


def test_a_text_without_a_term_is_shown_from_its_start():
    assert passage(FILLER, query_terms("pump"), 40) == "nothing of it stands here nothing of…"
    assert passage(FILLER, frozenset(), 40) == "nothing of it stands here nothing of…"


def test_a_short_text_is_shown_as_it_is():
    assert passage("  A pump\n", query_terms("pump"), 9) == "  A pump\n"


def test_a_script_without_spaces_is_cut_between_characters():
    found = passage("字" * 100 + " 泵 " + "字" * 100, query_terms("泵"), 21)
    assert "泵" in found
    assert len(found) <= 21


def test_a_query_of_thousands_of_terms_is_not_gone_through_at_each_word(monkeypatch):
    words = [f"term{number}x" for number in range(400)]
    summed = []
    monkeypatch.setattr(passages.math, "fsum", lambda weights: summed.append(len(list(weights))) or 0.0)
    passage(" ".join(words), query_terms(" ".join(words)), 60)
    assert max(summed) < 20


def test_words_that_share_a_term():
    assert matching_spans("A pump: Pumps, not pomp.", query_terms("pump")) == [(2, 6), (8, 13)]


WORDS = [
    "pump",
    "Pumps",
    "filter",
    "E-4012",
    "4012",
    "the",
    "żółw",
    "字字字",
    "x" * 30,
    "-",
    "\n",
    "  ",
    "…",
    "a\u0301b",
]


@given(
    st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join) | st.text(max_size=200),
    st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
    st.integers(12, 80),
)
def test_it_is_a_part_of_the_text_of_that_length_with_a_term(text, query, length):
    terms = query_terms(query)
    found = passage(text, terms, length)
    assert len(found) <= length
    assert text == found or any(
        found in (f"{'…' * left}{part}{'…' * right}")
        for left, right in ((0, 1), (1, 0), (1, 1))
        if (part := found[left : len(found) - right]) in text
    )
    fitting = [end - start for start, end in matching_spans(text, terms) if end - start <= length - 2]
    if fitting:
        assert matching_spans(found, terms)


@given(st.lists(st.sampled_from(["pump", "filter", "valve", "-", "of it"]), max_size=80).map(" ".join))
def test_no_other_stretch_has_more_of_the_terms(text):
    """Against the slow way: every stretch from a matching word to another."""
    terms, room = query_terms("pump filter valve"), 28
    assume(len(text) > room + 2)
    spans = matching_spans(text, terms)
    stretches = [text[first[0] : last[1]] for first in spans for last in spans if 0 < last[1] - first[0] <= room]
    most = max((len(query_terms(stretch) & terms) for stretch in stretches), default=0)
    assert len(query_terms(passage(text, terms, room + 2)) & terms) >= most


def test_it_looks_at_each_word_once(monkeypatch):
    """A megabyte takes as long as its words: no word is analysed again for another stretch."""
    calls = []
    monkeypatch.setattr(passages, "_terms", lambda token: calls.append(token) or frozenset([token]))
    text = "pump filter " * 90_000
    assert passage(text, frozenset(["pump", "filter"]), 100).startswith("pump filter")
    assert calls == ["pump", "filter"]


def test_a_text_that_is_shown_for_one_query_after_the_other_is_cut_into_words_once(monkeypatch):
    cut = []
    spans = passages.token_spans
    monkeypatch.setattr(passages, "token_spans", lambda text: cut.append(text) or spans(text))
    text = f"{FILLER}The pumps were blocked. {FILLER}A valve."
    assert "pumps" in passage(text, query_terms("pump"), 60)
    assert "valve" in passage(text, query_terms("valves"), 60)
    assert cut == [text]
