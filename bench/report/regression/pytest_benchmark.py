"""The latencies of a stored run -> pytest-benchmark's JSON, so that tools for that format read them.

A benchmark is a set and a retriever, a round is one warm single query. Times are in seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.report.regression.content import inert
from bench.storage.costs import TIMING, is_too_busy
from bench.storage.run import Run

VERSION = "4.0.0"  # of pytest-benchmark, whose form has not changed since


def render(run: Run) -> bytes:
    """The JSON. A run without times, a reduced one, and one on a machine too busy for them has no benchmarks in it."""
    machine = run.info["environment"]
    content = {
        "machine_info": {
            "node": "",
            "processor": machine["cpu"],
            "machine": machine["platform"],
            "python_version": machine["python"],
            "cpu": {"brand_raw": machine["cpu"], "count": machine["cores_logical"]},
        },
        "commit_info": {
            "id": machine["git"] or "unknown",
            "time": machine["time"],
            "author_time": machine["time"],
            "dirty": "+changes" in (machine["git"] or ""),
            "project": "bench",
            "branch": "(unknown)",
        },
        "benchmarks": list(_benchmarks(run)),
        "datetime": machine["time"],
        "version": VERSION,
    }
    return json.dumps(content, indent=2, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def _benchmarks(run: Run) -> Iterator[dict[str, Any]]:
    busy = {
        (row["dataset"], row["retriever"])
        for row in run.rows("latency")
        if is_too_busy({row["quantity"]: row["value"]}, TIMING)
    }
    for dataset in run.datasets:
        for label in run.retrievers:
            cell = run.cell(dataset["name"], label)
            if cell is None or len(cell.samples) < 2 or (dataset["name"], label) in busy:
                continue
            name = f"{inert(dataset['name'])}[{inert(label)}]"
            yield {
                "group": inert(dataset["name"]),
                "name": name,
                "fullname": f"bench/{name}",
                "params": {"retriever": inert(label)},
                "param": inert(label),
                "extra_info": {"fingerprint": dataset["fingerprint"]},
                "options": {"disable_gc": True, "timer": "perf_counter", "warmup": True},
                "stats": statistics(cell.samples / 1e9),
            }


def statistics(seconds: NDArray[np.float64]) -> dict[str, Any]:
    """What pytest-benchmark says of as many rounds; two or more."""
    # Medians of the lower and the upper half, as pytest-benchmark has them.
    q1, median, q3 = np.percentile(seconds, [25, 50, 75], method="hazen").tolist()
    mean, deviation = float(seconds.mean()), float(seconds.std(ddof=1))
    within = seconds[(seconds >= q1 - 1.5 * (q3 - q1)) & (seconds <= q3 + 1.5 * (q3 - q1))]
    beyond = int((np.abs(seconds - mean) > deviation).sum())
    return {
        "min": float(seconds.min()),
        "max": float(seconds.max()),
        "mean": mean,
        "stddev": deviation,
        "rounds": len(seconds),
        "median": median,
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": len(seconds) - len(within),
        "stddev_outliers": beyond,
        "outliers": f"{beyond};{len(seconds) - len(within)}",
        "ld15iqr": float(within.min()),
        "hd15iqr": float(within.max()),
        "ops": 1 / mean,
        "total": float(seconds.sum()),
        "iterations": 1,
    }
