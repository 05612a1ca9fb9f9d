"""The commands in run.json make its figures again."""

from __future__ import annotations

import csv
import json
import shlex
from types import SimpleNamespace

import pytest
from fakes import Fixed
from stored import edit_info

import bench
from bench.cli import main, parser
from bench.config import RunConfig, load_config
from bench.data.formats import load_dataset
from bench.experiment.commands import commands
from bench.storage.run import read_info

pytestmark = pytest.mark.slow


def of(config, *sets, measures=(), instances=()):
    """The commands of a configuration on sets of these names. instances: label -> signature."""
    described = [SimpleNamespace(label=label, signature=made, instance=made) for label, made in instances]
    datasets = [SimpleNamespace(name=name) for name in sets]
    inputs = SimpleNamespace(
        datasets=datasets, measures=measures or config.measures, by_name=not instances, participants=described
    )
    return commands(config, inputs)


def read(command):
    """What the command line reads of a command, as a configuration."""
    flags = vars(parser().parse_args(shlex.split(command)[3:]))
    base = None
    if "runs" in flags:
        base = RunConfig(datasets=(flags["dataset"],) if flags["dataset"] else (), retrievers=(), latency=False)
    known = {key: tuple(value) if isinstance(value, list) else value for key, value in flags.items()}
    others = ("command", "verbose", "dataset", "config", "resume", "fresh")
    return load_config(None, base=base, **{key: value for key, value in known.items() if key not in others})


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "retrievers": ("my bm25=bm25:k1=0.9", 'dense:model=m,query_prompt="a, b: "'),
            "measures": ("R@5", "Success@1"),
        },
        {"datasets": ("a b/$HOME", "c;d"), "depth": 20, "latency": False, "cache": False, "limit": 3, "seed": 7},
        {"datasets": ("a",), "traps": "t's.tsv", "margin": ("nDCG@10=0.02",), "max_p95_ms": 2.5, "max_memory_mb": 9.0},
        {"controls": True, "by": ("kind", "a\nb"), "keep_self": False, "threads": 1, "repeat_index": 2},
        {"keep_self": True, "samples": 9, "seconds": 0.5, "split": "dev", "columns": ("query=q",), "against": "bm25"},
        {"datasets": ("docs",), "known_item": "title", "unanswerable": "none.tsv", "map": "none"},
        {"datasets": ("s",), "runs": ("a b.run", "c.run"), "retrievers": (), "latency": False, "measures": ("AP",)},
        {"qrels": "q.txt", "runs": ("a.run",), "retrievers": (), "latency": False, "against": "a"},
    ],
    ids=str,
)
def test_a_command_says_every_setting_that_matters(settings):
    config = RunConfig(**settings)
    command = of(config, *(config.datasets or ("phenomena",)))["run"]
    wanted = config if config.datasets or config.qrels else RunConfig(**{**settings, "datasets": ("phenomena",)})
    assert read(command) == wanted


def test_where_and_by_whom_it_is_made_is_left_out():
    config = RunConfig(name="n", results="r", timeout=9, memory_mb=9, cache_mb=9, actor="Ada")
    assert of(config, "a")["run"] == of(RunConfig(), "a")["run"]


def test_a_cell_has_the_measures_of_the_whole_run_and_nothing_of_the_others():
    config = RunConfig(datasets=("a", "b"), retrievers=("bm25", "t=tfidf"), against="t", margin=("RR@10=0.1",))
    cells = of(config, "a", "b", measures=[*config.measures, "Success@1"])["cells"]
    assert {name: list(labels) for name, labels in cells.items()} == {"a": ["bm25", "t"], "b": ["bm25", "t"]}
    alone = read(cells["b"]["t"])
    assert (alone.datasets, alone.retrievers, alone.against, alone.margin) == (("b",), ("t=tfidf",), None, ())
    assert alone.measures == (*config.measures, "Success@1")


def test_what_no_command_takes_is_a_call_from_python():
    runs = of(RunConfig(datasets=("a", "b"), runs=("x.run",), latency=False), "a", "b")
    assert runs["run"] == (
        "bench.run(['a', 'b'], {'tfidf': 'tfidf', 'bm25': 'bm25', 'minilm': 'minilm'}, runs=['x.run'], latency=False)"
    )
    assert runs["cells"] == {}


def rows(run, **wanted):
    with (run.folder / "measures.csv").open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if wanted.items() <= row.items()]


def test_they_make_the_same_bytes(tmp_path, write_set, capsys):
    path = write_set("it's a set", card='slices = ["kind"]\nmeasure = "Success@1"')
    settings = {"results": str(tmp_path), "latency": False, "by": ["kind"], "limit": 2, "against": "bm25"}
    first = bench.run([path], ["bm25", "my own=bm25:k1=0.5"], name="first", **settings)
    made = first.info["commands"]
    for name, command in (("again", made["run"]), ("cell", made["cells"][path.name]["my own"])):
        with pytest.raises(SystemExit) as ended:
            main([*shlex.split(command)[3:], "--results", str(tmp_path), "--name", name])
        assert ended.value.code == 0, capsys.readouterr().err
    again, cell = bench.load_run(tmp_path / "again"), bench.load_run(tmp_path / "cell")
    assert (again.folder / "measures.csv").read_bytes() == (first.folder / "measures.csv").read_bytes()
    assert again.info["commands"] == made
    assert rows(cell) == rows(first, retriever="my own")


def test_a_call_with_objects_makes_the_same_bytes(tmp_path, write_set, monkeypatch):
    path = write_set()
    monkeypatch.chdir(tmp_path)
    first = bench.run([path], {"mine": Fixed(), "bm25": "bm25"}, latency=False, measures=["R@5"], name="first")
    made = first.info["commands"]["run"]
    assert made == "bench.run(['small'], {'bm25': 'bm25', 'mine': Fixed(step=1.0)}, measures=['R@5'], latency=False)"
    again = eval(made.replace("'small'", f"{str(path)!r}"), {"bench": bench, "Fixed": Fixed})
    assert rows(again, retriever="mine") == rows(first, retriever="mine")


def test_runs_of_before_are_read_and_continued_and_strange_ones_are_not(tmp_path, write_set):
    settings = {"results": str(tmp_path), "latency": False, "name": "r"}
    dataset = load_dataset(write_set())
    run = bench.run([dataset], [Fixed()], **settings)
    info = read_info(run.folder)
    commands_of_now = info.pop("commands")
    (run.folder / "run.json").write_text(json.dumps(info))
    assert "commands" not in bench.load_run(run.folder).info
    resumed = bench.run([dataset], [Fixed()], resume=True, **settings)
    assert resumed.info["commands"] == commands_of_now
    edit_info(run.folder, commands={"run": 1, "cells": {}})
    with pytest.raises(bench.BenchError, match="what it says of commands is not whole"):
        bench.load_run(run.folder)
