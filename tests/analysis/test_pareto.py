"""Which retrievers no other beats on quality and costs at once."""

from __future__ import annotations

from math import nan

from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.pareto import undominated

# -quality, p95, memory


def test_worse_on_one_axis_and_better_on_none_is_out():
    assert undominated({"good": (-0.5, 1, 10), "slower": (-0.5, 2, 10), "quicker": (-0.4, 0.5, 10)}) == [
        "good",
        "quicker",
    ]


def test_equals_both_stay():
    assert undominated({"one": (-0.5, 1), "other": (-0.5, 1)}) == ["one", "other"]


def test_an_unknown_cost_beats_nobody_and_keeps_nobody_in():
    assert undominated({"known": (-0.5, 1), "unknown": (-0.6, nan)}) == ["known", "unknown"]
    assert undominated({"known": (-0.5, 1), "unknown": (-0.4, nan)}) == ["known"]
    assert undominated({"known": (-0.5, 1, 10), "unknown": (-0.5, 1, nan)}) == ["known", "unknown"]
    assert undominated({"nothing": (nan, nan), "known": (-0.5, 1)}) == ["nothing", "known"]


@given(st.dictionaries(st.text(max_size=2), st.tuples(*[st.sampled_from([0, 1, 2, nan])] * 3), min_size=1, max_size=8))
def test_whoever_is_out_is_beaten_by_one_that_stays(points):
    kept = undominated(points)
    assert kept
    for label in points.keys() - set(kept):
        pairs = [[(a, b) for a, b in zip(points[each], points[label], strict=True) if b == b] for each in kept]
        assert any(all(a <= b for a, b in known) for known in pairs)
