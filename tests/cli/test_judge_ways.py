"""bench judge begun with a run, its status, what judges disagree on, and made queries beside real ones."""

from __future__ import annotations

import csv
import io
import json
import math
import tomllib

import pytest
from partly_judged import shared, write_partly_judged

from bench.cli import judge, main
from bench.judging import made_queries, session
from bench.judging.grades import read, settled
from bench.report.run import latex
from bench.report.run.quality import quality
from bench.report.run.why import differences
from bench.report.table import DAGGER, FRONT
from bench.storage.run import load_run

RETRIEVERS = ("-r", "bm25", "-r", "lsa")
QUALITY = ("--no-latency", "--map", "none")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_partly_judged(tmp_path / "my-set")


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as exit_:
        main(list(arguments))
    out = capsys.readouterr()
    return exit_.value.code, out.out, out.err


def graded(here, sheet, rows, *, otherwise=()):
    """The first rows of an exported sheet, graded 1 where two words are shared, and otherwise at some places."""
    with (here / sheet).open(encoding="utf-8-sig", newline="") as stream:
        read_rows = list(csv.DictReader(stream))[:rows]
    for place, row in enumerate(read_rows):
        row["grade"] = str(int((shared(row["query"], row["document"]) >= 2) != (place in otherwise)))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, read_rows[0])
    writer.writeheader()
    writer.writerows(read_rows)
    (here / "graded.csv").write_text(text.getvalue(), "utf-8")
    return "graded.csv"


def judged_in_part(capsys, tmp_path):
    assert call(capsys, "run", "my-set", *RETRIEVERS, *QUALITY, "--name", "r")[0] == 0
    assert call(capsys, "judge", "results/r", "--to", "judged", "--export", "sheet.csv")[0] == 0
    sheet = graded(tmp_path, "sheet.csv", 100)
    code, _, err = call(capsys, "judge", "--to", "judged", "--import", sheet, "--judge", "ann")
    assert code == 0
    assert "judged in part. The verdict that counts: python -m bench judge --to judged --status" in err


def test_the_constants_of_the_flags_are_those_of_the_parts():
    assert (judge.REPEAT_SHARE, judge.SHARED_SHARE, judge.MARGIN) == (
        session.REPEAT_SHARE,
        session.SHARED_SHARE,
        session.MARGIN,
    )


def test_from_a_run_to_a_status(capsys, tmp_path):
    judged_in_part(capsys, tmp_path)
    report = (tmp_path / "results" / "r" / "report.md").read_text("utf-8")
    assert "python -m bench judge RUN asks for them" in report
    code, out, _ = call(capsys, "judge", "--to", "judged", "--status")
    assert code == 0
    first = out.splitlines()[0]
    assert " by the set before" in first
    assert "Estimated gain by the weights of nDCG@10" in out
    code, long, _ = call(capsys, "judge", "results/r", "--to", "judged", "--status", "--verbose")
    assert (code, len(long.splitlines()) > len(out.splitlines())) == (0, True)
    code, plain, _ = call(capsys, "judge", "--to", "judged", "--status", "--json")
    assert json.loads(plain)["judged_by"] == {"ann": 100}


@pytest.mark.slow
def test_a_run_on_a_set_judged_in_part_has_no_verdict_but_a_command(capsys, tmp_path):
    judged_in_part(capsys, tmp_path)
    card = tomllib.loads((tmp_path / "judged" / "dataset.toml").read_text("utf-8"))
    assert card["sampled_judgements"] is True
    assert call(capsys, "run", "judged", *RETRIEVERS, *QUALITY, "--name", "j")[0] == 0
    run = load_run("results/j")
    assert run.datasets[0]["sampled_judgements"] is True
    assert any("judged is judged in part" in warning for warning in run.warnings)
    of_set = run.analysis["sets"]["judged"]
    assert (of_set["verdict"]["choice"], of_set["verdict"]["winner"]) == ("undecided", None)
    assert of_set["verdict"]["sentences"][1].endswith("python -m bench judge --to judged --status")
    assert run.analysis["overall"]["choice"] == "undecided"
    report = (tmp_path / "results" / "j" / "report.md").read_text("utf-8")
    assert "judged (judged in part)" in report


