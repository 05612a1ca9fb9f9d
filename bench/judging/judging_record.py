"""What a judging began with, beside the grades: queries, rankings and seed, so that it goes on in the same order.

judging.json   queries, labels of the retrievers, measure, seed, which documents
judging.npz    documents: int64 [retrievers, queries, cutoff], positions in the documents
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from bench.data.dataset import field_text, group_codes
from bench.errors import BenchError, fit
from bench.evaluation.streams import Purpose, stream
from bench.evaluation.units import Groups
from bench.judging.design import JudgingOrder, judging_order
from bench.judging.folder import GRADE_NAMES
from bench.judging.pool import Pool, pool_hits, rank_weights
from bench.storage.files import write_atomic
from retrievers.base import NO_HIT, Ranking

RECORD, RANKINGS = "judging.json", "judging.npz"
SCHEMA = 1
MEASURE = "nDCG@10"


@dataclass(frozen=True)
class JudgedQuery:
    """A query that is judged. metadata: what is known of it beside its text."""

    id: str
    text: str
    metadata: dict[str, Any]


@dataclass(frozen=True)
class JudgingSettings:
    """source: what the documents were read from; documents: their fingerprint. retrievers: their labels. measure: whose
    weights the pairs have, with its cutoff. seed: of the order. made_queries: were they made from the documents?
    grade_names: what 0, 1, 2, … are called. group: the metadata field that holds wordings of one question together,
    empty where none does.
    """

    source: str
    documents: str
    retrievers: tuple[str, ...]
    measure: str = MEASURE
    seed: int = 0
    made_queries: bool = False
    grade_names: tuple[str, ...] = GRADE_NAMES
    group: str = ""


@dataclass(frozen=True, eq=False)
class JudgingRecord:
    """rankings: int64 [retrievers, queries, cutoff], positions in the documents, -1 where there are no more hits."""

    settings: JudgingSettings
    queries: tuple[JudgedQuery, ...]
    rankings: NDArray[np.int64]

    @property
    def asked(self) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """The queries as a set has them, by id."""
        return {query.id: (query.text, query.metadata) for query in self.queries}

    @property
    def groups(self) -> Groups:
        """[queries], the wordings of one question; None where each query stands alone, as those of a log do."""
        if not self.settings.group:
            return None
        labels = [field_text(query.metadata, self.settings.group) for query in self.queries]
        return group_codes(labels) if any(labels) else None

    def pool(self) -> Pool:
        """The pairs that can be judged."""
        rankings = [Ranking(hits, np.where(hits == NO_HIT, -np.inf, 0).astype(np.float32)) for hits in self.rankings]
        return pool_hits(rankings, rank_weights(self.settings.measure), self.groups)

    def order(self, pool: Pool, known: NDArray[np.bool_] | None = None) -> JudgingOrder:
        """In which they are judged. known: bool [pairs], those that the set had judged before."""
        return judging_order(pool, stream(self.settings.seed, Purpose.JUDGING, 0), known)


def write_record(folder: Path, record: JudgingRecord) -> None:
    """Put a record beside the grades. Raises BenchError where the disk refuses."""
    content = io.BytesIO()
    np.savez_compressed(content, documents=record.rankings)
    fields = asdict(record.settings) | {"queries": list(map(asdict, record.queries))}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / RANKINGS, content.getvalue())
        # This one last: with it the record is whole.
        write_atomic(folder / RECORD, orjson.dumps({"schema": SCHEMA, **fields}, option=orjson.OPT_INDENT_2) + b"\n")
    except OSError as error:
        raise BenchError(f"{folder} cannot be written: {error.strerror or error}.", "Name another folder.") from None


def read_record(folder: Path) -> JudgingRecord | None:
    """The record of a folder, None where no judging was begun there. Raises BenchError for a damaged one."""
    path = folder / RECORD
    try:
        content = orjson.loads(path.read_bytes())
        with np.load(folder / RANKINGS, allow_pickle=False) as arrays:
            rankings = arrays["documents"]
    except FileNotFoundError as error:
        if not path.exists():
            return None
        raise _damaged(path, f"{error.filename} is missing") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
        raise BenchError(f"{path} was written by another version.", "Go on with that version, or name another folder.")
    try:
        queries = [JudgedQuery(**fit(JudgedQuery, query)) for query in content.pop("queries")]
        settings = JudgingSettings(**fit(JudgingSettings, content))
    except (BenchError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, str(error)) from None
    if rankings.ndim != 3 or rankings.shape[:2] != (len(settings.retrievers), len(queries)):
        raise _damaged(path, f"{RANKINGS} has other queries or retrievers")
    return JudgingRecord(settings, tuple(queries), rankings)


def _damaged(path: Path, reason: str) -> BenchError:
    return BenchError(
        f"{path} is damaged: {reason}.", "The grades beside it are safe; begin in another folder and copy them there."
    )
