"""Letters of groups that are not shown different."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from bench.evaluation.letters import compact_letters


def test_a_chain():
    """a above c, and b level with both: two groups, and b is in both."""
    assert compact_letters(["a", "b", "c"], [("a", "c")]) == {"a": "a", "b": "ab", "c": "b"}


def test_all_alike_and_all_different():
    assert compact_letters(["x", "y"], []) == {"x": "a", "y": "a"}
    assert compact_letters(["x", "y", "z"], [*combinations("xyz", 2)]) == {"x": "a", "y": "b", "z": "c"}


labels = [f"r{number}" for number in range(7)]


@given(st.sets(st.sampled_from([*combinations(labels, 2)])))
def test_two_share_a_letter_unless_they_are_shown_different(different):
    letters = compact_letters(labels, different)
    for pair in combinations(labels, 2):
        shared = set(letters[pair[0]]) & set(letters[pair[1]])
        assert bool(shared) == (pair not in different)
    assert letters["r0"].startswith("a")
    used = "".join(sorted(set("".join(letters.values()))))
    assert used == "abcdefghijklmnopqrstuvwxyz"[: len(used)]


def test_more_groups_than_letters_are_none():
    """Twelve, each different from two others: 3^4 groups."""
    threes = [
        labels_of_three for start in range(0, 12, 3) for labels_of_three in combinations(range(start, start + 3), 2)
    ]
    assert compact_letters([str(n) for n in range(12)], [(str(a), str(b)) for a, b in threes]) == {}
