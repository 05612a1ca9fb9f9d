"""A stored run is read as it was written, whatever version control did to its line ends; an edited one is one error."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from hashlib import sha256
from typing import get_type_hints

import pytest
from fakes import Fixed
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import edit_info

import bench
from bench.cli import main
from bench.errors import BenchError, OtherSchemaError
from bench.evaluation.pairs import PairedDifference
from bench.regression import baseline
from bench.report.run import terminal
from bench.report.run.kinds import tables
from bench.report.run.markdown import render
from bench.storage.schema import TABLES


@pytest.fixture
def kept(write_set, tmp_path):
    """A run, and the baseline that was made of it; a slice of the set is called by two lines."""
    queries = [
        {"_id": "q1", "text": "cat on a mat", "metadata": {"kind": "two\nlines"}},
        {"_id": "q2", "text": "what does E-4012 mean", "metadata": {"kind": "code"}},
    ]
    folder = write_set(queries=queries, qrels=[("q1", "d1", 1), ("q2", "d3", 1)], card='slices = ["kind"]\n')
    run = bench.run(folder, ["bm25", Fixed()], latency=False, results=str(tmp_path / "results"), name="run")
    baseline.update(run, tmp_path / "results" / "baseline")
    return run, tmp_path / "results" / "baseline"


def with_crlf(folder):
    """As a checkout with other line ends leaves it."""
    for path in folder.iterdir():
        if path.suffix in (".csv", ".json"):
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def test_every_figure_of_a_comparison_is_read_as_a_number(kept):
    figures = [name for name, kind in get_type_hints(PairedDifference).items() if kind is not str]
    rows = bench.load_run(kept[1]).rows("comparisons")
    assert rows
    assert not [name for row in rows for name in figures if isinstance(row[name], str)]


def test_a_baseline_checked_out_with_other_line_ends_is_read_as_it_was(kept):
    run, folder = kept
    before = bench.load_run(folder)
    expected = (before.rows("measures"), before.rows("comparisons"), before.analysis)
    with_crlf(folder)
    after = bench.load_run(folder)
    assert (after.rows("measures"), after.rows("comparisons"), after.analysis) == expected
    assert "kind=two\nlines" in {row["slice"] for row in after.rows("measures")}
    assert bench.compare(folder, run).outcome == "pass"


def test_version_control_is_told_to_leave_a_baseline_as_it_is(kept, tmp_path):
    _, folder = kept
    assert (folder / ".gitattributes").read_text() == "* -text\n"
    git = ("git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org")
    for command in (["init", "-q"], ["config", "core.autocrlf", "true"], ["add", "results"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(folder)
    subprocess.run([*git, "checkout", "--", "results"], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_project_keeps_its_own_as_it_is():
    from bench.regression import BASELINE

    assert (BASELINE / ".gitattributes").read_text() == "* -text\n"


def damage(folder, how):
    if how == "schema":
        edit_info(folder, schema=1)
    elif how == "run.json":
        (folder / "run.json").write_text("{")
    elif how == "shape":
        edit_info(folder, measures=[])
    else:
        (folder / how).write_bytes(b"broken")


@pytest.mark.parametrize("how", ["schema", "run.json", "shape", "measures.csv", "queries.parquet"])
def test_nobody_is_told_to_make_a_baseline_again(kept, how):
    """The code under test would then be compared with itself."""
    run, folder = kept
    damage(folder, how)
    with pytest.raises(BenchError) as caught:
        bench.compare(folder, run)
    assert "git checkout" in caught.value.hint
    assert "baseline update" in caught.value.hint
    assert "bench run" not in caught.value.hint
    assert "--fresh" not in caught.value.hint


def test_a_run_that_is_no_baseline_can_be_made_again(kept):
    run, _ = kept
    damage(run.folder, "measures.csv")
    with pytest.raises(BenchError, match="is missing or damaged") as caught:
        bench.load_run(run.folder)
    assert "--resume" in caught.value.hint


@pytest.mark.parametrize("flag", ["--resume", "--fresh", ""])
def test_no_run_is_made_in_the_baselines_place(kept, monkeypatch, tmp_path, capsys, flag):
    _, folder = kept
    monkeypatch.chdir(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    arguments = ["run", "small", "-r", "bm25", "--no-latency", "--name", "baseline", *([flag] if flag else [])]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "reference run" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_edited_run_json_is_seen(kept):
    run, _ = kept
    path = run.folder / "run.json"
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))
    with pytest.raises(BenchError, match="not what the run wrote"):
        bench.load_run(run.folder)
    path.write_text(json.dumps(json.loads(path.read_text().replace('"seed": 1', '"seed": 0'))))
    assert bench.load_run(run.folder).complete  # written out differently it says the same


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A stored run of two retrievers, and what its run.json says."""
    folder = tmp_path_factory.mktemp("strange")
    run = bench.run("vector-notes", ["bm25", Fixed()], latency=False, results=str(folder), name="r", limit=5)
    info = json.loads((run.folder / "run.json").read_text("utf-8"))
    del info["seal"]
    return run.folder, info


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.text(max_size=3),
    st.just([]), st.just({}), st.just([[]]), st.just([1]), st.just({"name": 1}), st.just("a" * 50),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=400)
