"""Spans: which characters of a document earned its place, kept beside its hit wherever the hit goes."""

from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.own_document import without_own
from bench.data.dataset import Dataset
from retrievers.base import NO_SPAN, Ranking, RetrieverError
from retrievers.contract import checked
from retrievers.fusion import fuse


def ranked(documents, scores, spans=None):
    return Ranking(
        np.array(documents, dtype=np.int64),
        np.array(scores, dtype=np.float32),
        None if spans is None else np.array(spans, dtype=np.int32),
    )


WITH_SPANS = ranked([[4, 2, 7, -1]], [[3, 2, 2, -np.inf]], [[[0, 5], [3, 9], [1, 2], [0, 0]]])


def test_the_check_of_the_contract_keeps_a_span_beside_its_hit():
    tied = ranked([[4, 7, 2, -1]], [[3, 2, 2, -np.inf]], [[[0, 5], [1, 2], [3, 9], [6, 6]]])
    answer = checked(tied, 1, 4, 10)
    assert answer.documents.tolist() == [[4, 2, 7, -1]]
    assert answer.spans.tolist() == [[[0, 5], [3, 9], [1, 2], [NO_SPAN, NO_SPAN]]]
    assert answer.spans.dtype == np.int32


@pytest.mark.parametrize(
    "spans",
    [
        [[0, 5]],
        [[[0, 5], [3, 9], [1, 2]]],
        [[[5, 0], [3, 9], [1, 2], [0, 0]]],
        [[[-2, 5], [3, 9], [1, 2], [0, 0]]],
        [[[0.5, 5], [3, 9], [1, 2], [0, 0]]],
        [[[0, 5], [3]]],
    ],
)
def test_spans_that_are_none_are_an_error_with_the_next_step(spans):
    broken = Ranking(WITH_SPANS.documents, WITH_SPANS.scores, spans)
    with pytest.raises(RetrieverError, match="Give int32"):
        checked(broken, 1, 4, 10)


def test_a_span_that_is_not_known_is_no_error():
    unknown = Ranking(WITH_SPANS.documents, WITH_SPANS.scores, np.full((1, 4, 2), NO_SPAN, dtype=np.int32))
    assert checked(unknown, 1, 4, 10).spans.tolist() == [[[NO_SPAN, NO_SPAN]] * 4]


def test_rankings_differ_where_their_spans_do():
    other = Ranking(WITH_SPANS.documents, WITH_SPANS.scores, WITH_SPANS.spans + 1)
    without = Ranking(WITH_SPANS.documents, WITH_SPANS.scores)
    same = Ranking(WITH_SPANS.documents, WITH_SPANS.scores, WITH_SPANS.spans.copy())
    assert same == WITH_SPANS
    assert other != WITH_SPANS
    assert without != WITH_SPANS


def test_other_depths_and_other_queries_take_their_spans_along():
    assert WITH_SPANS.to_depth(2).spans.tolist() == [[[0, 5], [3, 9]]]
    assert WITH_SPANS.to_depth(5).spans[0, 4].tolist() == [NO_SPAN, NO_SPAN]
    assert WITH_SPANS.of_queries([0, 0]).spans.shape == (2, 4, 2)


def test_a_query_that_is_left_out_of_its_hits_takes_its_span_along():
    dataset = object.__new__(Dataset)
    object.__setattr__(dataset, "left_out", np.array([2]))
    kept = without_own(WITH_SPANS, dataset, 3)
    assert kept.documents.tolist() == [[4, 7, -1]]
    assert kept.spans.tolist() == [[[0, 5], [1, 2], [0, 0]]]


def test_a_fused_hit_has_the_span_of_the_first_part_that_has_one_for_it():
    plain = ranked([[7, 5]], [[9, 1]])
    other = ranked([[5, 4]], [[9, 1]], [[[8, 9], [6, 7]]])
    fused = fuse([plain, WITH_SPANS, other], "rrf")
    spans = dict(zip(fused.documents[0].tolist(), fused.spans[0].tolist(), strict=True))
    assert spans[4] == [0, 5]
    assert spans[5] == [8, 9]
    assert spans[7] == [1, 2]
    assert fuse([plain, plain], "rrf").spans is None
