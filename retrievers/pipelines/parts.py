"""What pipelines do with the retrievers that they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from retrievers.base import Retriever, RetrieverError, part


def named(parts: Sequence[Retriever]) -> list[tuple[str, Retriever]]:
    """The parts by the names of their classes, numbered where there are two of one."""
    names = [type(retriever).__name__ for retriever in parts]
    return [
        (f"{name}-{number}" if names.count(name) > 1 else name, retriever)
        for number, (name, retriever) in enumerate(zip(names, parts, strict=True), 1)
    ]


@contextmanager
def of_part(name: str) -> Iterator[None]:
    """Count what is told for the part, and say of what fails in it whose it is."""
    try:
        with part(name):
            yield
    except RetrieverError as error:
        raise RetrieverError(f"{name}: {error.message}", error.hint) from error
    except Exception as error:
        raise RetrieverError(f"{name}: {type(error).__name__}: {error}") from error


def retrievers_of(pipeline: str, parts: Any) -> tuple[Retriever, ...]:
    """The parts, as a pipeline was given them. Raises RetrieverError for what is no sequence of retrievers."""
    if not isinstance(parts, Sequence) or isinstance(parts, str):
        what = f"{type(parts).__name__}, and no tuple"
    elif strange := [type(one) for one in parts if not isinstance(one, Retriever) or isinstance(one, type)]:
        what = f"{strange[0].__name__} among its parts, and no retriever"
    else:
        return tuple(parts)
    raise RetrieverError(f"{pipeline} is given a {what}.", f"Give objects, as in {pipeline.capitalize()}((BM25(), …)).")


def only_part(pipeline: str, parts: Any, usual: Callable[[], Retriever]) -> tuple[Retriever]:
    """The one part that a pipeline has, the usual one where none is given. Raises RetrieverError for several."""
    parts = retrievers_of(pipeline, parts)
    if len(parts) > 1:
        raise RetrieverError(f"{pipeline} has {len(parts)} parts.", f"Give one, as in {pipeline}(bm25).")
    return (parts[0] if parts else usual(),)


def usual_lexical() -> Retriever:
    """bm25 by its defaults."""
    from retrievers.lexical.bm25 import BM25

    return BM25()


def usual_dense() -> Retriever:
    """minilm by its defaults."""
    from retrievers.dense.bi_encoder import Dense

    return Dense()
