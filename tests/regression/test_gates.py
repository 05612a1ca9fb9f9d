"""What people write as a gate, and what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.regression.gates import Gate, GateNames, parse

NAMES = GateNames(
    ("nDCG@10", "R@10", "AP(rel=2)@100"),
    ("kind=error code", "kind=a[b]", "kind=a<b] >= 1"),
    ("faq", "minilm", "bm25:k1=1.2", "faq/minilm"),
)


@pytest.mark.parametrize(
    ("text", "kind", "figure", "scope", "where", "value"),
    [
        ("nDCG@10 >= -0.01", "difference", "nDCG@10", "", "all", -0.01),
        ("nDCG@10>=-.01", "difference", "nDCG@10", "", "all", -0.01),
        ("nDCG@10 >= 0", "difference", "nDCG@10", "", "all", 0),
        ("nDCG@10 > +0.02", "difference", "nDCG@10", "", "all", 0.02),
        ("R@10[kind=error code] >= 0", "difference", "R@10", "", "kind=error code", 0),
        ("R@10[kind=a[b]] >= 0", "difference", "R@10", "", "kind=a[b]", 0),
        ("R@10[kind=a<b] >= 1] >= 0", "difference", "R@10", "", "kind=a<b] >= 1", 0),
        ("AP(rel=2)@100 >= 0", "difference", "AP(rel=2)@100", "", "all", 0),
        ("minilm: nDCG@10 > 0.60", "floor", "nDCG@10", "minilm", "all", 0.6),
        ("bm25:k1=1.2: R@10 >= 0.5", "floor", "R@10", "bm25:k1=1.2", "all", 0.5),
        ("faq/minilm: R@10 >= -0.1", "difference", "R@10", "faq/minilm", "all", -0.1),
        ("p95_ms <= +10%", "growth", "p95_ms", "", "all", 0.1),
        ("peak_memory_mb <= +50", "growth", "peak_memory_mb", "", "all", 50),
        ("peak_memory_mb < 800", "limit", "peak_memory_mb", "", "all", 800),
    ],
)
def test_a_gate_means_what_it_says(text, kind, figure, scope, where, value):
    gate = parse(text, NAMES)
    assert (gate.kind, gate.figure, gate.scope, gate.slice) == (kind, figure, scope, where)
    assert gate.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "figure"),
    [("NDCG@10 >= 0", "nDCG@10"), ("Recall@10 >= 0", "R@10"), ("MAP(rel=2.0)@100 >= 0", "AP(rel=2)@100")],
)
def test_a_gate_meets_its_measure_by_any_name(text, figure):
    assert parse(text, NAMES).figure == figure


def test_a_gate_meets_a_measure_that_an_earlier_run_stored_by_another_name():
    stored = GateNames(("MRR@10",), (), ())
    assert parse("RR@10 >= 0", stored).figure == parse("MRR@10 >= 0", stored).figure == "MRR@10"


def test_times_are_advice_and_sizes_are_not():
    assert parse("p95_ms <= +10%", NAMES).advice
    assert parse("index_s <= 10", NAMES).advice
    assert not parse("peak_memory_mb <= +10%", NAMES).advice
    assert not parse("nDCG@10 >= 0", NAMES).advice


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("nDCG@10", "cannot be read"),
        ("nDCG@10 >= much", "cannot be read"),
        ("nDCG@10 == 0", "cannot be read"),
        ("nDCG@10 >= -1 R@10 >= 0", "cannot be read"),
        ("nDCG@10 <= 0.1", "better where it is higher"),
        ("nDCG@10 >= -1%", "% is for costs"),
        ("nDCG@10 >= -1", "1% is 0.01"),
        ("p95_ms >= 3", "better where it is lower"),
        ("p95_ms <= 10%", "has a sign"),
        ("p95_ms[kind=error code] <= 3", "no slices"),
        ("nDGC@10 >= 0", "Did you mean 'nDCG@10'"),
        ("p59_ms <= 3", "Did you mean 'p9"),
        ("R@10[kind=eror code] >= 0", "Did you mean 'kind=error code'"),
        ("R@10[] >= 0", "no slice"),
        ("minilmm: R@10 >= 0", "Did you mean 'minilm'"),
    ],
)
def test_what_cannot_be_read_is_one_error(text, message):
    with pytest.raises(BenchError) as caught:
        parse(text, NAMES)
    assert message in str(caught.value)
    assert repr(text) in str(caught.value)


@given(st.text(alphabet="nDCG@10R_msp95%+-.:[]=<> akid", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_gate_or_one_error(text):
    try:
        assert isinstance(parse(text, NAMES), Gate)
    except BenchError as error:
        assert error.hint
