"""export: the vectors of a set's documents as files that other programs read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.shared import add_cache, add_reading, add_retrievers

if TYPE_CHECKING:
    from bench.cli.shared import Commands

RETRIEVER = "minilm"

_ABOUT = """\
FOLDER then holds embeddings.npy, metadata_aligned.json, pca_2d.npy, faiss_flat.index and faiss_hnsw.index. Row i is the
same document in each; rows stand in ascending order of the documents' ids.

examples:
  python -m bench export vector-notes --to artefacts
  python -m bench export my-corpus --to artefacts -r static"""


def add(commands: Commands) -> None:
    """Add the command."""
    export = commands.add_parser(
        "export",
        help="the vectors of a set's documents as files of numpy, JSON and faiss",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument("dataset", metavar="DATASET", help="documents, labelled or not: a shipped set, a path, …")
    text = "made, or replaced where it holds an earlier export"
    export.add_argument("--to", type=Path, required=True, metavar="FOLDER", help=text)
    add_retrievers(export, RETRIEVER, labels=False, several=False)
    add_cache(export)
    add_reading(export)
    export.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from rich.text import Text

    from bench.cli import console
    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.errors import BenchError
    from bench.experiment.vector_export import export_vectors
    from retrievers.dense.vector_cache import VectorCache, default_path

    chosen = options.retrievers or [RETRIEVER]
    if len(chosen) > 1:
        raise BenchError(f"An export is of one retriever, and {len(chosen)} are named.", "Keep one -r.")
    dataset = load_dataset(options.dataset, replace(Options.of(options), unlabelled=True))
    cache = VectorCache(default_path(), rebuild=bool(options.rebuild)) if options.cache else None
    count, dimensions = export_vectors(dataset, chosen[0], options.to, cache)
    console.show([Text(f"Written to {options.to}: {count:,} vectors of {dimensions} dimensions, by {chosen[0]}")])
    return 0
