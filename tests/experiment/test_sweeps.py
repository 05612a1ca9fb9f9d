"""Sweeps as they are written, and the points that they make of a retriever."""

from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.experiment.sweeps import MOST_POINTS, curve_points, parse_sweep
from retrievers import create

HNSW, ENCODER = "ann(numbered:Clustered, index=hnsw)", "numbered:Clustered"


def points(*sweeps, retrievers=(HNSW,)):
    return curve_points(retrievers, [parse_sweep(sweep) for sweep in sweeps])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("ef=16..512", ("16", "32", "64", "128", "256", "512")),
        ("ef=[16..512]", ("16", "32", "64", "128", "256", "512")),
        ("index=[hnsw, ivf]", ("hnsw", "ivf")),
        ("ef=16..100", ("16", "32", "64")),
        ("ef=5..5", ("5",)),
        ("rescore=0..100..50", ("0", "50", "100")),
        ("rescore=10..35..10", ("10", "20", "30")),
        ("index=hnsw, ivf", ("hnsw", "ivf")),
        (" m = 8,16 ", ("8", "16")),
    ],
)
def test_ranges_double_or_count_and_lists_list(text, values):
    assert parse_sweep(text).values == values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ef", "not of the form"),
        ("=16", "not of the form"),
        ("ef=", "not of the form"),
        ("ef=a..b", "no range of whole numbers"),
        ("ef=16..32..", "no range of whole numbers"),
        ("ef=64..16", "ends below its start"),
        ("ef=0..16", "never comes to an end"),
        ("ef=1..16..0", "never comes to an end"),
        ("ef=16,,32", "an empty value"),
        ("ef=16,16", "one twice"),
        ("ef=1..1000..1", "1,000 points"),
    ],
)
def test_a_bad_sweep_is_one_error(text, words):
    with pytest.raises(BenchError, match=words) as caught:
        parse_sweep(text)
    assert caught.value.hint


def test_what_a_search_takes_needs_one_build():
    swept = points("ef=16..64")
    assert [point.given for point in swept] == [
        f"ann({ENCODER}, index=hnsw, ef={value})" for value in ("16", "32", "64")
    ]
    assert len({point.build for point in swept}) == 1
    assert [point.search["ef"] for point in swept] == [16, 32, 64]


def test_what_a_build_takes_needs_a_build_a_value_and_sweeps_make_a_grid():
    swept = points("ef=16,32", "m=8,16")
    assert [tuple(point.values.values()) for point in swept] == [("16", "8"), ("16", "16"), ("32", "8"), ("32", "16")]
    assert [point.build for point in swept] == [swept[0].build, swept[1].build] * 2
    assert swept[0].build != swept[1].build


def test_a_second_look_keeps_vectors_and_so_is_of_another_build():
    none, few, more = points("rescore=0,20,40")
    assert none.build != few.build == more.build


def test_a_sweep_is_for_those_that_have_its_parameter():
    swept = points("ef=16,32", "probes=1,2", retrievers=[HNSW, f"ann({ENCODER}, index=ivf)"])
    assert [dict(point.values) for point in swept] == [{"ef": "16"}, {"ef": "32"}, {"probes": "1"}, {"probes": "2"}]
    swept = points("ef=16,32", "index=flat,hnsw", retrievers=[f"ann({ENCODER})"])
    assert [dict(point.values) for point in swept] == [
        {"index": "flat"},
        {"index": "hnsw", "ef": "16"},
        {"index": "hnsw", "ef": "32"},
    ]


def test_what_a_retriever_gives_itself_is_not_swept():
    swept = points("ef=16,32", "rescore=20", retrievers=[HNSW, f"ann({ENCODER}, index=hnsw, ef=64, rescore=0)"])
    assert [(point.search["ef"], point.search["rescore"]) for point in swept] == [(16, 20), (32, 20), (64, 0)]


def test_a_name_of_its_own_stays_with_a_retriever():
    (one, other) = points("ef=16,32", retrievers=[f"mine={HNSW}"])
    assert (one.line, one.given) == ("mine", f"mine ef 16=ann({ENCODER}, index=hnsw, ef=16)")
    assert create(other.given.partition("=")[2]).ef == 32


@pytest.mark.parametrize(
    ("sweeps", "retriever", "words"),
    [
        (["ef=16,32"], "bm25", "bm25 approximates no exact search"),
        (["ef=16,32"], ENCODER, "approximates no exact search"),
        (["fe=16,32"], HNSW, "Sweep of fe: ann has no parameter 'fe'"),
        (["probes=1,2"], HNSW, "Sweep of probes: index=hnsw has no probes"),
        (["m=1,2"], HNSW, "Sweep of m: m=1 is out of range"),
        (["m=2,1000"], HNSW, "m=1000 is out of range"),
        (["index=hnsw,ivf"], HNSW, "gives index=hnsw"),
        (["ef=16", "ef=32"], HNSW, "ef is swept twice"),
        (["ef=1..64", "construction=1..64", "m=2..8"], HNSW, "147 points"),
        (["ef=16,32"], "nix", "no retriever 'nix'"),
    ],
)
def test_what_cannot_be_swept_is_one_error(sweeps, retriever, words):
    with pytest.raises(BenchError, match=words) as caught:
        points(*sweeps, retrievers=[retriever])
    assert caught.value.hint


def test_an_error_names_what_can_be_swept_and_what_it_takes():
    with pytest.raises(BenchError) as caught:
        points("probes=1,2")
    assert "It has m, ef, construction, storage, dimensions, pca, rescore, keep." in caught.value.hint
    assert "One build serves all values of what a search takes: ef, rescore." in caught.value.hint
    assert "Each value of another takes a build." in caught.value.hint


def test_all_retrievers_together_have_no_more_points():
    with pytest.raises(BenchError, match="102 points"):
        points("ef=1..51..1", retrievers=[HNSW, f"other={HNSW}"])
    assert MOST_POINTS == 100
