"""bench judge from the command line: how it begins, goes on and ends, with a sheet and in the terminal."""

from __future__ import annotations

import csv
import io
import json
import re
import sys

import pytest
from chat_service import chat_service

from bench.cli import judge as command
from bench.cli import main
from bench.data.formats import load_dataset
from bench.judging import endpoint, program, session
from bench.judging.grades import combined, read

TEXTS = ["red green old", "blue old new", "green big small", "warm cold wet", "loud dry red", "new warm blue"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "corpus.txt").write_text("\n".join(TEXTS), "utf-8")
    (tmp_path / "log.csv").write_text("query,count\nred green,3\nblue old,2\nask ann@example.com,9\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bench(capsys):
    """The exit code and what was said, of a command."""

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["judge", "docs", "--to", "judged", *arguments])
        said = capsys.readouterr()
        return ended.value.code, said.out + said.err

    return call


BEGIN = ("--queries", "log.csv", "-r", "bm25", "-r", "flat=bm25:b=0")


def fill(path, *grades):
    """The sheet with these in its column of grades."""
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    for row, grade in zip(rows[1:], grades, strict=False):
        row[0] = grade
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return len(rows) - 1


def test_what_help_says_is_what_holds():
    written = (command.REPEAT_SHARE, command.SHARED_SHARE, command.MARGIN, command.SECONDS, command.KEY_ENV)
    assert written == (session.REPEAT_SHARE, session.SHARED_SHARE, session.MARGIN, program.SECONDS, endpoint.KEY_ENV)
    assert endpoint.SECONDS == program.SECONDS


def test_a_sheet_goes_out_comes_back_and_becomes_a_set(folder, bench):
    code, said = bench(*BEGIN, "--export", "sheet.csv")
    assert code == 0
    assert "private" in said
    number = fill(folder / "sheet.csv", "3", "not relevant", "s", "1")
    assert number >= 4
    code, said = bench("--import", "sheet.csv", "--judge", "ann")
    assert code == 0
    assert "4 grades of ann stored" in said
    assert sorted(combined(read(folder / "judged")).values()) == [0, 1, 3]
    assert len(load_dataset("judged").grade) == 3
    assert "0 grades" in bench("--import", "sheet.csv", "--judge", "ann")[1], "a second time adds nothing"
    assert bench("--export", "rest.csv", "--judge", "ann", "--rows", "1000")[0] == 0
    assert fill(folder / "rest.csv") == number - 4


def test_a_broken_row_is_one_error_with_its_line_and_nothing_is_stored(folder, bench):
    bench(*BEGIN, "--export", "sheet.csv")
    fill(folder / "sheet.csv", "3", "7")
    code, said = bench("--import", "sheet.csv")
    assert code == 2
    assert "sheet.csv:3: the grade is 7." in said
    assert read(folder / "judged") == []


def test_the_terminal_asks_until_it_is_told_to_end(folder, bench, monkeypatch):
    answers = iter(["3", "x", "9", "s", "u", "2", "q"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    code, said = bench(*BEGIN, "--terminal")
    assert code == 0
    assert "Query: red green" in said or "Query: blue old" in said
    assert "'x' is no answer" in said
    assert "Grades go from 0 to 3" in said
    assert sorted(combined(read(folder / "judged")).values()) == [2, 3]
    assert (folder / "judged" / "qrels" / "test.tsv").is_file()


def test_an_end_without_a_grade_writes_no_set(folder, bench, monkeypatch):
    def interrupted(prompt):
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    code, said = bench(*BEGIN, "--terminal")
    assert code == 0
    assert "0 of" in said
    assert not (folder / "judged" / "qrels").exists()


@pytest.mark.parametrize("flags", [BEGIN[:2], BEGIN[2:4], ("--made", "3"), ("--sample", "2")])
def test_what_says_how_to_begin_is_refused_where_it_was_begun(folder, bench, flags):
    bench(*BEGIN, "--export", "sheet.csv")
    code, said = bench(*flags, "--export", "sheet.csv")
    assert code == 2
    assert "was begun already" in said


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ((), "docs has no queries"),
        (("--queries", "none.csv"), "none.csv"),
        ((*BEGIN, "--judge", ""), "no name of a judge"),
        ((*BEGIN, "--export", "s.csv", "--rows", "0"), "--rows is 0"),
        ((*BEGIN, "-r", "bm25"), "bm25"),
        ((*BEGIN, "--repeat", "2"), "share of repeat"),
        (("--terminal", "--export", "s.csv"), "--terminal is for a person who judges, and --export asks nobody"),
        (("--terminal", "--import", "s.csv"), "--import asks nobody"),
        (("--terminal", "--status"), "--status asks nobody"),
        (("--terminal", "--program", "true"), "--program asks nobody"),
        (("--terminal", "--endpoint", "http://x/v1", "--model", "m"), "--endpoint asks nobody"),
        ((*BEGIN, "--endpoint", "http://x/v1"), "--endpoint needs the name of a model"),
        ((*BEGIN, "--endpoint", "x/v1", "--model", "m"), "no address of a service"),
        ((*BEGIN, "--endpoint", "http://x/v1", "--model", "m", "--max-usd", "1"), "--max-usd needs a price"),
        ((*BEGIN, "--model", "m"), "--model is for a language model"),
        (("--program", "true", "--max-usd", "1"), "--max-usd is for a language model"),
        ((*BEGIN, "--program", ""), "--program is empty"),
    ],
)
def test_what_cannot_be_is_one_error(folder, bench, flags, problem):
    code, said = bench(*flags)
    assert code == 2
    assert problem in said
    assert "Traceback" not in said


