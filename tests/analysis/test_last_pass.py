"""The last pass of a run: comparisons, why, and the verdict, from what was stored."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, fields

import numpy as np
import pytest
from fakes import Fixed
from whole_report import whole_report

import bench
from bench.analysis import controls, last_pass
from bench.analysis.verdict.result import Verdict
from bench.errors import BenchError
from bench.evaluation.pairs import COLUMNS
from bench.report.run import forms, markdown, terminal
from bench.report.run.quality import quality
from bench.storage.run import load_run
from bench.storage.schema import COMPARISONS, VERDICTS
from retrievers import Ranking
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.tfidf import Tfidf
from retrievers.pipelines.hybrid import Hybrid

pytestmark = pytest.mark.slow

# Enough queries for the test to say something: document n answers query n, by its own word.
CORPUS = [{"_id": f"d{n:02}", "text": f"word{n} about many things"} for n in range(30)]
QUERIES = [{"_id": f"q{n:02}", "text": f"where is word{n}", "metadata": {"question": f"g{n // 2}"}} for n in range(30)]
QRELS = [(f"q{n:02}", f"d{n:02}", 1) for n in range(30)]


class Dense(Fixed):
    """Says of itself that it is dense."""

    kind = "dense"


@pytest.fixture
def run_thirty(write_set, tmp_path):
    def run(retrievers=None, card="", **settings):
        folder = tmp_path / "thirty"
        if not folder.exists():
            write_set("thirty", CORPUS, QUERIES, QRELS, card)
        settings = {"results": str(tmp_path / "out"), "name": "run", "latency": False, **settings}
        return bench.run(folder, retrievers or ["bm25", Dense()], **settings)

    return run


def test_the_columns_are_those_of_a_comparison_and_of_a_verdict():
    assert COMPARISONS == COLUMNS
    assert tuple(each.name for each in fields(Verdict)) == VERDICTS


def test_a_better_retriever_is_named_with_its_figures(run_thirty):
    found = run_thirty()
    verdict = found.analysis["sets"]["thirty"]["verdict"]
    assert (verdict["choice"], verdict["retriever"]) == ("lexical", "bm25")
    assert found.analysis["overall"]["choice"] == "bm25"
    assert any("nDCG@10" in each for each in verdict["sentences"])
    frame = found.comparisons.set_index("measure")
    assert set(frame["a"]) == {"bm25"}
    assert frame.loc["nDCG@10", "wins"] == 29  # Fixed puts the highest id first, which answers one query
    assert frame.loc["nDCG@10", "ties"] == 1
    assert (frame["p_holm"] >= frame["p"]).all()


def test_the_verdicts_are_a_frame_in_python(run_thirty):
    found = run_thirty()
    (row,) = found.verdicts.to_dict("records")
    stored = found.analysis["sets"]["thirty"]["verdict"]
    assert (row["dataset"], row["choice"], row["retriever"]) == ("thirty", "lexical", "bm25")
    assert row["sentences"] == " ".join(stored["sentences"])
    assert set(row) == set(stored)


def test_without_a_verdict_the_frame_is_empty(write_set, tmp_path):
    found = bench.run(write_set(qrels=[("q1", "d1", 0)]), [Fixed()], results=str(tmp_path / "out"), latency=False)
    assert len(found.verdicts) == 0
    assert list(found.verdicts.columns) == list(VERDICTS)


def test_what_luck_does_as_well_is_called_out(run_thirty):
    assert run_thirty().analysis["sets"]["thirty"]["no_better_than_random"] == ["Dense"]


def test_so_few_queries_that_none_could_be_shown_better_than_luck_are_called_too_few(write_set, tmp_path):
    """Of five queries, each found among four of five documents by luck in .8, all are found in .8^5 = .33."""
    settings = {"results": str(tmp_path / "out"), "latency": False, "measures": ["R@4", "R@10", "Success@5"]}
    folder = write_set("few", CORPUS[:5], QUERIES[:5], QRELS[:5])
    found = bench.run(folder, ["bm25"], **settings)
    notes = quality(found, found.datasets[0]).notes
    assert "Too few queries to show anything better than a random order of the documents: bm25." in notes
    assert "R@10, Success@5: the set has 5 documents, so that this is 1 for whoever returns all of them." in notes
    assert found.measures.set_index(["slice", "measure"]).loc[("all", "R@4"), "value"] == 1


def test_wordings_of_one_question_count_once(run_thirty):
    frame = run_thirty(card='group = "question"\n').comparisons
    assert set(frame["queries"]) == {30}
    assert set(frame["groups"]) == {15}


def test_who_is_level_with_the_best_is_said(run_thirty):
    found = run_thirty(["bm25", "tfidf", Dense()])
    level = found.analysis["sets"]["thirty"]["level"]["nDCG@10"]
    assert level == {"best": "bm25", "undecided": ["tfidf"]}


def test_controls_bracket_and_are_in_no_comparison(run_thirty):
    found = run_thirty(controls=True)
    values = found.measures[(found.measures["measure"] == "nDCG@10") & (found.measures["slice"] == "all")]
    values = values.set_index("retriever")["value"]
    assert values[controls.ORACLE] == 1
    assert values[controls.RANDOM] < values["bm25"]
    assert set(found.comparisons["a"]) | set(found.comparisons["b"]) == {"bm25", "Dense"}


def test_a_limit_decides_where_the_winner_is_too_large(run_thirty):
    found = run_thirty(["bm25", "fakes:DenseFixed"], max_memory_mb=0.001)
    assert "allowed" in " ".join(found.analysis["sets"]["thirty"]["verdict"]["sentences"])


def test_traps_of_a_file_are_counted(run_thirty, tmp_path):
    path = tmp_path / "traps.tsv"
    path.write_text("query-id\tcorpus-id\nq01\td02\nq02\td03\n")
    traps = run_thirty(traps=str(path)).analysis["sets"]["thirty"]["traps"]["file"]
    assert (traps["bm25"]["pairs"], traps["bm25"]["right"]) == (2, 2)
    assert (traps["Dense"]["pairs"], traps["Dense"]["wrong"]) == (2, 2)  # the higher id stands first


def test_the_same_run_concludes_the_same(run_thirty, tmp_path):
    first = run_thirty()
    again = bench.run(
        tmp_path / "thirty", ["bm25", Dense()], results=str(tmp_path / "out"), name="again", latency=False
    )
    one, other = ((each.folder / "comparisons.csv").read_bytes() for each in (first, again))
    assert one == other
    one, other = (json.loads((each.folder / "analysis.json").read_bytes()) for each in (first, again))
    for each in (one, other):
        del each["sets"]["thirty"]["pareto"]  # goes by times and memory
    assert one == other


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"margin": ["nDCG@10"]}, "not of the form measure=gain"),
        ({"margin": ["nDCG@10=-1"]}, "not of the form measure=gain"),
        ({"margin": ["nDCG@11=0.1"]}, "Did you mean 'nDCG@10'"),
        ({"max_p95_ms": 0.0}, "max_p95_ms is 0"),
        ({"traps": "nowhere.tsv"}, "There is no nowhere.tsv"),
    ],
)
def test_bad_settings_are_one_error_before_anything_runs(run_thirty, tmp_path, settings, message):
    with pytest.raises(BenchError) as caught:
        run_thirty(**settings)
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_set_on_which_all_failed_has_no_verdict(write_set, tmp_path):
    found = bench.run(write_set(), ["fakes:Broken"], results=str(tmp_path / "out"), latency=False)
    assert found.analysis == {"sets": {}, "overall": None}


def test_which_of_two_is_better_is_stored(run_thirty):
    found = run_thirty().analysis["sets"]["thirty"]
    assert found["better"]["nDCG@10"] == [["bm25", "Dense"]]


def test_who_is_not_beaten_on_quality_and_costs_is_stored(run_thirty):
    found = run_thirty(["bm25", "fakes:Fixed", "fakes:DenseFixed"]).analysis["sets"]["thirty"]["pareto"]
    assert found["axes"] == ["nDCG@10", "peak_memory", "index"]  # nothing was timed
    assert "bm25" in found["retrievers"]


class Slow(Dense):
    """Takes 10 ms a query, so that few samples fit into the time."""

    def search(self, queries, k):
        time.sleep(0.01 * len(queries))
        return super().search(queries, k)


def test_a_limit_holds_where_too_few_queries_were_timed_for_it(run_thirty):
    found = run_thirty(["bm25", Slow()], latency=True, seconds=0.2, max_p95_ms=2)
    timed = found.latency[found.latency["retriever"] == "Slow"].set_index("quantity")["value"]
    assert timed["p50"] > 10
    assert np.isnan(timed["p95"])
    verdict = found.analysis["sets"]["thirty"]["verdict"]
    assert (verdict["basis"], verdict["retriever"]) == ("cost", "bm25")
    assert "Slow has a p95 of at least" in verdict["sentences"][0]


# Each section of the last pass: where its function is looked up, its name there, and what must be missing.
SECTIONS = {
    "crossover": ("bench.analysis.why", "crossover"),
    "pairs": ("bench.analysis.why", "complementarity"),
    "failures": ("bench.analysis.why", "worst_losses"),
    "ties": ("bench.analysis.why", "ties"),
    "unjudged": ("bench.analysis.why", "unjudged"),
    "windows": ("bench.analysis.why", "windows"),
    "unknown_words": ("bench.analysis.why", "unknown_words"),
    "copies": ("bench.analysis.why", "copies"),
    "traps": ("bench.analysis.why", "trapped"),
    "pareto": ("bench.analysis.last_pass", "_pareto"),
    "no_better_than_random": ("bench.analysis.last_pass", "_luck"),
    "verdict": ("bench.analysis.last_pass", "decide"),
}


def shown_forms(found):
    """The report of a run, whose every form is made."""
    forms.write(found)
    list(terminal.render(found))
    return (found.folder / "report.md").read_text("utf-8")


# Of the run of which nothing failed, made once: its analysis and measures.csv.
WHOLE = {}


@pytest.mark.parametrize("section", SECTIONS)
def test_an_audit_that_fails_costs_its_section_and_not_the_run(run_thirty, tmp_path, monkeypatch, section):
    module, function = SECTIONS[section]

    def fails(*_, **__):
        raise ZeroDivisionError("what nobody thought of")

    if not WHOLE:
        run = run_thirty(name="whole")
        WHOLE["run"] = run.analysis["sets"]["thirty"], (run.folder / "measures.csv").read_bytes()
    whole, measures = WHOLE["run"]
    monkeypatch.setattr(f"{module}.{function}", fails)
    found = run_thirty(name="failing")
    assert load_run(found.folder).complete
    analysis = found.analysis["sets"]["thirty"]
    assert analysis[section] is None
    assert whole[section] is not None
    untouched = set(whole) - {section, "pareto", *({"verdict"} if section == "pairs" else ())}
    assert {name: analysis[name] for name in untouched} == {name: whole[name] for name in untouched}
    (warning,) = found.warnings
    assert "thirty: not there, since it failed (ZeroDivisionError: what nobody thought of)" in warning
    assert "Traceback" in (found.folder / "log.txt").read_text()
    assert (found.folder / "measures.csv").read_bytes() == measures
    if section == "crossover":  # the one that is drawn
        shown_forms(found)
    list(terminal.render(found))
    assert "what nobody thought of" in markdown.render(found)


@pytest.mark.parametrize("function", ["wordings.figures", "no_answer.figures"])
def test_a_table_that_fails_costs_itself_and_not_the_run(write_set, tmp_path, monkeypatch, function):
    def fails(*_, **__):
        raise ZeroDivisionError("what nobody thought of")
        yield  # some are generators, which fail when they are read

    module, name = function.split(".")
    monkeypatch.setattr(f"bench.analysis.{module}.{name}", fails)
    folder = write_set("thirty", CORPUS, QUERIES, [*QRELS[:-1], ("q29", "d29", 0)], card='group = "question"\n')
    found = bench.run(folder, ["bm25", "tfidf"], results=str(tmp_path / "out"), latency=False)
    assert load_run(found.folder).complete
    assert len(found.measures) > 0
    assert any("what nobody thought of" in each for each in found.warnings)
    assert "what nobody thought of" in shown_forms(found)


@dataclass
class Half(Fixed):
    """Answers every second query, from `first` on, and puts the right documents of the others nowhere."""

    first: int = 0

    def index(self, documents):
        self._place = {text.split()[0]: place for place, text in enumerate(documents)}

    def search(self, queries, k):
        ranking = Ranking.empty(len(queries), k)
        for row, query in enumerate(queries):
            word = query.split()[-1]
            if int(word.removeprefix("word")) % 2 == self.first:
                ranking.put(row, np.array([self._place[word]]), np.array([1.0], dtype=np.float32))
        return ranking


class Even(Half):
    """Lexical by its word."""

    kind = "lexical"


class Odd(Half):
    """Dense by its word."""

    kind = "dense"


def test_the_verdict_does_not_depend_on_the_order_in_which_retrievers_are_named(write_set, tmp_path):
    """Both have the same mean, and each what the other lacks: a hybrid is worth trying, whoever comes first."""
    folder = write_set("thirty", CORPUS, QUERIES, QRELS)
    said = []
    for name, retrievers in (("one", [Even(), Odd(first=1)]), ("other", [Odd(first=1), Even()])):
        found = bench.run(folder, retrievers, results=str(tmp_path / "out"), name=name, latency=False)
        analysis = found.analysis["sets"]["thirty"]
        said.append((analysis["verdict"], analysis["level"], analysis["pairs"][0]["better"]))
    assert said[0] == said[1]
    assert said[0][0]["choice"] == "hybrid worth trying"


def test_the_cards_own_measure_may_have_a_margin(run_thirty):
    found = run_thirty(card='measure = "Success@3"\n', margin=["Success@3=0.05"])
    assert found.analysis["sets"]["thirty"]["verdict"]["margin"] == 0.05


def test_a_margin_by_which_no_set_is_judged_is_said_to_have_no_effect(run_thirty):
    found = run_thirty(measures=["nDCG@10", "R@10"], margin=["R@10=0.05"])
    assert "The margin of R@10 is not used: sets are judged by nDCG@10." in " ".join(found.warnings)
    assert run_thirty(measures=["R@10"], margin=["R@10=0.05"], name="alone").warnings == []


def test_costs_that_the_cache_shortened_have_no_part_in_the_verdict(run_thirty, tmp_path, monkeypatch):
    """The second run takes its vectors from the cache: what it held and took says nothing of the retriever."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    limits = {"max_memory_mb": 1.0}
    retrievers = ["tfidf", "fakes:HashedDense"]  # an index of bm25 would be opened too
    first = run_thirty(retrievers, name="first", **limits).analysis["sets"]["thirty"]
    again = run_thirty(retrievers, name="again", **limits)
    second = again.analysis["sets"]["thirty"]
    costs = again.latency[again.latency["retriever"] == "fakes:HashedDense"].set_index("quantity")["value"]
    assert costs["vectors_from_cache"] == 1
    assert costs["peak_memory"] > 1
    assert "fakes:HashedDense has a memory of" in " ".join(first["verdict"]["sentences"])
    said = " ".join(second["verdict"]["sentences"])
    assert "fakes:HashedDense has a memory of" not in said
    assert "Not every cost of fakes:HashedDense could be measured" in said
    assert second["pareto"]["retrievers"] == ["tfidf"]  # of what is known, nothing speaks for the other