@pytest.mark.slow
def test_a_run_on_a_set_judged_in_part_tests_and_marks_nothing(capsys, tmp_path):
    judged_in_part(capsys, tmp_path)
    assert call(capsys, "run", "judged", *RETRIEVERS, *QUALITY, "--name", "j", "--margin", "nDCG@10=.01")[0] == 0
    run = load_run("results/j")
    rows = run.rows("comparisons")
    assert {row["family"] for row in rows} == {"verdict", "exploratory"}
    assert all(row["difference"] == pytest.approx(row["mean_a"] - row["mean_b"]) for row in rows)
    unsure = ("p", "p_holm", "low", "high", "detectable", "p_above", "p_below", "low_best", "high_best")
    assert all(math.isnan(row[name]) for row in rows for name in unsure)
    of_set = run.analysis["sets"]["judged"]
    for name in ("level", "better", "letters", "pareto", "slices", "no_better_than_random", "crossover", "pairs"):
        assert not of_set[name], name
    report = (tmp_path / "results" / "j" / "report.md").read_text("utf-8")
    for mark in (DAGGER, FRONT, "**0.", "better than a random"):
        assert mark not in report
    (whole,) = (quality(run, dataset) for dataset in run.datasets)
    assert not whole.best
    assert any("nothing is tested" in note for note in whole.notes)
    assert differences(run, run.datasets[0]) is None
    assert latex.render(run).count("textbf") == 0
    code, _, err = call(capsys, "plan", "results/j", "--difference", ".05")
    assert (code, "judged was judged in part" in err) == (2, True)


def test_judged_whole_it_is_a_set_as_any_other(capsys, tmp_path):
    assert (
        call(capsys, "judge", "my-set", "--to", "whole", *RETRIEVERS, "--export", "all.csv", "--rows", "9999")[0] == 0
    )
    sheet = graded(tmp_path, "all.csv", 9999)
    code, _, err = call(capsys, "judge", "my-set", "--to", "whole", "--import", sheet)
    assert (code, "judged whole. Its figures: python -m bench run whole" in err) == (0, True)
    assert "sampled_judgements" not in tomllib.loads((tmp_path / "whole" / "dataset.toml").read_text("utf-8"))
    assert call(capsys, "run", "whole", *RETRIEVERS, *QUALITY, "--name", "w")[0] == 0
    assert load_run("results/w").analysis["sets"]["whole"]["verdict"]["basis"] != "undecided"


def test_settle_in_the_terminal(capsys, tmp_path, monkeypatch):
    judged_in_part(capsys, tmp_path)
    assert call(capsys, "judge", "--to", "judged", "--export", "ann.csv", "--judge", "bob", "--shared", "1")[0] == 0
    sheet = graded(tmp_path, "sheet.csv", 30, otherwise={2, 5})
    assert call(capsys, "judge", "--to", "judged", "--import", sheet, "--judge", "bob")[0] == 0
    answers = iter(["x", "1", "u", "0", "q"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    code, out, err = call(capsys, "judge", "--to", "judged", "--settle", "--terminal", "--judge", "eve")
    assert code == 0
    assert "A: " in out
    assert "ann" not in out
    assert "'x' is no answer" in err
    assert "1 of 2 disagreements settled." in err
    assert list(settled(read(tmp_path / "judged")).values()) == [0]


def test_made_queries_are_held_against_real_ones_and_kept(capsys, tmp_path):
    things = ["pump", "filter", "valve", "motor", "gauge", "hose"]
    titles = [f"Changing the {thing} of the machine" for thing in things]
    lines = [
        json.dumps({"_id": f"d{place}", "title": title, "text": f"Where is the {things[place]}? It is at the back."})
        for place, title in enumerate(titles)
    ]
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "corpus.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "real.csv").write_text("query\nbroken pump leaks\nnoise from motor\nhose too short\n", "utf-8")
    made = ("--made", "5", "--queries", "real.csv", "--export", "made.csv", "-r", "bm25", "-r", "tfidf")
    code, _, err = call(capsys, "judge", "guide", "--to", "made", *made)
    assert (code, "The log has 3 rows" in err) == (0, True)
    assert "Nobody asked these queries" in err
    assert "Made queries share more of their words with a document than real ones do: 1.00 against" in err
    record = json.loads((tmp_path / "made" / "judging.json").read_text("utf-8"))
    assert record["made_queries"] is True
    assert len(record["queries"]) == 5
    assert {query["metadata"]["made"] for query in record["queries"]} <= set(made_queries.KINDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "none", "--status"), "No judging was begun in none"),
        (("my-set", "--to", "my-set"), "my-set holds a set that was not judged here"),
        (("results/r", "--to", "new", "-r", "bm25"), "is a stored run"),
        (("results/r", "--to", "new", "-d", "other"), "There is no set of results/r: 'other'"),
    ],
)
def test_what_cannot_be_is_one_error(capsys, tmp_path, arguments, message):
    if arguments[0] == "results/r":
        assert call(capsys, "run", "my-set", "-r", "bm25", "-r", "tfidf", *QUALITY, "--name", "r")[0] == 0
    code, _, err = call(capsys, "judge", *arguments)
    assert code == 2
    assert message in err