def test_a_retriever_that_fails_leaves_no_judging_behind(folder, bench):
    assert bench("--queries", "log.csv", "-r", "dense:model=nowhere/at/all", "--export", "s.csv")[0] == 2
    assert bench(*BEGIN, "--export", "s.csv")[0] == 0


def test_documents_that_changed_are_refused(folder, bench):
    bench(*BEGIN, "--export", "sheet.csv")
    (folder / "docs" / "corpus.txt").write_text("\n".join([*TEXTS, "one more"]), "utf-8")
    code, said = bench("--export", "sheet.csv")
    assert code == 2
    assert "its documents changed" in said


def test_a_program_grades_and_is_marked(folder, bench):
    (folder / "grade.py").write_text(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    shared = set(asked['query'].split()) & set(asked['document'].split())\n"
        "    print(json.dumps({'grade': len(shared)}), flush=True)\n",
        "utf-8",
    )
    code, said = bench(*BEGIN, "--judge", "rules", "--program", f"{sys.executable} grade.py")
    assert code == 0
    assert "grades by the program" in said
    assert "people's grades alone count" in " ".join(said.split()), "so few documents tell nothing of a machine"
    assert {line.judge for line in read(folder / "judged")} == {"machine:rules"}
    assert not (folder / "judged" / "qrels").exists()
    assert bench("--judge", "machine:me", "--export", "sheet.csv")[0] == 2


@pytest.mark.parametrize("answer", ["perhaps", '{"grade": 9}', '{"grade": "2"}', "[]"])
def test_a_program_that_answers_nonsense_is_one_error(folder, bench, answer):
    (folder / "nonsense.py").write_text(
        f"import sys\nfor line in sys.stdin:\n    print({answer!r}, flush=True)\n", "utf-8"
    )
    code, said = bench(*BEGIN, "--program", f"{sys.executable} nonsense.py")
    assert code == 2
    assert answer.strip('{}[]"') in said
    assert "Traceback" not in said
    assert read(folder / "judged") == []


def test_a_language_model_grades_under_its_own_name(folder, bench):
    with chat_service() as service:
        flags = ("--endpoint", service.url, "--model", "Org/Model-8B", "--usd-per-million", "2")
        code, said = bench(*BEGIN, *flags)
        assert code == 0
        (name,) = {line.judge for line in read(folder / "judged")}
        assert re.fullmatch(r"machine:Org-Model-8B-[0-9a-f]{8}", name)
        assert f"grades by Org/Model-8B at {service.url}, 0 skipped. It cost" in " ".join(said.split())
        assert "people's grades alone count" in " ".join(said.split()), "so few documents tell nothing of a machine"
        asked = len(service.requests)
        code, said = bench(*flags, "--judge", "second")
        assert (code, len(service.requests)) == (0, asked), "another judge of the same model costs nothing"
        assert "It cost 0 tokens, 0.0000 USD." in " ".join(said.split())
    code, said = bench("--status", "--json")
    (model,) = json.loads(said)["models"]
    assert (model["judge"], model["model"], model["answers"]) == (name, "Org/Model-8B", asked)
    assert "Org/Model-8B" in bench("--status", "--verbose")[1]


def test_what_an_endpoint_cannot_have_begins_no_judging(folder, bench):
    assert bench(*BEGIN, "--endpoint", "nowhere", "--model", "m")[0] == 2
    assert not (folder / "judged").exists()


def test_made_queries_are_called_that(folder, bench):
    (folder / "docs" / "corpus.txt").write_text("Red is a colour. Green too.\nWarm days end. Cold ones begin.", "utf-8")
    code, said = bench("--made", "-r", "bm25", "-r", "flat=bm25:b=0", "--export", "sheet.csv")
    assert code == 0
    assert "Nobody asked these queries" in said
    fill(folder / "sheet.csv", *["3"] * 10)
    bench("--import", "sheet.csv")
    assert load_dataset("judged").card.made_queries
