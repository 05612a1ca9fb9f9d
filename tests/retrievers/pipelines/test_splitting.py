"""Texts -> chunks: no word is lost, sizes hold, and sentences and sections are where a reader sees them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievers.pipelines.splitting import sections, sentences, windows, words


def cut(split, text):
    return [text[start:end] for start, end in split(text)]


def test_words_are_runs_between_spaces_and_characters_of_scripts_without_them():
    assert cut(words, "  It's well-known, (C++).\n") == ["It's", "well-known,", "(C++)."]
    assert cut(words, "你好 world 東京abc") == ["你", "好", "world", "東", "京", "abc"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith saw Fig. 2, e.g. the last. He left.", ["Dr. Smith saw Fig. 2, e.g. the last.", "He left."]),
        ("J. R. Tolkien wrote it. So it is.", ["J. R. Tolkien wrote it.", "So it is."]),
        ("It cost 3.5 million. and more. Then", ["It cost 3.5 million. and more.", "Then"]),
        ("See No. 5 and vol. 2. Is it so? No. It is not.", ["See No. 5 and vol. 2.", "Is it so?", "No.", "It is not."]),
        ('He said "No." Then he left.', ['He said "No."', "Then he left."]),
        ("A heading\n\nA paragraph. Its end.", ["A heading", "A paragraph.", "Its end."]),
        ("これは文です。次の文です。", ["これは文です。", "次の文です。"]),
        ("no mark at all", ["no mark at all"]),
        (" \n ", []),
    ],
)
def test_sentences(text, expected):
    assert cut(sentences, text) == expected


def test_sections_begin_at_headings_but_not_in_code():
    text = "intro\n# One\ntext\n```sh\n# a comment\n```\n## Two\n#hashtag\n~~~\n```\n# in\n~~~\n#\nempty"
    assert cut(sections, text) == [
        "intro",
        "# One\ntext\n```sh\n# a comment\n```",
        "## Two\n#hashtag\n~~~\n```\n# in\n~~~",
        "#\nempty",
    ]


texts = st.text(st.sampled_from("ab. \n#!你`"), max_size=60)


@given(texts)
def test_no_word_is_lost_and_none_comes_twice(text):
    for split in (words, sentences, sections):
        spans = split(text)
        assert "".join("".join(cut(split, text)).split()) == "".join(text.split())
        assert all(start < end for start, end in spans)
        assert all(first[1] <= second[0] for first, second in pairwise(spans))


@given(st.integers(0, 50), st.integers(1, 9), st.data())
def test_windows_cover_all_units_with_that_overlap(count, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    units = [(3 * number, 3 * number + 2) for number in range(count)]
    chunks = windows(units, size, overlap)
    inside = [[unit for unit in units if start <= unit[0] and unit[1] <= end] for start, end in chunks]
    assert {unit for chunk in inside for unit in chunk} == set(units)
    assert all(len(chunk) == size for chunk in inside[:-1])
    assert all(len(set(one) & set(two)) == overlap for one, two in pairwise(inside))
    assert all(set(two) - set(one) for one, two in pairwise(inside))  # each brings something new
