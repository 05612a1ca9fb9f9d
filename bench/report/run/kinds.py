"""What there is to say of a set, in the order of every form: what it answers, and where its figures are defined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from bench.report.blocks import Block
from bench.report.run import audits, budgets, losses, quality, why
from bench.report.run.approximate import approximate
from bench.report.run.cost import cost
from bench.report.run.curve import curve
from bench.report.run.noise import noise
from bench.report.run.tuning import about_tuning
from bench.report.table import Table
from bench.storage.run import Run

Dataset = dict[str, Any]


class Kind(NamedTuple):
    """name: short. about: what it answers. definition: a heading of docs/reading-the-figures.md.

    make: its table of a set, or several blocks. charts: that draw the same.
    """

    name: str
    about: str
    definition: str
    make: Callable[[Run, Dataset], Table | Iterable[Block] | None]
    charts: tuple[str, ...] = ()

    def blocks(self, run: Run, dataset: Dataset) -> list[Block]:
        """All of it but tables without a row."""
        made = self.make(run, dataset)
        blocks = [made] if isinstance(made, Table) else made or ()
        return [block for block in blocks if not isinstance(block, Table) or block.rows]


def _slices(run: Run, dataset: Dataset) -> Iterator[Table]:
    if quality.quality(run, dataset).rows:
        yield from (quality.by_slice(run, dataset, name) for name in dataset["slices"])


KINDS = (
    Kind(
        "quality", "How good each retriever is, by every measure.", "Quality", quality.quality, ("measures", "recall")
    ),
    Kind("tuning", "What other parameters are worth.", "Tuning", about_tuning, ("tuning",)),
    Kind("kinds of query", "Which retriever wins which kind of query.", "Verdict", _slices, ("slices",)),
    Kind("prompts", "How much of the answer fits into a prompt.", "Quality", budgets.recall, ("budgets",)),
    Kind(
        "wordings",
        "Whether one question in other words is answered as well.",
        "Wordings of one question",
        quality.wordings,
    ),
    Kind(
        "unanswerable",
        "Whether a score tells that a question has no answer here.",
        "Queries without an answer",
        quality.no_answer,
    ),
    Kind("cost", "What an index, a query and a process take.", "Cost", cost, ("latency",)),
    Kind("differences", "How far apart two retrievers are, and how sure that is.", "Differences", why.differences),
    Kind(
        "overlap",
        "From how many shared words on words alone do better.",
        "Lexical overlap",
        why.overlap,
        ("crossover",),
    ),
    Kind("pairs", "What two retrievers would find together.", "Who solves what", why.complementarity),
    Kind("depths", "How many candidates a second stage needs.", "How deep to rerank", why.rerank_depths),
    Kind("approximate", "What an index loses that does not compare all.", "Approximate against exact", approximate),
    Kind("curve", "What more time for a query buys.", "Approximate against exact", curve, ("curve",)),
    Kind("noise", "How far figures move by what should not matter.", "Noise floor", noise),
    Kind("audits", "What in the set itself moves its figures.", "Audits", audits.audits),
    Kind("losses", "On which queries one retriever loses most, and to what.", "Where each loses most", losses.losses),
)

# Of figures; the last two are of the set and of single queries.
FIGURES = tuple(kind for kind in KINDS if kind.name not in ("audits", "losses"))


def tables(run: Run, dataset: Dataset) -> Iterator[Table]:
    """Every table of figures of a set."""
    return (block for kind in FIGURES for block in kind.blocks(run, dataset) if isinstance(block, Table))
