"""Text -> terms."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievers import RetrieverError
from retrievers.analyzer import Analyzer
from retrievers.words import token_spans, tokens, words


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The cats are running", ["cat", "run"]),
        ("no visa, not required", ["no", "visa", "not", "requir"]),
        ("E-4012", ["e-4012", "e", "4012"]),
        ("C++ and C#", ["c++", "c", "c#", "c"]),
        ("v2.1 at 0.5 mg", ["v2.1", "v2", "1", "0.5", "0", "5", "mg"]),
        ("a well-known method.", ["well", "known", "method"]),
        ("5 mg", ["5", "mg"]),
        ("Straße 你好", ["straße", "你好"]),
        ("ﬁnance", ["financ"]),
        ("", []),
        ("the of and", []),
        ("...!?", []),
    ],
)
def test_the_default_analysis(text, terms):
    assert Analyzer()(text) == terms


@pytest.mark.parametrize(
    ("settings", "terms"),
    [
        ({"stemmer": "none"}, ["cats", "well", "known", "e-4012", "e", "4012"]),
        ({"marks": "none"}, ["cat", "well", "known", "e", "4012"]),
        ({"marks": "all"}, ["cat", "well-known", "well", "known", "e-4012", "e", "4012"]),
        ({"stop_words": "none"}, ["the", "cat", "well", "known", "e-4012", "e", "4012"]),
        ({"lowercase": False}, ["The", "Cat", "well", "known", "E-4012", "E", "4012"]),
    ],
)
def test_each_step_can_be_switched(settings, terms):
    assert Analyzer(**settings)("The Cats well-known E-4012") == terms


@pytest.mark.parametrize("settings", [{"stemmer": "klingon"}, {"stop_words": "latin"}, {"marks": "some"}])
def test_an_unknown_step_lists_the_known(settings):
    with pytest.raises(RetrieverError, match="Known: "):
        Analyzer(**settings)


@given(st.text())
def test_any_text_gives_terms_without_white_space(text):
    for term in Analyzer()(text):
        assert term
        assert not any(map(str.isspace, term))


@pytest.mark.parametrize(
    "word",
    ["किला", "কিতাব", "புத்தகம்", "ภาษาไทย", "كِتَابٌ", "שָׁלוֹם", "m\u0303ba", "နှုတ်", "ཐུགས", "заво\u0301ды"],
)
def test_a_words_marks_belong_to_it(word):
    analyze = Analyzer(stop_words="none", stemmer="none")
    assert analyze(f"{word}, {word}!") == [word, word]
    assert analyze(f"{word}-4012") == [f"{word}-4012", word, "4012"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("cafe\u0301 naïve", ["café", "naïve"]),  # composed, so that both ways to write it are one term
        ("می\u200cخواهم", ["میخواهم"]),  # a joiner is no boundary, and no part of a term
        ("क्\u200dष", ["क्ष"]),
        ("infor\xadmation", ["information"]),
        ("កម្ពុជា\u200bប្រទេស", ["កម្ពុជា", "ប្រទេស"]),  # the unseen space of Khmer and Thai is a boundary
        ("\u2764\ufe0f 1\ufe0f\u20e3", ["1"]),  # emoji are no words, the digit of a keycap is one
        ("\u0301 \u094d", []),  # a mark without a letter is no word
        ("İstanbul ISTANBUL", ["istanbul", "istanbul"]),
    ],
)
def test_what_belongs_to_a_word_and_what_does_not(text, terms):
    assert Analyzer(stop_words="none", stemmer="none")(text) == terms


@given(st.text())
def test_without_marks_a_word_is_what_pythons_w_matches(text):
    plain = "".join(each for each in text if unicodedata.category(each) not in ("Mn", "Mc", "Cf", "Cn"))
    assert words(plain) == re.findall(r"\w+", plain)


def test_both_engines_find_the_same_words_in_ascii():
    text = "".join(map(chr, range(128))) + " E-4012, C++ and C# at a.b/c:d; x_y 0.5"
    assert [text[slice(*span)] for span in token_spans(text)] == tokens(text)
    assert words(text) == words(text + " é")[:-1]
