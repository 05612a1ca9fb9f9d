"""Can the top score tell that there is no answer? By hand, and as it is stored and shown."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import Fixed

import bench
from bench import unanswerable
from bench.formats import load_dataset
from bench.report import figures
from retrievers.base import Ranking

QRELS = [("q1", "d1", 1), ("q2", "d3", 1), ("q3", "d4", 0)]


@pytest.fixture
def dataset(write_set):
    return load_dataset(write_set(qrels=QRELS))


def ranking(*scores):
    column = np.array(scores, dtype=np.float32)[:, None]
    return Ranking(np.where(np.isneginf(column), -1, 0), column)


@pytest.mark.parametrize(
    ("scores", "auroc", "refused", "empty"),
    [
        ((3, 2, 1), 1, 1, 0),
        ((3, 1, 2), 1 / 2, 0, 0),
        ((1, 1, 2), 0, 0, 0),
        ((2, 1, 2), 1 / 4, 0, 0),  # a tie counts half
        ((3, 2, -np.inf), 1, 1, 1),
        ((-np.inf, 2, -np.inf), 3 / 4, 0, 1),
    ],
)
def test_three_queries_by_hand(dataset, scores, auroc, refused, empty):
    found = {each.quantity: each for each in unanswerable.figures(dataset, ranking(*scores), seed=0)}
    assert found[unanswerable.AUROC].value == auroc
    assert found[unanswerable.REFUSED].value == refused
    assert found[unanswerable.EMPTY].value == empty
    assert (found[unanswerable.AUROC].answerable, found[unanswerable.AUROC].unanswerable) == (2, 1)


def test_they_have_a_row_of_their_own(dataset, tmp_path):
    found = bench.run([dataset], ["bm25", Fixed()], results=str(tmp_path / "out"), latency=False)
    table = figures.no_answer(found, found.datasets[0])
    assert [row[0] for row in table.rows] == ["bm25", "Fixed"]
    fixed = found.unanswerable.set_index(["retriever", "quantity"]).loc["Fixed", "value"]
    assert fixed[unanswerable.AUROC] == 1 / 2  # it scores every query alike
    assert fixed[unanswerable.REFUSED] == 0
    assert set(found.measures[found.measures["slice"] == "all"]["queries"]) == {2}


def test_a_set_with_answers_alone_has_no_such_table(write_set, tmp_path):
    found = bench.run(write_set(), [Fixed()], results=str(tmp_path / "out"), latency=False)
    assert len(found.unanswerable) == 0
    assert figures.no_answer(found, found.datasets[0]) is None


def test_the_interval_of_a_set_with_groups_is_drawn_by_group(write_set):
    """Sixty wordings of six questions, each group scored alike, say as much as six questions."""
    queries = [{"_id": f"q{i}", "text": "x", "metadata": {"question": str(i // 10)}} for i in range(60)]
    qrels = [(each["_id"], "d1", int(i < 30)) for i, each in enumerate(queries)]
    scores = np.repeat([3.0, 1.0, 2.0, 2.0, 0.0, 1.5], 10)
    widths = {}
    for name, card in (("alone", ""), ("grouped", 'group = "question"\n')):
        made = load_dataset(write_set(name, queries=queries, qrels=qrels, card=card))
        found = next(unanswerable.figures(made, ranking(*scores), seed=0))
        widths[name] = found.high - found.low
    assert widths["grouped"] > 1.5 * widths["alone"]
