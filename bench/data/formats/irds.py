"""Collections by their names in ir_datasets (irds:beir/scifact/test), which downloads and keeps them.

https://ir-datasets.com; MacAvaney et al., "Simplified Data Wrangling with ir_datasets" (SIGIR 2021).
"""

from __future__ import annotations

import difflib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.data.dataset import Card, Dataset
from bench.data.formats.document_columns import columns_of, document_table
from bench.data.formats.judgements import usable
from bench.data.formats.lines import checked_id
from bench.data.formats.options import Options
from bench.data.formats.records import dataset_of
from bench.errors import BenchError

SCALAR = str | int | float | bool


def claims(path: Path, options: Options) -> None:
    """No path: a collection has a name of its own."""


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Load a collection; --split is the last part of its name. Raises BenchError for anything that is in the way."""
    options.only("irds", "split")
    try:
        import ir_datasets
    except ImportError:
        raise BenchError("ir_datasets is not installed.", "Install it: pip install -e '.[irds]'") from None
    name = "/".join(part for part in (source.strip("/"), options.split) if part)
    collection = _collection(ir_datasets.registry, name)
    try:
        return _read(name, collection)
    except BenchError:
        raise
    except Exception as error:  # noqa: BLE001 - it has no error of its own: requests', OSError, RuntimeError, KeyError …
        page = f"https://ir-datasets.com/{name.partition('/')[0]}.html"
        raise BenchError(
            f"ir_datasets cannot load {name}: {_reason(error)}.",
            f"Check the network and the disk; {page} says what the collection needs.",
        ) from None


def _reason(error: Exception) -> str:
    """The first line of what went wrong; where several mirrors failed, of what the last one said."""
    match error.args:
        case (str(text), [*_, (_, Exception() as last)]):
            return f"{text} ({_reason(last)})"
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _collection(registry: Any, name: str) -> Any:
    """The registered collection, if it can be evaluated."""
    try:
        collection = registry[name]
    except Exception:  # noqa: BLE001 - KeyError, or whatever a pattern's initialiser raises for a name it cannot take
        near = difflib.get_close_matches(name, list(registry), n=3)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise BenchError(
            f"ir_datasets has no collection {name!r}.", f"{hint}https://ir-datasets.com lists them."
        ) from None
    lacking = [part for part in ("docs", "queries", "qrels") if not collection.has(part)]
    if lacking:
        within = [inner for inner in registry if inner.startswith(f"{name}/") and registry[inner].has("qrels")]
        hint = f"These have: {', '.join(within)}." if within else "Name one that has, from https://ir-datasets.com."
        raise BenchError(f"{name} has no {' and no '.join(lacking)}, which an evaluation needs.", hint)
    return collection


def _read(name: str, collection: Any) -> Dataset:
    # Judgements and queries first: they are small, so that what is wrong with them shows before a large download.
    judged = [("", qrel.query_id, qrel.doc_id, int(qrel.relevance)) for qrel in collection.qrels_iter()]
    queries = {
        checked_id(query.query_id, f"{name}, queries"): (_default_text(query), _metadata(query))
        for query in collection.queries_iter()
    }
    documents = document_table(_documents(name, collection))
    judgements, note = usable(judged, queries, set(documents["id"].to_pylist()), name)
    return dataset_of(name, documents, queries, judgements, card=_card(name, collection), note=note)


def _documents(name: str, collection: Any) -> Iterator[tuple[str, str, dict[str, str]]]:
    for document in collection.docs_iter():
        title, text = getattr(document, "title", None), getattr(document, "text", None)
        titled = isinstance(title, str) and isinstance(text, str)
        body = f"{title} {text}" if titled else _default_text(document)
        columns = columns_of(str(title) if titled else "")
        yield checked_id(document.doc_id, f"{name}, documents"), body.strip(), columns


def _default_text(record: Any) -> str:
    """What the library holds for the text; records of before it had that notion have `text`."""
    text = record.default_text() if hasattr(record, "default_text") else record.text
    return str(text or "").strip()


def _metadata(query: Any) -> dict[str, Any]:
    """The scalar fields of a query that are not what is asked: they may slice a report."""
    text = _default_text(query)
    return {
        field: value
        for field, value in query._asdict().items()
        if field != "query_id" and isinstance(value, SCALAR) and value != text
    }


def _card(name: str, collection: Any) -> Card:
    """Description, citation and language, where the library has them; it holds no licences."""
    documentation = collection.documentation() if hasattr(collection, "documentation") else {}
    language = collection.docs_lang() if hasattr(collection, "docs_lang") else None
    return Card(
        description=" ".join(re.sub(r"<[^>]*>", " ", documentation.get("desc", "")).split()),
        source=f"irds:{name}",
        citation="\n".join(_citations(documentation.get("bibtex_ids", ()))),
        language=language or "",
    )


def _citations(names: list[str]) -> Iterator[str]:
    """The entries of the library's own bibliography."""
    bibliography = (pkgutil.get_data("ir_datasets", "docs/bibliography.bib") or b"").decode() if names else ""
    for name in names:
        if match := re.search(rf"(?ms)^@\w+\{{{re.escape(name)},.*?^\}}", bibliography):
            yield match[0]
