"""bench compare and bench baseline as a user types them: exit codes, files, errors."""

from __future__ import annotations

import json

import pytest
from fakes import Broken, Fixed
from planted import Planted, run, write_planted

import bench
from bench.cli import main
from bench.regression import baseline
from bench.report.regression.forms import FORMS, ComparisonForm
from bench.report.regression.markdown import MARKER


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    """A folder to work in, and no job whose summary would be written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def runs(write_set, tmp_path):
    folder = write_planted(write_set, 40)
    return lambda name, *retrievers, **settings: run(folder, "results", name, *retrievers, **settings).folder


@pytest.fixture
def call(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as caught:
            main([str(each) for each in arguments])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return call


def test_0_nothing_moved(runs, call):
    code, out, err = call("compare", runs("a", Planted()), runs("b", Planted()))
    assert (code, err) == (0, "")
    assert "rankings identical, nothing to test" in out
    assert "No regression." in out


def test_1_a_regression(runs, call):
    code, out, _ = call("compare", runs("a", Planted()), runs("b", Planted(lost=0.9)))
    assert code == 1
    assert "b against a: Regression." in out
    assert "lost (Planted on planted)" in out


def test_4_inconclusive_under_strict_alone(runs, call):
    base, head = runs("a", Planted()), runs("b", Planted(redrawn=0.3))
    assert call("compare", base, head)[0] == 0
    assert call("compare", base, head, "--strict")[0] == 4


def test_3_a_cell_is_gone(runs, call):
    code, out, _ = call("compare", runs("a", Planted(), Fixed()), runs("b", Planted()))
    assert code == 3
    assert "Not comparable: Fixed on planted is in base and gone from head." in out


def test_3_another_fingerprint(runs, call, write_set):
    other = run(write_planted(write_set, 41, "other/planted"), "results", "b", Planted()).folder
    assert call("compare", runs("a", Planted()), other)[0] == 3


def test_3_an_older_schema(runs, call):
    base = runs("a", Planted())
    path = base / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 1}))
    code, _, err = call("compare", base, runs("b", Planted()))
    assert code == 3
    assert "has schema 1" in err


def test_3_a_gated_figure_that_was_not_measured(runs, call):
    base, head = runs("a", Fixed()), runs("b", Fixed())
    code, out, _ = call("compare", base, head, "--gate", "peak_memory_mb <= +10%")
    assert code == 3
    assert "was not measured in both runs" in out
    assert call("compare", base, head, "--gate", "p95_ms <= +10%")[0] == 0, "advice has no outcome"


def test_1_where_gates_bound_costs_alone(runs, call):
    """Quality is not left unguarded because someone asked for a time as well."""
    code, out, _ = call("compare", runs("a", Planted()), runs("b", Planted(lost=0.9)), "--gate", "p95_ms <= +10%")
    assert code == 1
    assert "no significant drop of a main measure" in out


def test_3_a_cell_that_failed_in_base(runs, call):
    """Else a reference run that measured nothing lets everything pass as new."""
    code, out, _ = call("compare", runs("a", Fixed(), Broken()), runs("b", Fixed(), Broken(where="search", at=99)))
    assert code == 3
    assert "Broken on planted failed in base" in " ".join(out.split())


def test_3_a_run_against_itself(runs, call, tmp_path):
    base = runs("a", Planted())
    (tmp_path / "link").symlink_to(base)
    for head in (base, tmp_path / "link"):
        code, out, _ = call("compare", base, head)
        assert code == 3
        assert "one and the same run" in out


def rewritten(folder, change, sealed=False):
    path = folder / "run.json"
    info = json.loads(path.read_text())
    change(info)
    if not sealed:
        del info["seal"]
    path.write_text(json.dumps(info))


@pytest.mark.parametrize(
    "change",
    [
        lambda info: info.pop("complete"),
        lambda info: info.pop("checksums"),
        lambda info: info["checksums"].pop("per_query.parquet"),
        lambda info: info.update(failures=None),
        lambda info: info.update(measures=[]),
        lambda info: info["datasets"][0].pop("fingerprint"),
        lambda info: info["datasets"][0].pop("group"),
        lambda info: info["retrievers"].append("bm25"),
        lambda info: info["environment"].pop("libraries"),
    ],
)
def test_2_a_run_json_that_was_edited(runs, call, change):
    """One error, not a traceback, whose exit code would be that of a regression."""
    base, head = runs("a", Planted()), runs("b", Planted())
    rewritten(head, change)
    for arguments in ((base, head), (head, base)):
        code, _, err = call("compare", *arguments)
        assert code == 2
        assert "run.json is damaged" in err


def test_5_a_cell_failed_goes_before_all_else(runs, call):
    assert call("compare", runs("a", Fixed(), Planted()), runs("b", Broken(), Fixed()))[0] == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "results/a"), "is not a stored run"),
        (("baseline", "results/a"), "There is no baseline"),
        (("results/a", "results/a", "--gate", "nDCG@10"), "cannot be read"),
        (("results/a", "results/a", "--gate", "nDGC@10 >= 0"), "Did you mean 'nDCG@10'"),
        (("results/a", "results/a", "--gate", "R@10[kind=od] >= 0"), "Did you mean 'kind=odd'"),
        (("results/a", "results/a", "--config", "none.toml"), "There is no none.toml"),
        (("results/a", "results/a", "--json", "results/a"), "cannot be written"),
        (("results/a",), "required: HEAD"),
    ],
)
def test_2_bad_input(runs, call, arguments, message):
    runs("a", Planted())
    code, _, err = call("compare", *arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_gates_come_from_the_file_and_the_flags(runs, call, tmp_path):
    base, head = runs("a", Planted()), runs("b", Planted(redrawn=0.3))
    path = tmp_path / "bench.toml"
    gates = '["Planted: nDCG@10 > 0.1", "nDCG@10 >= -0.9"]'
    path.write_text(f'datasets = ["planted"]\n[compare]\ngates = {gates}\nstrict = true\n')
    assert call("compare", base, head, "--config", path)[0] == 0
    code, out, _ = call("compare", base, head, "--config", path, "--gate", "nDCG@10 >= 0")
    assert code == 4
    assert "Planted: nDCG@10 > 0.1" in out
    assert bench.config.load_config(path).datasets == ("planted",), "a run may read the same file"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[compare]\ngate = []", "Did you mean 'gates'"),
        ("[compare]\ngates = 'x'", "gates must be a list of strings"),
        ("[compare]\nstrict = 1", "strict must be true or false"),
        ("compare = 1", "compare must be a table"),
        ("gates = ['nDCG@10 >= 0']", "no key in bench.toml: 'gates'"),
        ("[Compare]\ngates = []", "Did you mean 'compare'"),
    ],
)
def test_2_a_bad_table(runs, call, tmp_path, table, message):
    run = runs("a", Planted())
    (tmp_path / "bench.toml").write_text(table)
    code, _, err = call("compare", run, run, "--config", "bench.toml")
    assert code == 2
    assert message in err


def test_the_forms_are_written(runs, call, tmp_path, monkeypatch):
    base, head = runs("a", Planted()), runs("b", Planted(lost=0.9))
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    forms = {f"--{name}": tmp_path / f"made.{name}" for name in ("json", "junit", "markdown", "benchmark-json")}
    code, _, _ = call("compare", base, head, *(each for pair in forms.items() for each in pair))
    assert code == 1
    assert all(path.stat().st_size for path in forms.values())
    assert json.loads(forms["--json"].read_text())["outcome"] == "regression"
    assert summary.read_text() == "before\n" + forms["--markdown"].read_text()
    assert forms["--markdown"].read_text().startswith(MARKER)


# ------------------------------------------------------------------------------------------- baseline


def test_a_form_is_one_entry(runs, call, monkeypatch, tmp_path):
    monkeypatch.setitem(FORMS, "more-json", ComparisonForm("as_json:render", help="the same under another name"))
    assert "the same under another name" in call("compare", "--help")[1]
    written = [tmp_path / "a.json", tmp_path / "b.json"]
    call("compare", runs("a", Planted()), runs("b", Planted()), "--json", written[0], "--more-json", written[1])
    assert written[0].read_bytes() == written[1].read_bytes() != b""


def test_a_baseline_of_a_sample_says_what_it_can_be_compared_with(runs, call):
    call("baseline", "update", runs("a", Planted()))
    code, out, _ = call("baseline", "update", runs("b", Planted(), limit=20))
    assert code == 0
    assert "runs with --limit 20 --seed 0 alone compare with it" in out
    assert "There was none" not in out


def test_the_baseline_is_a_small_run_to_compare_with(runs, call):
    head = runs("a", Planted())
    code, out, _ = call("baseline", "update", head)
    assert code == 0
    assert "results/baseline is now results/a" in out
    assert "There was none here before" in out
    kept = sorted(path.name for path in (head.parent / "baseline").iterdir())
    assert "cells" not in kept
    assert "run.json" in kept
    assert bench.load_run("results/baseline").measures.equals(bench.load_run(head).measures)
    code, out, _ = call("compare", "baseline", head)
    assert code == 0
    assert "rankings identical in the top 10, nothing to test" in out
    assert call("compare", "baseline", runs("b", Planted(lost=0.9)))[0] == 1


def test_a_baseline_is_a_run_to_report(runs, call):
    call("baseline", "update", runs("a", Planted(), Planted(lost=0.5)))
    code, out, _ = call("report", "results/baseline")
    assert code == 0
    assert "Planted-2" in out
    environment = bench.load_run("results/baseline").info["environment"]
    assert "cpu" in environment
    assert "kernel" not in environment


def test_what_the_top_10_cannot_settle_goes_by_its_values(runs, tmp_path):
    baseline.update(bench.load_run(runs("a", Planted())))
    rows = {row.measure: row for row in bench.compare("baseline", "results/a").changes}
    assert rows["nDCG@10"].same == "identical in the top 10"
    assert rows["R@100"].same == "the same on every query"
    assert rows["nDCG@10"].settled
    assert rows["R@100"].settled
    rows = {row.measure: row for row in bench.compare("baseline", runs("b", Planted(redrawn=0.5))).changes}
    assert rows["R@100"].same == ""
    assert not rows["R@100"].settled


def test_an_update_shows_what_changes(runs, call):
    call("baseline", "update", runs("a", Planted()))
    code, out, _ = call("baseline", "update", runs("b", Planted(lost=0.9)))
    assert code == 0
    assert "b against baseline: Regression." in out
    assert "results/baseline is now results/b" in out
    assert call("compare", "baseline", "results/b")[0] == 0


def test_an_older_or_damaged_baseline_can_be_replaced(runs, call):
    head = runs("a", Planted())
    call("baseline", "update", head)
    (head.parent / "baseline" / "measures.csv").write_text("damaged")
    code, out, _ = call("baseline", "update", head)
    assert code == 0
    assert "Nothing is compared" in out
    assert call("compare", "baseline", head)[0] == 0


def test_a_failed_run_is_no_baseline(runs, call):
    code, _, err = call("baseline", "update", runs("a", Fixed(), Broken()))
    assert code == 2
    assert "without failed cells" in err
    assert call("baseline", "update", "results/nowhere")[0] == 2


def test_the_baseline_is_not_its_own_successor(runs, call):
    call("baseline", "update", runs("a", Planted()))
    code, _, err = call("baseline", "update", "results/baseline")
    assert code == 2
    assert "is the baseline already" in err


def test_the_baseline_is_never_the_newest_run(runs, call):
    head = runs("a", Planted())
    call("baseline", "update", head)
    from bench.storage.folder import newest_run

    assert newest_run(head.parent).name == "a"


def test_an_interrupted_update_keeps_the_old_baseline(runs, monkeypatch):
    found = bench.load_run(runs("a", Planted()))
    baseline.update(found)
    before = (found.folder.parent / "baseline" / "run.json").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(baseline, "write_parquet", full)
    with pytest.raises(bench.BenchError, match="No space left"):
        baseline.update(bench.load_run(runs("b", Planted(lost=0.5))))
    assert (found.folder.parent / "baseline" / "run.json").read_bytes() == before
    assert sorted(path.name for path in found.folder.parent.iterdir()) == ["a", "b", "baseline"]
