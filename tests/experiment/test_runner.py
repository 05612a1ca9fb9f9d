"""The grid of cells, what it stores, and what happens when a retriever fails."""

from __future__ import annotations

import errno
import gzip
import json
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest
import pytrec_eval
from fakes import Broken, Fixed, HashedDense
from made import CORPUS

import bench
from bench.config import RunConfig
from bench.data.dataset import Card
from bench.data.formats import load_dataset, trec_runs
from bench.errors import BenchError
from bench.experiment import runner
from bench.experiment.workers import process
from bench.report.run import terminal
from bench.report.run.cost import cost
from bench.report.run.kinds import tables
from bench.report.run.names import display_name, title
from bench.report.run.quality import by_slice, quality, summary
from bench.storage import folder as folder_module
from bench.storage.folder import new_folder
from bench.storage.schema import MEASURES
from retrievers.lexical.bm25 import BM25

CARD = 'slices = ["kind"]\ndescription = "A small set"\n'


@pytest.fixture
def run_small(write_set, tmp_path):
    """Run on the small set in this process; keyword arguments go to bench.run."""

    def run(retrievers=None, datasets=None, **settings):
        given = datasets if datasets is not None else [load_dataset(write_set(card=CARD))]
        settings = {"results": str(tmp_path / "results"), "name": "run", "seconds": 0.05, **settings}
        return bench.run(given, retrievers or [Fixed()], **settings)

    return run


def test_figures_come_back_as_frames(run_small):
    found = run_small(["bm25", Fixed()], latency=False)
    assert found.complete
    assert found.failures == []
    assert list(found.measures.columns) == list(MEASURES)
    whole = found.measures[(found.measures["slice"] == "all") & (found.measures["measure"] == "RR@10")]
    # Fixed ranks d4 d3 d2 d10 d1: the first relevant ones stand at ranks 3, 2 and 4.
    assert whole.set_index("retriever")["value"].to_dict() == pytest.approx(
        {"bm25": 1, "Fixed": (1 / 3 + 1 / 2 + 1 / 4) / 3}
    )
    assert found.latency["quantity"].tolist().count("p50") == 0
    assert len(found.per_query) == 6
    assert found.queries["text"].tolist() == ["cat on a mat", "what does E-4012 mean", "film in the cinema"]


def test_slices_follow_the_card(run_small):
    found = run_small(latency=False)
    frame = found.measures[found.measures["measure"] == "R@10"]
    assert dict(zip(frame["slice"], frame["queries"], strict=True)) == {"all": 3, "kind=code": 1, "kind=words": 2}


def test_metadata_that_is_no_object_is_in_no_slice(run_small, write_set):
    queries = [
        {"_id": "q1", "text": "cat", "metadata": ["words"]},
        {"_id": "q2", "text": "E-4012", "metadata": {"kind": 7}},
    ]
    folder = write_set("odd", queries=queries, qrels=[("q1", "d1", 1), ("q2", "d3", 1)], card=CARD)
    found = run_small(["bm25"], [load_dataset(folder)], latency=False)
    assert set(found.measures["slice"]) == {"all", "kind=7"}


def test_times_are_taken_and_marked_where_samples_are_few(run_small):
    found = run_small(samples=70, seconds=30)
    quantities = found.latency.set_index("quantity")
    assert quantities.loc["p50", "samples"] == 70
    assert quantities.loc["p50", "value"] > 0
    assert math.isnan(quantities.loc["p50", "low"]), "three queries tell nothing of others"
    assert any("no interval: too few different queries" in note for note in cost(found, found.datasets[0]).notes)
    assert not math.isnan(quantities.loc["p90", "value"])
    assert math.isnan(quantities.loc["p95", "value"])
    assert quantities.loc["batch", "value"] > 0
    assert quantities.loc["index_size", "value"] == pytest.approx(40 / 2**20)
    assert {"load", "index", "first_query", "score_p50"} <= set(quantities.index)
    assert len(found.cell("small", "Fixed").samples) == 70


def test_the_time_budget_bounds_the_samples(run_small):
    found = run_small(samples=10**6, seconds=0.05)
    assert found.latency.set_index("quantity").loc["p50", "samples"] < 10**6


