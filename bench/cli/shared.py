"""What several commands share: exit codes, the flags for retrievers, measures and reading a dataset, the report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.storage.run import Run

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    Flags = argparse._ActionsContainer  # a parser, or a group of its flags

REGRESSION = DISAGREES = 1
# Written out: bench.config, which has them, imports too much for --help. A test holds them together.
SHIPPED_RETRIEVERS = "tfidf, bm25, minilm"
MEASURES = "R@1, R@5, R@10, R@100, RR@10, nDCG@10, AP@100"
# Searched where no documents are named.
SHIPPED = "phenomena"
NO_DATASET = f"documents, labelled or not (default: the file that CORPUS_PATH names, else {SHIPPED})"
BAD_INPUT, NOT_COMPARABLE, INCONCLUSIVE, CELL_FAILED, FAULT, INTERRUPTED = 2, 3, 4, 5, 70, 130


def add_retrievers(command: Flags, default: str, *, labels: bool = True, several: bool = True) -> None:
    """Which retrievers, where none are named: the default. labels: may they be given labels of their own?

    several: are there more than one? A command of one alone refuses others itself.
    """
    command.add_argument(
        *("-r", "--retriever"),
        action="append",
        dest="retrievers",
        metavar=f"{'[LABEL=]' * labels}NAME[:PARAMETER=VALUE,…]",
        help=f"{'as often as you like' if several else 'one'} (default: {default}); `python -m bench retrievers` lists "
        "them; spaces at a value's end belong to it, and quotes let it hold a comma: "
        "'dense:model=M,query_prompt=\"find, then rank: \"'",
    )


def add_measures(command: Flags) -> None:
    """Which measures."""
    command.add_argument(
        *("-m", "--measure"),
        action="append",
        dest="measures",
        metavar="MEASURE",
        help="by its name in ir_measures, as Success@1 or P@5, or over a prompt's word pieces, as R@800t; as often as "
        f"you like (default: {MEASURES})",
    )


def add_self(command: Flags) -> None:
    """Whether queries find themselves, where the card does not say it."""
    either = command.add_mutually_exclusive_group()
    text = "a query's hits may hold the document of its own id (default: not where the text is the same)"
    either.add_argument("--keep-self", action="store_true", default=None, dest="keep_self", help=text)
    text = "they never do, whatever the text, unless it is judged relevant"
    either.add_argument("--drop-self", action="store_false", default=None, dest="keep_self", help=text)


def add_reading(command: Flags) -> None:
    """The flags of formats.Options."""
    command.add_argument("--split", metavar="NAME", help="of the judgements (default: test)")
    command.add_argument("--columns", action="append", metavar="ROLE=NAME", help="which column of a table is what")
    command.add_argument("--known-item", metavar="FIELD", help="no labels: ask for each document by this field")
    command.add_argument("--unanswerable", metavar="FILE", help="queries known to have no answer")


def add_times(group: Flags, what: str) -> None:
    """Whether times are taken, and of how many queries."""
    group.add_argument("--no-latency", action="store_false", default=None, dest="latency", help="quality only")
    group.add_argument("--samples", type=int, help=f"single queries timed per {what} (default 700)")
    group.add_argument("--seconds", type=float, help="time budget of those (default 2)")


def add_machine(group: Flags) -> None:
    """What a retriever may take of it."""
    group.add_argument("--threads", type=int, help="of every library (default: physical cores)")
    add_limits(group)
    add_cache(group, None)


def add_limits(group: Flags) -> None:
    """How long it may take, and what it may hold."""
    group.add_argument("--timeout", type=float, metavar="S", help="for an index, a ranking, a block of queries (3600)")
    group.add_argument("--memory-mb", type=int, metavar="MB", help="that a retriever may hold (default: 9/10 of all)")


def add_cache(command: Flags, default: bool | None = True) -> None:
    """Whether stored vectors and indexes serve. default: of `cache`, None where a file may say it."""
    either = command.add_mutually_exclusive_group()
    text = "encode everything anew, and store nothing"
    either.add_argument("--no-cache", action="store_false", default=default, dest="cache", help=text)
    text = "ignore stored vectors and indexes, and replace them"
    either.add_argument("--rebuild", action="store_true", default=None, help=text)


def add_map(group: Flags) -> None:
    """How documents and queries are placed on a map."""
    group.add_argument(
        "--map", metavar="METHOD", help="documents and queries in two dimensions: pca, tsne, umap or none (default pca)"
    )


def add_place(group: Flags) -> None:
    """The folder of a run."""
    group.add_argument("--name", help="name of the run's folder (default: date and time)")
    group.add_argument("--results", metavar="FOLDER", help="where runs are kept (default: results)")


def add_sample(group: Flags) -> None:
    """A part of the queries, and what every random choice begins with."""
    group.add_argument("--limit", type=int, metavar="N", help="a seeded sample of N queries")
    group.add_argument("--seed", type=int, help="of every random choice (default 0)")


def add_going_on(group: Flags) -> None:
    """Whether a folder that is there is gone on with or begun anew."""
    either = group.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with the run of that --name")
    either.add_argument("--fresh", action="store_true", help="begin the run of that --name anew")


def going_on(flags: dict[str, Any]) -> dict[str, bool]:
    """Take what `add_going_on` added out of the flags. Raises BenchError for a --resume of nothing that is named."""
    from bench.errors import BenchError

    if flags["resume"] and not flags["name"]:
        raise BenchError("--resume goes on with a run that --name names.", "Give its --name.")
    return {key: flags.pop(key) for key in ("resume", "fresh")}


def write_report(run: Run) -> None:
    """Write the page, report.md and the charts of a run. Raises BenchError where its folder takes none."""
    from bench.errors import BenchError
    from bench.report.run import forms

    try:
        forms.write(run)
    except OSError as error:
        raise BenchError(
            f"The report cannot be written to {run.folder}: {error.strerror}.",
            f"The figures are there; mend that, then: python -m bench report {run.folder}",
        ) from None
