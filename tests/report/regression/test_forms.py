"""The forms of a comparison: what they hold, and that strangers' texts stay inert in each."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest
from places import ROOT
from planted import Planted, run, write_planted
from pytest_benchmark.stats import Stats
from rich.console import Console

import bench
from bench import pytest_plugin
from bench.regression import CellPair, Changed, RankedHit, Regression
from bench.regression.gate_checks import check_gate
from bench.regression.gates import DEFAULT
from bench.report.regression import as_json, junit, markdown, pytest_benchmark, terminal
from bench.report.regression import content as comparison

NASTY = (
    "\n::error file=a.py::pwned\n##[warning]x\x1b[31mred\x07\u202e</failure><script>alert(1)</script>|`x`**b** @user"
)
TEXT = "query {}" + NASTY
DOCUMENT = "document {}. " + NASTY

# JUnit as Jenkins' xunit plug-in reads it, as far as these reports use it.
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="testsuites"><xs:complexType>
    <xs:sequence><xs:element ref="testsuite" maxOccurs="unbounded"/></xs:sequence>
    <xs:attribute name="name"/><xs:attribute name="time" type="xs:decimal"/>
    <xs:attribute name="tests" type="xs:integer"/><xs:attribute name="failures" type="xs:integer"/>
    <xs:attribute name="errors" type="xs:integer"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuite"><xs:complexType>
    <xs:sequence><xs:element ref="testcase" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
    <xs:attribute name="name" use="required"/><xs:attribute name="tests" type="xs:integer" use="required"/>
    <xs:attribute name="failures" type="xs:integer" use="required"/>
    <xs:attribute name="errors" type="xs:integer" use="required"/>
    <xs:attribute name="skipped" type="xs:integer"/><xs:attribute name="time" type="xs:decimal"/>
  </xs:complexType></xs:element>
  <xs:element name="testcase"><xs:complexType>
    <xs:choice minOccurs="0" maxOccurs="unbounded">
      <xs:element name="skipped"><xs:complexType><xs:attribute name="message"/></xs:complexType></xs:element>
      <xs:element name="error" type="problem"/><xs:element name="failure" type="problem"/>
      <xs:element name="system-out" type="xs:string"/>
    </xs:choice>
    <xs:attribute name="name" use="required"/><xs:attribute name="classname" use="required"/>
    <xs:attribute name="time" type="xs:decimal"/>
  </xs:complexType></xs:element>
  <xs:complexType name="problem" mixed="true"><xs:attribute name="message"/><xs:attribute name="type"/></xs:complexType>
</xs:schema>"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs, of which the second lost hits of nasty queries."""
    base = tmp_path_factory.mktemp("forms")

    def write_set(name, corpus, queries, qrels, card):
        folder = base / name
        (folder / "qrels").mkdir(parents=True)
        for file, rows in (("corpus", corpus), ("queries", queries)):
            (folder / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in qrels)]
        (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n")
        (folder / "dataset.toml").write_text(card)
        return folder

    folder = write_planted(write_set, 60, text=TEXT, document=DOCUMENT)
    return tuple(
        run(folder, base / "out", name, Planted(lost=lost)).folder for name, lost in (("base", 0), ("head", 0.4))
    )


@pytest.fixture(scope="module")
def found(runs):
    """A comparison with a failed gate, an inconclusive one, one that passes, advice, and flipped nasty queries."""
    gates = ["nDCG@10 >= -0.01", "nDCG@10 >= -0.25", "nDCG@10 > 0.01", "p95_ms <= +10%"]
    return bench.compare(*runs, gates, flips=2_000)


def printed(found, width=200):
    """What stands in a job's log."""
    console = Console(file=io.StringIO(), width=width, highlight=False, force_terminal=False)
    for each in terminal.render(found):
        console.print(each)
    return console.file.getvalue()


def test_the_comparison_has_what_the_forms_must_show(found):
    assert [each.result for each in found.judged] == ["fail", "inconclusive", "pass", "advice"]
    assert found.flips[0].text.endswith("@user")


def test_every_form_names_the_gates_and_the_figures(found):
    texts = (
        printed(found),
        markdown.render(found),
        junit.render(found).decode(),
        as_json.render(found).decode(),
    )
    for text in texts:
        plain = text.replace("\\u2212", "-").replace("\\_", "_").replace("&gt;", ">").replace("\\>", ">")
        for judged in found.judged:
            assert judged.gate.text.partition(" ")[0] in plain
        assert "lost" in plain


def test_the_outcome_names_what_failed_and_the_worst_comes_first(found):
    said = comparison.headline(found)
    assert "Failed gates: nDCG@10 >= -0.01 (Planted on planted)." in said
    assert re.search(r"\d+ queries lost their last relevant hit in the top 10, 0 gained a first\.", said)
    assert [row[0] for row in comparison.gates(found).rows] == ["fail", "inconclusive", "advice", "pass"]
    shown = printed(found)
    assert shown.index("Costs") < shown.index("Quality") < shown.index("lost (") < shown.index("Gates")
    assert said in " ".join(shown[shown.index("head against base") :].split())
    text = markdown.render(found)
    assert (
        text.index("Failed gates") < text.index("## Gates") < text.index("## Main measures") < text.index("<details>")
    )


def test_a_drop_that_no_gate_asks_for_is_not_called_no_regression(runs):
    found = bench.compare(*runs, ["nDCG@10 >= -0.9"], flips=2_000)
    assert found.outcome == "pass"
    assert comparison.headline(found).startswith("No gate fails, but these dropped significantly: nDCG@10 of Planted")
    assert "No regression" not in markdown.render(found)


def test_a_flipped_query_shows_the_hit_that_it_lost(runs, found):
    """Often it stood below the few hits that are shown, which then are the same on both sides."""
    lost = [flip for flip in found.flips if flip.lost]
    deep = [flip for flip in lost if next(hit.rank for hit in flip.base if hit.grade) > comparison.SHOWN_HITS]
    assert deep
    for flip in lost:
        shown = [text for side, text in comparison.first_hits(flip) if side == "base"]
        assert sum(" ✓ " in text for text in shown) == 1
        assert len(shown) == comparison.SHOWN_HITS + (flip in deep)


def test_json_holds_no_command_of_a_ci_system(found):
    assert "##" not in as_json.render(found).decode()
    assert any("##[warning]" in flip["text"] for flip in json.loads(as_json.render(found))["flips"])


def test_a_cell_where_nothing_moved_is_one_row(runs, tmp_path):
    shutil.copytree(runs[0], tmp_path / "copy")
    found = bench.compare(runs[0], tmp_path / "copy")
    (row,) = comparison.quality(found).rows
    assert row[2:] == ("nDCG@10 and 6 more", row[3], row[3], "identical", "", "", "pass")
    assert comparison.main(found) is None
    assert comparison.headline(found) == "No regression. No query's value moved."


def test_a_renamed_retriever_is_one_line_over_all_sets():
    pairs = tuple(CellPair(name, "new", name, "old", "renamed from old") for name in ("one", "two"))
    assert list(comparison.notes(Regression("a", "b", pairs))) == ["new on one, two: renamed from old"]


def test_of_long_signatures_the_place_where_they_differ_is_shown():
    same = f"Mine(prompt='{'x' * 300}') [mine "
    changed = Changed("mine: signature", f"{same}11aa]", f"{same}22bb]")
    (note,) = comparison.notes(Regression("a", "b", (), surroundings=(changed,)))
    assert "[mine 11aa] is now " in note
    assert note.endswith("[mine 22bb]")
    assert len(note) < 400


def commands(text):
    """Lines that a runner of GitHub or Azure would obey."""
    return [line for line in text.splitlines() if line.lstrip().startswith("::") or "##[" in line]


CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def test_texts_are_inert_in_the_terminal(found):
    text = printed(found)
    assert "pwned" in text
    assert not commands(text)
    assert not CONTROL.search(text)


def test_texts_are_inert_in_markdown(found):
    text = markdown.render(found)
    assert not commands(text)
    assert not CONTROL.search(text)
    lines = [line for line in text.splitlines() if "alert(1)" in line]
    assert lines
    for line in lines:
        outside = re.sub(r"`[^`]*`", "", line)
        assert line.count("`") == 2
        assert "script" not in outside
        assert "@user" not in outside
    assert text.startswith(markdown.MARKER)
    assert text.count(markdown.MARKER) == 1


def test_texts_are_inert_in_junit(found):
    whole = junit.render(found)
    assert not commands(whole.decode())
    assert not CONTROL.search(whole.decode())
    root = ElementTree.fromstring(whole)
    assert {each.tag for each in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "skipped",
        "system-out",
    }
    assert "<script>" in root.find(".//failure").text


def test_texts_are_inert_in_json(found):
    whole = as_json.render(found).decode("ascii")
    assert "<" not in whole
    assert "\x1b" not in whole
    assert not any(line.lstrip().startswith("::") for line in whole.splitlines())
    assert json.loads(whole)["flips"][0]["text"] == found.flips[0].text


def test_texts_are_inert_in_a_failed_test(found):
    text = "\n".join(pytest_plugin._message(found))
    assert "pwned" in text
    assert not commands(text)
    assert not CONTROL.search(text)


@pytest.mark.parametrize("name", ["::error::x", "a\n::error::x", "\x1b[31m", "x<b>|y"])
def test_texts_are_inert_in_the_benchmark_form(write_set, tmp_path, name):
    from dataclasses import replace

    from bench.data.formats import load_dataset

    dataset = replace(load_dataset(write_planted(write_set, 20)), name=name)
    timed = bench.run([dataset], [Planted()], results=str(tmp_path / "out"), name="r", samples=30, seconds=1.0)
    whole = pytest_benchmark.render(timed).decode("ascii")
    shown = json.loads(whole)["benchmarks"][0]["name"]
    assert not commands(shown)
    assert not CONTROL.search(shown)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_figure_is_broken_in_two_in_a_narrow_terminal(found, width):
    shown = printed(found, width)
    assert max(map(len, shown.splitlines())) <= width
    words = {word.strip(",│") for word in shown.split()}
    for row in comparison.quality(found).rows:
        assert {each.strip(",") for each in " ".join(row[3:]).split()} <= words


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a\nb\tc", "a b c"),
        ("::error::x", ": :error: :x"),
        (":::error:::x", ": : :error: : :x"),
        ("##teamcity[testFailed]", "## teamcity[testFailed]"),
        ("##vso[task]", "## vso[task]"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("\u202eevil\ud800", "\ufffdevil\ufffd"),
        ("##[group]", "## [group]"),
        ("Größe 東京 ✓", "Größe 東京 ✓"),
    ],
)
def test_inert_texts(text, plain):
    assert comparison.inert(text) == plain


