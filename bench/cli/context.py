"""context: the prompt that a language model would get for a question, of one retriever's passages."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.cli.shared import NO_DATASET, add_cache, add_reading, add_retrievers

if TYPE_CHECKING:
    from bench.cli.shared import Commands

# Written out, since what has them imports too much for --help. A test holds them together.
STYLES = ("strict", "synthesis")
BUDGET, HITS, RETRIEVER = 800, 100, "bm25"
_ABOUT = """\
Standard output is the prompt and nothing else, so that it can be piped; notes go to standard error. Where no passage
reaches the floor or fits the budget, nothing is printed there, and the exit code is 2."""


def add(commands: Commands) -> None:
    """Add the command."""
    context = commands.add_parser(
        "context",
        help="the prompt for a language model: instructions, the passages that fit a budget, the question",
        epilog=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    context.add_argument("query", metavar="question")
    context.add_argument("-d", "--dataset", help=NO_DATASET)
    add_retrievers(context, RETRIEVER, labels=False, several=False)
    context.add_argument(
        "--budget", type=int, default=BUDGET, metavar="PIECES", help=f"word pieces of the passages (default {BUDGET})"
    )
    context.add_argument("--min-score", type=float, metavar="S", help="no passage below (0.35 is common for cosine)")
    context.add_argument(
        "--style",
        choices=STYLES,
        default=STYLES[0],
        help="strict: only what the passages say; synthesis: put them together, name disagreements (default strict)",
    )
    context.add_argument("-k", type=int, default=HITS, help=f"hits that are looked at (default {HITS})")
    add_cache(context)
    add_reading(context)
    context.set_defaults(command=_context)


def _context(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from bench.cli import console
    from bench.cli.search import unnamed
    from bench.data.formats import load_dataset
    from bench.data.formats.options import Options
    from bench.errors import BenchError
    from bench.experiment.context import context
    from bench.report.prompt import note, prompt
    from retrievers.dense.vector_cache import VectorCache, default_path

    chosen = options.retrievers or [RETRIEVER]
    if len(chosen) > 1:
        raise BenchError(f"A prompt is of one retriever, and {len(chosen)} are named.", "Keep one -r.")
    source, searched = (options.dataset, "") if options.dataset is not None else unnamed(options.query, "context")
    passages = context(
        options.query,
        load_dataset(source, replace(Options.of(options), unlabelled=True)),
        chosen[0],
        budget=options.budget,
        k=options.k,
        min_score=options.min_score,
        cache=VectorCache(default_path(), rebuild=bool(options.rebuild)) if options.cache else None,
    )
    console.show_text(prompt(passages, options.style))
    console.notes(filter(None, (note(passages), searched)))
    return 0