def test_a_stored_run_is_read_again(run_small):
    found = run_small(latency=False)
    again = bench.load_run(found.folder)
    assert again.measures.equals(found.measures)
    assert again.info["environment"]["threads"] >= 1
    assert again.info["datasets"][0]["fingerprint"] == load_dataset_fingerprint(again)


def load_dataset_fingerprint(run):
    return run.cell("small", "Fixed").info["fingerprint"]


def test_two_runs_store_the_same_quality_bytes(run_small, write_set):
    dataset = load_dataset(write_set("other", card=CARD))
    first = run_small(["bm25"], [dataset], name="one")
    second = run_small(["bm25"], [dataset], name="two")
    for name in ("measures.csv", "per_query.parquet", "queries.parquet", "recall.csv", "runs/other/bm25.run.gz"):
        assert (first.folder / name).read_bytes() == (second.folder / name).read_bytes(), name


def test_the_trec_run_scores_the_same_in_trec_eval(run_small, write_set):
    folder = write_set("exported")
    found = run_small(["bm25"], [load_dataset(folder)], latency=False)
    path = found.folder / "runs" / "exported" / "bm25.run.gz"
    plain = path.with_suffix("")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    qrels = {"q1": {"d1": 2, "d2": 1}, "q2": {"d3": 1, "d4": 0}, "q3": {"d10": 1}}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10"}).evaluate(trec_runs.read_run(plain))
    ours = found.per_query.set_index("query")["nDCG@10"].to_dict()
    assert ours == pytest.approx({query: each["ndcg_cut_10"] for query, each in theirs.items()})


def test_a_failing_retriever_is_one_row_and_the_rest_goes_on(run_small):
    found = run_small([Broken(), Fixed()])
    assert found.failures == [("small", "Broken", "ValueError: the index is broken")]
    assert set(found.measures["retriever"]) == {"Fixed"}
    assert "the index is broken" in (found.folder / "log.txt").read_text()
    assert found.cell("small", "Broken") is None


def test_a_failure_while_timing_keeps_the_quality(run_small):
    found = run_small([Broken(where="search", at=5), Fixed()])
    assert [(each[0], each[1]) for each in found.failures] == [("small", "Broken")]
    assert set(found.measures["retriever"]) == {"Broken", "Fixed"}
    assert "p50" not in set(found.latency[found.latency["retriever"] == "Broken"]["quantity"])


def test_unanswerable_queries_are_left_out_of_the_means(run_small, write_set):
    folder = write_set("partly", qrels=[("q1", "d1", 1), ("q2", "d3", 0)])
    found = run_small(["bm25"], [load_dataset(folder)], latency=False)
    assert found.measures[found.measures["measure"] == "R@1"]["value"].tolist() == [1.0]
    assert found.info["datasets"][0]["unanswerable"] == 1
    assert found.per_query["answerable"].tolist() == [True, False]


def test_the_own_document_is_dropped_where_the_card_says_so(run_small, write_set):
    corpus = [
        {"_id": "a", "text": "red apple"},
        {"_id": "b", "text": "red apple pie"},
        {"_id": "c", "text": "blue sky"},
    ]
    queries = [{"_id": "a", "text": "red apple"}]
    for drop, expected in ((False, ["a", "b"]), (True, ["b"])):
        folder = write_set(f"own-{drop}", corpus, queries, [("a", "b", 1)], f"drop_self = {str(drop).lower()}")
        found = run_small(["bm25"], [load_dataset(folder)], latency=False, name=f"drop-{drop}", depth=2)
        hits = found.cell(f"own-{drop}", "bm25").ranking.documents[0]
        names = load_dataset(folder).document_ids(hits[hits >= 0])
        assert names == expected


def test_dropping_keeps_the_depth():
    from bench.analysis.own_document import without_own
    from retrievers.base import Ranking

    class Set:
        left_out = np.array([1, -1])

    ranking = Ranking(np.array([[2, 1, 0], [2, 1, 0]]), np.array([[3, 2, 1], [3, 2, 1]], dtype=np.float32))
    kept = without_own(ranking, Set(), 2)
    assert kept.documents.tolist() == [[2, 0], [2, 1]]
    assert kept.scores.tolist() == [[3, 1], [3, 2]]


def test_the_depth_reaches_the_largest_cutoff(run_small):
    found = run_small(measures=["R@250", "nDCG@10"], latency=False)
    assert found.info["depth"] == 250


