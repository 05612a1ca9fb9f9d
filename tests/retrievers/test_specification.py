"""What a retriever is called: names, parameters, parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrievers import RetrieverError, create, signature
from retrievers.specification import Specification, as_part, parse

KNOWN = ("bm25", "dense", "hybrid", "minilm")


@pytest.mark.parametrize(
    ("text", "name", "parts", "arguments"),
    [
        ("bm25", "bm25", (), {}),
        ("bm25()", "bm25", (), {}),
        ("bm25:k1=0.9,b=0.4", "bm25", (), {"k1": "0.9", "b": "0.4"}),
        ("bm25( k1 = 0.9 , b=0.4 )", "bm25", (), {"k1": "0.9", "b": "0.4"}),
        ("hybrid(bm25, minilm)", "hybrid", ("bm25", "minilm"), {}),
        ("hybrid(bm25, minilm, weights=[1, 2.5])", "hybrid", ("bm25", "minilm"), {"weights": ("1", "2.5")}),
        ("hybrid:weights=[1, 2],depth=50", "hybrid", (), {"weights": ("1", "2"), "depth": "50"}),
        ("a.b:C(k=3)", "a.b:C", (), {"k": "3"}),
        ("a.b:C:k=3", "a.b:C", (), {"k": "3"}),
        ("hybrid(mine:Short(reverse=true), bm25)", "hybrid", ("mine:Short", "bm25"), {}),
        ("dense:query_prompt=query: ,batch_size=3", "dense", (), {"query_prompt": "query: ", "batch_size": "3"}),
        ("dense(query_prompt='a, (b): ', model=m)", "dense", (), {"query_prompt": "a, (b): ", "model": "m"}),
        ("rerank(bm25, by=dense(model=x, batch_size=3), depth=5)", "rerank", ("bm25",), None),
        ("dense:document_prompt=", "dense", (), {"document_prompt": ""}),
    ],
)
def test_is_read(text, name, parts, arguments):
    read = parse(text, KNOWN)
    assert (read.name, tuple(part.name for part in read.parts)) == (name, parts)
    expected = {"by": "dense(model=x, batch_size=3)", "depth": "5"} if arguments is None else arguments
    assert read.arguments == expected


def test_nests_as_deep_as_wanted():
    inner = Specification("bm25", (), {"k1": "1"})
    assert parse("a(b(c(bm25(k1=1)), x=2))") == Specification(
        "a", (Specification("b", (Specification("c", (inner,)),), {"x": "2"}),)
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a name is missing at its end"),
        ("hybrid(bm25", "a comma or ) is missing at its end"),
        ("hybrid(bm25,,minilm)", "a name is missing at character 13"),
        ("bm25)", "nothing should follow at character 5"),
        ("hybrid(depth=1, bm25)", "a parameter=value is missing at character 17"),
        ("hybrid(bm25 minilm)", "a comma or ) is missing at character 13"),
        ("hybrid(bm25:k1=0.9, minilm)", "Within another, parameters stand in parentheses: bm25(k1=0.9)"),
        ("hybrid(bm25, minilm, weights=[1, 2)", "a comma or ] is missing at its end"),
        ("bm25:k1", "a parameter=value is missing at character 6"),
        ("bm25(k1=1, k1=2)", "k1 is given twice"),
        ("bm25:k1=1,k1=2", "k1 is given twice"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_place(text, says):
    with pytest.raises(RetrieverError) as raised:
        parse(text, KNOWN)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("bm25", "bm25"),
        ("bm25:k1=0.9,b=0.4", "bm25(k1=0.9, b=0.4)"),
        ("dense:query_prompt=query: ,model=a/b", "dense(query_prompt='query: ', model=a/b)"),
        ("hybrid:weights=[1, 2]", "hybrid(weights=[1, 2])"),
        ("a.b:C:k=3", "a.b:C(k=3)"),
        ("hybrid(bm25(k1=1), minilm)", "hybrid(bm25(k1=1), minilm)"),
    ],
)
def test_is_written_as_a_part(text, part):
    assert as_part(text, KNOWN) == part
    assert parse(part, KNOWN) == parse(text, KNOWN)


@given(st.text("ab:(),=[]'\" \\1.", max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text, ("a", "b"))
    except RetrieverError as error:
        assert error.hint


class TestCreate:
    def test_parts_and_lists_have_their_types(self):
        made = create("hybrid(bm25(k1=0.9), tfidf, weights=[1, 2], depth=50)")
        assert signature(made) == (
            f"Hybrid({signature(create('bm25:k1=0.9'))}, {signature(create('tfidf'))}, fusion='zscore', "
            "weights=(1.0, 2.0), depth=50, rrf_k=60, parallel=False)"
        )

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("bm25(tfidf)", "bm25 is not made of retrievers, and tfidf is one."),
            ("hybrid(bm25, tfidff)", "Did you mean 'tfidf'?"),
            ("hybrid(bm25, tfidf(k1=3))", "tfidf has no parameter 'k1'."),
            ("hybrid(bm25, tfidf, weights=[1, x])", "hybrid: weights='x' is not a number."),
            ("bm25(k1=[1, 2])", "bm25: k1 is a list, and one value is asked for."),
            ("hybrid(parts=bm25)", "hybrid has no parameter 'parts'."),
        ],
    )
    def test_what_is_wrong_is_named(self, text, says):
        with pytest.raises(RetrieverError) as raised:
            create(text)
        assert says in str(raised.value)
