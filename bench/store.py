"""results/<run>/ on disk: atomic and self-describing.

  run.json                       configuration, environment, dataset and retriever signatures, schema number
  cells/<dataset>/<retriever>/   one cell: cell.json (with checksums), ranking.npz, per_query.parquet, samples.npy
  measures.csv                   dataset, retriever, slice, measure, value, low, high, queries
  groups.csv                     dataset, retriever, quantity, measure, value, low, high, groups (of wordings)
  unanswerable.csv               dataset, retriever, quantity, value, low, high, answerable, unanswerable
  comparisons.csv                every pair of retrievers by every measure (bench.comparisons.Comparison)
  analysis.json                  by set: why, who is better, the Pareto set, the verdict; and the overall verdict
  latency.csv                    dataset, retriever, quantity, unit, value, low, high, samples
  recall.csv                     dataset, retriever, k, value
  per_query.parquet              dataset, retriever, query, answerable, one column a measure
  queries.parquet                dataset, query, text, metadata, answerable, relevant, shown hits with text
  runs/<dataset>/<retriever>.run.gz   TREC

A cell is done when its cell.json is there and the checksums match. Every file is written under a temporary
name, fsynced and renamed. Nothing stored is ever unpickled.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import math
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.dataset import Dataset
from bench.errors import BenchError, OtherSchemaError
from bench.run_info import strange
from retrievers.base import NO_HIT, Ranking

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 3

MEASURES = ("dataset", "retriever", "slice", "measure", "value", "low", "high", "queries")
GROUPS = ("dataset", "retriever", "quantity", "measure", "value", "low", "high", "groups")
UNANSWERABLE = ("dataset", "retriever", "quantity", "value", "low", "high", "answerable", "unanswerable")
LATENCY = ("dataset", "retriever", "quantity", "unit", "value", "low", "high", "samples")
RECALL = ("dataset", "retriever", "k", "value")
COMPARISONS = (
    *("dataset", "measure", "a", "b", "mean_a", "mean_b", "difference", "low", "high", "p", "p_holm"),
    *("wins", "ties", "losses", "effect", "detectable", "queries", "groups"),
    *("family", "interval", "margin", "p_above", "p_below"),
)
VERDICTS = (
    *("dataset", "measure", "margin", "choice", "basis", "sentences", "retriever", "winner", "lexical", "dense"),
    *("difference", "low", "high", "p_holm", "more_queries"),
)
HEADERS = {"measures": MEASURES, "groups": GROUPS, "unanswerable": UNANSWERABLE, "latency": LATENCY, "recall": RECALL}
TABLES = (
    *(f"{name}.csv" for name in HEADERS),
    "comparisons.csv",
    "analysis.json",
    "per_query.parquet",
    "queries.parquet",
)


# A time is marked where the gauge (bench.noise) was slower by this share than at its quickest in the run.
NOISY = 0.10

# The quantity that says that vectors came from the embedding cache, and what that shortens.
FROM_CACHE = "vectors_from_cache"
SHORTENED = ("index", "peak_memory")

# One line of a table by its columns' names.
Row = dict[str, Any]


# The slice that holds all answerable queries.
ALL = "all"


def choose_measure(names: Sequence[str], wanted: str) -> str:
    """The measure that the dataset's card names, where the run has it, else nDCG@10, else the first."""
    return next((name for name in (wanted, "nDCG@10") if name in names), names[0])


def slug(name: str) -> str:
    """A name as a safe file name: unchanged where it is one already, else cleaned and with a hash.

    Capitals are not safe: on Windows and macOS two names that differ in case alone would be one file.
    """
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60]
    return (
        clean
        if clean == name == name.lower()
        else f"{clean}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")
    )


