"""Text -> terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievers import RetrieverError
from retrievers.analyzer import Analyzer


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
