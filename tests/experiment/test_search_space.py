"""What is tuned, as it is written, and what is drawn from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.experiment.participants import participants
from bench.experiment.search_space import Range, search_space
from retrievers import create, parameters


def values_of(specification, name):
    return parameters(create(specification))[name]


def test_ranges_of_numbers():
    space = search_space("bm25:k1=[0.4..2.4],b=[0.2..1.0]")
    assert space.choices == {"k1": Range(0.4, 2.4), "b": Range(0.2, 1.0)}
    assert (space.label, space.default) == ("bm25", "bm25")
    drawn = space.sample(20, seed=0)
    assert len(drawn) == 20
    for values in drawn:
        made = space.with_values(values)
        assert 0.4 <= values_of(made, "k1") <= 2.4
        assert 0.2 <= values_of(made, "b") <= 1.0


def test_a_sample_is_the_seeds():
    space = search_space("bm25:k1=[0.4..2.4]")
    assert space.sample(10, seed=3) == space.sample(10, seed=3) != space.sample(10, seed=4)
    # More trials begin with the same ones.
    ten = space.sample(10, seed=3)
    assert space.sample(20, seed=3)[: len(ten)] == ten


def test_whole_numbers_stay_whole():
    space = search_space("hybrid(bm25, tfidf, depth=[50..53])")
    assert space.choices == {"depth": Range(50, 53, whole=True)}
    assert {values["depth"] for values in space.sample(50, seed=0)} == {"50", "51", "52", "53"}


def test_lists_within_a_list_and_parts():
    space = search_space(
        "hybrid(bm25(k1=[0.5..2], stemmer=english), tfidf(sublinear=[true, false]), weights=[1, [0..3]])"
    )
    assert set(space.choices) == {"bm25.k1", "tfidf.sublinear", "weights.1"}
    made = space.with_values({"bm25.k1": "0.7", "tfidf.sublinear": "false", "weights.1": "2.5"})
    assert made == "hybrid(bm25(k1=0.7, stemmer=english), tfidf(sublinear=false), weights=[1, 2.5])"
    assert space.default == "hybrid(bm25(stemmer=english), tfidf)"


def test_two_parts_of_one_name_are_told_apart():
    space = search_space("hybrid(bm25(k1=[0.5..2]), bm25(b=[0..1], stemmer=none))")
    assert set(space.choices) == {"bm25-1.k1", "bm25-2.b"}


def test_a_list_that_is_the_value_is_no_choice():
    assert not search_space("hybrid(bm25, tfidf, weights=[1, 2])").is_open
    assert search_space("hybrid(bm25, tfidf, weights=[1, 2])").default == "hybrid(bm25, tfidf, weights=[1, 2])"


def test_quotes_commas_and_empty_texts():
    space = search_space("""minilm:document_prompt=["", "passage: ", 'a, b']""")
    assert space.choices == {"document_prompt": ("", "passage: ", "a, b")}
    for value in ("", "passage: ", "a, b"):
        assert values_of(space.with_values({"document_prompt": value}), "document_prompt") == value


def test_a_counted_range():
    assert search_space("bm25:b=[0..1..0.25]").choices == {"b": ("0", "0.25", "0.5", "0.75", "1")}


def test_a_small_grid_is_tried_whole():
    space = search_space("bm25:stemmer=[english, none],stop_words=[english, none]")
    assert len(space.sample(50, seed=0)) == 4
    assert len(space.sample(3, seed=0)) == 3


def test_a_label():
    space = search_space("mine=bm25:k1=[0.4..2.4]")
    assert (space.label, space.default) == ("mine", "bm25")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("bm25:k1=[2.4..0.4]", "ends at 0.4"),
        ("bm25:k1=[0.4..x]", "no range of numbers"),
        ("bm25:k1=[0.4", "never closed"),
        ("bm25:k2=[0.4..2]", "no parameter 'k2'"),
        ("bm25:k1=[1]", "one value alone"),
        ("bm25:k1=[1, 1]", "one twice"),
        ("bm25:k1=[1, [2, 3]]", "brackets within brackets"),
        ("bm25:b=[0..3]", "out of range"),
        ("bm25:k1=[1, none of it]", "not a number"),
        ("hybrid(bm25, tfidf, depth=[1.5..3])", "whole number"),
        ("hybrid(bm25, tfidf, weights=[0..3])", "2 parts and 1 weights"),
        ("bm25:b=[0..1..0.00001]", "cannot be counted"),
        ("nothing:k1=[0..1]", "no retriever 'nothing'"),
    ],
)
def test_refused(given, message):
    with pytest.raises(BenchError, match=message):
        search_space(given)


def test_a_range_without_brackets_is_told_how_to_be_written():
    with pytest.raises(BenchError) as refused:
        search_space("bm25:k1=0.4..2.4")
    assert "NAME=[0.4..2.4]" in refused.value.hint


def test_a_range_where_nothing_is_tuned_leads_to_what_tunes():
    with pytest.raises(BenchError) as refused:
        participants(["bm25:k1=[0.4..2.4]"], {}, [], None)
    assert "python -m bench tune" in refused.value.hint


@given(st.text(alphabet="bm25:(),=[]'\"k1 .0…", max_size=30))
def test_whatever_is_written_is_read_or_refused(text):
    try:
        search_space("bm25" + text)
    except BenchError:
        pass
