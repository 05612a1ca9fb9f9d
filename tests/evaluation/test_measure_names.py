"""What a measure may be called, and which numbers its parameters take."""

from __future__ import annotations

import ir_measures
import pytest
from defined import BY_DOCUMENT, PLAIN

from bench.data.formats.beir import read_card
from bench.errors import BenchError
from bench.evaluation.measure_names import canonical, parse, same
from bench.evaluation.measures import resolve


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("nDCG@10", "nDCG@10"),
        ("NDCG@10", "nDCG@10"),
        ("nDCG(cutoff=10)", "nDCG@10"),
        ("nDCG@10.0", "nDCG@10"),
        ("nDCG(dcg='log2')@10", "nDCG@10"),
        ("nDCG(gains={1:1})@10", "nDCG@10"),
        ("nDCG(gains={2:3,1:1})@10", "nDCG(gains={2:3})@10"),
        ("MRR@10", "RR@10"),
        ("MAP", "AP"),
        ("Recall(rel=1)@5", "R@5"),
        ("Precision@5", "P@5"),
        ("RPrec", "Rprec"),
        ("BPref", "Bpref"),
        ("NumRelRet", "NumRet(rel=1)"),
        ("SetRelP", "SetP(relative=True)"),
        ("SetF(beta=2)", "SetF(beta=2.0)"),
        ("IPrec@1", "IPrec@1.0"),
        ("Compat(p=0.95)", "Compat"),
        ("AP(judged_only=True,rel=2.0)@100", "AP(rel=2,judged_only=True)@100"),
    ],
)
def test_a_measure_has_one_name(name, own):
    assert canonical(name) == canonical(own) == own
    assert parse(own) == ir_measures.parse_measure(own)


def number(info):
    return info.dtype in (int, float)


WITH_NUMBERS = sorted(
    {
        (type(measure).NAME, key)
        for measure in ir_measures.measures.registry.values()
        for key, info in measure.SUPPORTED_PARAMS.items()
        if number(info) and measure.NAME in {each.NAME for each in resolve([*PLAIN, *BY_DOCUMENT]).values()}
    }
)
VALUES = {"cutoff": 3, "rel": 1, "beta": 1, "recall": 1, "p": 0.5}


@pytest.mark.parametrize(("measure", "key"), WITH_NUMBERS)
def test_a_whole_number_is_one_however_it_is_written(measure, key):
    """2 where a float is meant, 2.0 where a whole number is."""
    given = {"cutoff": 3} if measure in ("P", "R", "Success") else {"recall": 1} if measure == "IPrec" else {}
    written = [
        f"{measure}({','.join(f'{name}={value}' for name, value in {**given, key: each}.items())})"
        for each in ((VALUES[key], float(VALUES[key])))
    ]
    one, other = written
    assert canonical(one) == canonical(other)
    resolve([one])


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("R@2.5", "has cutoff 2.5", "whole number from 1"),
        ("R@0", "has cutoff 0", "whole number from 1"),
        ("R@True", "has cutoff True", "whole number"),
        ("R@2_000_000", "has cutoff 2000000", "1,000,000"),
        ("R(rel=1.5)@3", "has rel 1.5", "whole number from 1"),
        ("R(rel=0)@3", "has rel 0", "least grade that is relevant"),
        ("R(rel='1')@3", "has rel '1'", "whole number"),
        ("R(rel=1e999)@3", "has rel inf", "whole number"),
        ("AP(judged_only=1)", "has judged_only 1", "True or False"),
        ("SetF(beta=1e999)", "has beta inf", "finite"),
        ("SetF(beta=True)", "has beta True", "finite"),
        ("RBP(p=1)", "has p 1.0", "between 0 and 1"),
        ("Compat(p=0)", "has p 0.0", "between 0 and 1"),
        ("IPrec@1.5", "has recall 1.5", "from 0 to 1"),
        ("IPrec", "needs its recall", "IPrec@0.5"),
        ("P(rel=2)", "needs its cutoff", "P(rel=2)@10"),
        ("nDCG(dcg='exp')@3", "has dcg 'exp'", "'exp-log2'"),
        ("nDCG(gains={1:2.5})@3", "has gains {1: 2.5}", "whole numbers"),
        ("nDCG(gains={1:'a'})@3", "has gains", "whole numbers"),
        ("nDCG(gains={1:3},dcg='exp-log2')@3", "gains", "Keep one"),
        ("Bpref@3", "no parameter 'cutoff'", "rel"),
        ("NumQ(rel=1)", "no parameter 'rel'", "none"),
    ],
)
def test_a_wrong_parameter_is_named(name, message, hint):
    with pytest.raises(BenchError) as caught:
        resolve([name])
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_the_same_measure_is_found_among_others():
    assert same("NDCG@10", ["R@5", "nDCG@10"]) == "nDCG@10"
    assert same("RR@10", ["RR", "MRR@10"]) == "MRR@10"
    assert same("MRR@10", ["RR@10", "MRR@10"]) == "MRR@10"
    assert same("RR@5", ["RR@10"]) is None
    assert same("p95_ms", ["RR@10", "p95_ms"]) == "p95_ms"


def test_a_cards_measure_has_its_own_name(tmp_path):
    card = tmp_path / "dataset.toml"
    card.write_text('measure = "NDCG@5"\n')
    assert read_card(card).measure == "nDCG@5"


@pytest.mark.parametrize("usual", ["ndcg@10", "mrr@10", "recall@10"])
def test_usual_names_are_refused_with_the_right_one(usual):
    with pytest.raises(BenchError, match=r"no measure .*Did you mean '(nDCG|RR|R)@10'"):
        canonical(usual)
