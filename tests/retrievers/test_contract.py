"""One conformance suite over every retriever: to be listed is to be tested."""

from __future__ import annotations

import re

import pytest
from embedding_service import embedding_service
from tiny import tiny_colbert, tiny_encoder, tiny_splade

from retrievers import RETRIEVERS, RetrieverError, create
from retrievers.contract import AnyColumn
from retrievers.testing import CHECKS, DOCUMENTS, LEXICAL_CHECKS, check_retriever

VARIANTS = [
    "tfidf:analyzer=char_wb,ngram_min=2,ngram_max=4",
    "bm25:variant=plus",
    "bm25:fields=title^2~0.5 text",
    "static:weighting=sif",
    "dense:model={tiny},batch_size=2,query_prompt=query: ",
    "dense:model={tiny},backend=onnx,batch_size=2",
    "fakes:Fused",
    "late:model={colbert}",
    "hybrid(bm25(k1=0.9), tfidf, fusion=rrf, depth=20, parallel=true)",
    "chunks(tfidf, sentences=1, top=2)",
    "chunks(dense(model={tiny}), pieces=4)",
    "expand(bm25, terms=3, documents=2)",
    "ann(lsa, index=flat, dimensions=4, rescore=10)",
    "ann(lsa, index=binary)",
    "ann(dense(model={tiny}), index=hnsw, pca=4, rescore=20, keep=float16)",
    "rerank(chunks(bm25, words=4), depth=3, model={tiny})",
    "rerank(bm25, by=fakes:shared_words, depth=4)",
]
# The same code by other parameters: by check-slow alone.
RARE = [
    "tfidf:ngram_max=2,sublinear=false",
    "bm25:variant=l",
    "bm25:scoring=library",
    "bm25:k1=0,b=0",
    "bm25:fields=text",
    "lsa:dimensions=2,ngram_max=2",
    "static:weighting=idf",
    "dense:model={tiny},fields=text",
    "dense:model={tiny},backend=openvino,batch_size=3",
    "contextual:model={plain},layer=0",
    "hybrid(bm25, tfidf)",
    "chunks(bm25, words=3, overlap=1)",
    "chunks(bm25, headings=true)",
    "expand(dense(model={tiny}), documents=2)",
    "ann(lsa)",
    "ann(lsa, index=ivf, lists=1)",
    "ann(lsa, index=int8, pca=3)",
    "rerank(tfidf, by=cosine, depth=3, model={tiny})",
]
# Those whose default is MiniLM, with a smaller model; as they are they take minutes, which make check-slow has. And one
# that has no default.
SMALLER = {
    "minilm": "dense:model={tiny}",
    "contextual": "contextual:model={plain}",
    "sparse": "sparse:model={splade}",
    "late": "late:model={tiny}",
    "api": "api:url={service},model=words",
    "hybrid": "hybrid(bm25, dense(model={tiny}))",
    "chunks": "chunks(dense(model={tiny}))",
    "rerank": "rerank(bm25, model={tiny})",
    "ann": "ann(dense(model={tiny}))",
}
# Of two names of one class with the same defaults one is enough.
LISTED = {place: name for name, place in reversed(RETRIEVERS.items())}.values()
NAMES = [*(SMALLER.get(name, name) for name in LISTED), *VARIANTS]
LEXICAL = [name for name in NAMES + RARE if not re.search(r"api|lsa|static|minilm|\{|rerank", name)]


def case(*arguments):
    """A case of a test, slow where its retriever is a rare one. arguments: the retriever first."""
    return pytest.param(*arguments, marks=pytest.mark.slow if arguments[0] in RARE else ())


ALL = [case(name) for name in NAMES + RARE]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A specification with the folders of the models that {tiny} and others stand for, and the address of {service}."""
    folder = tmp_path_factory.mktemp("models")
    places = {
        "{tiny}": str(tiny_encoder(folder)),
        "{plain}": str(folder / "plain"),
        "{splade}": str(tiny_splade(folder)),
        "{colbert}": str(tiny_colbert(folder)),
    }
    with embedding_service() as service:
        places["{service}"] = service.url
        yield lambda name: re.sub(r"\{\w+\}", lambda match: places[match[0]], name)


@pytest.mark.parametrize(
    ("name", "check"),
    [case(name, check) for name in NAMES + RARE for check in (*CHECKS, *(LEXICAL_CHECKS if name in LEXICAL else ()))],
)
def test_it_keeps_the_contract(name, check, filled):
    check_retriever(filled(name), check)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["minilm", "late", "hybrid", "chunks", "rerank"])
def test_it_keeps_the_contract_with_minilm(name):
    check_retriever(name)


# What ours keep beyond the contract.


# sif takes away what all documents share, which of ten are the cats; and weights by chance find what they find.
@pytest.mark.parametrize("name", [case(name) for name in NAMES + RARE if not re.search(r"sif|late|\{splade\}", name)])
def test_equal_documents_that_fit_best_are_the_first_two(name, filled):
    retriever = create(filled(name))
    retriever.index(AnyColumn(DOCUMENTS))
    assert retriever.search(["cat on a mat"], 10).documents[0].tolist()[:2] == [0, 8]


@pytest.mark.parametrize("name", ALL)
def test_the_one_document_is_the_only_hit(name, filled):
    retriever = create(filled(name))
    retriever.index(AnyColumn(["A dog barked at the cat."]))
    assert retriever.search(["cat"], 5).documents[0].tolist() == [0, -1, -1, -1, -1]


@pytest.mark.parametrize("name", ALL)
def test_search_before_index_says_so(name, filled):
    with pytest.raises(RetrieverError, match="before index"):
        create(filled(name)).search(["cat"], 3)


@pytest.mark.parametrize("name", ALL)
def test_it_can_be_hashed_and_shows_its_parameters(name, filled):
    name = filled(name)
    assert hash(create(name)) == hash(create(name))
    assert "=" in repr(create(name))
