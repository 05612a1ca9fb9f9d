"""Vectors in two dimensions: where documents and queries of a set lie to a retriever.

Every vector is made length 1 first (zeros stay), since what retrievers compare is direction: a query of three words
would else lie in the middle of all documents of bm25. Documents and queries are projected together.

  pca   principal components, the directions along which the vectors vary most: distances are true where the map has
        room for them, and the share of variance says how much it has. Of sparse vectors as of dense ones: the truncated
        singular value decomposition of the matrix less its mean, which stays sparse, as the mean is taken away from
        products alone.
  tsne  t-SNE (van der Maaten & Hinton, JMLR 9, 2008) by cosine on 50 principal components, by scikit-learn: who is
        near is near, what is far says nothing.
  umap  UMAP (McInnes, Healy & Melville, arXiv:1802.03426) likewise, by umap-learn.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.evaluation.streams import Purpose, stream
from retrievers.vectors import SparseRows, Vectors

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Matrix = Any  # float32 array or csr_array [n, d]
Points = NDArray[np.float32]  # [n, 2]

METHODS = ("pca", "tsne", "umap")
# Of more documents, or queries, than these a sample is drawn: t-SNE and UMAP take minutes at 20,000.
MOST = {"pca": 100_000, "tsne": 20_000, "umap": 20_000}
# The components that t-SNE and UMAP start from, and the fewest texts that they can arrange.
COMPONENTS, FEWEST = 50, 5
PERPLEXITY, NEIGHBOURS_UMAP = 30.0, 15
# A square matrix up to this size is decomposed whole; beyond it Lanczos' method asks for products alone.
WHOLE = 1_024
# What varies by less than this share, of all or of the first component, is rounding.
LEAST = 1e-6
# Neighbours of each text, and texts drawn, for the share that stays near.
NEAREST, DRAWN = 10, 500
# Rows taken at a time, of matrices and of distances.
BLOCK, DISTANCES = 8_192, 2**22


@dataclass(frozen=True)
class Projection:
    """points: float32 [documents + queries, 2], documents first.

    variance: the share that the two dimensions hold, NaN where the method has none or nothing varies. neighbours: of a
    text's nearest texts, the share that is nearest on the map too, the mean over a sample; NaN of one text.
    """

    points: Points
    variance: float
    neighbours: float


def require(method: str) -> None:
    """Raise BenchError where a method needs a library that is not installed."""
    if method == "umap" and importlib.util.find_spec("umap") is None:
        raise BenchError("The map umap needs umap-learn, which is not installed.", "Run: pip install -e '.[map]'")


def drawn_positions(size: int, first: NDArray[np.int64], method: str, seed: int) -> NDArray[np.int64]:
    """The texts that a map shows: all, or a sample of so many as the method can take.

    Args:
        size: How many there are.
        first: Positions that come before all others: of relevant documents.
        method: One of METHODS.
        seed: The same one draws the same.

    Returns:
        int64 positions, ascending.
    """
    if size <= MOST[method]:
        return np.arange(size)
    order = stream(seed, Purpose.MAP, 0).permutation(size)
    is_first = np.isin(order, first)
    return np.sort(np.concatenate([order[is_first], order[~is_first]])[: MOST[method]])


def project(documents: Vectors, queries: Vectors, method: str, seed: int) -> Projection:
    """Place documents and queries on one map.

    Args:
        documents: Their vectors, [n, d].
        queries: Theirs, [m, d].
        method: One of METHODS.
        seed: Of every random choice. The same vectors then give the same bytes, on one machine with as many threads.

    Raises:
        ValueError: Where vectors are not finite, or not of one width.
        BenchError: Where the method's library is not installed.
    """
    require(method)
    matrix = _of_length_one(_joined(documents, queries))
    variance = math.nan
    if method == "pca" or matrix.shape[0] < FEWEST:
        points, variance = principal_components(matrix, 2, seed)
    else:
        components, _ = principal_components(matrix, COMPONENTS, seed)
        arrange = _tsne if method == "tsne" else _umap
        points = arrange(components, seed) if components.any() else components[:, :2]
    placed = np.ascontiguousarray(points, dtype=np.float32)
    return Projection(placed, variance, neighbours_kept(matrix, placed, stream(seed, Purpose.MAP, 2)))


def principal_components(matrix: Matrix, count: int, seed: int) -> tuple[NDArray[np.float64], float]:
    """The coordinates of rows along the directions in which they vary most, and the share of variance along these.

    Args:
        matrix: float32 [n, d], dense or compressed rows.
        count: How many components; those that there are not are zeros.
        seed: Of the vector that Lanczos' method starts from.

    Returns:
        float64 [n, count], of each component the largest coordinate positive; the share, NaN where nothing varies.
    """
    n, d = matrix.shape
    mean = np.asarray(matrix.sum(axis=0, dtype=np.float64)).ravel() / max(n, 1)
    total = _squares(matrix) - n * float(mean @ mean)
    points = np.zeros((n, count))
    if total <= LEAST * max(_squares(matrix), 1):
        return points, math.nan
    values, axes = _principal_axes(matrix, mean, min(count, n, d), seed)
    kept = values > LEAST * values.max()
    coordinates = _product(matrix, axes[:, kept]) - mean @ axes[:, kept]
    farthest = coordinates[np.abs(coordinates).argmax(axis=0), np.arange(kept.sum())]
    points[:, : kept.sum()] = coordinates * np.where(farthest < 0, -1, 1)
    return points, float(min(values[kept].sum() / total, 1.0))


def neighbours_kept(matrix: Matrix, points: Points, rng: np.random.Generator) -> float:
    """Of the nearest texts of each drawn text, the mean share that is among its nearest on the map.

    By Euclidean distance. A text that is as near as the last of the nearest is one of them.

    Args:
        matrix: float32 [n, d], the vectors.
        points: float32 [n, 2], the map.
        rng: Draws the texts.
    """
    n = matrix.shape[0]
    nearest = min(NEAREST, n - 1)
    if nearest < 1:
        return math.nan
    drawn = np.sort(rng.choice(n, min(DRAWN, n), replace=False))
    size = max(1, DISTANCES // n)
    shares = []
    for start in range(0, len(drawn), size):
        rows = drawn[start : start + size]
        near, on_map = _distances(matrix, rows), _distances(points.astype(np.float64), rows)
        last = np.partition(near, nearest - 1, axis=1)[:, nearest - 1, None]
        chosen = np.argpartition(on_map, nearest - 1, axis=1)[:, :nearest]
        shares.append(np.take_along_axis(near, chosen, axis=1) <= last + 1e-6)
    return float(np.concatenate(shares).mean())


def _joined(documents: Vectors, queries: Vectors) -> Matrix:
    if isinstance(documents, SparseRows) and isinstance(queries, SparseRows):
        from scipy.sparse import vstack

        return vstack([_compressed(documents), _compressed(queries)], format="csr")
    if len(queries) == 0:
        return np.asarray(documents, dtype=np.float32)
    return np.concatenate([documents, queries]).astype(np.float32, copy=False)


def _compressed(rows: SparseRows) -> csr_array:
    from scipy.sparse import csr_array

    return csr_array((rows.weights, rows.columns, rows.starts), shape=(len(rows.starts) - 1, rows.size))


def _of_length_one(matrix: Matrix) -> Matrix:
    if not np.isfinite(_values(matrix)).all():
        raise ValueError("its vectors are not all finite")
    lengths = np.sqrt(_row_squares(matrix))
    scale = (1 / np.where(lengths, lengths, 1)).astype(np.float32)
    if isinstance(matrix, np.ndarray):
        return matrix * scale[:, None]
    scaled = matrix.copy()
    scaled.data *= np.repeat(scale, np.diff(matrix.indptr))
    return scaled


def _values(matrix: Matrix) -> NDArray[np.float32]:
    values: NDArray[np.float32] = matrix if isinstance(matrix, np.ndarray) else matrix.data
    return values


def _row_squares(matrix: Matrix) -> NDArray[np.float64]:
    """The sum of squares of each row, [n]."""
    if isinstance(matrix, np.ndarray):
        squares: NDArray[np.float64] = np.einsum("nd,nd->n", matrix, matrix, dtype=np.float64)
        return squares
    sums: NDArray[np.float64] = np.asarray(matrix.multiply(matrix).sum(axis=1, dtype=np.float64)).ravel()
    return sums


def _squares(matrix: Matrix) -> float:
    return float(_row_squares(matrix).sum())


def _blocks(matrix: Matrix) -> Iterator[Matrix]:
    """Its rows in float64, some at a time."""
    for start in range(0, matrix.shape[0], BLOCK):
        yield matrix[start : start + BLOCK].astype(np.float64)


def _product(matrix: Matrix, axes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(block @ axes) for block in _blocks(matrix)])


def _principal_axes(
    matrix: Matrix, mean: NDArray[np.float64], count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of squares along the first `count` axes, descending, and the axes, float64 [d, count]."""
    n, d = matrix.shape
    if d <= WHOLE:
        scatter = sum(_plain(block.T @ block) for block in _blocks(matrix)) - n * np.outer(mean, mean)
        values, axes = np.linalg.eigh(scatter)
    elif n <= WHOLE:  # by the smaller of the two square matrices, its rows and columns less their means
        exact = matrix.astype(np.float64)
        between = _plain(exact @ exact.T)
        middle = between.mean(axis=0)
        values, left = np.linalg.eigh(between - middle - middle[:, None] + middle.mean())
        values, left = values[-count:], left[:, -count:]
        axes = exact.T @ left - np.outer(mean, left.sum(axis=0))
        axes /= np.sqrt(np.maximum(values, LEAST * values.max()))
    else:
        values, axes = _by_products(matrix, mean, count, seed)
    return np.maximum(values[-count:][::-1], 0), axes[:, -count:][:, ::-1]


