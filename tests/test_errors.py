"""What messages have in common."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bench.errors import told_apart

LETTERS = st.text("ab", max_size=40)


def test_short_texts_are_told_whole():
    assert told_apart("1.2", "0.9", 60) == ("1.2", "0.9")


def test_of_long_texts_the_place_where_they_differ_is_told():
    same = "Mine(" + ", ".join(f"parameter{number}=1.0" for number in range(20))
    old, new = told_apart(f"{same}, last=1.2) [mine 11]", f"{same}, last=0.9) [mine 11]", 60)
    assert old.startswith("…")
    assert "last=1.2)" in old
    assert "last=0.9)" in new
    assert max(len(old), len(new)) <= 60


@given(LETTERS, LETTERS, LETTERS, st.integers(9, 30))
def test_texts_that_differ_are_told_apart_within_the_length(common, one, other, characters):
    if one != other:
        old, new = told_apart(common + one, common + other, characters)
        assert old != new
        assert max(len(old), len(new)) <= characters