def test_a_sample_says_so(run_small):
    found = run_small(limit=2, latency=False)
    assert found.info["datasets"][0]["note"] == "a sample of 2 of 3 queries, seed 0"
    assert "a sample of 2 of 3 queries, seed 0" in quality(found, found.datasets[0]).title
    assert summary(found).rows[0][0] == "small (sample of 2)"
    assert "small (sample of 2)" in by_slice(found, found.datasets[0], "kind").title


def test_another_note_makes_no_sample(run_small):
    found = run_small(latency=False)
    dataset = {**found.datasets[0], "note": "judgements of the split 'dev'"}
    assert title(dataset) == "small: 5 documents, 3 queries (judgements of the split 'dev')"
    assert display_name(dataset) == "small"


def test_a_title_counts_what_is_left_out(write_set):
    alone = load_dataset(write_set("alone", corpus=[CORPUS[0]], qrels=[("q1", "d1", 1)])).describe()
    assert title(alone) == "alone: 1 document, 1 query (queries without a judgement, left out: 2 of 3)"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": 0}, "depth is 0"),
        ({"limit": 0}, "limit is 0"),
        ({"seconds": 0}, "seconds is 0"),
        ({"measures": []}, "measures is empty"),
        ({"measures": ["nDGC@10"]}, "no measure"),
        ({"name": "a/b"}, "cannot be a run's name"),
        ({"colour": "red"}, "no setting 'colour'"),
        ({"latency": "no"}, "latency must be true or false, not 'no'"),
        ({"limit": "3"}, "limit must be a whole number, not '3'"),
        ({"measures": [10]}, "measures must be a list of strings"),
        ({"measures": "nDGC@10"}, "no measure 'nDGC@10'"),
        ({"retrievers": "bm52"}, "no retriever 'bm52'"),
        ({"retrievers": [Fixed]}, "Fixed is a class, not a retriever. Hand over an object: Fixed()."),
        ({"retrievers": 3}, "3 is no retriever"),
        ({"retrievers": ["bm52"]}, "no retriever 'bm52'"),
        ({"retrievers": ["bm25", "bm25"]}, "names 'bm25' twice"),
        ({"retrievers": []}, "no retriever"),
        ({"retrievers": [object()]}, "is no retriever"),
        ({"datasets": ["no-such-set"]}, "no dataset, folder or file"),
    ],
)
def test_bad_input_is_one_error_and_nothing_is_written(tmp_path, settings, message, write_set):
    arguments = {"datasets": [str(write_set())], "retrievers": ["bm25"], "results": str(tmp_path / "out"), **settings}
    with pytest.raises(BenchError) as caught:
        bench.run(**arguments)
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_one_thing_needs_no_list(write_set, tmp_path):
    results = tmp_path / "out"
    found = bench.run(
        write_set(), Fixed(), measures="R@5", latency=False, limit=np.int64(2), results=results, name="one"
    )
    assert (found.retrievers, found.info["measures"], found.info["config"]["limit"]) == (["Fixed"], ["R@5"], 2)
    assert found.folder == results / "one"


def test_a_mapping_names_its_retrievers(write_set, tmp_path):
    retrievers = {"mine": Fixed(), "other": "bm25:k1=0.9"}
    run = bench.run(write_set(tmp_path / "small"), retrievers, results=tmp_path / "results", latency=False)
    assert run.retrievers == ["other", "mine"]


def test_runs_without_a_name_do_not_meet_within_one_second(write_set, tmp_path, monkeypatch):
    monkeypatch.setattr(folder_module, "datetime", SimpleNamespace(now=lambda: datetime(2030, 1, 2, 3, 4, 5)))
    dataset = load_dataset(write_set())
    folders = [bench.run(dataset, Fixed(), latency=False, results=str(tmp_path / "out")).folder for _ in range(3)]
    assert [each.name for each in folders] == ["20300102-030405", "20300102-030405-2", "20300102-030405-3"]


def test_runs_that_begin_at_once_have_folders_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_folder(tmp_path / "out"), range(40)))
    assert len(set(made)) == 40
    assert all(each.is_dir() for each in made)


def test_what_a_listener_raises_is_not_called_a_full_disk(write_set, tmp_path):
    def gone(event):
        raise ConnectionResetError("the notebook is gone")

    config = RunConfig((str(write_set()),), ("bm25",), results=str(tmp_path / "out"), latency=False)
    with pytest.raises(ConnectionResetError, match="the notebook is gone"):
        runner.run(config, listener=gone)


