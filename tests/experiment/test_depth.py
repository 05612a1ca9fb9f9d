"""Measures without a cutoff: a stored run is scored whole, our own rankings keep the depth, which the figure names."""

from __future__ import annotations

import json

import pytest
import pytrec_eval
from whole_report import whole_report

import bench
from bench.report.run import forms, terminal
from bench.report.run.markdown import render
from bench.report.run.names import shown_measure
from bench.report.run.quality import quality

pytestmark = pytest.mark.slow

UNCUT = ["AP", "nDCG", "NumRet", "SetR", "IPrec@0.5", "RR", "Rprec"]
STOCK = {"AP": "map", "nDCG": "ndcg", "NumRet": "num_ret", "SetR": "set_recall", "RR": "recip_rank", "Rprec": "Rprec"}
SIZE, HITS = 400, 300


@pytest.fixture
def deep(write_set, tmp_path):
    """A set, and a run file of 300 hits for each query whose right documents stand at 5, 150 and 290."""
    corpus = [{"_id": f"d{n:03}", "text": f"word{n} common"} for n in range(SIZE)]
    queries = [{"_id": f"q{n}", "text": "common"} for n in range(8)]
    qrels = [(f"q{n}", f"d{place:03}", 1 + place % 2) for n in range(8) for place in (4, 149, 289 - n)]
    folder = write_set("deep", corpus, queries, qrels)
    path = tmp_path / "other.trec"
    path.write_text(
        "".join(f"q{n} Q0 d{place:03} 0 {HITS - place} x\n" for n in range(8) for place in range(HITS)), "utf-8"
    )
    return folder, path


@pytest.fixture
def score(deep, tmp_path):
    folder, path = deep

    def run(name, measures=UNCUT, retrievers=(), **settings):
        return bench.run(
            folder, list(retrievers), runs=[str(path)], measures=list(measures), latency=False, name=name,
            results=str(tmp_path / "r"), **settings,
        )  # fmt: skip

    return run


def values(found, retriever):
    rows = found.measures[(found.measures["slice"] == "all") & (found.measures["retriever"] == retriever)]
    return rows.set_index("measure")["value"].to_dict()


def test_a_stored_run_is_scored_whole_as_trec_eval_does(score, deep):
    found = score("whole")
    hits = {f"q{n}": {f"d{place:03}": float(HITS - place) for place in range(HITS)} for n in range(8)}
    qrels = {f"q{n}": {f"d{place:03}": 1 + place % 2 for place in (4, 149, 289 - n)} for n in range(8)}
    stock = pytrec_eval.RelevanceEvaluator(qrels, set(STOCK.values())).evaluate(hits)
    mine = values(found, "other")
    for name, other in STOCK.items():
        assert mine[name] == pytest.approx(sum(each[other] for each in stock.values()) / 8), name
    assert mine["NumRet"] == HITS
    assert found.cell("deep", "other").ranking.documents.shape == (8, HITS)


def test_a_measure_beside_it_moves_no_figure(score):
    alone, beside = score("alone"), score("beside", [*UNCUT, "R@350"])
    assert values(alone, "other") == {name: value for name, value in values(beside, "other").items() if name in UNCUT}


def test_our_own_rankings_keep_the_depth_and_say_so(score):
    found = score("both", retrievers=["bm25"])
    assert values(found, "bm25")["NumRet"] == 100
    table = quality(found, found.datasets[0])
    assert "AP to depth 100" in table.header[1]
    assert any("other, a stored run, is scored whole" in each and "300" in each for each in table.notes)
    assert shown_measure(found, found.datasets[0], "AP") == "AP to depth 100 (other: whole)"
    assert shown_measure(found, found.datasets[0], "R@10") == "R@10"
    (warning,) = found.warnings
    assert "-k 300" in warning
    assert "AP, nDCG" in warning
    verdict = found.analysis["sets"]["deep"]["verdict"]
    assert (verdict["choice"], verdict["retriever"], verdict["winner"]) == ("undecided", None, None)
    assert "looks 100 into bm25, and 300 into other, which are two measures" in verdict["sentences"][0]
    forms.write(found)
    list(terminal.render(found))
    assert "AP to depth 100" in (found.folder / "report.md").read_text("utf-8")
    assert "AP to depth 100" in (found.folder / "charts" / "measures.svg").read_text("utf-8")


def test_ranked_as_deep_nothing_is_to_be_said(score):
    found = score("as-deep", retrievers=["bm25"], depth=300)
    assert found.warnings == []
    assert shown_measure(found, found.datasets[0], "AP") == "AP to depth 300"
    verdict = found.analysis["sets"]["deep"]["verdict"]
    assert "two measures" not in " ".join(verdict["sentences"])
    assert "to depth 300" in verdict["sentences"][-1]


def test_a_set_that_is_ranked_whole_has_no_depth(write_set, tmp_path):
    found = bench.run(write_set(), ["bm25"], measures=["AP"], latency=False, results=str(tmp_path / "r"))
    assert shown_measure(found, found.datasets[0], "AP") == "AP"