@pytest.mark.parametrize("function", ["compare_pairs", "analyse"])
def test_neither_comparisons_nor_the_whole_analysis_can_take_a_run_with_them(run_thirty, monkeypatch, function):
    def fails(*_, **__):
        raise ZeroDivisionError("what nobody thought of")

    monkeypatch.setattr(f"bench.analysis.last_pass.{function}", fails)
    found = run_thirty()
    assert load_run(found.folder).complete
    assert len(found.measures) > 0
    assert "what nobody thought of" in shown_forms(found)


def test_a_retriever_encodes_with_the_model_that_its_parameters_say():
    said = {"model": "path", "revision": "r", "max_length": 64}
    assert last_pass._model({"kind": "dense", "parameters": said}) == ("path", "r", 64)
    assert last_pass._model({"kind": "lexical", "parameters": said}) is None
    assert last_pass._model({"kind": "dense", "parameters": {"model": 3}}) is None


def test_of_equals_of_one_kind_the_verdict_and_the_fusion_take_the_same(write_set, tmp_path):
    """Two lexical ones of one mean: which of them is fused does not depend on who is named first."""

    class Also(Even):
        """The same again, under another name."""

    folder = write_set("thirty", CORPUS, QUERIES, QRELS)
    said = []
    for number, retrievers in enumerate(([Odd(first=1), Even(), Also()], [Also(), Even(), Odd(first=1)])):
        found = bench.run(folder, retrievers, results=str(tmp_path / "out"), name=f"run{number}", latency=False)
        said.append(found.analysis["sets"]["thirty"]["verdict"])
    ends = {end: pytest.approx(said[1][end], abs=1e-12) for end in ("low", "high")}
    assert said[0] == {**said[1], **ends}


