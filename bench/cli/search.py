"""search: one query through every retriever."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.cli.shared import SHIPPED_RETRIEVERS, add_reading, add_retrievers

if TYPE_CHECKING:
    from bench.cli.shared import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    search = commands.add_parser("search", help="one query through every retriever, side by side")
    search.add_argument("query")
    search.add_argument("-d", "--dataset", default="phenomena", help="documents, labelled or not (default: phenomena)")
    add_retrievers(search, SHIPPED_RETRIEVERS)
    search.add_argument("-k", type=int, default=5, help="hits of each (default 5)")
    search.add_argument("--min-score", type=float, metavar="S", help="leave out hits below (0.35 is common for cosine)")
    search.add_argument("--no-cache", action="store_false", dest="cache", help="encode everything anew")
    add_reading(search)
    search.set_defaults(command=_search)


def _search(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from bench.cli import console
    from bench.config import DEFAULT_RETRIEVERS
    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.experiment.one_query import search
    from bench.report import one_query
    from retrievers.dense.vector_cache import VectorCache, default_path

    cache = VectorCache(default_path()) if options.cache else None
    chosen = options.retrievers or DEFAULT_RETRIEVERS
    results = search(
        options.query,
        load_dataset(options.dataset, replace(Options.of(options), unlabelled=True)),
        chosen,
        k=options.k,
        min_score=options.min_score,
        cache=cache,
    )
    console.show(one_query.render(results))
    return 0