def write_atomic(path: Path, data: bytes) -> None:
    """All of the file or nothing: temporary name, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """JSON as people read it; NaN never occurs in it."""
    write_atomic(path, (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """CSV with shortest round-trip floats; NaN is an empty field."""
    lines: list[str] = []
    # A writer quotes only the line ends that its own consists of, so it ends its lines in both; files have one.
    writer = csv.writer(SimpleNamespace(write=lambda line: lines.append(line.removesuffix("\r\n") + "\n")))
    writer.writerow(header)
    writer.writerows([["" if value != value else value for value in row] for row in rows])
    write_atomic(path, "".join(lines).encode())


def write_parquet(path: Path, table: pa.Table) -> None:
    """Parquet, compressed; the same bytes for the same table and library."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_atomic(path, sink.getvalue().to_pybytes())


def array_bytes(save: Any, *arrays: Any, **named: Any) -> bytes:
    """The bytes that numpy's save or savez writes."""
    buffer = io.BytesIO()
    save(buffer, *arrays, **named)
    return buffer.getvalue()


@dataclass(frozen=True)
class Cell:
    """One retriever on one dataset, as stored in `folder`.

    info is cell.json: label and parameters of the retriever, fingerprint of the dataset, work done, timing
    (None until it was taken), error (None where it worked).
    """

    folder: Path
    info: dict[str, Any]

    @cached_property
    def ranking(self) -> Ranking:
        with np.load(self.folder / "ranking.npz", allow_pickle=False) as arrays:
            return Ranking(arrays["documents"].astype(np.int64), arrays["scores"])

    @cached_property
    def per_query(self) -> dict[str, NDArray[np.float64]]:
        """measure -> values, float64 [queries]."""
        table = pq.read_table(self.folder / "per_query.parquet")
        return {name: table[name].to_numpy() for name in table.column_names if name != "query"}

    @cached_property
    def ends(self) -> int:
        """The most hits of a query where at least half of those with a hit have as many: there a ranking was cut.

        0 where lengths differ, as they do where a retriever found no more.
        """
        lengths = (self.ranking.documents != NO_HIT).sum(axis=1)
        longest = int(lengths.max(initial=0))
        return longest if 2 * (lengths == longest).sum() >= (lengths > 0).sum() else 0

    @cached_property
    def samples(self) -> NDArray[np.int64]:
        """Nanoseconds of the timed single queries, in the order taken; empty where none were."""
        path = self.folder / "samples.npy"
        return np.load(path, allow_pickle=False) if path.is_file() else np.zeros(0, dtype=np.int64)


def cell_folder(run: Path, dataset: str, retriever: str, signature: str) -> Path:
    """Where a cell lies; the hash keeps differing parameters under one label apart."""
    digest = hashlib.sha256(signature.encode()).hexdigest()[:8]
    return run / "cells" / slug(dataset) / f"{slug(retriever)}-{digest}"


def write_cell(folder: Path, info: dict[str, Any], files: dict[str, bytes]) -> Cell:
    """Commit files, then cell.json with the checksums of all files of the cell: that is the mark of completion."""
    checksums = dict(info.pop("checksums", {}))
    for name, data in sorted(files.items()):
        write_atomic(folder / name, data)
        checksums[name] = hashlib.sha256(data).hexdigest()
    info = {"schema": SCHEMA, **info, "checksums": checksums}
    write_json(folder / "cell.json", info)
    return Cell(folder, info)


def trec_run(dataset: Dataset, ranking: Ranking, tag: str, unknown: Sequence[str] = ()) -> bytes:
    """A TREC run, gzipped without a time stamp. unknown: the ids of hits that the dataset does not have: -2, -3, …

    Scores are written as the shortest decimals that tell float32 values apart, which keep their order: stock trec_eval,
    which sorts by score, then by descending id, comes to the order of the ranks.
    """
    query, rank = np.nonzero(ranking.documents != NO_HIT)
    ids = pa.chunked_array([*dataset.documents["id"].chunks, pa.array(unknown[::-1], pa.large_string())])
    lines = pc.binary_join_element_wise(
        dataset.queries["id"].combine_chunks().take(pa.array(query)),
        pa.scalar("Q0", pa.large_string()),
        ids.take(pa.array(_place(ranking.documents[query, rank], len(ids)))).combine_chunks(),
        pa.array(rank + 1).cast(pa.large_string()),
        pa.array(ranking.scores[query, rank]).cast(pa.large_string()),
        pa.scalar(tag, pa.large_string()),
        pa.scalar(" ", pa.large_string()),
    )
    text = "".join(f"{line}\n" for line in lines.to_pylist())
    return gzip.compress(text.encode(), compresslevel=3, mtime=0)


