"""Where slices say other than the verdict, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.slice_tests import BySlice, SliceTest
from bench.analysis.verdict.sentences import p_shown
from bench.evaluation.pairs import ALPHA, outcome


def by_slice(sliced: BySlice, chosen: str | None) -> tuple[str, ...]:
    """Where slices say other than the verdict, in at most one sentence a field. chosen: what it recommends."""
    fields = dict.fromkeys(test.field for test in sliced.slices)
    return tuple(sentence for field in fields if (sentence := _of_field(sliced, field, chosen)))


def _of_field(sliced: BySlice, field: str, chosen: str | None) -> str:
    mine = [test for test in sliced.slices if test.field == field]
    best = {
        label: [test for test in mine if outcome(test.row) == side]
        for label, side in ((sliced.a, "a"), (sliced.b, "b"))
    }
    if any(slices for label, slices in best.items() if label != chosen):
        parts = [f"{label} is better on {_listed(slices, label)}" for label, slices in best.items() if slices]
        return f"By {field}: {'; '.join(parts)} (paired tests, Holm over {len(sliced.slices)} slices)."
    differs = next(
        (
            interaction
            for interaction in sliced.interactions
            if interaction.field == field and interaction.p_holm < ALPHA
        ),
        None,
    )
    if differs and not any(best.values()):
        return (
            f"By {field} their difference is not the same everywhere (p {p_shown(differs.p_holm)}), though no value "
            "alone shows one better."
        )
    return ""


# Slices that a sentence names of each retriever.
NAMED = 3


def _listed(slices: Sequence[SliceTest], label: str) -> str:
    shown = sorted(slices, key=lambda test: test.row.p_holm)[:NAMED]
    rows = [(test.value, test.row.seen_from(label)) for test in shown]
    parts = [f"{value} ({row.mean_a:.3f} against {row.mean_b:.3f}, p {p_shown(row.p_holm)})" for value, row in rows]
    return ", ".join(parts) + (f" and {len(slices) - NAMED} more" if len(slices) > NAMED else "")
