"""Approximate search over an encoder: what it finds, keeps and refuses."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numbered import Numbered, clustered, numbers

from bench.experiment.workers.recorder import SummingRecorder
from retrievers import RetrieverError, create, kind, parameters, signature
from retrievers.base import INDEX_NEEDS, Ranking, listening
from retrievers.indexes.ann import Ann
from retrievers.indexes.faiss_indexes import INDEXES
from retrievers.indexes.vector_index import FaissIndex

ROWS = clustered(2_050)
DOCUMENTS, QUERIES = numbers(0, 2_000), numbers(2_000, 2_050)


def indexed(rows=ROWS, documents=DOCUMENTS, similarity="cosine", **settings):
    ann = Ann((Numbered(rows, similarity),), **settings)
    ann.index(documents)
    return ann


@cache
def usual(name):
    """An index by its defaults, for tests that only search it."""
    return indexed(index_type=name)


@cache
def exact_hits():
    return exact()


def exact(rows=ROWS, k=10, similarity="cosine"):
    plain = Numbered(rows, similarity)
    plain.index(DOCUMENTS)
    return plain.search(QUERIES, k)


def recall(ranking, wanted):
    pairs = zip(ranking.documents.tolist(), wanted.documents.tolist(), strict=True)
    return np.mean([len(set(one) & set(other)) / len(other) for one, other in pairs])


def told(ann, documents):
    recorder = SummingRecorder()
    with listening(recorder):
        ann.index(documents)
    return recorder.work(1.0)


def test_as_it_is_written():
    ann = create("ann(lsa, index=hnsw, m=16, ef=64)")
    assert (ann.index_type, ann.m, ann.ef, kind(ann)) == ("hnsw", 16, 64, "approximate")
    assert signature(ann).startswith("Ann(Lsa(")
    assert signature(ann).endswith("index='hnsw', m=16, ef=64, construction=40, rescore=0, keep='nothing')")
    assert parameters(ann)["index"] == "hnsw"
    assert "lists" not in parameters(ann), "it has none"
    assert parameters(Ann)["index"] == "hnsw", "of the class, its default"


def test_the_part_is_minilm_where_none_is_given():
    assert type(create("ann").parts[0]).__name__ == "Dense"


# What each finds of exact's first 10, at least; vectors of 32 dimensions are harder for few bits than those of models.
LEAST = {"flat": 1, "ivf": 0.97, "hnsw": 0.99, "pq": 0.97, "ivfpq": 0.95, "sq8": 0.97, "int8": 0.97, "binary": 0.9}


@pytest.mark.parametrize("name", INDEXES)
def test_it_finds_nearly_what_exact_search_finds(name):
    ann = usual(name)
    assert recall(ann.search(QUERIES, 10), exact_hits()) >= LEAST[name]


@pytest.mark.parametrize("name", INDEXES)
def test_its_scores_are_nearly_those_of_exact_search(name):
    ranking = usual(name).search(QUERIES, 10)
    true = np.vecdot(ROWS[ranking.documents], ROWS[2_000:][:, None, :])
    assert np.abs(ranking.scores - true).max() < 0.02


def test_flat_is_exact_search():
    assert indexed(index_type="flat").search(QUERIES, 50) == exact(k=50)


def test_hits_of_a_graph_have_the_scores_of_exact_search():
    ranking, wanted = indexed(index_type="hnsw").search(QUERIES, 10), exact_hits()
    same = ranking.documents == wanted.documents
    assert same.mean() > 0.9
    assert (ranking.scores == wanted.scores)[same].all()


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("copies", [1, 8])
def test_neither_the_number_of_hits_nor_the_batch_matters(name, copies):
    rows = np.concatenate([np.tile(ROWS[: 2_000 // copies], (copies, 1)), ROWS[2_000:]])
    ann = indexed(rows, index_type=name) if copies > 1 else usual(name)
    many = ann.search(QUERIES, 100)
    assert ann.search(QUERIES, 10) == many.to_depth(10)
    alone = [ann.search([query], 100) for query in QUERIES]
    assert all(one == many.of_queries([row]) for row, one in enumerate(alone))


@pytest.mark.parametrize("name", ["flat", "ivf", "pq", "sq8", "binary"])
def test_of_equal_documents_the_first_ones_are_hits(name):
    rows = np.concatenate([np.tile(ROWS[:100], (20, 1)), ROWS[2_000:]])
    settings = {"rescore": 0} if name in ("pq", "binary") else {}
    hits = indexed(rows, index_type=name, **settings).search(["0"], 10).documents[0].tolist()
    assert hits == list(range(0, 1_000, 100)), "twenty have the best score, and ten are asked for"


@pytest.mark.parametrize("copies", [1, 8])
def test_a_graph_of_codes_finds_as_much_and_depends_on_neither_either(copies):
    rows = np.concatenate([np.tile(ROWS[: 2_000 // copies], (copies, 1)), ROWS[2_000:]])
    ann = indexed(rows, storage="sq8")
    many = ann.search(QUERIES, 100)
    assert ann.search(QUERIES, 10) == many.to_depth(10)
    assert all(ann.search([query], 100) == many.of_queries([row]) for row, query in enumerate(QUERIES))
    if copies == 1:
        assert recall(ann.search(QUERIES, 10), exact_hits()) > 0.95


@pytest.mark.parametrize("name", INDEXES)
def test_two_indexes_of_the_same_documents_are_the_same(name):
    assert indexed(index_type=name).search(QUERIES, 20) == usual(name).search(QUERIES, 20)


@pytest.mark.parametrize("name", ["hnsw", "ivf", "ivfpq"])
def test_threads_do_not_matter(name):
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(2)
    try:
        ranking = indexed(index_type=name).search(QUERIES, 20)
        assert faiss.omp_get_max_threads() == 2, "it leaves them as they are"
    finally:
        faiss.omp_set_num_threads(before)
    assert ranking == usual(name).search(QUERIES, 20)


def test_a_dot_product_is_not_made_a_cosine():
    rows = ROWS * np.random.default_rng(1).uniform(0.5, 2, (len(ROWS), 1)).astype(np.float32)
    wanted = exact(rows, similarity="dot")
    assert indexed(rows, similarity="dot", index_type="flat").search(QUERIES, 10) == wanted
    assert recall(indexed(rows, similarity="dot", index_type="hnsw").search(QUERIES, 10), wanted) > 0.95
    truncated = indexed(rows, similarity="dot", index_type="flat", dimensions=16).search(["2000"], 1)
    assert truncated.scores[0, 0] == pytest.approx((rows[:2000, :16] @ rows[2000, :16]).max(), rel=1e-6)


def test_a_query_of_which_nothing_is_known_has_no_hits():
    ranking = indexed().search(["nothing", "7"], 3)
    assert ranking.documents[0].tolist() == [-1, -1, -1]
    assert ranking.documents[1, 0] == 7


def test_the_part_keeps_no_vectors():
    ann = indexed()
    with pytest.raises(RetrieverError, match="before index"):
        ann.parts[0].search(["7"], 1)
    assert ann.parts[0].encoded == 1


def test_what_it_approximates_is_its_part_by_itself():
    ann = indexed(index_type="binary", rescore=0)
    before = ann.search(QUERIES, 10)
    assert ann.search_exact(QUERIES, 10) == exact_hits()
    assert ann.search(QUERIES, 10) == before
    with pytest.raises(RetrieverError, match="before index"):
        ann.parts[0].search(["7"], 1)


def test_fewer_dimensions_and_a_second_look_with_all():
    wanted = exact_hits()
    first, pca = (indexed(index_type="flat", **its) for its in ({"dimensions": 8}, {"pca": 8}))
    assert recall(first.search(QUERIES, 10), wanted) < recall(pca.search(QUERIES, 10), wanted) < 0.99
    again = indexed(index_type="flat", pca=8, rescore=300, keep="float32").search(QUERIES, 10)
    assert recall(again, wanted) > 0.99
    assert first.search(["2000"], 1).scores[0, 0] <= 1 + 1e-6, "made length 1 again"


def test_scores_anew_are_those_of_exact_search_where_float32_is_kept():
    ranking, wanted = indexed(index_type="pq", keep="float32").search(QUERIES, 10), exact_hits()
    same = ranking.documents == wanted.documents
    assert same.mean() > 0.9
    assert (ranking.scores == wanted.scores)[same].all()


SIZES = [
    ({"index_type": "flat"}, 128),
    ({"index_type": "sq8"}, 32),
    ({"index_type": "binary", "rescore": 0}, 4),
    ({"index_type": "binary"}, 4 + 32),
    ({"index_type": "binary", "keep": "float16"}, 4 + 64),
    ({"index_type": "pq", "rescore": 0}, 4),
    ({"index_type": "hnsw", "m": 8}, 128 + 16 * 4),
    ({"index_type": "hnsw", "m": 8, "storage": "sq8"}, 32 + 16 * 4),
]


@pytest.mark.parametrize(("settings", "size"), SIZES)
def test_the_bytes_of_a_document(settings, size):
    recorded = told(Ann((Numbered(ROWS),), **settings), DOCUMENTS).quantities["index_bytes"] / len(DOCUMENTS)
    assert size <= recorded < size + 32, "codebooks, levels of a graph and the like come on top"


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({"index_type": "ivf"}, 78),
        ({"index_type": "ivf", "lists": 10}, 390),
        ({"index_type": "pq"}, 624),
        ({"pca": 20}, 20),
    ],
)
def test_too_few_documents_to_train_on_are_searched_exactly(settings, needed):
    few = numbers(0, needed - 1)
    ann = Ann((Numbered(ROWS),), **settings)
    work = told(ann, few)
    assert work.quantities[INDEX_NEEDS] == needed
    assert f" needs {needed} documents to train on, and there are {needed - 1}: " in work.warnings[0]
    plain = Numbered(ROWS)
    plain.index(few)
    assert ann.search(QUERIES, 10) == plain.search(QUERIES, 10)
    enough = told(Ann((Numbered(ROWS),), **settings), numbers(0, needed))
    assert INDEX_NEEDS not in enough.quantities
    assert not enough.warnings


@pytest.mark.parametrize(("settings", "most"), [({"ef": 12}, 12), ({"rescore": 7, "ef": 30}, 7)])
def test_no_query_has_more_hits_than_candidates_and_it_says_so(settings, most):
    ann = indexed(**settings)
    recorder = SummingRecorder()
    with listening(recorder):
        ranking = ann.search(["7"], 40)
    assert (ranking.documents >= 0).sum() == most
    assert ranking.to_depth(5) == ann.search(["7"], 5)
    (warning,) = recorder.work(1.0).warnings
    assert f"={most} gives a query so many hits at most, and 40 are asked for" in warning


def test_another_search_of_the_same_index():
    ann = indexed(index_type="hnsw", ef=2, m=4)
    wider = ann.searching_with(ef=200)
    assert ann.parts[0].encoded == 1, "nothing was encoded or built anew"
    assert recall(wider.search(QUERIES, 10), exact_hits()) > recall(ann.search(QUERIES, 10), exact_hits())
    assert (ann.ef, wider.ef) == (2, 200)
    assert wider.search(QUERIES, 10) == indexed(index_type="hnsw", ef=200, m=4).search(QUERIES, 10)
    with pytest.raises(RetrieverError, match="m is no parameter of a search alone"):
        ann.searching_with(m=8)
    with pytest.raises(RetrieverError, match="index=hnsw has no probes"):
        ann.searching_with(probes=8)


REFUSED = [
    ("ann(bm25)", "ann needs an encoder of one vector a text, and BM25 is none"),
    ("ann(lsa, tfidf)", "ann has 2 parts"),
    ("ann(lsa, index=lsh)", "Known: flat, ivf, hnsw, pq, ivfpq, sq8, int8, binary"),
    ("ann(lsa, index=flat, m=8)", "index=flat has no m. It has dimensions, pca, rescore, keep."),
    ("ann(lsa, index=hnsw, probes=8)", "index=hnsw has no probes. It has m, ef, construction, storage, dimensions"),
    ("ann(lsa, m=1)", "m=1 is out of range. Give 2 to 512."),
    ("ann(lsa, ef=0)", "ef=0 is out of range"),
    ("ann(lsa, storage=int4)", "Known: float32, sq8"),
    ("ann(lsa, rescore=-1)", "rescore=-1 is out of range"),
    ("ann(lsa, rescore=5, keep=nothing)", "rescore=5 has nothing to score by"),
    ("ann(lsa, keep=int4)", "Known: float32, float16, int8, nothing"),
    ("ann(lsa, dimensions=8, pca=8)", "Give one of them"),
    ("ann(lsa, index_type=flat)", "ann has no parameter 'index_type'"),
]


@pytest.mark.parametrize(("specification", "message"), REFUSED)
def test_what_is_refused(specification, message):
    with pytest.raises(RetrieverError) as caught:
        create(specification)
    assert message in str(caught.value)


def test_where_faiss_is_not_installed_flat_alone_is_to_be_had(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RetrieverError, match=r"index=ivf needs faiss, which is not installed. Run: pip install -e"):
        create("ann(lsa, index=ivf)")
    create("ann(lsa, index=flat)")


def test_subvectors_that_do_not_divide_the_dimensions():
    with pytest.raises(RetrieverError, match=r"subvectors=7 does not divide 32 dimensions. Give 2, 4, 8, or leave"):
        indexed(index_type="pq", subvectors=7)


def test_no_document_and_no_query():
    ann = Ann((Numbered(ROWS),))
    assert indexed().search([], 3) == Ranking.empty(0, 3)
    with pytest.raises(RetrieverError, match="before index"):
        ann.search(["7"], 3)


class Disconnected:
    """An index that reaches two of its vectors alone."""

    ntotal = 5

    def search(self, queries, depth, params):
        found = min(2, depth)
        documents = np.tile([3, 1, *[-1] * (depth - found)], (len(queries), 1))
        return np.full((len(queries), depth), -np.finfo(np.float32).max, dtype=np.float32), documents


@pytest.mark.parametrize("queries", [1, 2])
def test_of_an_index_that_reaches_few_there_are_few_hits(queries):
    index = FaissIndex(Disconnected(), vectors=ROWS[:5])
    ranking = index.best(ROWS[:queries], 4, {})
    assert (ranking.documents[:, 2:] == -1).all()
    assert np.isneginf(ranking.scores[:, 2:]).all()
    assert sorted(ranking.documents[0, :2].tolist()) == [1, 3]
    assert ranking.scores[0, 0] == max(np.vecdot(ROWS[[1, 3]], ROWS[0]))
