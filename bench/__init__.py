"""TF-IDF, BM25 or embeddings? An honest comparison on anybody's labelled data.

>>> import bench
>>> run = bench.run(["vector-notes"], retrievers=["tfidf", "bm25"], latency=False)   # doctest: +SKIP
>>> run.measures   # a pandas DataFrame   # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.api import load_dataset, load_run, run
    from bench.data.dataset import Dataset
    from bench.errors import BenchError
    from bench.regression import Regression, compare
    from bench.storage.run import Run

__all__ = ["BenchError", "Dataset", "Regression", "Run", "compare", "load_dataset", "load_run", "run"]

_WHERE = {
    "run": "bench.api",
    "load_run": "bench.api",
    "load_dataset": "bench.api",
    "compare": "bench.regression",
    "Regression": "bench.regression",
    "Dataset": "bench.data.dataset",
    "Run": "bench.storage.run",
    "BenchError": "bench.errors",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Import on first use: `python -m bench --help` must not wait for numpy and pyarrow."""
    if name not in _WHERE:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_WHERE[name]), name)
