"""What should not matter to a retriever, changed one at a time: batch size, threads, backend, order of documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace

from bench.analysis.noise import BACKEND, BATCH_SIZE, ORDER, THREADS, Variation
from bench.config import Count, Threads
from bench.errors import BenchError, fit, unknown
from bench.experiment.labels import split_label
from retrievers import RetrieverError, create, kind, names, signature
from retrievers.dense.backends import EXPORTED, TORCH
from retrievers.specification import Specification, parse, written

MOST_ORDERS = 100


@dataclass(frozen=True)
class Grid:
    """What each is set to in turn. orders: how many orders of the documents, drawn by chance.

    Raises BenchError for what is out of range.
    """

    batch_sizes: tuple[Count, ...] = (1, 32, 256)
    threads: tuple[Threads, ...] = (1, 2)
    backends: tuple[str, ...] = (TORCH, *EXPORTED)
    orders: int = 3

    def __post_init__(self) -> None:
        fit(Grid, {field.name: getattr(self, field.name) for field in fields(self)})
        for name in self.backends:
            if name not in (TORCH, *EXPORTED):
                raise unknown("backend", name, [TORCH, *EXPORTED])
        if not 0 <= self.orders <= MOST_ORDERS:
            raise BenchError(f"orders is {self.orders}.", f"Give 0 to {MOST_ORDERS}.")


@dataclass(frozen=True)
class Variant:
    """A retriever in one way. text: the specification that makes it. threads: None for the run's. order: the number of
    its order of documents, 0 for theirs."""

    variation: Variation
    text: str
    threads: int | None = None
    order: int = 0


def variants(given: str, grid: Grid, threads: int) -> tuple[list[Variant], list[str]]:
    """The retriever as it is, then with one thing changed at a time; and a sentence on each backend that is left out.

    given: as -r names it. threads: of the run. Raises BenchError for an unknown retriever, and where nothing varies.
    """
    label, text = split_label(given)
    left_out: list[str] = []
    try:
        base = Variant(Variation(label), text)
        made = [base, *_of_parameters(base, BATCH_SIZE, "batch_size", map(str, grid.batch_sizes), left_out)]
        if kind(create(text)) != "lexical":
            others = (number for number in grid.threads if number != threads)
            made += [Variant(Variation(label, THREADS, str(number)), text, threads=number) for number in others]
        made += _of_parameters(base, BACKEND, "backend", grid.backends, left_out)
    except RetrieverError as error:
        raise BenchError(error.message, error.hint) from None
    made += [Variant(Variation(label, ORDER, str(number)), text, order=number) for number in range(1, grid.orders + 1)]
    if len(made) == 1:
        raise BenchError(
            f"Nothing that is asked for varies with {label}.",
            "Every retriever has orders of documents (--orders 3); --batch-sizes, --threads and --backends are for "
            "those that have them, with other values than they have already.",
        )
    return made, left_out


def _of_parameters(
    base: Variant, changed: str, name: str, values: Iterator[str] | tuple[str, ...], left_out: list[str]
) -> Iterator[Variant]:
    """Those of the values by which it becomes another retriever. left_out: takes why one cannot be made."""
    specification, its = parse(base.text, names()), signature(create(base.text))
    for value in values:
        text = written(_with_all(specification, name, value))
        try:
            if signature(create(text)) != its:
                yield Variant(Variation(base.variation.line, changed, value), text)
        except RetrieverError as error:
            left_out.append(f"{base.variation.line}, {changed} {value} is left out: {error}")


def _with_all(specification: Specification, name: str, value: str) -> Specification:
    """With that value of a parameter, in itself and its parts, where they have one of that name."""
    parts = tuple(_with_all(part, name, value) for part in specification.parts)
    whole = replace(specification, parts=parts)
    made: object = create(written(specification))
    if is_dataclass(made) and any(field.init and field.name == name for field in fields(made)):
        whole = replace(whole, arguments={**specification.arguments, name: value})
    return whole
