"""Whole processes: a run with MiniLM, cold and warm, against sentence-transformers' own evaluator; and --help.

The evaluator takes minutes on a CPU, so that race runs where BENCH_DATA is set, and once by default: BENCH_ROUNDS=3
repeats it.
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from clock import seconds

SCRIPT = Path(__file__).with_name("evaluator.py")
MEASURES = ("R@1", "R@5", "R@10", "R@100", "RR@10", "nDCG@10", "AP@100")


def bench(*arguments, **variables):
    environment = {**os.environ, **variables}
    command = [sys.executable, "-m", "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=True, env=environment)


@pytest.mark.benchmark(group="process")
def test_help_answers_at_once(benchmark, tell):
    benchmark.pedantic(lambda: bench("--help"), rounds=9, warmup_rounds=1)
    tell(f"python -m bench --help: {benchmark.stats['median']:.3f} s")


@pytest.mark.benchmark(group="process")
def test_a_run_takes_no_longer_than_the_evaluator_of_sentence_transformers(benchmark, tell, data, tmp_path):
    folder = data / "medical-questions"
    times = {"evaluator": [], "cold": [], "warm": []}
    figures = {}

    def ours(name, cache):
        run = ("run", folder, "-r", "minilm", "--no-latency", "--results", tmp_path, "--name", name)
        times[name.split("-")[0]].append(seconds(lambda: bench(*run, BENCH_CACHE=str(cache))))
        with (tmp_path / name / "measures.csv").open() as stream:
            return {row["measure"]: float(row["value"]) for row in csv.DictReader(stream) if row["slice"] == "all"}

    def once():
        number = len(times["cold"])
        cache = tmp_path / f"{number}.sqlite"
        cold = ours(f"cold-{number}", cache)
        times["evaluator"].append(
            seconds(lambda: figures.update(json.loads(subprocess.check_output([sys.executable, SCRIPT, folder]))))
        )
        assert cold == ours(f"warm-{number}", cache)
        assert [cold[name] for name in MEASURES] == pytest.approx([figures[name] for name in MEASURES], abs=2e-3)

    benchmark.pedantic(once, rounds=int(os.environ.get("BENCH_ROUNDS", "1")))
    theirs = times["evaluator"]
    for side in ("cold", "warm"):
        share = statistics.median(a / b for a, b in zip(times[side], theirs, strict=True))
        benchmark.extra_info[side] = {"seconds": times[side], "share": share}
        tell(f"run, {side}: {statistics.median(times[side]):.1f} s, {share:.2f} of the evaluator's time")
    tell(f"evaluator: {statistics.median(theirs):.1f} s")