def test_junit_has_a_case_for_each_gate(found):
    suite = ElementTree.fromstring(junit.render(found)).find("testsuite")
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    names = [case.get("name") for case in suite]
    assert names[:2] == ["nDCG@10 >= -0.01", "nDCG@10 >= -0.25"]
    failure = suite.find("testcase/failure")
    assert "Planted on planted: nDCG@10" in failure.get("message")
    assert "lost: Planted on planted: q" in failure.text


def test_junit_never_passes_what_cannot_be_compared():
    root = ElementTree.fromstring(
        junit.render(Regression("a", "b", problems=("x is gone.",), failures=(("s", "r", "why"),)))
    )
    assert [each.get("message") for each in root.iter("error")] == ["Failed: r on s: why", "Not comparable: x is gone."]


def test_a_gate_without_any_figure_says_so_everywhere():
    judged = check_gate(replace(DEFAULT, scope="other"), [], [], [])
    found = Regression("a", "b", judged=(judged,))
    assert "Gates without a figure: no significant drop" in comparison.headline(found)
    for text in (*pytest_plugin._message(found), junit.render(found).decode(), markdown.render(found)):
        assert comparison.NO_FIGURE in text or text.startswith(("b against a", "no significant drop"))
    assert "Gates without" not in comparison.headline(replace(found, problems=("The set s is not the same.",)))