def _place(documents: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Where ids stand in a list of `size` whose end are the unknown ones, the first of them last."""
    return np.where(documents < NO_HIT, size + 1 + documents, documents)


def make_folder(folder: Path, may_exist: bool) -> None:
    """Make a run's folder. Raises BenchError where it exists and may not, or cannot be made."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(
            f"{folder.parent} cannot be made: {error.strerror}.", "Give a writable folder to --results."
        ) from None
    try:
        folder.mkdir(exist_ok=may_exist)
    except FileExistsError:
        raise BenchError(
            f"{folder} exists already.", "Give another --name, continue it with --resume, or redo it with --fresh."
        ) from None
    except OSError as error:
        raise BenchError(
            f"{folder} cannot be made: {error.strerror}.", "Give a writable folder to --results."
        ) from None


def new_folder(results: Path) -> Path:
    """Make a folder called by date and time, with a number where other runs begin within that second."""
    now = datetime.now().strftime("%Y%m%d-%H%M%S")
    names = chain([now], (f"{now}-{number}" for number in count(2)))
    while True:
        folder = results / next(names)
        try:
            make_folder(folder, may_exist=False)
        except BenchError:
            if not folder.is_dir():
                raise
        else:
            return folder


def finished_cell(folder: Path) -> Cell | None:
    """The cell in a folder, where its mark of completion is there, it worked, and every checksum matches."""
    try:
        info = json.loads((folder / "cell.json").read_text("utf-8"))
        if info["schema"] != SCHEMA or info["error"] is not None:
            return None
        for name, digest in info["checksums"].items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Cell(folder, info)


def _failed(cell: Path) -> bool:
    """Does a cell.json say that the retriever failed?"""
    try:
        return json.loads(cell.read_text("utf-8"))["error"] is not None
    except (OSError, ValueError, KeyError, TypeError):
        return False