@given(st.data())
def test_whatever_run_json_says_is_read_or_is_one_error(whole, data):
    folder, info = whole
    strange = copy.deepcopy(info)
    for _ in range(data.draw(st.integers(1, 2))):
        place, value = None, strange
        while isinstance(value, dict | list) and value and (place is None or data.draw(st.booleans())):
            key = data.draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
            place, value = (value, key), value[key]
        holder, key = place
        if data.draw(st.booleans()):
            holder[key] = copy.deepcopy(data.draw(JUNK))
        else:
            del holder[key]
    (folder / "run.json").write_text(json.dumps(strange), "utf-8")
    try:
        run = bench.load_run(folder)
        if not run.complete:
            return
        for dataset in run.datasets:
            list(tables(run, dataset))
        render(run)
        list(terminal.render(run))
        bench.compare(run, run)
    except (BenchError, OtherSchemaError) as error:
        assert error.hint


def test_the_tables_are_those_of_a_run():
    assert all(name.endswith((".csv", ".json", ".parquet")) for name in TABLES)


def test_line_ends_of_a_slice_are_kept_where_nothing_was_converted(write_set, tmp_path):
    queries = [{"_id": "q1", "text": "cat on a mat", "metadata": {"kind": "two\r\nlines"}}]
    folder = write_set(queries=queries, qrels=[("q1", "d1", 1)], card='slices = ["kind"]\n')
    found = bench.run(folder, ["bm25"], latency=False, results=str(tmp_path / "r"))
    assert "kind=two\r\nlines" in {row["slice"] for row in bench.load_run(found.folder).rows("measures")}


def test_the_order_of_keys_is_no_change(kept):
    run, _ = kept
    path = run.folder / "run.json"
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(dict(reversed(content.items()))), "utf-8")
    assert bench.load_run(run.folder).complete


def test_a_baseline_is_known_wherever_it_lies(kept, tmp_path):
    run, folder = kept
    moved = folder.rename(tmp_path / "reference")
    (moved / "measures.csv").write_bytes(b"broken")
    with pytest.raises(BenchError) as caught:
        bench.compare(moved, run)
    assert "git checkout" in caught.value.hint


def test_measures_that_the_tables_lack_are_damage(kept):
    run, _ = kept
    edit_info(run.folder, measures=[*run.info["measures"], "P@7"])
    with pytest.raises(BenchError, match="the tables are not of its sets"):
        bench.load_run(run.folder)


def test_a_run_in_which_all_failed_is_read(write_set, tmp_path):
    found = bench.run(write_set(), ["fakes:Broken"], latency=False, results=str(tmp_path / "r"))
    assert bench.load_run(found.folder).failures


def test_true_is_no_number(kept):
    run, _ = kept
    edit_info(run.folder, depth=True)
    with pytest.raises(BenchError, match="what it says of depth is not whole"):
        bench.load_run(run.folder)


def test_line_ends_are_given_back_to_text_alone(kept):
    """A Parquet file in which they were changed cannot be read as it is."""
    _, folder = kept
    path = folder / "queries.parquet"
    changed = path.read_bytes().replace(b"\r\n", b"\n")  # so that it has none of its own
    edit_info(folder, checksums={**bench.load_run(folder).info["checksums"], path.name: sha256(changed).hexdigest()})
    path.write_bytes(changed.replace(b"\n", b"\r\n"))
    assert path.read_bytes() != changed
    with pytest.raises(BenchError, match=r"queries\.parquet is missing or damaged"):
        bench.load_run(folder)