def test_a_process_that_cannot_be_started_is_a_failed_row(write_set, tmp_path, monkeypatch):
    started = process.ProcessWorker

    def refused(specification, *others):
        if specification == "tfidf":
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return started(specification, *others)

    monkeypatch.setattr(process, "ProcessWorker", refused)
    found = bench.run(write_set(), ["tfidf", "bm25"], results=str(tmp_path / "out"), latency=False)
    assert found.failures == [("small", "tfidf", "its process cannot be started: Resource temporarily unavailable.")]


def test_a_taken_name_is_refused(run_small):
    found = run_small(latency=False)
    with pytest.raises(BenchError, match="exists already"):
        bench.run([], [Fixed()], results=str(found.folder.parent), name="run", latency=False)


def test_a_results_folder_that_is_a_file_is_one_error(write_set, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="file cannot be made"):
        bench.run(write_set(), [Fixed()], results=str(tmp_path / "file"))


def test_two_sets_of_one_name_are_refused(write_set, tmp_path):
    folders = [str(write_set("one/small")), str(write_set("two/small"))]
    with pytest.raises(BenchError, match="Two datasets are called 'small'"):
        runner.run(RunConfig(tuple(folders), ("bm25",), results=str(tmp_path / "out")))
    assert not (tmp_path / "out").exists()


def test_a_measure_by_two_names_is_one_column_and_compat_is_ranked_to_its_depth(run_small):
    found = run_small(measures=("NDCG@10", "Compat", "nDCG@10"), margin=("NDCG@10=0.02",), latency=False)
    assert found.info["measures"] == ["nDCG@10", "Compat"]
    assert (found.info["depth"], found.info["uncut"]) == (1000, [])
    assert {row["measure"] for row in found.rows("measures")} == {"nDCG@10", "Compat"}
    verdicts = found.verdicts
    assert (set(verdicts["measure"]), set(verdicts["margin"])) == ({"nDCG@10"}, {0.02})


def test_grades_too_high_for_a_measure_are_refused_before_anything_is_written(run_small, write_set, tmp_path):
    dataset = load_dataset(write_set(qrels=[("q1", "d1", 5), ("q2", "d3", 1), ("q3", "d10", 1)]))
    with pytest.raises(BenchError, match="'ERR@10' cannot be computed on small"):
        run_small(datasets=[dataset], measures=("R@1", "ERR@10"), latency=False)
    assert not (tmp_path / "results").exists()


def test_odd_names_become_safe_file_names(run_small, write_set):
    dataset = load_dataset(write_set("odd"))
    from dataclasses import replace

    odd = replace(dataset, name="../évil $name", card=Card())
    found = run_small(["bm25:k1=0.9,b=0.4"], [odd], latency=False)
    assert found.cell("../évil $name", "bm25:k1=0.9,b=0.4") is not None
    inside = {path.resolve() for path in found.folder.parent.rglob("*")}
    assert all(found.folder.resolve() in [path, *path.parents] for path in inside)


def test_retrievers_run_in_processes_of_their_own(write_set, tmp_path):
    found = bench.run(write_set(), ["tfidf", "bm25"], results=str(tmp_path / "out"), seconds=0.1, samples=20)
    assert found.failures == []
    assert set(found.latency[found.latency["quantity"] == "peak_memory"]["retriever"]) == {"tfidf", "bm25"}
    cell = json.loads((found.cell("small", "bm25").folder / "cell.json").read_text())
    assert set(cell["checksums"]) == {"map.npy", "per_query.parquet", "ranking.npz", "samples.npy"}


@pytest.mark.parametrize(
    ("content", "message"), [("", "cannot be read"), ("[]", "names no schema"), ('{"schema": 0}', "has schema 0")]
)
def test_a_run_that_is_none_or_older_says_so(tmp_path, content, message):
    with pytest.raises(BenchError, match="not a stored run"):
        bench.load_run(tmp_path)
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(BenchError, match=message):
        bench.load_run(tmp_path)


