"""A corpus of a million short documents: time and peak memory of loading, each side in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from /proc")
SCRIPT = Path(__file__).with_name("loading.py")
SIZE = 1_000_000


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("million")
    words = np.random.default_rng(0).integers(0, 50_000, (1000, 12)).tolist()
    texts = [" ".join(f"word{word}" for word in row) for row in words]
    (folder / "qrels").mkdir()
    with (folder / "corpus.jsonl").open("w") as stream:
        stream.writelines(
            f'{{"_id": "d{i}", "title": "Title {i}", "text": "{texts[i % 1000]}"}}\n' for i in range(SIZE)
        )
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "word1"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n")
    return folder


@pytest.mark.benchmark(group="loading")
def test_a_million_documents_load(benchmark, tell, corpus):
    found = {"bench": [], "json": []}

    def both():
        for side, results in found.items():
            done = subprocess.run([sys.executable, SCRIPT, side, corpus], capture_output=True, check=True)
            results.append(json.loads(done.stdout))

    benchmark.pedantic(both, rounds=3)
    for quantity in ("seconds", "megabytes"):
        ours, theirs = (statistics.median(result[quantity] for result in found[side]) for side in ("bench", "json"))
        benchmark.extra_info[quantity] = {"ours": ours, "theirs": theirs, "ratio": theirs / ours}
        tell(f"a million documents, {quantity}: {ours:.1f}, json.loads {theirs:.1f}, ratio {theirs / ours:.2f}")
    assert {result["documents"] for results in found.values() for result in results} == {SIZE}