def table_checksums(folder: Path) -> dict[str, str]:
    """sha256 of the run-level tables."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in TABLES}


class Run:
    """A stored run. Tables are pandas DataFrames, read when asked for."""

    def __init__(self, folder: Path, info: dict[str, Any], converted: frozenset[str] = frozenset()) -> None:
        """converted: names of tables whose line ends are no longer those that were written."""
        self.folder, self.info, self._converted = folder, info, converted
        self._rows: dict[str, list[Row]] = {}

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def complete(self) -> bool:
        return bool(self.info["complete"])

    @property
    def datasets(self) -> list[dict[str, Any]]:
        """What run.json says of each dataset, in order."""
        return list(self.info["datasets"])

    @property
    def retrievers(self) -> list[str]:
        """The labels of the retrievers, in order."""
        return [each["label"] for each in self.info["retrievers"]]

    @property
    def failures(self) -> list[tuple[str, str, str]]:
        """(dataset, retriever, reason) of each cell that failed."""
        return [tuple(each) for each in self.info["failures"]]

    @property
    def warnings(self) -> list[str]:
        """What a reader of the figures must know."""
        return list(self.info["warnings"])

    def cut(self, dataset: str, retriever: str) -> int | None:
        """The depth that a ranking was cut at; None for a stored run of another system, which is scored whole."""
        whole = self.info.get("whole_runs", {})  # versions before that key cut stored runs too
        return None if retriever in whole.get(dataset, {}) else int(self.info["depth"])

    def deepest(self, dataset: str, retriever: str) -> int:
        """The most hits that a query may have: of a stored run those that it has, else the depth."""
        found = self.info.get("whole_runs", {}).get(dataset, {}).get(retriever, self.info["depth"])
        return int(found)

    @cached_property
    def measures(self) -> pd.DataFrame:
        return self._frame("measures")

    @cached_property
    def groups(self) -> pd.DataFrame:
        return self._frame("groups")

    @cached_property
    def unanswerable(self) -> pd.DataFrame:
        return self._frame("unanswerable")

    @cached_property
    def latency(self) -> pd.DataFrame:
        return self._frame("latency")

    @cached_property
    def recall(self) -> pd.DataFrame:
        return self._frame("recall")

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        return self._frame("comparisons")

    @cached_property
    def analysis(self) -> dict[str, Any]:
        """analysis.json: "sets" by name, and the "overall" verdict."""
        content: dict[str, Any] = json.loads((self.folder / "analysis.json").read_text("utf-8"))
        return content

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """What to use, one row a set: the fields of bench.verdict.Verdict, its sentences as one text."""
        import pandas as pd

        found = [each["verdict"] for each in self.analysis["sets"].values() if each["verdict"]]
        rows = [{**each, "sentences": " ".join(each["sentences"])} for each in found]
        return pd.DataFrame(rows, columns=list(VERDICTS))

    @cached_property
    def per_query(self) -> pd.DataFrame:
        return self._parquet("per_query.parquet")

    @cached_property
    def queries(self) -> pd.DataFrame:
        return self._parquet("queries.parquet")

    def cell(self, dataset: str, retriever: str) -> Cell | None:
        """A cell that worked, None where there is none. Raises BenchError where it is damaged."""
        signature = next(each["signature"] for each in self.info["retrievers"] if each["label"] == retriever)
        folder = cell_folder(self.folder, dataset, retriever, signature)
        if not folder.is_dir():
            return None
        found = finished_cell(folder)
        if found is None and not _failed(folder / "cell.json"):
            raise BenchError(
                f"{folder} is damaged: a file is gone or does not have its checksum.",
                _remedy(self.folder, self.info, f"Make it again: {resuming(self.folder)}"),
            )
        return found

    def _parquet(self, name: str) -> pd.DataFrame:
        frame: pd.DataFrame = pq.read_table(self.folder / name).to_pandas()
        return frame

    def rows(self, table: str) -> list[Row]:
        """A table as dicts, without the half second that pandas takes to import."""
        if table not in self._rows:
            name = f"{table}.csv"
            content = (self.folder / name).read_bytes()
            self._rows[table] = list(_read_csv(_unix(content) if name in self._converted else content))
        return self._rows[table]

    def _frame(self, table: str) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(self.rows(table), columns=list({**HEADERS, "comparisons": COMPARISONS}[table]))


_KINDS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(
        (
            *("value", "low", "high", "mean_a", "mean_b", "difference", "p", "p_holm", "effect", "detectable"),
            *("margin", "p_above", "p_below"),
        ),
        lambda text: float(text) if text else math.nan,
    ),
    **dict.fromkeys(("queries", "samples", "groups", "answerable", "unanswerable", "k", "wins", "ties", "losses"), int),
}


def _read_csv(content: bytes) -> Iterator[Row]:
    # Not pandas' reader: a set or retriever may be called "NA" or "007".
    csv.field_size_limit(2**31 - 1)  # a slice may be called by a long text
    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    for row in rows:
        yield {name: _KINDS.get(name, str)(text) for name, text in zip(header, row, strict=True)}


def write_info(folder: Path, info: dict[str, Any]) -> None:
    """Write run.json, with a checksum of its own, so that an edited one is seen."""
    write_json(folder / "run.json", {**info, "seal": _seal(info)})


def read_info(folder: Path) -> dict[str, Any]:
    """run.json of a stored run, whole or not. Raises BenchError where it is none, or has another schema."""
    source = folder / "run.json"
    try:
        info = json.loads(source.read_text("utf-8"))
    except FileNotFoundError:
        raise BenchError(f"{folder} is not a stored run: it has no run.json.", "Give a folder of results/.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise BenchError(f"{source} cannot be read: {error}.", _remedy(folder)) from None
    found = info.get("schema") if isinstance(info, dict) else None
    if not isinstance(found, int):
        raise BenchError(f"{source} is damaged: it names no schema.", _remedy(folder))
    whole: dict[str, Any] = info
    if found != SCHEMA:
        raise OtherSchemaError(f"{source} has schema {found}, this version reads {SCHEMA}.", _remedy(folder, whole))
    seal = whole.pop("seal", None)  # versions before it had none
    wrong = "it is not what the run wrote" if seal not in (None, _seal(whole)) else strange(whole, TABLES)
    if wrong:
        raise BenchError(f"{source} is damaged: {wrong}.", _remedy(folder, whole))
    return whole


def _seal(info: dict[str, Any]) -> str:
    """sha256 of the content, whatever the order of keys, line ends and white space."""
    return hashlib.sha256(json.dumps(info, sort_keys=True).encode()).hexdigest()


def is_baseline(folder: Path, info: dict[str, Any] | None = None) -> bool:
    """Is this the committed reference run? info: its run.json, where that can be read."""
    return folder.name == "baseline" or "reduced" in (info or {})


def _remedy(folder: Path, info: dict[str, Any] | None = None, anew: str = "Run it anew with --fresh.") -> str:
    """What to do about a stored run that cannot be used.

    A baseline is never made again by the code that it is to be held against: the change would be compared with itself.
    """
    if not is_baseline(folder, info):
        return anew
    return (
        f"Restore it from version control (git checkout -- {shlex.quote(str(folder))}), or replace it by a run of the "
        "version that it stands for: python -m bench baseline update RUN"
    )


def load_run(path: str | Path) -> Run:
    """Open a stored run. Raises BenchError where it is none, is damaged, or has another schema.

    Text tables are read whatever their line ends, since a checkout of version control may change them.
    """
    folder = Path(path)
    info = read_info(folder)
    converted = set()
    for name in TABLES if info["complete"] else ():
        try:
            content = (folder / name).read_bytes()
        except OSError:
            content = b""
        if _sha256(content) == info["checksums"][name]:
            continue
        if not name.endswith(_TEXT) or _sha256(_unix(content)) != info["checksums"][name]:
            raise BenchError(
                f"{folder / name} is missing or damaged.", _remedy(folder, info, f"Make it again: {resuming(folder)}")
            )
        converted.add(name)
    if info["complete"] and not _agrees(folder, info):
        told = "the tables are not of its sets, retrievers and measures"
        raise BenchError(f"{folder / 'run.json'} is damaged: {told}.", _remedy(folder, info))
    return Run(folder, info, frozenset(converted))


def _agrees(folder: Path, info: dict[str, Any]) -> bool:
    """Are the measures, sets and retrievers of the tables those of run.json?"""
    table = pq.read_table(folder / "per_query.parquet", columns=["dataset", "retriever"])
    measures = set(pq.read_schema(folder / "per_query.parquet").names)
    known = ({each["name"] for each in info["datasets"]}, {each["label"] for each in info["retrievers"]})
    held = (set(pc.unique(table[name]).to_pylist()) for name in ("dataset", "retriever"))
    return (not len(table) or measures >= set(info["measures"])) and all(map(set.issuperset, known, held))


# Tables that version control may take for text, and give other line ends.
_TEXT = (".csv", ".json")


def _unix(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def resuming(folder: Path) -> str:
    """The command that goes on with a run."""
    elsewhere = [] if folder.parent == Path("results") else ["--results", str(folder.parent)]
    return shlex.join(["python", "-m", "bench", "run", "--resume", "--name", folder.name, *elsewhere])


def newest_run(results: Path) -> Path:
    """The run below `results` that was begun, continued or sealed last. Raises BenchError where there is none."""
    # A baseline that was just updated is no run to go on with.
    runs = [path.parent for path in results.glob("*/run.json") if path.parent.name != "baseline"]
    if not runs:
        raise BenchError(f"There is no run in {results}.", "Make one with: python -m bench run")
    return max(runs, key=lambda folder: (folder / "run.json").stat().st_mtime)
