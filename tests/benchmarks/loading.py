"""One way to load a set, in a process of its own, for test_loading.py: prints seconds and peak memory in MB as JSON.

python tests/benchmarks/loading.py bench|json FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])  # the repo's root, in place of this folder


def by_bench(folder: Path) -> int:
    from bench.data.formats import beir

    return len(beir.load(str(folder)).documents)


def by_json(folder: Path) -> int:
    """The plain loop, with its texts kept."""
    with (folder / "corpus.jsonl").open("rb") as stream:
        records = [json.loads(line) for line in stream]
    return len({record["_id"]: f"{record['title']} {record['text']}" for record in records})


def peak() -> float:
    """Peak resident memory in MB. Not ru_maxrss: a child that is just started has its parent's peak in it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    start = time.perf_counter()
    count = {"bench": by_bench, "json": by_json}[sys.argv[1]](Path(sys.argv[2]))
    taken = time.perf_counter() - start
    print(json.dumps({"documents": count, "seconds": taken, "megabytes": peak()}))
