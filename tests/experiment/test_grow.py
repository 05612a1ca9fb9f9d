"""`bench grow`: a run whose sets are the sizes of one, its tables, its files, its chart and its page."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from itertools import combinations, pairwise
from math import isnan, log2

import numpy as np
import pytest
from haystack import QUERIES, write_hay, write_needles
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT

from bench.cli import main
from bench.config import RunConfig
from bench.errors import BenchError
from bench.experiment.grow import NEARLY, parse_sizes, run_growth, usual_sizes
from bench.report.run import forms
from bench.report.run.growth import growth, shown
from bench.storage.run import load_run
from retrievers.base import VECTORS_ENCODED

SECOND, DISTRACTED = "haystack:Second", "haystack:Distracted"
AT_RANK_2 = 1 / log2(3)


def run(folder, distractors, sizes=None, retrievers=(SECOND, DISTRACTED), **settings):
    config = {"latency": False, "name": "r", **settings}
    config = RunConfig((str(folder),), retrievers, results=str(folder.parent / "results"), **config)
    return run_growth(config, str(distractors), sizes, lambda event: None)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """20 needles with 5 straws (x1.25) and 40 (x3), of which two copies of needles were left out."""
    folder = tmp_path_factory.mktemp("grown")
    hay = write_hay(folder, 40, copies=("needle 03", " NEEDLE 04"))
    return run(write_needles(folder), hay, "1,1.25,3")


def column(run, name, label, measure="nDCG@10"):
    return [row[name] for row in run.rows("growth") if (row["retriever"], row["measure"]) == (label, measure)]


def test_each_size_has_the_figures_that_its_rankings_give(grown):
    """Rank 2 whatever the size; rank 1, 6 and 41."""
    assert column(grown, "documents", SECOND) == [20, 25, 60]
    assert column(grown, "dataset", SECOND) == ["needles x1", "needles x1.25", "needles x3"]
    assert column(grown, "value", SECOND) == pytest.approx([AT_RANK_2] * 3)
    assert column(grown, "value", DISTRACTED) == pytest.approx([1, 1 / log2(7), 0])
    assert column(grown, "value", DISTRACTED, "R@100") == [1, 1, 1]
    assert set(column(grown, "queries", DISTRACTED)) == {QUERIES}


def test_distractors_in_the_top_ten_are_counted(grown):
    assert column(grown, "places", DISTRACTED) == [QUERIES, 6 * QUERIES, 10 * QUERIES]
    assert column(grown, "distractors", DISTRACTED) == [0, 5 * QUERIES, 10 * QUERIES]
    assert column(grown, "distractors", SECOND) == [0, 0, 0]


def test_the_bounds_are_those_over_all_that_distractors_could_be(grown):
    """Of five distractors above the relevant document any may be relevant; of ten within the cutoff likewise."""

    def extremes(distractors, right):
        values = []
        for size in range(distractors + 1):
            for relevant in combinations(range(1, distractors + 1), size):
                gain = sum(1 / log2(1 + rank) for rank in (*relevant, *right))
                ideal = sum(1 / log2(1 + rank) for rank in range(1, min(10, size + 1) + 1))
                values.append(gain / ideal)
        return min(values), max(values)

    low, high = (column(grown, f"bound_{side}", DISTRACTED) for side in ("low", "high"))
    assert (low[0], high[0]) == (1, 1)
    assert (low[1], high[1]) == pytest.approx(extremes(5, [6]))
    assert (low[2], high[2]) == pytest.approx(extremes(10, []))
    for side in ("low", "high"):
        assert column(grown, f"bound_{side}", SECOND) == pytest.approx(column(grown, "value", SECOND))


def test_an_order_that_changes_is_shown(grown):
    pairs = {(row["dataset"], row["measure"]): row for row in grown.rows("growth_pairs")}
    better = [pairs[name, "nDCG@10"]["better"] for name in ("needles x1", "needles x1.25", "needles x3")]
    assert better == [DISTRACTED, SECOND, SECOND]
    assert pairs["needles x3", "nDCG@10"]["difference"] == pytest.approx(AT_RANK_2)
    assert {pairs[name, "R@100"]["better"] for name in ("needles x1", "needles x3")} == {""}
    main, recall = shown(grown)
    assert main.first == f"By nDCG@10 the order changes of {SECOND} and {DISTRACTED}."
    assert main.rest == (f"{SECOND} and {DISTRACTED}: {SECOND} is better at x1.25, x3; {DISTRACTED} is better at x1.",)
    assert recall.first == "By R@100 no order of two retrievers is shown to change."
    assert recall.rest == (f"{SECOND} and {DISTRACTED}: undecided at every size.",)


def test_p_is_corrected_over_all_sizes_of_a_measure(grown):
    """All 20 queries differ one way at each size: 2 of 2^20 signs, at the highest of 3 sizes times 3."""
    rows = [row for row in grown.rows("growth_pairs") if row["measure"] == "nDCG@10"]
    p = [row["p"] for row in rows]
    assert max(p) < 1e-4
    assert [row["p_holm"] for row in rows] == pytest.approx([3 * max(p)] * 3)


def test_copies_are_left_out_counted_and_said(grown):
    assert grown.info["growth"]["copies"] == 2
    assert "2 documents of hay left out of the distractors: the text is that of a document at x1." in grown.warnings
    notes = " ".join(growth(grown)[0].notes)
    assert (
        "x1: 20 documents, all of needles. Distractors: 40 of hay; each size holds the smaller ones (seed 0)." in notes
    )
    assert "Left out: 2 distractors with the text of a document at x1." in notes


def test_the_rankings_of_the_sets_own_documents_keep_their_order(grown):
    """Those of a term matcher would not, since its statistics change; here scores are of ranks alone."""
    rankings = [grown.cell(dataset["name"], SECOND).ranking for dataset in grown.datasets]
    shift = [dataset["documents"] - QUERIES for dataset in grown.datasets]
    own = [ranking.documents[:, :2] - by for ranking, by in zip(rankings, shift, strict=True)]
    assert np.array_equal(own[0], own[1])
    assert np.array_equal(own[0], own[2])


def test_the_page_the_markdown_and_the_chart_have_it(grown):
    forms.write(grown)
    page, text = ((grown.folder / name).read_text("utf-8") for name in ("report.html", "report.md"))
    for content in (page, text):
        assert "By nDCG@10 the order changes" in content
        assert "needles: quality and cost by size" in content
        assert "needles: differences by size" in content
    links = {link.partition("?")[0] for link in re.findall(r'href="#([^"]*)"', page)}
    places = re.findall(r'\sid="([^"]*)"', page)
    assert "figure-in-a-larger-corpus" in links <= set(places)
    assert len(places) == len(set(places))
    svg = (grown.folder / "charts" / "growth.svg").read_text("utf-8")
    assert all(name in svg for name in ("nDCG@10", "R@100", "documents", "haystack:Second"))
    assert "charts/growth.svg" in text


def test_it_is_a_run_that_can_be_loaded(grown):
    again = load_run(grown.folder)
    assert again.rows("growth") == [pytest.approx(row, nan_ok=True) for row in grown.rows("growth")]
    assert list(again.growth["times"]) == [row["times"] for row in again.rows("growth")]
    assert set(again.growth_pairs["better"]) == {"", SECOND, DISTRACTED}
    assert isnan(again.rows("growth")[0]["p50_ms"])


def test_a_set_that_grows_by_itself_ends_as_the_set(write_set):
    folder = write_set(qrels=[("q1", "d1", 2), ("q2", "d3", 1), ("q2", "d4", 0)])
    found = run(folder, "self", retrievers=("bm25",))
    assert [dataset["documents"] for dataset in found.datasets] == [3, 5]
    assert found.info["growth"]["own"]
    assert "x1: 3 documents, those that are judged, of any grade." in " ".join(growth(found)[0].notes)
    assert found.rows("growth_pairs") == []


def test_a_sample_of_queries_is_one_at_every_size(tmp_path):
    found = run(write_needles(tmp_path), write_hay(tmp_path, 40), "1,2", limit=7)
    assert set(column(found, "queries", SECOND)) == {7}
    asked = found.queries.groupby("dataset", sort=False)["query"].apply(list)
    assert asked.iloc[0] == asked.iloc[1]


def test_a_size_encodes_only_the_documents_that_are_new(tmp_path):
    """At x1 the 20 queries too."""
    found = run(write_needles(tmp_path), write_hay(tmp_path, 40), "1,2,3", retrievers=("fakes:HashedDense",))
    cells = [found.cell(dataset["name"], "fakes:HashedDense") for dataset in found.datasets]
    assert [cell.info["quantities"][VECTORS_ENCODED] for cell in cells] == [40, 20, 20]
    assert [dataset["documents"] for dataset in found.datasets] == [20, 40, 60]


# --- sizes ---


@given(st.floats(1.01, 1e6))
def test_the_usual_sizes_begin_with_1_ascend_and_end_with_the_whole(whole):
    sizes = usual_sizes(whole)
    assert (sizes[0], sizes[-1]) == (1, whole)
    assert all(before < after for before, after in pairwise(sizes))
    assert set(sizes[1:-1]) <= {float(f"{digit}e{power}") for digit in (1, 3) for power in range(7)}
    assert all(size * NEARLY <= whole for size in sizes[1:-1])


def test_known_sizes():
    assert usual_sizes(3.62) == [1, 3, 3.62]
    assert usual_sizes(43) == [1, 3, 10, 30, 43]
    assert usual_sizes(31) == [1, 3, 10, 31]
    assert parse_sizes("1, 2.5,10") == [1, 2.5, 10]


@pytest.mark.parametrize("text", ["", "a", "1,,2", "3,1", "1,1", "0.5,1", "-1", "1,nan", "1,inf", "1,1.001"])
def test_sizes_that_are_none_are_refused(text):
    with pytest.raises(BenchError, match="no ascending list of numbers from 1 on"):
        parse_sizes(text)


# --- the command ---


@pytest.fixture
def call(capsys, monkeypatch, tmp_path):
    """`bench grow` in a folder with needles and 40 straws: code, what it prints, its errors."""
    write_needles(tmp_path)
    write_hay(tmp_path, 40)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")

    def called(*arguments, command="grow"):
        with pytest.raises(SystemExit) as ended:
            main([command, *arguments])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, " ".join(printed.err.split())

    return called


@pytest.mark.slow
def test_the_command_from_end_to_end(call):
    arguments = ("needles", "--distractors", "hay", "-r", SECOND, "-r", DISTRACTED, "--name", "g")
    code, out, _ = call(*arguments, "--samples", "20", "--seconds", "5")
    assert code == 0
    assert "By nDCG@10 the order changes" in out
    assert "Files: results/g (report.html, growth.csv, growth_pairs.csv, charts/: growth.png, growth.svg)" in out
    stored = load_run("results/g")
    assert [row["times"] for row in stored.rows("growth")][::4] == [1, 3]
    code, out, _ = call("results/g", command="report")
    assert (code, "needles: quality and cost by size" in out) == (0, True)
    code, out, _ = call("results/g", "--verbose", command="report")
    assert (code, "needles: differences by size" in out) == (0, True)
    assert stored.info["commands"]["run"].startswith("python -m bench grow needles --distractors=hay")
    code, *_ = call(*arguments, "--resume", "--no-latency")
    assert code == 2, "other settings"


@pytest.mark.slow
def test_bm25_and_tfidf_are_compared_where_none_is_named(call):
    code, *_ = call("needles", "--distractors", "hay", "--no-latency", "--name", "g", "--sizes", "2")
    assert code == 0
    assert load_run("results/g").retrievers == ["bm25", "tfidf"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--distractors", "needles"), "needles has no document whose text needles does not have."),
        (("--distractors", "self"), "needles has no document that nobody judged."),
        (("--distractors", "hay", "--sizes", "3,2"), "Sizes '3,2' are no ascending list of numbers from 1 on."),
        (("--distractors", "hay", "--sizes", "0.5"), "Sizes '0.5' are no ascending list"),
        (
            ("--distractors", "hay", "--sizes", "1,4"),
            "x4 is 80 documents, and there are 60: 20 at x1 and 40 distractors of hay. Give sizes up to 3, or a larger",
        ),
        (("--distractors", "hay", "--sizes", "1,1.01"), "x1 and x1.01 are 20 documents both."),
        (("--distractors", "nowhere"), "nowhere"),
        (("--distractors", "hay", "--resume"), "Give its --name."),
    ],
)
def test_what_cannot_be_done_is_one_error(call, arguments, message):
    code, _, err = call("needles", "--no-latency", *arguments)
    assert (code, message in err) == (2, True), err


def test_a_corpus_that_is_far_too_small_is_refused(call, tmp_path):
    straws = [{"_id": f"s{number}", "title": "", "text": f"straw {number}"} for number in range(250)]
    with (tmp_path / "needles" / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(row) + "\n" for row in straws))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "corpus.jsonl").write_text('{"_id": "a", "text": "another"}\n', "utf-8")
    code, _, err = call("needles", "--distractors", "one")
    assert (code, "one has 1 distractor: too few for 270 documents to grow." in err) == (2, True)


def test_it_goes_on_only_with_what_it_was_begun_with(call, tmp_path):
    arguments = ("needles", "--distractors", "hay", "-r", SECOND, "--no-latency", "--name", "g")
    assert call(*arguments, "--sizes", "1,2")[0] == 0
    code, _, err = call(*arguments, "--sizes", "1,3", "--resume")
    assert (code, "sizes: 1.0, 2.0 is now 1.0, 3.0" in err) == (2, True)
    (tmp_path / "hay").rename(tmp_path / "straw")
    code, _, err = call("needles", "--distractors", "straw", *arguments[3:], "--sizes", "1,2", "--resume")
    assert (code, "distractors: hay is now straw" in err) == (2, True)
    code, _, err = call("--resume", "--name", "g", command="run")
    assert (code, "cannot be continued" in err) == (2, True)


# --- kills ---


def start(folder, results, cache, *flags):
    command = [sys.executable, "-m", "bench", "grow", str(folder / "needles"), "--distractors", str(folder / "hay")]
    command += ["-rbm25", "-rfakes:HashedDense", "--no-latency", "--results", str(results), "--name", "g", *flags]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={
            **os.environ,
            "BENCH_CACHE": str(cache),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests/support")]),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_to_the_same_bytes(tmp_path):
    write_needles(tmp_path)
    write_hay(tmp_path, 60)
    names = ("growth.csv", "growth_pairs.csv", "measures.csv", "per_query.parquet")
    began = time.monotonic()
    whole = start(tmp_path, tmp_path / "whole", tmp_path / "whole.sqlite")
    assert whole.wait() == 0, whole.stderr.read()
    longest = time.monotonic() - began
    expected = {name: (tmp_path / "whole" / "g" / name).read_bytes() for name in names}
    rng = random.Random(3)
    for trial in range(3):
        results, cache = tmp_path / f"killed{trial}", tmp_path / f"killed{trial}.sqlite"
        killed = start(tmp_path, results, cache)
        with pytest.raises(subprocess.TimeoutExpired):
            killed.wait(longest * rng.uniform(0.3, 0.8))
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        resumed = start(tmp_path, results, cache, "--resume")
        assert resumed.wait() == 0, resumed.stderr.read()
        assert {name: (results / "g" / name).read_bytes() for name in names} == expected
