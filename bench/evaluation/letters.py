"""Letters of groups that are not shown different: a compact letter display of all pairs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from string import ascii_letters


def compact_letters(labels: Sequence[str], different: Collection[tuple[str, str]]) -> dict[str, str]:
    """Label -> its letters; two labels share none if, and only if, they are a pair of `different`.

    labels: the best first, which has the letter a. By inserting and absorbing (Piepho, An algorithm for a letter-based
    representation of all-pairwise comparisons, Journal of Computational and Graphical Statistics 2004): a group of all,
    which each pair that differs splits into one without either; groups within others go. Empty where there are more
    groups than letters.
    """
    groups = [frozenset(labels)]
    for pair in different:
        split = [group - {label} for group in groups if group.issuperset(pair) for label in pair]
        groups = [group for group in groups if not group.issuperset(pair)]
        for group in split:
            if not any(group <= other for other in groups):
                groups = [*(other for other in groups if not other <= group), group]
    if len(groups) > len(ascii_letters):
        return {}
    places = {label: place for place, label in enumerate(labels)}
    groups.sort(key=lambda group: sorted(places[label] for label in group))
    return {
        label: "".join(letter for letter, group in zip(ascii_letters, groups, strict=False) if label in group)
        for label in labels
    }