def test_junit_is_valid(found):
    etree = pytest.importorskip("lxml.etree")
    schema = etree.XMLSchema(etree.fromstring(XSD))
    schema.assertValid(etree.fromstring(junit.render(found)))
    schema.assertValid(etree.fromstring(junit.render(Regression("a", "b", problems=("gone",)))))


def test_the_json_is_what_its_schema_says(found):
    schema, content = as_json.schema(), json.loads(as_json.render(found))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)
    for wrong in ({**content, "schema": 2}, {**content, "more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_the_schema_is_shipped():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["package-data"]["bench.report.regression"] == ["comparison.schema.json"]


@pytest.mark.parametrize("rounds", [2, 3, 4, 5, 6, 7, 21, 64, 99])
def test_the_statistics_are_those_of_pytest_benchmark(rounds):
    seconds = np.random.default_rng(rounds).exponential(size=rounds)
    theirs = Stats()
    for each in seconds.tolist():
        theirs.update(each)
    found = pytest_benchmark.statistics(seconds)
    # In older versions the highest datum within the fence is the first one beyond it.
    for name in set(Stats.fields) - {"hd15iqr"}:
        assert found[name] == (getattr(theirs, name) if name == "outliers" else pytest.approx(getattr(theirs, name)))


def test_the_latencies_are_read_by_pytest_benchmark(write_set, tmp_path):
    timed = run(write_planted(write_set, 20), tmp_path / "out", "r", Planted(), latency=True, samples=40, seconds=1.0)
    paths = [tmp_path / "base.json", tmp_path / "head.json"]  # one file twice trips over its own cache
    for path in paths:
        path.write_bytes(pytest_benchmark.render(timed))
    shown = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("planted[Planted]") == 2


def test_a_run_without_times_has_no_benchmarks(write_set, tmp_path):
    found = run(write_planted(write_set, 20), tmp_path / "out", "r", Planted())
    assert json.loads(pytest_benchmark.render(found))["benchmarks"] == []


@pytest.mark.parametrize("before", ["", "of another step\n", "é" * markdown.SUMMARY_BYTES])
@pytest.mark.parametrize("lines", [1, 1_000, 100_000])
def test_a_summary_has_no_more_than_github_takes(tmp_path, before, lines):
    path = tmp_path / "summary.md"
    path.write_text(before, encoding="utf-8")
    text = "".join(f"| row {number} | é |\n" for number in range(lines))
    markdown.append(path, text)
    added = path.read_text("utf-8").removeprefix(before)
    limit = markdown.SUMMARY_BYTES
    assert path.stat().st_size <= max(limit, len(before.encode()))
    if len((before + text).encode()) <= limit:
        assert added == text
    elif added:
        shown, _, rest = added.partition("\n\n\n</details>")
        assert text.startswith(shown)
        assert "--json" in rest
        assert path.stat().st_size > limit - 300  # what has room is shown


def test_the_file_for_a_comment_has_no_more_than_github_takes(found):
    assert markdown.fitting(markdown.render(found)) == markdown.render(found)
    many = replace(found, flips=found.flips * 40, judged=found.judged * 200)
    text = markdown.fitting(markdown.render(many))
    assert len(text) < 65_536
    assert text.startswith(markdown.MARKER)
    assert "--json" in text


def test_a_hit_shows_the_passage_that_has_the_terms_of_the_query():
    text = f"{'Nothing of it. ' * 20}The cat slept. {'Nothing of it. ' * 20}"
    line = comparison.hit(RankedHit(2, "d" * 200, 1, text), {"cat"})
    assert line.startswith("2. ddd")
    assert "The cat slept." in line
    assert len(line) <= comparison.SHOWN_CHARACTERS
