"""search: one query through every retriever."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.cli.shared import NO_DATASET, SHIPPED, SHIPPED_RETRIEVERS, add_cache, add_reading, add_retrievers

if TYPE_CHECKING:
    from bench.cli.shared import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    search = commands.add_parser("search", help="one query through every retriever, side by side")
    search.add_argument("query")
    search.add_argument("-d", "--dataset", help=NO_DATASET)
    add_retrievers(search, SHIPPED_RETRIEVERS)
    search.add_argument("-k", type=int, default=5, help="hits of each (default 5)")
    search.add_argument("--min-score", type=float, metavar="S", help="leave out hits below (0.35 is common for cosine)")
    add_cache(search)
    add_reading(search)
    search.set_defaults(command=_search)


def _search(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from rich.text import Text

    from bench.cli import console
    from bench.config import DEFAULT_RETRIEVERS
    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.experiment.one_query import search
    from bench.report import one_query
    from retrievers.dense.vector_cache import VectorCache, default_path

    cache = VectorCache(default_path(), rebuild=bool(options.rebuild)) if options.cache else None
    chosen = options.retrievers or DEFAULT_RETRIEVERS
    source, note = (options.dataset, "") if options.dataset is not None else unnamed(options.query, "search")
    results = search(
        options.query,
        load_dataset(source, replace(Options.of(options), unlabelled=True)),
        chosen,
        k=options.k,
        min_score=options.min_score,
        cache=cache,
    )
    console.show(one_query.render(results))
    if note:
        console.show([Text(note, style="dim")])
    return 0


def unnamed(query: str, command: str) -> tuple[str, str]:
    """What a command searches without -d, and the sentence that says so.

    Raises BenchError where the query is a path.
    """
    import os
    import shlex
    from pathlib import Path

    from bench.data.formats.plain import CORPUS
    from bench.errors import BenchError

    if query.strip() and os.path.exists(os.path.expanduser(query)):  # noqa: PTH110, PTH111 - Path's raise for some texts
        raise BenchError(
            f"{query!r} is a path, and no documents are named.",
            f'To search it: python -m bench {command} "WORDS" -d {shlex.quote(query)}. To search for this word, name '
            f"the documents too: -d {SHIPPED}.",
        )
    if corpus := os.environ.get(CORPUS):
        return f"plain:{Path(corpus).expanduser().parent}", f"Searched: the paragraphs of {corpus} ({CORPUS})."
    return SHIPPED, f"Searched: the shipped set {SHIPPED}. Documents of your own: -d PATH."
