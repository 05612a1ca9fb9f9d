"""bench plan, as it is called."""

import numpy as np
import pytest

from bench.cli import main
from bench.storage.run import load_run


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as exit_:
        main(list(arguments))
    out = capsys.readouterr()
    return exit_.value.code, out.out, out.err


def test_without_a_pilot_it_is_from_the_shipped_sets(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(capsys, "plan", "--difference", ".03")
    assert code == 0
    assert "measured on the shipped sets" in out
    assert "Plan for" in out


def test_with_a_run_it_is_from_its_spread_and_its_pool(capsys, tmp_path, monkeypatch, write_set):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    words = [f"w{n}" for n in range(40)]
    corpus = [{"_id": f"d{n}", "title": "", "text": " ".join(rng.choice(words, 12))} for n in range(60)]
    queries = [{"_id": f"q{n}", "text": " ".join(rng.choice(words, 3))} for n in range(20)]
    qrels = [(f"q{n}", f"d{rng.integers(60)}", 1) for n in range(20)]
    folder = write_set("pilot-set", corpus, queries, qrels)
    asked = ("-r", "tfidf", "-r", "bm25", "--no-latency", "--map", "none", "--name", "pilot")
    assert call(capsys, "run", str(folder), *asked)[0] == 0
    by_folder = call(capsys, "plan", "results/pilot", "--difference", ".05")
    by_name = call(capsys, "plan", str(folder), "--difference", ".05")
    assert by_folder[0] == 0
    assert by_folder == by_name
    assert "measured in results/pilot" in by_folder[1]
    assert "to depth 10" in by_folder[1]
    assert load_run("results/pilot").complete


def test_a_set_that_was_never_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "plan", "my-set", "--difference", ".03")
    assert code == 2
    assert "There is no run of 'my-set'" in err


def test_a_difference_that_cannot_be(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "plan", "--difference", "3")
    assert code == 2
    assert "--difference is 3" in err
