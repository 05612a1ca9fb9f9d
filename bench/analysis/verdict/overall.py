"""The verdict over several datasets: counted, never pooled."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.verdict.result import UNDECIDED, Overall, Verdict


def overall(verdicts: Sequence[Verdict]) -> Overall:
    """What more than half of the sets recommend and none shows worse; else one that is level with the best on all.

    Of several that are level on all it is the one recommended most often, then the first by name.
    """
    sets: dict[str, tuple[str, ...]] = {}
    for verdict in verdicts:
        choice = verdict.retriever or verdict.choice
        sets[choice] = (*sets.get(choice, ()), verdict.dataset)
    if not verdicts:
        return Overall(UNDECIDED, sets, ("No set was compared.",))
    worse = {label for verdict in verdicts for label in verdict.worse}
    by_set = "By set: " + "; ".join(f"{choice} on {', '.join(names)}" for choice, names in sets.items()) + "."
    majority = next((choice for choice, names in sets.items() if 2 * len(names) > len(verdicts)), None)
    if majority and majority != UNDECIDED and majority not in worse:
        first = f"Over all sets: {majority}, on {len(sets[majority])} of {len(verdicts)}."
        return Overall(majority, sets, (first, by_set) if len(sets) > 1 else (first,))
    if level := set.intersection(*(set(verdict.level) for verdict in verdicts)):
        serving = min(level, key=lambda label: (-len(sets.get(label, ())), label))
        named = len(sets.get(serving, ()))
        first = f"Over all sets: {serving}, recommended on {named} of {len(verdicts)} and shown worse on none."
        return Overall(serving, sets, (first, by_set))
    if worse & sets.keys():
        first = "The sets disagree: no one retriever serves them all."
    elif majority:
        first = "Undecided over all sets: most of them do not show what to use."
    else:
        first = "Undecided over all sets: no choice is that of more than half of them."
    return Overall(UNDECIDED, sets, (first, by_set))
