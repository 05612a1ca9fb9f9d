"""Can the top score tell that there is no answer? By hand, and as it is stored and shown."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import Fixed
from hypothesis import given, settings
from hypothesis import strategies as st
from made import plain_set

import bench
from bench.analysis import no_answer
from bench.data.formats import load_dataset
from bench.report.run import quality
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
        ((-np.inf, 2, -np.inf), 3 / 4, np.nan, 1),  # no floor keeps an answerable query without a hit
    ],
)
def test_three_queries_by_hand(dataset, scores, auroc, refused, empty):
    found = {each.quantity: each for each in no_answer.figures(dataset, ranking(*scores))}
    assert found[no_answer.AUROC].value == auroc
    assert found[no_answer.REFUSED].value == pytest.approx(refused, nan_ok=True)
    assert found[no_answer.EMPTY].value == empty
    assert (found[no_answer.AUROC].answerable, found[no_answer.AUROC].unanswerable) == (2, 1)


def floor_of(positive):
    """The floor where the answerable queries have these top scores, and one more query has no answer."""
    grades = [(query, 0, int(query < len(positive))) for query in range(len(positive) + 1)]
    made = plain_set(1, grades, queries=len(grades))
    found = no_answer.figures(made, ranking(*positive, 0.0))
    return next(each.value for each in found if each.quantity == no_answer.FLOOR)


@pytest.mark.parametrize(
    ("positive", "floor"),
    [
        (range(1, 21), 2),  # 19 of 20 are 95%
        (range(1, 20), 1),  # 18 of 19 are fewer
        (range(1, 41), 3),
        ([1] * 2 + [2] * 18, 1),  # 18 of 20 reach 2
        ([1] + [2] * 19, 2),
        ([-np.inf] + [2] * 19, 2),
    ],
)
def test_the_floor_is_the_highest_score_that_95_percent_reach(positive, floor):
    assert floor_of(positive) == floor


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=130) | st.permutations(range(60)))
def test_no_higher_score_keeps_95_percent(positive):
    scores = np.array(positive)
    floor = floor_of(positive)
    assert 100 * (scores >= floor).sum() >= 95 * len(scores)
    assert all(100 * (scores >= each).sum() < 95 * len(scores) for each in scores if each > floor)


def test_where_too_many_answerable_queries_have_no_hit_no_floor_is_said_to_refuse_anything(write_set, tmp_path):
    run = tmp_path / "other.trec"
    run.write_text("q1 Q0 d1 1 2.0 other\nq3 Q0 d1 1 1.0 other\n")
    found = bench.run(write_set(qrels=QRELS), [], runs=[str(run)], results=str(tmp_path / "out"), latency=False)
    table = quality.no_answer(found, found.datasets[0])
    assert table.rows[0][2:4] == ("n/a", "n/a")
    assert table.notes[-1] == "other: over 5% of the answerable queries have no hit, so no floor keeps 95%."


def test_they_have_a_row_of_their_own(dataset, tmp_path):
    found = bench.run([dataset], ["bm25", Fixed()], results=str(tmp_path / "out"), latency=False)
    table = quality.no_answer(found, found.datasets[0])
    assert [row[0] for row in table.rows] == ["bm25", "Fixed"]
    fixed = found.unanswerable.set_index(["retriever", "quantity"]).loc["Fixed", "value"]
    assert fixed[no_answer.AUROC] == 1 / 2  # it scores every query alike
    assert fixed[no_answer.REFUSED] == 0
    assert set(found.measures[found.measures["slice"] == "all"]["queries"]) == {2}


def test_a_set_with_answers_alone_has_no_such_table(write_set, tmp_path):
    found = bench.run(write_set(), [Fixed()], results=str(tmp_path / "out"), latency=False)
    assert len(found.unanswerable) == 0
    assert quality.no_answer(found, found.datasets[0]) is None


def test_the_interval_of_a_set_with_groups_is_drawn_by_group(write_set):
    """Sixty wordings of six questions, each group scored alike, say as much as six questions."""
    queries = [{"_id": f"q{i}", "text": "x", "metadata": {"question": str(i // 10)}} for i in range(60)]
    qrels = [(each["_id"], "d1", int(i < 30)) for i, each in enumerate(queries)]
    scores = np.repeat([3.0, 1.0, 2.0, 2.0, 0.0, 1.5], 10)
    widths = {}
    for name, card in (("alone", ""), ("grouped", 'group = "question"\n')):
        made = load_dataset(write_set(name, queries=queries, qrels=qrels, card=card))
        found = next(no_answer.figures(made, ranking(*scores)))
        widths[name] = found.high - found.low
    assert widths["grouped"] > 1.5 * widths["alone"]
