"""The indexes that there are: their parameters, the documents that they are trained on, how they are made.

flat     exact: every vector is compared (retrievers.dense.exact)
ivf      inverted lists around centres; those of the nearest centres are searched (Sivic & Zisserman, ICCV 2003)
hnsw     a graph of neighbours in layers (Malkov & Yashunin, IEEE TPAMI 42(4), 2020)
pq       product quantisation: 4 bits a subvector (Jegou, Douze & Schmid, IEEE TPAMI 33(1), 2011), scanned by table
         look-ups in registers (Andre, Kermarrec & Le Scouarnec, VLDB 2015)
ivfpq    pq of what is left of a vector by its centre, in inverted lists
sq8      8 bits a number, in equal steps between the least and the largest value of each dimension
int8     the same: these are sentence-transformers' codes
binary   one bit a number, its sign, which a query's own numbers are multiplied with; codes as sentence-transformers'
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievers.base import RetrieverError
from retrievers.indexes.quantisation import sign_patterns
from retrievers.indexes.vector_index import MORE_OF_FEW_BITS, FaissIndex, FlatIndex, Settings, VectorIndex, one_thread

SEED = 0
A_CENTRE = 39  # vectors that faiss asks for a centre of k-means
CENTRES = 16  # of a subvector: 4 bits
BLOCK = 65_536  # vectors whose signs are made at a time
FEWEST_LISTS = 2


@dataclass(frozen=True)
class IndexType:
    """A kind of index.

    make: float32 [n, d], whether they have length 1, and settings -> the index of faiss; for flat the vectors. around:
    that, and whether they have length 1 -> what is searched. needs: documents that it is trained on at least, by
    settings. parameters: with their defaults; None where that depends on the vectors. rescore: candidates that are
    scored anew where nobody says.
    """

    make: Callable[[NDArray[np.float32], bool, Settings], Any]
    around: Callable[[Any, bool], VectorIndex] = lambda index, _: FaissIndex(index)
    needs: Callable[[Settings], int] = lambda _: 1
    parameters: Mapping[str, int | str | None] = field(default_factory=dict)
    rescore: int = 0


def _flat(vectors: NDArray[np.float32], unit: bool, settings: Settings) -> NDArray[np.float32]:  # noqa: ARG001
    return vectors


def _hnsw(vectors: NDArray[np.float32], unit: bool, settings: Settings) -> Any:  # noqa: ARG001
    import faiss

    dimensions, links, metric = vectors.shape[1], settings["m"], faiss.METRIC_INNER_PRODUCT
    if settings["storage"] == "sq8":
        index = faiss.IndexHNSWSQ(dimensions, faiss.ScalarQuantizer.QT_8bit, links, metric)
    else:
        index = faiss.IndexHNSWFlat(dimensions, links, metric)
    index.hnsw.efConstruction = settings["construction"]
    with one_thread():  # several would link vectors in an order of chance
        index.train(vectors)
        index.add(vectors)
    return index


def _around_graph(index: Any, unit: bool) -> FaissIndex:  # noqa: ARG001
    return FaissIndex(index, lambda its: _graph_search(its["ef"]), lambda its: int(its["ef"]), _stored(index))


def _stored(index: Any) -> NDArray[np.float32] | None:
    """The vectors that lie in a graph, without a copy; they go with it. None where codes of them do."""
    import faiss

    count, dimensions, storage = index.ntotal, index.d, faiss.downcast_index(index.storage)
    if not isinstance(storage, faiss.IndexFlat):
        return None
    codes = faiss.rev_swig_ptr(storage.codes.data(), count * dimensions * 4)
    vectors: NDArray[np.float32] = codes.view(np.float32).reshape(count, dimensions)
    return vectors


def _ivf(vectors: NDArray[np.float32], unit: bool, settings: Settings) -> Any:
    import faiss

    dimensions, lists = vectors.shape[1], _lists(settings, len(vectors))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dimensions), dimensions, lists, faiss.METRIC_INNER_PRODUCT)
    return _inverted(index, vectors, unit)


def _ivfpq(vectors: NDArray[np.float32], unit: bool, settings: Settings) -> Any:
    import faiss

    dimensions, lists = vectors.shape[1], _lists(settings, len(vectors))
    parts = _subvectors(settings, dimensions)
    index = faiss.IndexIVFPQFastScan(
        faiss.IndexFlatIP(dimensions), dimensions, lists, parts, 4, faiss.METRIC_INNER_PRODUCT
    )
    index.pq.cp.seed = SEED
    return _inverted(index, vectors, unit)


def _inverted(index: Any, vectors: NDArray[np.float32], unit: bool) -> Any:
    import faiss

    index.cp.seed, index.cp.spherical = SEED, unit
    index.train_q1(len(vectors), faiss.swig_ptr(vectors), False, index.metric_type)  # the centres of its lists
    with one_thread():  # the rest, as of pq
        index.train(vectors)
    index.add(vectors)
    return index


def _around_lists(index: Any, unit: bool) -> FaissIndex:  # noqa: ARG001
    return FaissIndex(index, lambda its: _list_search(its["probes"]))


def _around_codes_in_lists(index: Any, unit: bool) -> FaissIndex:  # noqa: ARG001
    return FaissIndex(index, lambda its: _list_search(its["probes"]), more=MORE_OF_FEW_BITS)


def _around_codes(index: Any, unit: bool) -> FaissIndex:  # noqa: ARG001
    return FaissIndex(index, more=MORE_OF_FEW_BITS)


@cache  # to make them takes as long as a short search
def _graph_search(ef: int) -> Any:
    import faiss

    return faiss.SearchParametersHNSW(efSearch=ef)


@cache
def _list_search(probes: int) -> Any:
    import faiss

    return faiss.SearchParametersIVF(nprobe=probes)


def _pq(vectors: NDArray[np.float32], unit: bool, settings: Settings) -> Any:  # noqa: ARG001
    import faiss

    dimensions = vectors.shape[1]
    index = faiss.IndexPQFastScan(dimensions, _subvectors(settings, dimensions), 4, faiss.METRIC_INNER_PRODUCT)
    index.pq.cp.seed = SEED
    with one_thread():  # several would mostly wait for one another: a k-means is of 16 centres in few dimensions
        index.train(vectors)
    index.add(vectors)
    return index


def _sq8(vectors: NDArray[np.float32], unit: bool, settings: Settings) -> Any:  # noqa: ARG001
    import faiss

    index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    return index


def _binary(vectors: NDArray[np.float32], unit: bool, settings: Settings) -> Any:  # noqa: ARG001
    import faiss

    dimensions = vectors.shape[1]
    together = math.gcd(dimensions, 4)
    index = faiss.IndexPQFastScan(dimensions, dimensions // together, 4, faiss.METRIC_INNER_PRODUCT)
    # Of all patterns of signs the nearest is a vector's own: binary codes, which table look-ups compare with floats.
    patterns = sign_patterns(together) / np.float32(math.sqrt(dimensions))
    faiss.copy_array_to_vector(np.tile(patterns.ravel(), dimensions // together), index.pq.centroids)
    index.is_trained = True
    for start in range(0, len(vectors), BLOCK):
        index.add(np.where(vectors[start : start + BLOCK] > 0, np.float32(1), np.float32(-1)))
    return index


def _lists(settings: Settings, documents: int) -> int:
    """4 x the root of the documents, as faiss advises, where nobody says; fewer where there are too few to train."""
    return settings["lists"] or max(1, min(4 * math.isqrt(documents), documents // A_CENTRE))


def _subvectors(settings: Settings, dimensions: int) -> int:
    """Of 4 numbers each where nobody says; of as few as divide the dimensions."""
    given = settings["subvectors"]
    whole = [count for count in range(1, dimensions + 1) if dimensions % count == 0]
    if given is None:
        return max(count for count in whole if count <= max(1, dimensions // 4))
    if given not in whole:
        near = sorted(whole, key=lambda count: abs(count - given))[:3]
        raise RetrieverError(
            f"subvectors={given} does not divide {dimensions} dimensions.",
            f"Give {', '.join(map(str, sorted(near)))}, or leave it out.",
        )
    return int(given)


def _for_lists(settings: Settings) -> int:
    return A_CENTRE * (settings["lists"] or FEWEST_LISTS)


# What a graph can hold of its vectors.
STORAGES = ("float32", "sq8")
_OF_LISTS: dict[str, int | None] = {"lists": None, "probes": 32}
RESCORED = 128

INDEXES: dict[str, IndexType] = {
    "flat": IndexType(_flat, FlatIndex),
    "ivf": IndexType(_ivf, _around_lists, _for_lists, _OF_LISTS),
    "hnsw": IndexType(_hnsw, _around_graph, parameters={"m": 32, "ef": 128, "construction": 40, "storage": None}),
    "pq": IndexType(
        _pq, _around_codes, lambda _: A_CENTRE * CENTRES, parameters={"subvectors": None}, rescore=RESCORED
    ),
    "ivfpq": IndexType(
        _ivfpq,
        _around_codes_in_lists,
        lambda settings: max(A_CENTRE * CENTRES, _for_lists(settings)),
        {**_OF_LISTS, "subvectors": None},
        rescore=RESCORED,
    ),
    "sq8": IndexType(_sq8),
    "int8": IndexType(_sq8),
    "binary": IndexType(_binary, _around_codes, rescore=RESCORED),
}