def test_against_a_baseline_it_alone_is_compared_with_and_the_report_says_so(run_thirty):
    found = run_thirty(["base=bm25", "low=bm25:k1=0.5", Dense()], against="base", measures=["nDCG@10", "R@1"])
    assert found.info["config"]["against"] == "base"
    rows = found.comparisons
    assert set(zip(rows["a"], rows["b"], strict=True)) == {("low", "base"), ("Dense", "base")}
    entry = found.analysis["sets"]["thirty"]
    assert set(entry["verdict"]["pair"]) == {"base", "low"}
    assert entry["level"]["nDCG@10"] == {"best": "base", "undecided": ["low"]}
    report = whole_report(found)
    assert "Each against base alone (--against): Holm's correction is over these." in report
    assert "\n| base | low | " in report
    assert "\n| low | Dense |" not in report  # nor in who solves what
    assert "† not shown different from base, with which alone all are compared" in report
    assert (
        "Each was compared with base alone, not with one another; Holm's correction goes over 2 comparisons." in report
    )
    with pytest.raises(BenchError, match="against: base is now low"):
        run_thirty(["base=bm25", "low=bm25:k1=0.5", Dense()], against="low", measures=["nDCG@10", "R@1"], resume=True)


def test_the_baseline_may_be_an_unknown_label(run_thirty):
    with pytest.raises(BenchError) as caught:
        run_thirty(["tuned=bm25:k1=0.5", "bm25"], against="tunde")
    assert str(caught.value).startswith(
        "There is no retriever or run to compare against: 'tunde'. Did you mean 'tuned'?"
    )


