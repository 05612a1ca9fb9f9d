"""What a run is asked to do: bench.toml and flags -> RunConfig, every error naming the key."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BeforeValidator, Field

from bench.errors import BenchError, fit, unknown
from bench.evaluation.measure_names import DEFAULT_MEASURES, canonical, canonical_or_itself
from retrievers.dense.vector_cache import DEFAULT_LIMIT_MB

DEFAULT_RETRIEVERS = ("tfidf", "bm25", "minilm")
DEFAULT_DEPTH = 100
HUGE = 2**53

# numpy's numbers, from a notebook, as Python's: JSON has no others.
_INTEGRAL = BeforeValidator(lambda value: int(value) if _is_number(value, Integral) else value)
_REAL = BeforeValidator(lambda value: float(value) if _is_number(value, Real) else value)
# The description of a range is the hint where a value lies outside of it. More threads, or hits a query, than these are
# a slip of the hand that would take hours.
Depth = Annotated[int, _INTEGRAL, Field(ge=1, le=1_000_000, description="Give 1 to 1,000,000.")]
Threads = Annotated[int, _INTEGRAL, Field(ge=1, le=1_024, description="Give 1 to 1,024.")]
Count = Annotated[int, _INTEGRAL, Field(ge=1, le=HUGE, description="Give at least 1.")]
Seed = Annotated[int, _INTEGRAL, Field(ge=0, le=HUGE, description="Give at least 0.")]
Map = Annotated[Literal["pca", "tsne", "umap", "none"], Field(description="Give pca, tsne, umap or none.")]
Amount = Annotated[float, _REAL, Field(gt=0, allow_inf_nan=False, description="Give a finite number above 0.")]


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True)
class RunConfig:
    """One run.

    datasets: names, paths or scheme:name (none: the shipped sets). retrievers: names with parameters, each
    with a label before it where wanted (tuned=bm25:k1=0.9). runs: files of
    other systems' TREC runs, scored beside them. measures: ir_measures' names, each measure once, by the name that
    ir_measures gives it. depth: hits a query is ranked to.
    latency: take times. limit: a sample of so many queries a set.
    seed: of every random choice. name: of the run's folder in `results`. threads: of every library (none: physical
    cores). repeat_index: builds of each index, for their spread, all without the cache where there are several.
    samples, seconds: single queries timed per retriever and set, and the time that they may take.
    timeout: seconds that a retriever may take for an index, a ranking or a block of queries. memory_mb: that its
    process may hold (none: nine tenths of the machine's). cache: use the embedding cache; cache_mb: its bound.
    rebuild: what it and the saved indexes hold is ignored and replaced.
    margin: smallest gains worth having, as "nDCG@10=0.02"; max_p95_ms, max_memory_mb: what a retriever may cost, for
    the verdict. controls: random and oracle rankings beside the retrievers. traps: a file of query ids and document ids
    that share words and are wrong, for a run on one set.
    by: metadata fields to slice every set by, in place of those on its card.
    keep_self: whether a query may find the document of its own id (none: as the card says, else not itself).
    split, columns ("role=name"), known_item, unanswerable: how the datasets are read (formats.Options).
    qrels: a file of judgements in place of datasets, for runs alone. against: the label of the one that all others
    are compared with, in place of each with each. map: how documents and queries are placed in two dimensions
    (bench.evaluation.projection), or none. noise: folders of noise floors, below which a difference decides
    nothing. actor: who made it, for the metadata of its TREC runs.
    """

    datasets: tuple[str, ...] = ()
    retrievers: tuple[str, ...] = DEFAULT_RETRIEVERS
    runs: tuple[str, ...] = ()
    measures: tuple[str, ...] = DEFAULT_MEASURES
    depth: Depth = DEFAULT_DEPTH
    latency: bool = True
    limit: Count | None = None
    seed: Seed = 0
    name: str | None = None
    results: str = "results"
    threads: Threads | None = None
    repeat_index: Count = 1
    samples: Count = 700
    seconds: Amount = 2.0
    timeout: Amount = 3600.0
    memory_mb: Count | None = None
    cache: bool = True
    cache_mb: Count = DEFAULT_LIMIT_MB
    rebuild: bool = False
    margin: tuple[str, ...] = ()
    max_p95_ms: Amount | None = None
    max_memory_mb: Amount | None = None
    controls: bool = False
    traps: str | None = None
    by: tuple[str, ...] = ()
    keep_self: bool | None = None
    split: str | None = None
    columns: tuple[str, ...] = ()
    known_item: str | None = None
    unanswerable: str | None = None
    qrels: str | None = None
    against: str | None = None
    map: Map = "pca"
    noise: tuple[str, ...] = ()
    actor: str | None = None

    def __post_init__(self) -> None:
        for key, value in fit(RunConfig, {field.name: getattr(self, field.name) for field in fields(self)}).items():
            object.__setattr__(self, key, value)
        self.margins  # noqa: B018 - a malformed one is an error now, not after the run
        if self.traps is not None and len(self.datasets) != 1:
            raise BenchError("traps belong to one dataset.", "Name the one that the file is for.")
        if self.qrels is not None and self.datasets:
            raise BenchError("qrels stands in place of datasets, and both are given.", "Leave one of them out.")
        if self.rebuild and not self.cache:
            raise BenchError("rebuild replaces what is stored, and cache is off.", "Leave one of the two out.")
        if not self.measures:
            raise BenchError("measures is empty.", "Name at least one.")
        if self.measures != DEFAULT_MEASURES:  # whose names are right, and need not load ir_measures
            object.__setattr__(self, "measures", tuple(dict.fromkeys(map(canonical, self.measures))))
        for key in ("datasets", "retrievers", "runs"):
            values = getattr(self, key)
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise BenchError(f"{key} names {twice[0]!r} twice.", "Keep one.")
        if self.name is not None and not _NAME.fullmatch(self.name):
            raise BenchError(
                f"name {self.name!r} cannot be a run's name.",
                "Give one without slashes that begins with no dot or blank.",
            )

    @property
    def margins(self) -> dict[str, float]:
        """Measure -> the smallest gain worth having."""
        margins = {}
        for margin in self.margin:
            name, _, text = margin.rpartition("=")  # a measure's parameters have one too
            try:
                value = float(text)
            except ValueError:
                value = -1.0
            if not 0 <= value < math.inf:
                raise BenchError(f"margin {margin!r} is not of the form measure=gain.", "Write nDCG@10=0.02.")
            measure = canonical_or_itself(name)
            if measure in margins:
                raise BenchError(f"margin names {measure} twice.", "Keep one.")
            margins[measure] = value
        return margins

    def describe(self) -> dict[str, Any]:
        """What a run stores of its configuration."""
        return asdict(self)


# Of a run, and of its folder: a dot would hide it, and blanks or control characters are seen by nobody.
_NAME = re.compile(r"(?![\s.])[^/\\\x00-\x1f\x7f]+(?<!\s)")


def load_config(path: Path | None, base: RunConfig | None = None, **flags: Any) -> RunConfig:
    """`base` (none: the defaults), over it the file's keys, over these the flags that are not None.

    Raises BenchError naming the key: unknown (with a suggestion), of the wrong type, out of range, or at odds with
    another, wherever that one was given.
    """
    config = base if base is not None else RunConfig()
    given = {key: value for key, value in flags.items() if value is not None}
    from_file = _from_file(path) if path is not None else {}
    try:
        return replace(config, **{**from_file, **given})
    except BenchError as error:
        key = error.message.split()[0]  # what it is about
        where = f"{path}: " if key in from_file and key not in given else ""
        raise BenchError(f"{where}{error.message}", error.hint) from None


def setting(key: str, value: Any) -> Any:
    """A setting from Python as RunConfig has it: one text may stand for a list of one. Raises BenchError naming it."""
    if value is None:
        return None
    if isinstance(value, Path):
        value = str(value)
    if get_type_hints(RunConfig)[key] == tuple[str, ...]:
        value = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else value
    return fit(RunConfig, {key: value})[key]


def stored_config(content: dict[str, Any]) -> RunConfig:
    """The configuration that a run stored. Raises BenchError for what none stores."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    try:
        return RunConfig(**values)
    except TypeError as error:
        raise BenchError(f"The run's stored configuration is damaged: {error}.", "Run it anew with --fresh.") from None


@dataclass(frozen=True)
class GateConfig:
    """The table [compare]. gates: as `bench.regression.gates` describes them. strict: does an inconclusive one fail?"""

    gates: tuple[str, ...] = ()
    strict: bool = False


def load_gates(path: Path) -> GateConfig:
    """The table [compare] of a file. Raises BenchError for an unknown key or a wrong type."""
    _from_file(path)  # [Compare], or gates above the table, would be gates that are never looked at
    table = _toml(path).get("compare", {})
    if not isinstance(table, dict):
        raise BenchError(f"{path}: compare must be a table.", "Write [compare], and gates = [...] below it.")
    known = [field.name for field in fields(GateConfig)]
    for key in table:
        if key not in known:
            raise unknown(f"key in [compare] of {path}:", key, known)
    try:
        return GateConfig(**fit(GateConfig, table))
    except BenchError as error:
        raise BenchError(f"{path}: {error.message}", error.hint) from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise BenchError(f"There is no {path}.", "Give the path of a TOML file to --config.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} cannot be read: {error}.", "Check the file.") from None
    except tomllib.TOMLDecodeError as error:
        raise BenchError(f"{path}: {error}.", "Mend the TOML.") from None


def _from_file(path: Path) -> dict[str, Any]:
    known = [item.name for item in fields(RunConfig)]
    values: dict[str, Any] = {}
    for key, value in _toml(path).items():
        if key == "compare":  # for `bench compare`, see load_gates
            continue
        if key not in known:
            raise unknown(f"key in {path}:", key, [*known, "compare"])
        values[key] = _named(path, value) if key == "retrievers" and isinstance(value, dict) else value
    return values


def _named(path: Path, tables: dict[str, Any]) -> list[str]:
    """[retrievers.NAME] with `use`, `parts` and parameters, or NAME = "specification" -> what -r takes."""
    labelled = []
    for name, table in tables.items():
        where = f"{path}: [retrievers.{name}]"
        if isinstance(table, dict):
            table = _used(where, table)
        elif not isinstance(table, str):
            raise BenchError(f"{where} is neither a table nor a string.", _NAMED)
        labelled.append(name if table == name else f"{name}={table}")
    return labelled


_NAMED = 'Write [retrievers.mine], and use = "hybrid", parts = ["bm25", "minilm"] and parameters below it.'


def _used(where: str, table: dict[str, Any]) -> str:
    from retrievers import RetrieverError
    from retrievers.specification import Specification, parse, written

    settings = dict(table)
    use, parts = settings.pop("use", None), settings.pop("parts", [])
    if not isinstance(use, str) or not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise BenchError(f"{where} does not say what to use, or of which parts.", _NAMED)
    arguments = {
        key: tuple(map(_as_text, value)) if isinstance(value, list) else _as_text(value)
        for key, value in settings.items()
    }
    try:
        return written(Specification(use, tuple(map(parse, parts)), arguments))
    except RetrieverError as error:
        raise BenchError(f"{where}: {error.message}", error.hint) from None


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
