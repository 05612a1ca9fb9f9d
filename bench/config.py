"""What a run is asked to do: bench.toml and flags -> RunConfig, every error naming the key."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from bench.errors import BenchError, unknown
from bench.evaluation.measure_names import DEFAULT_MEASURES, canonical, canonical_or_itself
from retrievers.dense.vector_cache import DEFAULT_LIMIT_MB

DEFAULT_RETRIEVERS = ("tfidf", "bm25", "minilm")
DEFAULT_DEPTH = 100


@dataclass(frozen=True)
class RunConfig:
    """One run.

    datasets: names, paths or scheme:name (none: the shipped sets). retrievers: names with parameters. runs: files of
    other systems' TREC runs, scored beside them. measures: ir_measures' names, each measure once, by the name that
    ir_measures gives it. depth: hits a query is ranked to.
    latency: take times. limit: a sample of so many queries a set.
    seed: of every random choice. name: of the run's folder in `results`. threads: of every library (none: physical
    cores). repeat_index: builds of each index, for their spread, all without the cache where there are several.
    samples, seconds: single queries timed per retriever and set, and the time that they may take.
    timeout: seconds that a retriever may take for an index, a ranking or a block of queries. memory_mb: that its
    process may hold (none: nine tenths of the machine's). cache: use the embedding cache; cache_mb: its bound.
    margin: smallest gains worth having, as "nDCG@10=0.02"; max_p95_ms, max_memory_mb: what a retriever may cost, for
    the verdict. controls: random and oracle rankings beside the retrievers. traps: a file of query ids and document ids
    that share words and are wrong, for a run on one set.
    by: metadata fields to slice every set by, in place of those on its card.
    keep_self: whether a query may find the document of its own id (none: as the card says, else not itself).
    split, columns ("role=name"), known_item, unanswerable: how the datasets are read (formats.Options).
    """

    datasets: tuple[str, ...] = ()
    retrievers: tuple[str, ...] = DEFAULT_RETRIEVERS
    runs: tuple[str, ...] = ()
    measures: tuple[str, ...] = DEFAULT_MEASURES
    depth: int = DEFAULT_DEPTH
    latency: bool = True
    limit: int | None = None
    seed: int = 0
    name: str | None = None
    results: str = "results"
    threads: int | None = None
    repeat_index: int = 1
    samples: int = 700
    seconds: float = 2.0
    timeout: float = 3600.0
    memory_mb: int | None = None
    cache: bool = True
    cache_mb: int = DEFAULT_LIMIT_MB
    margin: tuple[str, ...] = ()
    max_p95_ms: float | None = None
    max_memory_mb: float | None = None
    controls: bool = False
    traps: str | None = None
    by: tuple[str, ...] = ()
    keep_self: bool | None = None
    split: str | None = None
    columns: tuple[str, ...] = ()
    known_item: str | None = None
    unanswerable: str | None = None

    def __post_init__(self) -> None:
        for key, (least, most) in _WHOLE.items():
            value = getattr(self, key)
            if value is not None and not least <= value <= most:
                raise BenchError(
                    f"{key} is {value}.", f"Give {least} to {most:,}." if most < HUGE else f"Give at least {least}."
                )
        for key in ("seconds", "timeout", "max_p95_ms", "max_memory_mb"):
            value = getattr(self, key)
            if value is not None and not 0 < value < math.inf:
                raise BenchError(f"{key} is {value:g}.", "Give a finite number above 0.")
        self.margins  # noqa: B018 - a malformed one is an error now, not after the run
        if self.traps is not None and len(self.datasets) != 1:
            raise BenchError("traps belong to one dataset.", "Name the one that the file is for.")
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
        found = {}
        for each in self.margin:
            name, _, text = each.rpartition("=")  # a measure's parameters have one too
            try:
                value = float(text)
            except ValueError:
                value = -1.0
            if not 0 <= value < math.inf:
                raise BenchError(f"margin {each!r} is not of the form measure=gain.", "Write nDCG@10=0.02.")
            measure = canonical_or_itself(name)
            if measure in found:
                raise BenchError(f"margin names {measure} twice.", "Keep one.")
            found[measure] = value
        return found

    def describe(self) -> dict[str, Any]:
        """What a run stores of its configuration."""
        return asdict(self)


HUGE = 2**53
# Whole numbers: the least and the most. So many threads, or hits a query, are a slip of the hand that would take hours.
_WHOLE = {
    "depth": (1, 1_000_000),
    "threads": (1, 1_024),
    **dict.fromkeys(("limit", "repeat_index", "samples", "memory_mb", "cache_mb"), (1, HUGE)),
    "seed": (0, HUGE),
}

# Of a run, and of its folder: a dot would hide it, and blanks or control characters are seen by nobody.
_NAME = re.compile(r"(?![\s.])[^/\\\x00-\x1f\x7f]+(?<!\s)")

_KINDS: dict[str, tuple[type, str]] = {
    "datasets": (list, "a list of strings"),
    "retrievers": (list, "a list of strings"),
    "runs": (list, "a list of strings"),
    "measures": (list, "a list of strings"),
    "latency": (bool, "true or false"),
    "name": (str, "a string"),
    "results": (str, "a string"),
    "seconds": (Real, "a number"),
    "timeout": (Real, "a number"),
    "cache": (bool, "true or false"),
    "margin": (list, "a list of strings"),
    "max_p95_ms": (Real, "a number"),
    "max_memory_mb": (Real, "a number"),
    "controls": (bool, "true or false"),
    "traps": (str, "a string"),
    "keep_self": (bool, "true or false"),
    "split": (str, "a string"),
    "by": (list, "a list of strings"),
    "columns": (list, "a list of strings"),
    "known_item": (str, "a string"),
    "unanswerable": (str, "a string"),
}


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
    if _kind(key)[0] is list:
        value = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else value
    return _checked("", key, value)


def stored_config(content: dict[str, Any]) -> RunConfig:
    """The configuration that a run stored. Raises BenchError for what none stores."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    try:
        return RunConfig(**values)
    except TypeError as error:
        raise BenchError(f"The run's stored configuration is damaged: {error}.", "Run it anew with --fresh.") from None


def load_gates(path: Path) -> tuple[tuple[str, ...], bool]:
    """`gates` and `strict` of the table [compare]. Raises BenchError for an unknown key or a wrong type."""
    _from_file(path)  # [Compare], or gates above the table, would be gates that are never looked at
    table = _toml(path).get("compare", {})
    if not isinstance(table, dict):
        raise BenchError(f"{path}: compare must be a table.", "Write [compare], and gates = [...] below it.")
    for key in table:
        if key not in ("gates", "strict"):
            raise unknown(f"key in [compare] of {path}:", key, ("gates", "strict"))
    gates, strict = table.get("gates", []), table.get("strict", False)
    if not isinstance(gates, list) or not all(isinstance(each, str) for each in gates):
        raise BenchError(f"{path}: gates must be a list of strings, not {gates!r}.", "Mend the value.")
    if not isinstance(strict, bool):
        raise BenchError(f"{path}: strict must be true or false, not {strict!r}.", "Mend the value.")
    return tuple(gates), strict


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
        values[key] = _checked(f"{path}: ", key, value)
    return values


def _kind(key: str) -> tuple[type, str]:
    return _KINDS.get(key, (Integral, "a whole number"))


def _checked(where: str, key: str, value: Any) -> Any:
    kind, wanted = _kind(key)
    right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if right and kind is list:
        right = all(isinstance(item, str) for item in value)
    if not right:
        raise BenchError(f"{where}{key} must be {wanted}, not {value!r}.", "Mend the value.")
    if kind is list:
        return tuple(value)
    return int(value) if kind is Integral else float(value) if kind is Real else value  # numpy's have no JSON