def test_a_baseline_that_failed_leaves_nothing_to_compare(run_thirty):
    class Broken(Fixed):
        def index(self, documents):
            raise ValueError("no")

    found = run_thirty(["bm25", Broken()], against="Broken")
    assert len(found.comparisons) == 0
    assert "the baseline Broken has no figures" in found.analysis["sets"]["thirty"]["verdict"]["sentences"][0]


def test_letters_of_groups_not_shown_different_are_stored_and_shown(run_thirty):
    found = run_thirty(["bm25", "tfidf", Dense()])
    letters = found.analysis["sets"]["thirty"]["letters"]
    assert letters["nDCG@10"] == {"bm25": "a", "tfidf": "a", "Dense": "b"}
    assert set(letters) == set(found.info["measures"])
    table = quality(found, found.datasets[0])
    column = table.header.index("nDCG@10 [95%]")
    assert [row[column].split("]")[1] for row in table.rows] == [" a", " a†", " b"]
    assert "Letters: retrievers that share one are not shown different in nDCG@10 (all pairs)." in table.notes


@pytest.mark.parametrize(
    ("retrievers", "settings"),
    [
        (["bm25", Dense()], {}),
        (["bm25", "tfidf", "low=bm25:k1=0.5"], {}),
        (["bm25", "tfidf", Dense()], {"against": "bm25"}),
    ],
)
def test_no_letters_of_two_nor_of_all_alike_nor_against_a_baseline(run_thirty, retrievers, settings):
    found = run_thirty(retrievers, **settings)
    assert not any(note.startswith("Letters") for note in quality(found, found.datasets[0]).notes)


