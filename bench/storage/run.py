"""results/<run>/ on disk: atomic and self-describing.

  run.json                       configuration, environment, dataset and retriever signatures, schema number
  cells/<dataset>/<retriever>/   one cell: cell.json (with checksums), ranking.npz, per_query.parquet, samples.npy
  measures.csv                   dataset, retriever, slice, measure, value, low, high, queries
  groups.csv                     dataset, retriever, quantity, measure, value, low, high, groups (of wordings)
  unanswerable.csv               dataset, retriever, quantity, value, low, high, answerable, unanswerable
  comparisons.csv                every pair of retrievers by every measure (bench.evaluation.pairs.PairedDifference)
  analysis.json                  by set: why, who is better, the Pareto set, the verdict; and the overall verdict
  latency.csv                    dataset, retriever, quantity, unit, value, low, high, samples
  recall.csv                     dataset, retriever, k, value
  budgets.csv                    dataset, retriever, budget, value, ended (where a measure is over word pieces)
  approximate.csv                dataset, retriever, quantity, measure, value, low, high, queries (where one is)
  curve.csv                      a row a point of a curve (bench.storage.schema.CURVE)
  tuning.csv, trials.csv         of a tuning: a row a tuned retriever, a row a trial (the same, TUNING and TRIALS)
  growth.csv, growth_pairs.csv   a row a retriever, or a pair of them, by measure and size of a set that grows
  noise.csv                      dataset, retriever, variant, changed, setting, quantity, measure, value (bench noise)
  per_query.parquet              dataset, retriever, query, answerable, one column a measure
  queries.parquet                dataset, query, text, metadata, answerable, terms, relevant (with ranks by retriever),
                                 shown hits with text, overlap, unknown (words that no document has), traps
  map.parquet                    dataset, retriever, kind, id, x, y, text, topic, fields (where maps were asked for)
  map/<dataset>/<retriever>.npy  the points of one of them
  runs/<dataset>/<retriever>.run.gz   TREC; beside it <retriever>.ir_metadata.yaml, what it was made of

A cell is done when its cell.json is there and the checksums match. Every file is written under a temporary
name, fsynced and renamed. Nothing stored is ever unpickled.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import shlex
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.errors import BenchError, OtherSchemaError
from bench.storage.cell import Cell, cell_folder, finished_cell, has_failed
from bench.storage.files import write_json
from bench.storage.folder import is_baseline, resuming
from bench.storage.run_info import strange
from bench.storage.schema import COMPARISONS, HEADERS, SCHEMA, SOMETIMES, TABLES, VERDICTS, tables_of

if TYPE_CHECKING:
    import pandas as pd


# One line of a table by its columns' names.
Row = dict[str, Any]


def table_checksums(folder: Path) -> dict[str, str]:
    """sha256 of the run-level tables."""
    names = tables_of([path.name for path in folder.iterdir()])
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


class Run:
    """A stored run. Tables are pandas DataFrames, read when asked for."""

    def __init__(self, folder: Path, info: dict[str, Any], converted: frozenset[str] = frozenset()) -> None:
        """converted: names of tables whose line ends are no longer those that were written."""
        self.folder, self.info, self._converted = folder, info, converted
        self._rows: dict[str, list[Row]] = {}

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    # What a notebook shows of a run: set by those who know of reports (bench.api), of which storage does not.
    as_html: ClassVar[Callable[[Run], str] | None] = None

    def _repr_html_(self) -> str | None:
        return None if Run.as_html is None else Run.as_html(self)

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
        return [retriever["label"] for retriever in self.info["retrievers"]]

    @property
    def failures(self) -> list[tuple[str, str, str]]:
        """(dataset, retriever, reason) of each cell that failed."""
        return [tuple(failure) for failure in self.info["failures"]]

    @property
    def warnings(self) -> list[str]:
        """What a reader of the figures must know."""
        return list(self.info["warnings"])

    def only(self, dataset: str) -> Run:
        """The run as if it had been of one set; its tables are those of all.

        Args:
            dataset: Name of the set.

        Returns:
            Another run of the same folder.
        """
        datasets = [entry for entry in self.datasets if entry["name"] == dataset]
        of_one = Run(self.folder, {**self.info, "datasets": datasets}, self._converted)
        of_one._rows = self._rows
        return of_one

    def cut(self, dataset: str, retriever: str) -> int | None:
        """The depth that a ranking was cut at.

        Args:
            dataset: Name of the set.
            retriever: Label of the retriever.

        Returns:
            Hits a query; None for a stored run of another system, which is scored whole.
        """
        whole = self.info.get("whole_runs", {})  # versions before that key cut stored runs too
        return None if retriever in whole.get(dataset, {}) else int(self.info["depth"])

    def deepest(self, dataset: str, retriever: str) -> int:
        """The most hits that a query may have.

        Args:
            dataset: Name of the set.
            retriever: Label of the retriever.

        Returns:
            Of a stored run of another system those that it has, else the depth.
        """
        depth = self.info.get("whole_runs", {}).get(dataset, {}).get(retriever, self.info["depth"])
        return int(depth)

    def columns(self, dataset: str, retriever: str) -> dict[str, str]:
        """The columns of documents that a retriever has read, beside the texts that the set's fingerprint is over.

        Args:
            dataset: Name of the set.
            retriever: Label of the retriever.

        Returns:
            The name of each -> its digest; none of most retrievers.
        """
        return dict(self.info.get("columns", {}).get(dataset, {}).get(retriever, {}))

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
    def budgets(self) -> pd.DataFrame:
        return self._frame("budgets")

    @cached_property
    def approximate(self) -> pd.DataFrame:
        return self._frame("approximate")

    @cached_property
    def curve(self) -> pd.DataFrame:
        return self._frame("curve")

    @cached_property
    def tuning(self) -> pd.DataFrame:
        return self._frame("tuning")

    @cached_property
    def trials(self) -> pd.DataFrame:
        return self._frame("trials")

    @cached_property
    def growth(self) -> pd.DataFrame:
        return self._frame("growth")

    @cached_property
    def growth_pairs(self) -> pd.DataFrame:
        return self._frame("growth_pairs")

    @cached_property
    def noise(self) -> pd.DataFrame:
        return self._frame("noise")

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
        """What to use, one row a set: the fields of a Verdict (bench.analysis.verdict), its sentences as one text."""
        import pandas as pd

        verdicts = [entry["verdict"] for entry in self.analysis["sets"].values() if entry["verdict"]]
        rows = [{**verdict, "sentences": " ".join(verdict["sentences"])} for verdict in verdicts]
        return pd.DataFrame(rows, columns=list(VERDICTS))

    @cached_property
    def per_query(self) -> pd.DataFrame:
        return self._parquet("per_query.parquet")

    @cached_property
    def queries(self) -> pd.DataFrame:
        return self._parquet("queries.parquet")

    def cell(self, dataset: str, retriever: str) -> Cell | None:
        """A retriever on a set.

        Args:
            dataset: Name of the set.
            retriever: Label of the retriever.

        Returns:
            The cell with its ranking and values by query; None where it failed or is not there.

        Raises:
            BenchError: Where it is damaged.
        """
        signature = next(entry["signature"] for entry in self.info["retrievers"] if entry["label"] == retriever)
        folder = cell_folder(self.folder, dataset, retriever, signature)
        if not folder.is_dir():
            return None
        cell = finished_cell(folder)
        if cell is None and not has_failed(folder / "cell.json"):
            raise BenchError(
                f"{folder} is damaged: a file is gone or does not have its checksum.",
                _remedy(self.folder, self.info, f"Make it again: {resuming(self.folder)}"),
            )
        return cell

    def _parquet(self, name: str) -> pd.DataFrame:
        frame: pd.DataFrame = pq.read_table(self.folder / name).to_pandas()
        return frame

    def rows(self, table: str) -> list[Row]:
        """A table as dicts, without the half second that pandas takes to import.

        Args:
            table: A key of `bench.storage.schema.HEADERS` or `SOMETIMES`, or "comparisons".

        Returns:
            One dict a row, numbers as numbers; none where the run has no such table.
        """
        if table not in self._rows:
            name = f"{table}.csv"
            if table in SOMETIMES and name not in self.info.get("checksums", ()):
                return []
            content = (self.folder / name).read_bytes()
            self._rows[table] = list(_read_csv(_unix(content) if name in self._converted else content))
        return self._rows[table]

    def hold(self, table: str, rows: list[Row]) -> None:
        """Keep the rows of a table that was just written, so that it need not be read.

        Args:
            table: As of `rows`.
            rows: What `rows` gives from now on.
        """
        self._rows[table] = rows

    def _frame(self, table: str) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(self.rows(table), columns=list({**HEADERS, **SOMETIMES, "comparisons": COMPARISONS}[table]))


_KINDS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(
        (
            *("value", "low", "high", "mean_a", "mean_b", "difference", "p", "p_holm", "effect", "detectable"),
            *("margin", "p_above", "p_below", "low_best", "high_best", "noise_floor"),
            *(f"{name}{end}" for name in ("recall", "quality", "loss") for end in ("", "_low", "_high")),
            *("times", "bound_low", "bound_high"),
            *("p50_ms", "p95_ms", "queries_per_second", "build_seconds", "index_bytes", "bytes_a_document"),
            *("default_value", "gain", "gain_low", "gain_high", "in_fold", "optimism", "best_value"),
        ),
        lambda text: float(text) if text else math.nan,
    ),
    **dict.fromkeys(
        (
            *("queries", "samples", "groups", "answerable", "unanswerable", "k", "wins", "ties", "losses"),
            *("documents", "places", "distractors"),
            *("budget", "ended", "build", "front_recall", "front_quality"),
            *("folds", "agreeing", "trials", "trial", "failed", "best"),
        ),
        int,
    ),
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
    schema = info.get("schema") if isinstance(info, dict) else None
    if not isinstance(schema, int):
        raise BenchError(f"{source} is damaged: it names no schema.", _remedy(folder))
    whole: dict[str, Any] = info
    if schema != SCHEMA:
        raise OtherSchemaError(f"{source} has schema {schema}, this version reads {SCHEMA}.", _remedy(folder, whole))
    seal = whole.pop("seal", None)  # versions before it had none
    wrong = "it is not what the run wrote" if seal not in (None, _seal(whole)) else strange(whole, TABLES)
    if wrong:
        raise BenchError(f"{source} is damaged: {wrong}.", _remedy(folder, whole))
    return whole


def _seal(info: dict[str, Any]) -> str:
    """sha256 of the content, whatever the order of keys, line ends and white space."""
    return hashlib.sha256(json.dumps(info, sort_keys=True).encode()).hexdigest()


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
    """Open a stored run.

    Args:
        path: Its folder. Text tables are read whatever their line ends: a checkout of version control may change them.

    Returns:
        The run; its tables are read when they are asked for.

    Raises:
        BenchError: Where it is none, or is damaged.
        OtherSchemaError: Where a version of another schema wrote it.
    """
    folder = Path(path)
    info = read_info(folder)
    converted = set()
    for name in tables_of(info["checksums"]) if info["complete"] else ():
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
        reason = "the tables are not of its sets, retrievers and measures"
        raise BenchError(f"{folder / 'run.json'} is damaged: {reason}.", _remedy(folder, info))
    return Run(folder, info, frozenset(converted))


def _agrees(folder: Path, info: dict[str, Any]) -> bool:
    """Are the measures, sets and retrievers of the tables those of run.json?"""
    table = pq.read_table(folder / "per_query.parquet", columns=["dataset", "retriever"])
    measures = set(pq.read_schema(folder / "per_query.parquet").names)
    known = (
        {dataset["name"] for dataset in info["datasets"]},
        {retriever["label"] for retriever in info["retrievers"]},
    )
    held = (set(pc.unique(table[name]).to_pylist()) for name in ("dataset", "retriever"))
    return (not len(table) or measures >= set(info["measures"])) and all(map(set.issuperset, known, held))


# Tables that version control may take for text, and give other line ends.
_TEXT = (".csv", ".json")


def _unix(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
