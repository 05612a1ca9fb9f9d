"""The vectors of a set's documents as files that other programs read: numpy's, JSON and faiss'.

embeddings.npy         float32 [documents, dimensions], of length 1
metadata_aligned.json  a list: id, text, title and metadata of each document
pca_2d.npy             float32 [documents, 2], along the two directions in which the vectors vary most
faiss_flat.index       all vectors, compared one by one
faiss_hnsw.index       the same vectors as a graph (HNSW)

Row i is the same document in all five. Rows stand in ascending byte order of the documents' ids, which is the order of
the file where ids count up with leading zeros, as the paragraphs of corpus.txt do.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import TEXT, TITLE, Dataset
from bench.data.formats.document_columns import METADATA as FIELDS
from bench.errors import BenchError
from bench.evaluation.projection import principal_components
from bench.experiment.one_retriever import working
from bench.storage.files import array_bytes, write_atomic, write_json
from retrievers import contract
from retrievers.dense.exact import unit
from retrievers.dense.vector_cache import VectorCache
from retrievers.indexes.faiss_files import index_files, refuse_without_faiss
from retrievers.vectors import VectorSpace

EMBEDDINGS, METADATA, PCA = "embeddings.npy", "metadata_aligned.json", "pca_2d.npy"
FILES = frozenset((EMBEDDINGS, METADATA, PCA, "faiss_flat.index", "faiss_hnsw.index"))
SEED = 0


def export_vectors(
    dataset: Dataset, specification: str, folder: Path, cache: VectorCache | None = None
) -> tuple[int, int]:
    """Write the five files, all of them or none.

    Args:
        dataset: Whose documents.
        specification: Of the retriever whose vectors they are; each document must be one dense vector to it.
        folder: Made, or emptied where it holds an earlier export and nothing else.
        cache: Of vectors, if one serves.

    Returns:
        How many vectors there are, and their dimensions.

    Raises:
        BenchError: Where faiss is missing, the folder holds something else or takes nothing, or the retriever fails or
            has no such vectors.
    """
    folder = folder.expanduser().resolve()
    _refuse_strange(folder)
    vectors = _vectors(dataset, specification, cache)
    points, _ = principal_components(vectors, 2, SEED)
    arrays = {EMBEDDINGS: vectors, PCA: points.astype(np.float32)}
    files = {name: array_bytes(np.save, array) for name, array in arrays.items()} | index_files(vectors)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        for name, content in files.items():
            write_atomic(temporary / name, content)
        write_json(temporary / METADATA, list(_described(dataset)))
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    except OSError as error:
        raise BenchError(f"{folder} cannot be written: {error.strerror or error}.", "Name another folder.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return vectors.shape


def _refuse_strange(folder: Path) -> None:
    try:
        strange = sorted({path.name for path in folder.iterdir()} - FILES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BenchError(f"{folder} cannot be read: {error.strerror}.", "Name a folder, or one to be made.") from None
    if strange:
        raise BenchError(
            f"{folder} holds {strange[0]!r}, which is no part of an export, and would be lost.",
            "Name a folder that does not exist, an empty one, or one of an earlier export.",
        )


def _vectors(dataset: Dataset, specification: str, cache: VectorCache | None) -> NDArray[np.float32]:
    """float32 [documents, dimensions], of length 1, in ascending order of the ids."""
    with working(specification, cache) as retriever:
        refuse_without_faiss()
        if not isinstance(retriever, VectorSpace):
            raise _no_vectors(specification)
        contract.index(retriever, dataset.texts)
        vectors = retriever.document_vectors(np.arange(len(dataset.documents))[::-1].copy())
        if not isinstance(vectors, np.ndarray):
            raise _no_vectors(specification)
        return unit(vectors)


def _no_vectors(specification: str) -> BenchError:
    return BenchError(
        f"To {specification} a document is not one dense vector, so there is nothing to export.",
        "Name another one: -r minilm, -r static, -r lsa or -r dense:model=FOLDER.",
    )


def _described(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """What is known of each document, in ascending order of the ids."""
    ids = dataset.document_ids(np.arange(len(dataset.documents)))
    columns = {name: list(dataset.texts.column(name)) for name in dataset.texts.columns}
    for row in reversed(range(len(ids))):
        known = {name.removeprefix(f"{FIELDS}."): values[row] for name, values in columns.items() if name != TEXT}
        # A title in the metadata of plain text is the document's, though no part of what was encoded.
        title = known.pop(TITLE, "")
        metadata = {name: value for name, value in known.items() if value}
        yield {"id": ids[row], "text": columns[TEXT][row], "title": title, "metadata": metadata}
