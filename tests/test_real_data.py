"""Figures on public sets, against published ones. The sets are not in the project: BENCH_DATA names their folder."""

from __future__ import annotations

import pytest

import bench

pytestmark = pytest.mark.slow

# nDCG@10. Sources: bm25s (Lucene variant, k1 1.2, b .75, Snowball) measured on the same files for the first four;
# SciFact: rank_bm25 .685 (bm25-benchmarks). Another variant and analyser: equal to about a hundredth.
BM25 = {"cranfield": 0.3597, "medical-questions": 0.8527, "clinc150": 0.5729, "limit-small": 0.9920, "scifact": 0.685}


@pytest.fixture(scope="module")
def lexical(data, tmp_path_factory):
    results = str(tmp_path_factory.mktemp("results"))
    sets = [data / name for name in BM25]
    return bench.run(sets, ["tfidf", "bm25"], measures=["nDCG@10", "R@10"], latency=False, results=results)


def means(run, retriever, measure="nDCG@10"):
    frame = run.measures
    frame = frame[(frame["slice"] == "all") & (frame["retriever"] == retriever) & (frame["measure"] == measure)]
    return frame.set_index("dataset")["value"].to_dict()


@pytest.mark.parametrize("name", BM25)
def test_bm25_is_where_others_find_it(lexical, name):
    assert means(lexical, "bm25")[name] == pytest.approx(BM25[name], abs=0.015)


def test_the_default_analyser_makes_no_straw_man(lexical):
    assert means(lexical, "bm25")["scifact"] >= 0.680
    assert means(lexical, "tfidf")["scifact"] >= 0.650


def test_a_hit_with_the_querys_own_id_stays_in_cranfield(lexical):
    """There every query id is also a document id, by chance; its card does not ask to drop it."""
    assert not next(each for each in lexical.datasets if each["name"] == "cranfield")["drop_self"]


def test_minilm_has_the_published_figures_on_scifact(data, tmp_path):
    """MTEB's all-MiniLM-L6-v2 (revision 8b3219a): nDCG@10 .6451, R@10 .7833, R@100 .9250, MRR@10 .605."""
    found = bench.run(data / "scifact", ["minilm"], latency=False, results=str(tmp_path))
    assert means(found, "minilm")["scifact"] == pytest.approx(0.6451, abs=0.0005)
    assert means(found, "minilm", "R@10")["scifact"] == pytest.approx(0.7833, abs=0.0005)
    assert means(found, "minilm", "R@100")["scifact"] == pytest.approx(0.9250, abs=0.0005)
    assert means(found, "minilm", "RR@10")["scifact"] == pytest.approx(0.605, abs=0.0005)


@pytest.mark.parametrize(("name", "figure"), [("medical-questions", 0.9450), ("cranfield", 0.3736)])
def test_minilm_has_the_measured_figures_elsewhere(data, tmp_path, name, figure):
    """Measured with sentence-transformers alone on the same files."""
    found = bench.run(data / name, ["minilm"], measures=["nDCG@10"], latency=False, results=str(tmp_path))
    assert means(found, "minilm")[name] == pytest.approx(figure, abs=0.0005)