def test_one_file_read_twice_is_not_a_change(score):
    found = bench.compare(score("one"), score("two", [*UNCUT, "R@350"]))
    assert found.outcome == "pass"
    assert {each.difference for each in found.changes} == {0}
    assert [(each.what, each.base, each.head) for each in found.surroundings if "depth" in each.what] == [
        ("depth", "100", "350")
    ]


def test_other_depths_cannot_be_compared_by_a_measure_without_cutoff(score):
    one, two = score("one", ["AP", "R@10"], ["bm25"]), score("two", ["AP", "R@10"], ["bm25"], depth=200)
    found = bench.compare(one, two)
    assert found.outcome == "not comparable"
    (problem,) = found.problems
    assert problem.startswith("AP of bm25 on deep has no cutoff and looks down to depth 100 in base, 200 in head")
    found = bench.compare(score("three", ["AP", "RR"], ["bm25"]), score("four", ["AP", "RR"], ["bm25"], depth=200))
    assert found.problems[0].startswith("AP, RR of bm25 on deep have no cutoff and look down to depth 100 in base")
    assert found.problems[0].endswith("or give them a cutoff.")


def test_with_a_cutoff_the_depth_is_named_and_nothing_more(score):
    one, two = score("one", ["R@10"], ["bm25"]), score("two", ["R@10"], ["bm25"], depth=200)
    found = bench.compare(one, two)
    assert found.problems == ()
    assert ("depth", "100", "200") in [(each.what, each.base, each.head) for each in found.surroundings]


def test_deeper_than_the_corpus_is_one_depth(write_set, tmp_path):
    runs = [
        bench.run(
            tmp_path / "small" if (tmp_path / "small").exists() else write_set(),
            ["bm25"], measures=["AP"], latency=False, depth=depth, name=f"d{depth}", results=str(tmp_path / "r"),
        )
        for depth in (10, 20)
    ]  # fmt: skip
    assert bench.compare(*runs).problems == ()


def older(found):
    """Make a stored run one of a version that cut stored runs at the depth, and did not say how long they are."""
    path = found.folder / "run.json"
    info = json.loads(path.read_text("utf-8"))
    for key in ("whole_runs", "uncut", "seal"):
        del info[key]
    path.write_text(json.dumps(info), "utf-8")


def test_a_stored_run_of_a_version_that_cut_it_is_not_compared(score):
    one, two = score("one"), score("two")
    older(one)
    before = bench.load_run(one.folder)
    assert any("look down to depth 100 in base, 300 in head" in each for each in bench.compare(before, two).problems)
    render(before)  # and is still shown


def test_a_longer_file_is_named(score, deep):
    one = score("one", ["AP"])
    with deep[1].open("a") as stream:
        stream.write(f"q0 Q0 d{HITS + 5} 0 -7 x\n")
    found = bench.compare(one, score("two", ["AP"]))
    assert found.problems == ()
    assert ("other on deep: most hits of a query", "300", "301") in [
        (each.what, each.base, each.head) for each in found.surroundings
    ]


def test_nothing_is_warned_of_where_no_measure_looks_so_deep(score):
    assert score("cut", ["R@10"], ["bm25"]).warnings == []


def test_controls_are_no_rankings_to_be_made_deeper(score):
    (warning,) = score("controls", ["AP"], ["bm25"], controls=True).warnings
    assert "where bm25 is ranked to depth 100" in warning
    assert score("alone", ["AP"], controls=True).warnings == []


def test_a_set_that_is_ranked_whole_is_not_warned_of(write_set, tmp_path):
    path = tmp_path / "all.trec"
    path.write_text("".join(f"q1 Q0 {d} 0 {-n} x\n" for n, d in enumerate(["d1", "d2", "d3", "d4", "d10"])))
    found = bench.run(
        write_set(), ["bm25"], runs=[str(path)], measures=["AP"], depth=5, latency=False, results=str(tmp_path / "r")
    )
    assert not [each for each in found.warnings if "-k" in each]
    assert shown_measure(found, found.datasets[0], "AP") == "AP"
    assert "to depth" not in " ".join(found.analysis["sets"]["small"]["verdict"]["sentences"])


def test_stored_runs_alone_have_no_depth(score):
    found = score("whole", ["AP"])
    assert shown_measure(found, found.datasets[0], "AP") == "AP"
    assert "to depth" not in " ".join(found.analysis["sets"]["deep"]["verdict"]["sentences"])


def test_a_run_that_does_not_reach_the_depth_is_not_called_whole(score):
    found = score("short", ["AP"], ["bm25"], depth=350)
    assert shown_measure(found, found.datasets[0], "AP") == "AP to depth 350"
    assert not any("scored whole" in note for note in quality(found, found.datasets[0]).notes)


def test_a_version_that_cut_no_shorter_than_the_run_is_compared(score):
    """Cut at 300, where the file ends."""
    one, two = score("one", ["AP"], depth=300), score("two", ["AP"], depth=300)
    older(one)
    found = bench.compare(bench.load_run(one.folder), two)
    assert found.problems == ()
    assert not [each for each in found.surroundings if "most hits" in each.what]


