"""All default measures against pytrec_eval, which is handed its dictionaries ready."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import pytrec_eval

from bench.analysis.values import evaluate
from bench.evaluation.measure_names import DEFAULT_MEASURES
from bench.evaluation.measures import resolve
from retrievers.base import Ranking

QUERIES, HITS, DOCUMENTS = 5_000, 100, 20_000


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(0)
    hits = np.stack([rng.choice(DOCUMENTS, HITS, replace=False) for _ in range(QUERIES)]).astype(np.int64)
    judgements = [
        {int(document): int(rng.integers(0, 3)) for document in [*rng.choice(row, 5), *rng.integers(0, DOCUMENTS, 3)]}
        for row in hits
    ]
    return judgements, hits


@pytest.mark.benchmark(group="measures")
def test_evaluate_against_pytrec_eval_called_directly(race, judged):
    judgements, hits = judged
    dataset = SimpleNamespace(judgements=judgements)  # all that evaluate looks at
    ranking = Ranking(hits, np.zeros(hits.shape, dtype=np.float32))
    resolved = resolve(DEFAULT_MEASURES)
    qrels = {str(query): {str(d): grade for d, grade in grades.items()} for query, grades in enumerate(judgements)}
    run = {str(q): {str(d): float(HITS - rank) for rank, d in enumerate(row)} for q, row in enumerate(hits.tolist())}
    wanted = {"recall.1,5,10,100", "recip_rank", "ndcg_cut.10", "map_cut.100"}
    theirs = pytrec_eval.RelevanceEvaluator(qrels, wanted).evaluate(run)
    ours = evaluate(dataset, ranking, resolved)
    assert ours["nDCG@10"].tolist() == [theirs[str(query)]["ndcg_cut_10"] for query in range(QUERIES)]
    race(
        "measures of 5,000 x 100 hits against pytrec_eval",
        lambda: evaluate(dataset, ranking, resolved),
        lambda: pytrec_eval.RelevanceEvaluator(qrels, wanted).evaluate(run),
    )
