"""The first half of docs/bring-your-data.md: its files, its commands, and what the text says of them."""

from __future__ import annotations

import re
import shlex

import pytest
from places import ROOT

import bench
from bench.cli import main
from bench.data.formats import load_dataset

WHOLE = (ROOT / "docs" / "bring-your-data.md").read_text("utf-8")
PAGE = WHOLE.partition("## Plain text")[0]  # the rest: test_forms.py
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))
RUNS = dict(re.findall(r"<!-- run: (\S+) -->\n```sh\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A folder with the files of the page, to work in."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_the_commands_work(written, capsys, name):
    commands = [shlex.split(line) for line in RUNS[name].splitlines()]
    assert commands
    for command in commands:
        assert command[:3] == ["python", "-m", "bench"]
        with pytest.raises(SystemExit) as caught:
            main(command[3:])
        captured = capsys.readouterr()
        assert caught.value.code == 0, captured.err
        assert captured.out


def test_each_block_is_marked():
    """A block without a mark would never be tried."""
    assert PAGE.count("```") == 2 * (len(FILES) + len(RUNS))


def test_characters_find_what_words_do_not_where_there_are_no_spaces(written):
    found = bench.run("shop.csv", ["bm25", "tfidf:analyzer=char_wb,ngram_max=2"], measures=["R@1"], latency=False)
    values = found.measures.set_index(["retriever", "slice"])["value"]
    assert values["bm25", "all"] == 0
    assert values["tfidf:analyzer=char_wb,ngram_max=2", "all"] == 1
    assert "script written without spaces" in found.warnings[0]


def test_the_text_says_what_happens(written):
    assert load_dataset("help").describe()["unanswerable"] == 1
    assert (len(load_dataset("faq.csv").documents), len(load_dataset("faq.csv").queries)) == (2, 3)
    assert load_dataset("faq.csv").note == "read as pairs: query = Question, relevant = Answer"
    duplicates = load_dataset("duplicates.csv")
    assert "How do adults learn to swim?" not in list(duplicates.texts)
    assert duplicates.query_texts == ["How do I learn to swim?", "Why is the sky blue?"]
    assert [len(load_dataset(name).documents) for name in ("contexts.csv", "training.jsonl", "triplets.csv")] == [
        3,
        4,
        3,
    ]
    assert load_dataset("training.jsonl").grade.tolist().count(0) == 1
    assert load_dataset("whole.json").document_ids([0, 1]) == ["d2", "d1"]
    assert load_dataset("reading.json").answerable.tolist() == [True, False, True]
    assert "judgements have no grade: each is relevant" in load_dataset("harbour").note
    assert len(load_dataset("intents.csv").queries) == 5
    assert load_dataset("support").answerable.tolist() == [True, False]
