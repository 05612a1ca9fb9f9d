"""The one tie rule, the ranking, and what a retriever tells about itself."""

import fakes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retrievers.base import (
    Ranking,
    RetrieverError,
    listening,
    part,
    parts_of,
    phase,
    record,
    require_index,
    top_k,
    warn,
)

# Few distinct values, so that ties are common; values that only float64 tells apart are ties too.
SCORES = arrays(np.float64, st.integers(0, 60), elements=st.sampled_from([-1.5, -0.0, 0.0, 1.0, 1.0 + 1e-12, 2.5, 7.0]))


@given(SCORES, st.integers(1, 70))
def test_top_k_is_the_naive_sort(scores, k):
    naive = sorted(range(len(scores)), key=lambda i: (-np.float32(scores[i]), i))[:k]
    documents, values = top_k(scores, k)
    assert documents.tolist() == naive
    assert values.tolist() == [np.float32(scores[i]) for i in naive]


@given(SCORES, st.integers(1, 70))
def test_fewer_hits_are_the_head_of_more(scores, k):
    more, _ = top_k(scores, k + 10)
    fewer, _ = top_k(scores, k)
    assert more[:k].tolist() == fewer.tolist()


def test_top_k_names_the_given_positions():
    documents, scores = top_k(np.array([1.0, 3.0, 3.0]), 2, np.array([4, 7, 9]))
    assert documents.tolist() == [7, 9]
    assert scores.dtype == np.float32


def test_an_empty_ranking_has_no_hit():
    ranking = Ranking.empty(2, 3)
    assert (ranking.documents == -1).all()
    assert np.isneginf(ranking.scores).all()


def test_search_before_index_says_so():
    with pytest.raises(RetrieverError, match="before index"):
        require_index(None)


class Listener:
    def __init__(self):
        self.heard = []

    def started(self, phase, total, part):
        self.heard.append(("started", phase, total, part))

    def advanced(self, phase, steps, part):
        self.heard.append(("advanced", phase, steps, part))

    def ended(self, phase, nanoseconds, part):
        assert nanoseconds >= 0
        self.heard.append(("ended", phase, part))

    def recorded(self, quantity, value, part):
        self.heard.append(("recorded", quantity, value, part))

    def warned(self, text, part):
        self.heard.append(("warned", text, part))


def work():
    with phase("encode", total=2) as progress:
        progress.advance(2)
    record("index_bytes", 12)
    warn("with care")


def heard_of(part):
    return [
        ("started", "encode", 2, part),
        ("advanced", "encode", 2, part),
        ("ended", "encode", part),
        ("recorded", "index_bytes", 12, part),
        ("warned", "with care", part),
    ]


def test_a_listener_hears_phases_and_figures():
    listener = Listener()
    with listening(listener):
        work()
    assert listener.heard == heard_of("")


def test_a_listener_hears_which_part_tells_it():
    listener = Listener()
    with listening(listener):
        with part("dense"):
            work()
            with part("inner"):
                work()
        work()
    assert listener.heard == [*heard_of("dense"), *heard_of("dense/inner"), *heard_of("")]


def test_a_part_ends_where_it_raises():
    listener = Listener()
    with listening(listener):
        with pytest.raises(ValueError, match="broken"), part("dense"):
            raise ValueError("broken")
        record("index_bytes", 12)
    assert listener.heard == [("recorded", "index_bytes", 12, "")]


def test_the_parts_of_a_retriever_are_retrievers_in_its_field_parts():
    made = fakes.Fused()
    assert parts_of(made) == made.parts
    for other in (fakes.Fixed(), fakes.Fused(()), fakes.Fused(("bm25", "tfidf")), fakes.Fused(2), fakes.Fused):
        assert parts_of(other) == ()


def test_nobody_listens_by_default():
    listener = Listener()
    with listening(listener):
        pass
    work()
    assert listener.heard == []


def test_rankings_are_equal_where_their_hits_and_scores_are():
    def ranking(document=0, score=2.0):
        made = Ranking.empty(2, 3)
        made.put(0, np.array([document]), np.array([score], dtype=np.float32))
        return made

    assert ranking() == ranking()
    assert ranking() != ranking(document=1)
    assert ranking() != ranking(score=1.0)
    assert ranking() != Ranking.empty(2, 4)
    assert ranking() != "a ranking"
    with pytest.raises(TypeError):
        hash(ranking())