def test_by_slices_in_place_of_the_card(run_small, write_set):
    queries = [
        {"_id": f"q{n}", "text": "cat", "metadata": {"kind": "x", "length": n % 2, "tags": ["a"]}} for n in (1, 2, 3)
    ]
    datasets = [load_dataset(write_set(card=CARD, queries=queries)), load_dataset(write_set("plain"))]
    found = run_small(datasets=datasets, latency=False, by=("length",))
    assert set(found.measures[found.measures["dataset"] == "small"]["slice"]) == {"all", "length=0", "length=1"}
    assert set(found.measures[found.measures["dataset"] == "plain"]["slice"]) == {"all"}


def test_a_field_that_no_query_has_is_refused(run_small, tmp_path):
    with pytest.raises(BenchError, match=r"There is no metadata field 'kidn'.*Did you mean 'kind'"):
        run_small(latency=False, by=("kidn",))
    assert not (tmp_path / "results").exists()


def test_a_field_of_a_set_without_any_says_so(run_small, write_set):
    bare = load_dataset(write_set("bare", queries=[{"_id": f"q{n}", "text": "cat"} for n in (1, 2, 3)]))
    with pytest.raises(BenchError, match=r"no metadata field 'lang'. The queries of bare have no metadata"):
        run_small(datasets=[bare], latency=False, by=("lang",))


def test_what_is_odd_about_the_texts_is_a_warning(run_small, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("query,relevant\nhow long does it take,shipping.txt\ncan I send it back,returns.txt\n")
    found = run_small(["tfidf"], datasets=[load_dataset(path)], latency=False)
    assert found.warnings == [
        "labels: 2 of 2 relevant documents are no text but look like file names or ids, as 'returns.txt': give the "
        "documents themselves, and name them in the labels (docs/bring-your-data.md: a folder of text files, or BEIR's "
        "layout)."
    ]


def test_a_field_of_the_card_that_no_query_has_is_a_warning_and_no_table(run_small, write_set):
    found = run_small(datasets=[load_dataset(write_set(card='slices = ["Kind", "kind"]\n'))], latency=False)
    assert found.warnings == ["small: its card names the field 'Kind', which no query has."]
    assert "small: nDCG@10 [95%] by kind" in [table.title for table in tables(found, found.datasets[0])]
    assert list(terminal.render(found))


def test_the_measure_of_the_card_is_computed_unless_measures_are_chosen(run_small, write_set):
    dataset = load_dataset(write_set(card='measure = "Success@200"\n'))
    found = run_small(datasets=[dataset], latency=False)
    assert "Success@200 [95%]" in quality(found, found.datasets[0]).header
    assert found.info["depth"] == 200
    chosen = run_small(datasets=[dataset], latency=False, name="chosen", measures=["R@5"])
    assert chosen.info["measures"] == ["R@5"]


def test_repeated_builds_show_their_spread(run_small, tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    found = run_small([HashedDense()], latency=False, repeat_index=3)
    row = found.latency.set_index("quantity").loc["index"]
    assert row["samples"] == 3
    assert row["low"] <= row["value"] <= row["high"]
    assert len(found.cell("small", "HashedDense").info["index_seconds"]) == 3
    assert any("median of 3 builds" in note for note in cost(found, found.datasets[0]).notes)
    assert "vectors_from_cache" not in set(found.latency["quantity"])  # each of them encoded its documents


def test_an_index_is_opened_only_where_no_times_are_wanted_and_what_that_shortens_is_marked(
    run_small, write_set, tmp_path, monkeypatch
):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    datasets = [load_dataset(write_set())]

    def opened(name, **settings):
        found = run_small([BM25()], datasets, name=name, **settings)
        (row, *_) = cost(found, found.datasets[0]).rows
        noted = any("was opened and not built" in note for note in cost(found, found.datasets[0]).notes)
        shortened = "index_from_cache" in set(found.latency["quantity"])
        assert noted == shortened == any(cell.endswith("*") for cell in row)
        return found, shortened

    first, shortened = opened("first", latency=False)
    assert not shortened, "it was built and saved"
    second, shortened = opened("second", latency=False)
    assert shortened
    assert first.cell("small", "BM25").ranking == second.cell("small", "BM25").ranking
    assert not opened("uncached", latency=False, cache=False)[1]
    assert not opened("timed")[1]
    assert not opened("repeated", latency=False, repeat_index=2)[1]
    (path,) = (tmp_path / "own.indexes").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    damaged, shortened = opened("damaged", latency=False)
    assert not shortened
    assert any("the saved index was damaged" in warning for warning in damaged.info["warnings"])
