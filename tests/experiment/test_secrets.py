"""A key that a retriever holds stands in no file of a run, whatever the retriever does with it."""

from __future__ import annotations

import pytest
from fakes import Keyed

import bench
from bench.cli import main
from bench.errors import BenchError

SECRET = "sk-live-4f9a77c2"
OTHER = "tk-live-4f9a88d3"


def holding(folder):
    return [path for path in folder.rglob("*") if path.is_file() and b"live-4f9a" in path.read_bytes()]


@pytest.mark.parametrize("fails", [False, True])
def test_an_object_s_key_is_in_no_file(write_set, tmp_path, monkeypatch, fails):
    monkeypatch.setenv("SERVICE_TOKEN", OTHER)
    keyed = Keyed(api_key=SECRET, headers={"Authorization": f"Bearer {SECRET}"}, fails=fails)
    found = bench.run(write_set(), [keyed, "bm25"], results=str(tmp_path / "out"), latency=False)
    assert holding(found.folder) == []
    texts = [reason for *_, reason in found.failures] + found.warnings
    assert len(texts) == 1
    assert "***" in texts[0]


@pytest.mark.parametrize("fails", ["false", "true"])
def test_a_key_that_a_process_reads_by_itself_is_in_no_file(write_set, tmp_path, monkeypatch, fails):
    """Not in the log either, which has what it prints and its tracebacks."""
    monkeypatch.setenv("SERVICE_ACCESS", SECRET)
    monkeypatch.setenv("SERVICE_TOKEN", OTHER)
    found = bench.run(write_set(), [f"fakes:Keyed:fails={fails}", "bm25"], results=str(tmp_path / "out"), latency=False)
    assert holding(found.folder) == []
    log = (found.folder / "log.txt").read_text()
    assert "asking with *** ***" in log
    assert ("ValueError: http://localhost: refused '***' {} ***" in log) == (fails == "true")


def test_a_key_in_a_specification_is_refused_before_a_folder_is_made(write_set, tmp_path, capsys):
    folder = write_set()
    with pytest.raises(BenchError, match="api_key looks like a secret") as caught:
        bench.run(folder, [f"fakes:Keyed:api_key={SECRET}"], results=str(tmp_path / "out"))
    assert "live-4f9a" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit) as stopped:
        main(["ab", "--base", "HEAD", "-d", str(folder), "-r", f"fakes:Keyed:api_key={SECRET}"])
    assert stopped.value.code == 2
    assert "live-4f9a" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "given",
    [
        f"fakes:Keyed:url=https://user:{SECRET}@host/v1",
        f"fakes:Keyed:url='https://host/v1?api_key={SECRET}'",
        f"api_key={SECRET}",
        f"mine=fakes:Keyed:api_key={SECRET}",
    ],
)
def test_no_way_to_write_a_key_into_a_specification_leads_to_a_table(write_set, tmp_path, given):
    with pytest.raises(BenchError, match=r"(looks like|holds) a secret") as caught:
        bench.run(write_set(), [given], results=str(tmp_path / "out"))
    assert "live-4f9a" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_what_is_no_retriever_is_shown_without_its_key():
    class Wrong:
        def __init__(self):
            self.api_key = SECRET

        def __repr__(self):
            return f"Wrong({self.api_key})"

    with pytest.raises(BenchError, match=r"Wrong\(\*\*\*\) is no retriever"):
        bench.run("phenomena", [Wrong()])
