"""The measure by which a set is judged where nobody names it: one that fits the number of relevant documents."""

from __future__ import annotations

import pytest
from fakes import Fixed

import bench
from bench.evaluation.main_measure import ceiling, fits, fitting


@pytest.mark.parametrize(
    ("name", "relevant", "fit"),
    [
        ("R@1", 1, True),
        ("R@1", 2, False),
        ("R@100", 130, False),
        ("R@200", 130, True),
        ("P@10", 130, True),
        ("P@10", 3, False),
        ("RR@10", 1, True),
        ("RR", 130, False),
        ("Success@1", 130, False),
        ("nDCG@10", 130, True),
        ("AP", 130, True),
    ],
)
def test_what_fits(name, relevant, fit):
    assert fits(name, relevant) == fit


@pytest.mark.parametrize(
    ("names", "relevant", "main"),
    [
        (["R@1", "R@10", "P@10"], 1, "R@1"),
        (["R@1", "R@10", "P@10"], 4, "R@10"),
        (["R@1", "R@10", "P@10"], 130, "P@10"),
        (["RR@10", "AP"], 130, "AP"),
        (["R@1", "R@10"], 130, "R@10"),  # neither fits: the one that says more
        (["P@10", "R@100"], 1, "R@100"),
    ],
)
def test_the_first_that_fits_is_taken(names, relevant, main):
    assert fitting(names, relevant) == main


def test_the_ceiling_is_that_of_a_perfect_ranking():
    assert ceiling("R@1", 130) == pytest.approx(1 / 130)
    assert ceiling("P@10", 3) == pytest.approx(0.3)
    assert ceiling("R@10", 4) == ceiling("nDCG@10", 130) == 1


def judged(write_set, tmp_path, *measures, card=""):
    """The main measure of a run on a set with 12 relevant documents a query, and its warnings."""
    corpus = [{"_id": f"d{number}", "text": f"text {number}"} for number in range(20)]
    queries = [{"_id": f"q{number}", "text": f"text {number}"} for number in range(3)]
    qrels = [(f"q{query}", f"d{document}", 1) for query in range(3) for document in range(12)]
    folder = write_set("many", corpus, queries, qrels, card)
    settings = {"measures": measures} if measures else {}
    found = bench.run(folder, [Fixed()], results=str(tmp_path / "out"), latency=False, **settings)
    return found.datasets[0]["measure"], found.warnings


def test_of_measures_that_are_asked_for_the_first_that_fits_is_the_main_one_and_the_report_says_why(
    write_set, tmp_path
):
    main, warnings = judged(write_set, tmp_path, "R@1", "RR@10", "P@10")
    assert main == "P@10"
    said = "many is judged by P@10: R@1 does not fit queries with 12 relevant documents, the median here."
    assert warnings == [said]


def test_a_main_measure_that_cannot_come_near_to_1_is_pointed_out(write_set, tmp_path):
    _, warnings = judged(write_set, tmp_path, "R@1")
    assert warnings == [
        "many: R@1 cannot exceed 0.083 for queries with 12 relevant documents, the median here. Judge by nDCG@10 (-m)."
    ]


def test_what_the_card_names_and_the_usual_one_come_first(write_set, tmp_path):
    assert judged(write_set, tmp_path) == ("nDCG@10", [])
    (tmp_path / "many").rename(tmp_path / "before")
    assert judged(write_set, tmp_path, "P@10", "R@10", card='measure = "R@10"\n') == ("R@10", [])