def test_a_hybrid_that_ran_is_chosen_by_its_figures_and_none_is_worth_trying(write_set, tmp_path):
    folder = write_set("thirty", CORPUS, QUERIES, QRELS)
    parts = Even(), Odd(first=1)
    found = bench.run(folder, [*parts, Hybrid(parts, fusion="rrf")], results=str(tmp_path / "out"), latency=False)
    verdict = found.analysis["sets"]["thirty"]["verdict"]
    assert (verdict["choice"], verdict["basis"], verdict["retriever"]) == ("hybrid", "better", "Hybrid")
    assert verdict["worse"] == ["Even", "Odd"]


def test_the_estimate_of_a_fusion_is_what_that_hybrid_gives(write_set, tmp_path):
    folder = write_set("thirty", CORPUS, QUERIES, QRELS)
    parts = BM25(), Tfidf(analyzer="char_wb", ngram_min=2, ngram_max=3)
    found = bench.run(folder, [*parts, Hybrid(parts)], results=str(tmp_path / "out"), latency=False)
    (pair,) = [
        pair
        for pair in found.analysis["sets"]["thirty"]["pairs"]
        if {pair["first"], pair["second"]} == {"BM25", "Tfidf"}
    ]
    main = found.analysis["sets"]["thirty"]["measure"]
    hybrid = next(row for row in found.rows("measures") if (row["retriever"], row["measure"]) == ("Hybrid", main))
    assert pair["fused"]["value"] == pytest.approx(hybrid["value"])


@pytest.mark.parametrize(
    ("kind", "parameters", "fuses"),
    [
        ("hybrid", {}, True),
        ("reranked", {"parts.0": "Hybrid", "parts.0.fusion": "rrf"}, True),
        ("reranked", {"parts.0": "Chunks", "parts.0.parts.0": "Hybrid"}, True),
        ("reranked", {"parts.0": "BM25", "by": "Hybrid"}, False),
        ("lexical", {"k1": 1.5}, False),
    ],
)
def test_what_fuses_is_a_hybrid_or_has_one_in_it(kind, parameters, fuses):
    assert last_pass._fuses({"kind": kind, "parameters": parameters}) is fuses
