"""One retriever in this process, for a command that asks it something: its failures are told as everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.experiment.workers.failure import describe_failure
from retrievers import Ranking, Retriever, RetrieverError, contract, create
from retrievers.dense.vector_cache import VectorCache, caching
from retrievers.masking import masked, secrets_around, secrets_of
from retrievers.saved_index import SavedIndexes, saving


@contextmanager
def working(specification: str, cache: VectorCache | None) -> Iterator[Retriever]:
    """The retriever of a specification, served by an embedding cache and the indexes beside it within this block.

    Raises BenchError where it cannot be made, and for whatever it raises within the block, without its secrets.
    """
    try:
        retriever = create(specification)
    except RetrieverError as error:  # which names the retriever, and no parameters: they may hold what it refuses
        raise BenchError(error.message, error.hint) from None
    indexes = None if cache is None else SavedIndexes.beside(cache.path, cache.limit_mb, cache.rebuild)
    try:
        with caching(cache), saving(indexes):
            yield retriever
    except BenchError:
        raise
    except RetrieverError as error:
        secrets = secrets_around() | secrets_of(retriever)
        raise BenchError(f"{specification}: {masked(error.message, secrets)}", masked(error.hint, secrets)) from None
    except (Exception, SystemExit) as error:
        reason = describe_failure(error, secrets_around() | secrets_of(retriever))
        raise BenchError(f"{specification} failed: {reason}.", "Mend it, or leave it out.") from error


def rank(queries: Sequence[str], dataset: Dataset, specification: str, k: int, cache: VectorCache | None) -> Ranking:
    """Index a dataset and search it for queries, checked against the contract.

    Args:
        queries: Their texts.
        dataset: Whose documents are searched.
        specification: Of the retriever.
        k: Hits of each query, at most as many as there are documents.
        cache: Of vectors, beside which indexes are saved; None for neither.

    Raises:
        BenchError: Where the retriever cannot be made or fails; keys are masked.
    """
    with working(specification, cache) as retriever:
        contract.index(retriever, dataset.texts)
        return contract.checked(retriever.search(queries, k), len(queries), k, len(dataset.documents))
