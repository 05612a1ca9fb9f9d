"""A rehearsal is on another object; what index and search have to keep is looked at there and in their answers."""

from __future__ import annotations

import asyncio
import gc

import fakes
import numpy as np
import pytest
from fakes import Adds, Coroutines, Fixed, Foreign, Loops, Made, Uncopied

import bench
from bench.data.formats import load_dataset
from bench.experiment.workers.failure import describe_failure
from bench.experiment.workers.in_process import InProcess, twin
from bench.experiment.workers.worker import Worker
from retrievers import RetrieverError, create
from retrievers.base import Ranking, listening
from retrievers.contract import FIRST, STALE, checked, rehearse

pytestmark = pytest.mark.slow


@pytest.fixture
def run(write_set, tmp_path):
    def run(retrievers, datasets=None, **settings):
        settings = {"latency": False, "measures": ("R@10",), "results": str(tmp_path / "out"), **settings}
        return bench.run(datasets or load_dataset(write_set()), retrievers, **settings)

    return run


@pytest.mark.parametrize("name", ["tfidf", "bm25", "fakes:Fixed", "fakes:HashedDense", "fakes:Made"])
def test_who_replaces_what_was_indexed_keeps_the_contract(name):
    assert rehearse(create(name)) == ""


@pytest.mark.parametrize("retriever", ["fakes:Adds", Adds()], ids=["named", "object"])
def test_an_index_that_adds_is_one_failed_row_with_the_contract(run, retriever):
    found = run(["bm25", retriever])
    assert [reason for _, _, reason in found.failures] == [STALE]
    assert "each call has to replace the documents of the one before" in STALE
    assert set(found.measures["retriever"]) == {"bm25"}


def test_the_object_that_is_measured_is_indexed_once_a_set(run, write_set, tmp_path):
    sets = [load_dataset(write_set("one")), load_dataset(write_set("two"))]
    told = tmp_path / "told"
    assert run([fakes.Counts(told=str(told))], sets).failures == []
    calls = [line.split() for line in told.read_text().splitlines()]
    assert [size for _, size in calls] == [str(len(FIRST)), "1", "5", "5"]
    assert calls[0][0] != calls[2][0] == calls[3][0]


def test_a_named_retriever_is_rehearsed_on_another_object_and_each_set_has_its_own(run, write_set, tmp_path):
    told = tmp_path / "told"
    sets = [load_dataset(write_set("one")), load_dataset(write_set("two"))]
    assert run([f"fakes:Counts:told={told}"], sets).failures == []
    calls = [line.split() for line in told.read_text().splitlines()]
    assert [size for _, size in calls] == [str(len(FIRST)), "1", "5", "5"]
    assert calls[1][0] != calls[2][0]


def test_an_object_that_cannot_be_copied_runs_and_it_is_said(run):
    found = run([Uncopied()])
    assert (found.failures, len(found.warnings)) == ([], 1)
    assert "Uncopied: it cannot be copied, so that nobody knows" in found.warnings[0]


def test_a_twin_has_the_parameters_and_nothing_of_the_index():
    first = Adds(step=2.0)
    first.index(["a"])
    second = twin(first)
    assert (second.step, second._store) == (2.0, [])
    assert twin(fakes.Plain(offset=3)).offset == 3


def test_a_twin_has_parts_of_its_own():
    first = fakes.Fused((Adds(step=2.0), fakes.Fused()), k=7)
    first.parts[0].index(["a"])
    second = twin(first)
    assert second == first
    assert second.parts[0]._store == []
    assert second.parts[1].parts[0] is not first.parts[1].parts[0]


def test_vectors_made_for_one_set_alone_are_not_called_stale(run, write_set):
    corpus = [{"_id": f"d{number:02}", "text": f"word{number}"} for number in range(100)]
    dataset = load_dataset(write_set("hundred", corpus=corpus, qrels=[("q1", "d01", 1)]))
    assert run(["fakes:Made", Made()], [dataset]).failures == []


@pytest.mark.parametrize("which", ["both", "index", "search"])
def test_a_coroutine_is_one_failed_row_with_what_to_do(run, which):
    found = run([f"fakes:Coroutines:which={which}", Coroutines(which=which)])
    method = "search" if which == "search" else "index"
    reason = f"{method} gave a coroutine, which nobody runs. Write def {method}, not async def, and call "
    assert [each for _, _, each in found.failures] == [f"{reason}asyncio.run(…) in it."] * 2