def test_a_measure_that_head_lacks_is_not_compared_by_depth(score):
    one, two = score("one", ["AP", "R@10"], ["bm25"]), score("two", ["R@10"], ["bm25"], depth=200)
    assert [each for each in bench.compare(one, two).problems if "down to depth" in each] == []


def test_losses_tell_each_retrievers_own_depth(score):
    found = score("losses", ["AP"], ["bm25"])
    text = whole_report(found)
    assert "not in its 100 hits" in text
    assert "not in its 300 hits" not in text.replace("other not in its 300 hits", "")


def test_luck_is_as_deep_as_the_rankings(write_set, tmp_path):
    """Whoever lists all documents finds everything; our rankings end before, and still find what luck does not."""
    corpus = [{"_id": f"d{n:03}", "text": f"word{n} common"} for n in range(150)]
    queries = [{"_id": f"q{n}", "text": f"word{n}"} for n in range(12)]
    folder = write_set("luck", corpus, queries, [(f"q{n}", f"d{n:03}", 1) for n in range(12)])
    found = bench.run(folder, ["bm25"], measures=["SetR"], depth=50, latency=False, results=str(tmp_path / "r"))
    assert values(found, "bm25")["SetR"] == 1
    assert found.analysis["sets"]["luck"]["no_better_than_random"] == []


def test_a_run_without_a_query_of_the_sample_is_scored_whole_too(write_set, tmp_path):
    """So that no figure of it is called one to our depth."""
    corpus = [{"_id": f"d{n:03}", "text": f"word{n}"} for n in range(150)]
    queries = [{"_id": f"q{n}", "text": f"word{n}"} for n in range(12)]
    folder = write_set("sampled", corpus, queries, [(f"q{n}", f"d{n:03}", 1) for n in range(12)])
    for n in range(12):  # one of them is not drawn
        path = tmp_path / f"one{n}.trec"
        path.write_text(f"q{n} Q0 d{n:03} 0 1 x\n")
    found = bench.run(
        folder, [], runs=[str(tmp_path / f"one{n}.trec") for n in range(12)], measures=["AP"], limit=3, latency=False,
        results=str(tmp_path / "r"),
    )  # fmt: skip
    assert {found.cut("sampled", each) for each in found.retrievers} == {None}
    assert shown_measure(found, found.datasets[0], "AP") == "AP"


def test_a_report_of_stored_runs_alone_names_no_depth(score):
    assert "Stored runs, scored whole" in render(score("alone", ["AP"]))
    assert "Rankings to depth 100" in render(score("beside", ["AP"], ["bm25"]))


def test_several_that_are_ranked_here_are_warned_of_as_several(score):
    (warning,) = score("several", ["AP"], ["bm25", "tfidf"]).warnings
    assert "where bm25, tfidf are ranked to depth 100" in warning


@pytest.fixture
def shallow(deep, tmp_path):
    """The run again, as somebody stored its first three hits."""
    folder, path = deep
    short = tmp_path / "short.trec"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    short.write_text("".join(line for line in lines if int(line.split()[2][1:]) < 3), "utf-8")
    return folder, short


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("nDCG@10", "nDCG@10 looks 10 hits deep, and the stored run short ends after 3."),
        ("AP", "AP has no cutoff and looks 3 into short, and 100 into bm25, which are two measures."),
    ],
)
def test_a_run_cut_above_where_the_measure_ends_decides_nothing(shallow, tmp_path, measure, said):
    folder, path = shallow
    found = bench.run(
        folder, ["bm25"], runs=[str(path)], measures=[measure], latency=False, results=str(tmp_path / "r")
    )
    verdict = found.analysis["sets"]["deep"]["verdict"]
    assert (verdict["choice"], verdict["retriever"], verdict["winner"]) == ("undecided", None, None)
    assert said in verdict["sentences"][0]
    if measure == "nDCG@10":
        (warning,) = found.warnings
        assert warning.startswith("short ends after 3 hits for most queries of deep, and nDCG@10 looks deeper")
    drawn = found.recall.groupby("retriever")["k"].max().to_dict()
    assert drawn == {"bm25": 100, "short": 3}


def test_a_measure_that_ends_with_the_run_decides(shallow, tmp_path):
    folder, path = shallow
    found = bench.run(folder, ["bm25"], runs=[str(path)], measures=["R@3"], latency=False, results=str(tmp_path / "r"))
    assert found.warnings == []
    assert "ends after" not in found.analysis["sets"]["deep"]["verdict"]["sentences"][0]


def test_a_run_whose_queries_differ_in_length_was_not_cut(deep, tmp_path):
    folder, path = deep
    ragged = tmp_path / "ragged.trec"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    ragged.write_text("".join(each for each in lines if int(each.split()[2][1:]) <= int(each.split()[0][1:])), "utf-8")
    found = bench.run(
        folder, ["bm25"], runs=[str(ragged)], measures=["nDCG@10"], latency=False, results=str(tmp_path / "r")
    )
    assert found.warnings == []
