"""The committed reference run, results/baseline: a stored run without what a comparison can do without.

Kept are run.json, the tables, the values of each query, and the top 10 of each ranking (in queries.parquet, with the
passages of the first few hits). Left out are the rankings below rank 10, raw times, charts, TREC runs, maps, the texts
of the worst losses, and of the machine what only its moment says.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.data.passages import passage, query_terms
from bench.errors import BenchError
from bench.regression import BASELINE, TOP
from bench.storage.files import write_atomic, write_json, write_parquet
from bench.storage.run import Run, write_info
from bench.storage.schema import MAP, tables_of

# Of run.json's "environment": the machine at that moment, which no comparison looks at.
_MOMENT = ("kernel", "load_at_start", "governor")

SHOWN_HITS = 3
SHOWN_CHARACTERS = 60


def update(run: Run, folder: Path = BASELINE) -> int:
    """Put a reduced copy of the run in the baseline's place. Returns its size in bytes.

    The old one stays until the new one is whole. Raises BenchError for a run with failed cells, which would be a
    baseline that a disappeared cell passes, and where the folder cannot be written.
    """
    if run.failures:
        name, retriever, reason = run.failures[0]
        raise BenchError(f"{retriever} failed on {name}: {reason}", "A baseline needs a run without failed cells.")
    if run.folder.resolve() == folder.resolve():
        raise BenchError(f"{run.folder} is the baseline already.", "Name another run.")
    fresh, old = (folder.with_name(f".{folder.name}.{os.getpid()}.{what}") for what in ("new", "old"))
    try:
        _write(run, fresh)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    except OSError as error:
        raise BenchError(f"{folder} cannot be written: {error.strerror}.", "Check the folder.") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    return sum(path.stat().st_size for path in folder.iterdir())


def _write(run: Run, folder: Path) -> None:
    folder.mkdir(parents=True)
    tables = [name for name in tables_of(run.info["checksums"]) if name != MAP]
    for name in tables:
        if name not in ("queries.parquet", "analysis.json"):
            write_atomic(folder / name, (run.folder / name).read_bytes())
    write_parquet(folder / "queries.parquet", _reduced(pq.read_table(run.folder / "queries.parquet")))
    write_json(folder / "analysis.json", _without_losses(run.analysis))
    checksums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in tables}
    environment = {key: value for key, value in run.info["environment"].items() if key not in _MOMENT}
    reduced = {**run.info, "environment": environment, "reduced": {"top": TOP}, "checksums": checksums}
    write_info(folder, reduced)
    # A checkout on Windows would change the line ends, and with them the checksums.
    write_atomic(folder / ".gitattributes", b"* -text\n")


def _without_losses(analysis: dict[str, Any]) -> dict[str, Any]:
    """The same with how many queries each pair lost, and none of them told: that is most of the file."""
    sets = {
        name: {**analyses, "failures": [{**pair, "worst": []} for pair in analyses["failures"]]}
        for name, analyses in analysis["sets"].items()
    }
    return {**analysis, "sets": sets}


def _reduced(queries: pa.Table) -> pa.Table:
    """The same with shorter passages of documents, and none below the first few hits."""
    terms = [query_terms(text) for text in queries["text"].to_pylist()]
    for name in ("hits", "relevant"):
        rows = queries[name].to_pylist()
        for row, asked in zip(rows, terms, strict=True):
            for document in row:
                shown = document.get("rank", 1) <= SHOWN_HITS
                document["text"] = passage(document["text"], asked, SHOWN_CHARACTERS) if shown else ""
        column = pa.array(rows, queries.schema.field(name).type)
        queries = queries.set_column(queries.schema.get_field_index(name), name, column)
    return queries