def test_objects_with_a_loop_of_their_own_work_where_one_runs(run):
    async def cell():
        return run([Loops(), "fakes:Loops", Coroutines()], latency=True, samples=20, seconds=0.01)

    found = asyncio.run(cell())
    assert [retriever for _, retriever, _ in found.failures] == ["Coroutines"]
    assert set(found.measures["retriever"]) == {"Loops", "fakes:Loops"}


FOREIGN = {
    "tuple": "returned a tuple, not a Ranking. Give Ranking(positions, scores)",
    "distances": "negate distances",
    "ids": "A position is the place of a document in what index was given",
    "dictionaries": "returned a list, not a Ranking. Give",
    "narrow": "Begin with Ranking.empty(len(queries), k) and fill its rows by put",
    "one_row": "It is given a list of queries, and gives one row for each.",
    "ragged": "rows of unequal length. Begin with Ranking.empty",
    "nothing": "returned a NoneType, not a Ranking. Give",
    "surplus": "the best k at most",
    "partition": "It was asked for k=100 of 5 documents: give those that there are.",
    "crooked": "the index is crooked",
}


@pytest.mark.slow
def test_a_foreign_answer_is_read_or_one_failed_row_with_the_next_step(run):
    found = run([f"fakes:Foreign:how={how}" for how in (*FOREIGN, "padded", "lists")])
    reasons = {label.partition("=")[2]: reason for _, label, reason in found.failures}
    assert reasons.keys() == FOREIGN.keys()
    for how, expected in FOREIGN.items():
        assert expected in reasons[how]
    assert "k=100" not in reasons["crooked"]
    values = found.measures[found.measures["slice"] == "all"]["value"]
    assert values.tolist() == [1.0, 1.0]


def test_what_follows_a_hit_twice_or_nowhere_is_said():
    for hits, expected in (
        ([0, 0], "Keep the best hit of each"),
        ([0, 9], "Positions are 0 to 4"),
        ([-1, 0], "Put -1"),
    ):
        with pytest.raises(RetrieverError) as caught:
            checked(Ranking(np.array([hits]), np.ones((1, 2), np.float32)), 1, 2, 5)
        assert expected in caught.value.hint


PYDANTIC = """2 validation errors for Settings
size
  Input should be a valid integer [type=int_parsing, input_value='x', input_type=str]
    For further information visit https://errors.pydantic.dev/2.14/v/int_parsing"""
REMOTE = '\n"""\nTraceback (most recent call last):\n  File "x.py", line 1\nKeyError: 7\n"""'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PYDANTIC, "2 validation errors for Settings size Input should be a valid integer"),
        (
            "CUDA error: out of memory\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1",
            "CUDA error: out of memory",
        ),
        (REMOTE, "KeyError: 7"),
    ],
)
def test_the_line_says_what_failed(text, said):
    assert describe_failure(ValueError(text)).startswith(f"ValueError: {said}")
    assert "further information" not in describe_failure(ValueError(text))


def test_more_hits_than_a_row_holds_are_an_error_that_says_so():
    with pytest.raises(RetrieverError, match=r"7 positions and 7 scores for a row of 5"):
        Ranking.empty(1, 5).put(0, np.arange(7), np.ones(7))


def test_okapi_warns_where_its_idf_is_below_0(run, write_set):
    corpus = [{"_id": each, "text": text} for each, text in zip("abc", ("boat lake", "boat", "boat lake"), strict=True)]
    queries = [{"_id": "q", "text": "boat"}]
    dataset = load_dataset(write_set("few", corpus=corpus, queries=queries, qrels=[("q", "a", 1)]))
    found = run(["bm25", "bm25:variant=plus", "tfidf"], [dataset])
    (warning,) = (each for each in found.warnings if "idf" in each)
    assert warning.startswith("bm25 on few: the idf of 2 of 2 terms is below 0")
    again = run(["bm25"], [dataset], name="again")
    assert found.folder != again.folder
    assert bench.load_run(again.folder).warnings == again.warnings


def test_a_warning_reaches_who_listens_and_nobody_else():
    class Listener:
        def __init__(self):
            self.heard = []

        def warned(self, text, part):
            self.heard.append(text)

    from retrievers.base import warn

    listener = Listener()
    warn("to nobody")
    with listening(listener):
        warn("to somebody")
    assert listener.heard == ["to somebody"]


def test_an_in_process_run_leaves_the_collector_as_it_was(run):
    before = gc.get_freeze_count()
    run([Fixed()], latency=True, samples=12, seconds=0.01)
    assert gc.get_freeze_count() == before == 0


def test_a_worker_without_a_twin_rehearses_nothing():
    worker = InProcess(Worker(Foreign()))
    assert worker.load(cached=False).refused == ""
    worker.close()