def _by_products(
    matrix: Matrix, mean: NDArray[np.float64], count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same by Lanczos' method, ascending."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    n, d = matrix.shape
    exact = matrix.astype(np.float64)

    def scattered(axis: NDArray[np.float64]) -> NDArray[np.float64]:
        product: NDArray[np.float64] = exact.T @ (exact @ axis.ravel()) - n * mean * (mean @ axis.ravel())
        return product

    start = stream(seed, Purpose.MAP, 1).standard_normal(d)
    operator = LinearOperator((d, d), matvec=scattered, dtype=np.float64)
    values, axes = eigsh(operator, count, v0=start, tol=1e-8)
    order = np.argsort(values)
    return values[order], axes[:, order]


def _plain(matrix: Any) -> NDArray[np.float64]:
    dense: NDArray[np.float64] = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
    return dense


def _distances(matrix: Matrix, rows: NDArray[np.int64]) -> NDArray[np.floating]:
    """Squared distances of some rows to all: [rows, n], a row's to itself infinite."""
    squares = _row_squares(matrix)
    some = _plain(matrix[rows])
    distances: NDArray[np.floating] = squares - 2 * np.asarray(matrix @ some.T).T + squares[rows][:, None]
    distances[np.arange(len(rows)), rows] = np.inf
    return distances


def _tsne(components: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, (len(components) - 1) / 3)
    start = components[:, :2] / components[:, 0].std() * 1e-4  # the size that t-SNE begins well from
    method = TSNE(2, perplexity=perplexity, metric="cosine", init=start.astype(np.float32), random_state=seed)
    # On one thread: sums of several come in the order in which these end.
    with threadpool_limits(limits=1, user_api="openmp"):
        placed: NDArray[np.float64] = method.fit_transform(components.astype(np.float32))
    return placed


def _umap(components: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    from umap import UMAP

    neighbours = min(NEIGHBOURS_UMAP, len(components) - 1)
    method = UMAP(n_components=2, n_neighbors=neighbours, metric="cosine", random_state=seed, n_jobs=1)
    placed: NDArray[np.float64] = method.fit_transform(components.astype(np.float32))
    return placed
