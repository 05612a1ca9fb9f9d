"""The sentences of a verdict. Each says what its figures say, and none decides anything."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

from bench.analysis.verdict.choices import BY_KIND, Limits, RetrieverSummary, known_costs, shown
from bench.analysis.verdict.fusion import FusionEstimate
from bench.evaluation.pairs import BOUNDED, PairedDifference
from retrievers.specification import as_part


def use(dataset: str, chosen: RetrieverSummary, reason: str, *, unknown: bool = False) -> str:
    """What is recommended, and why; unknown: whether it keeps the limits, which `limited` says more of."""
    kind = "" if chosen.kind == "other" else f" ({chosen.kind})"
    condition = ", if it keeps the limits," if unknown else ""
    return f"On {dataset}{condition} use {chosen.label}{kind}{reason}."


def not_compared(candidates: Sequence[RetrieverSummary]) -> tuple[str, ...]:
    """That nothing by words, or by vectors, is among them."""
    kinds = {candidate.kind for candidate in candidates}
    missing = [
        kind
        for kind, having in (("lexical", {"lexical"}), ("dense", {"dense", "static", "approximate"}))
        if not kinds & (having | {"hybrid", "reranked"})
    ]
    return (f"No {' and no '.join(missing)} retriever was compared.",) if missing else ()


def alone(measure: str, candidates: Sequence[RetrieverSummary]) -> tuple[str, ...]:
    """That there is nothing to compare, of one or none; the first goes on after the set's name."""
    if not candidates:
        return ("no retriever has figures.",)
    only = candidates[0]
    return (f"{only.label} is the only retriever with figures.", f"In {measure} it has {_mean(only)}.")


def _mean(candidate: RetrieverSummary) -> str:
    """A mean with its interval; of one query it has none."""
    if math.isnan(candidate.low):
        return f"{candidate.mean:.3f}"
    return f"{candidate.mean:.3f} ({candidate.low:.3f} to {candidate.high:.3f})"


def too_costly(
    kept: RetrieverSummary, out: RetrieverSummary, blocking: Sequence[PairedDifference], row: PairedDifference
) -> str:
    """What is known of the quality that the costs exclude. row: out against kept; blocking: rows of the one of the
    higher mean that do not show it better."""
    leader, other = (out, kept) if row.difference > 0 else (kept, out)
    against = [comparison.b for comparison in blocking]
    if other.label in against:
        known = "Neither is shown better"
    elif against:
        known = f"{leader.label} is shown better than {other.label}, but not than {' and '.join(against)}"
    else:
        known = f"{out.label} is better, but too costly" if leader is out else f"{kept.label} is better as well"
    return f"{known}: {difference(row)}."


def undecided(dataset: str, leader: str, other: str, blocking: Sequence[PairedDifference], margin: float) -> str:
    """Which comparison leaves it open; blocking: the leader's rows that do not show it better."""
    against = [row.b for row in blocking]
    if other in against:
        alike = f", nor are they shown to be within {margin:g} of each other" if margin else ""
        return f"Undecided on {dataset}: neither {leader} nor {other} is shown better{alike}."
    return f"Undecided on {dataset}: {leader} is shown better than {other}, but not than {' and '.join(against)}."


# A gain that takes so many queries to show is none that somebody would notice.
HARDLY = 100_000
# A difference that is no longer called too small to matter.
WORTH_KNOWING = 0.02


def wanted(
    more_queries: int | None, row: PairedDifference, hidden: float, *, what: str = "it", instead: str = ""
) -> str:
    """What would settle it. hidden: a difference that may go unseen; instead: what to do where nobody would judge so
    many."""
    if more_queries is None and row.below_noise:
        return f"More queries would not settle {what.rstrip(',')}: the difference lies below its noise floor."
    if more_queries is None or more_queries >= HARDLY:
        if hidden >= WORTH_KNOWING:
            return f"So few queries may hide a difference of up to {hidden:.3f}: judge more."
        size = least(abs(row.difference)) if row.difference else "0"
        count = "" if more_queries is None else f" (about {more_queries:,} more judged queries would)"
        return f"A difference of {size} is too small to matter or to be shown{count}{instead}."
    unit = "judged query" if more_queries == 1 else "judged queries"
    grouped = "" if row.groups == row.queries else ", in groups of their own,"
    return (
        f"About {more_queries:,} more {unit}{grouped} would settle {what} in 4 cases of 5, if the difference stays as "
        "measured."
    )


def too_few_for_margin(row: PairedDifference, margin: float, fewest: int) -> str:
    """No outcome would show them within the margin."""
    units = f"{row.queries} queries" if row.groups == row.queries else f"{row.groups} groups of queries"
    return f"{units} cannot show a difference within {margin:g}, whatever they say; {fewest:,} are the least."


def too_few(row: PairedDifference, comparisons: int, *, fewer_help: bool) -> str:
    """No outcome would be shown. fewer_help: one would, if there were fewer comparisons."""
    units = f"{row.queries} queries" if row.groups == row.queries else f"{row.groups} groups of queries"
    if not fewer_help:
        return f"{units} are too few for a test at .05, whatever they show: judge more."
    return (
        f"{units} are too few for {comparisons:,} comparisons, whatever they show: judge more, or compare fewer "
        "retrievers."
    )


def hybrid(dataset: str, fusion: FusionEstimate) -> str:
    """Why to try a hybrid, and that it is an estimate."""
    one, other = sorted((fusion.first, fusion.second), key=lambda part: (BY_KIND.index(part.kind), part.label))
    chosen = f", corrected for the choice among {fusion.pairs} fusions" if fusion.pairs > 1 else ""
    return (
        f"On {dataset} a hybrid is worth trying: by an estimate from the stored rankings, fusing {one.label} and "
        f"{other.label} by the z-scores of their hits gains {fusion.gain:+z.3f} {fusion.measure} over "
        f"{fusion.over.label} alone (95% interval {fusion.low:+z.3f} to {fusion.high:+z.3f}{chosen}; see 'who solves "
        f"what'); its speed was not measured, so run it beside the two{_how(one, other)}."
    )


def _how(*parts: RetrieverSummary) -> str:
    """The flag that runs them as one, where each can be named."""
    if not all(retriever.specification for retriever in parts):
        return ""
    names = ", ".join(as_part(retriever.specification) for retriever in parts)
    return f": -r {shlex.quote(f'hybrid({names})')}"


def means(
    first: RetrieverSummary,
    second: RetrieverSummary,
    candidates: Sequence[RetrieverSummary],
    row: PairedDifference,
    *,
    interval: bool = True,
) -> str:
    """The figures behind a comparison of two; row is seen from the first. candidates: those within the limits, the
    highest mean first. interval: that of the difference too."""
    names = [candidate.label for candidate in candidates]
    best_two = f", the best two of {len(names)}" if len(names) > 2 and second.label in names[:2] else ""
    spread = (
        f"with {row.queries:,} queries a true difference of {least(row.detectable)} is found 4 times of 5, before that "
        "correction"
    )
    if row.interval == BOUNDED and row.detectable > 1:  # values between 0 and 1 differ by no more
        spread = f"with {row.queries:,} queries no difference would be found 4 times of 5"
    if not row.wins + row.losses:  # of no spread nothing follows
        spread = f"both have the same value on each of {row.queries:,} queries"
    return (
        f"In {row.measure} {first.label} has {_mean(first)} and {second.label} has {_mean(second)}{best_two}; "
        f"{difference(row, interval=interval)}; {spread}."
    )


def least(detectable: float) -> str:
    """The smallest difference that is shown, which is never 0."""
    return "below 0.001" if 0 < detectable < 0.001 else f"{detectable:.3f}"


def difference(row: PairedDifference, *, interval: bool = True) -> str:
    """The difference with its interval and p-value, as part of a sentence."""
    ends = f", 95% interval {row.low:+z.3f} to {row.high:+z.3f}" if interval else ""
    return (
        f"the difference of {row.a} over {row.b} is {row.difference:+z.3f} {row.measure}{ends}, "
        f"p {p_shown(row.p_holm)} after Holm's correction"
    )


def below_noise(row: PairedDifference, folders: Sequence[str]) -> str:
    """Why a difference decides nothing, whatever its interval says. folders: of the noise that was measured."""
    floor = f"{floor_shown(row.noise_floor)} {row.measure} ({', '.join(folders)})"
    return (
        f"The difference of {row.a} over {row.b} is below the noise floor of {floor}: what should not matter moves it "
        "as far."
    )


def floor_shown(floor: float) -> str:
    """A noise floor, with two digits that count."""
    return f"{floor:.{max(3, 1 - math.floor(math.log10(floor)))}f}"


def costs(first: RetrieverSummary, second: RetrieverSummary) -> tuple[str, ...]:
    """What both cost, in a sentence; none where that is not known, or the same."""
    known = _costs(first, second)
    return (f"{first.label} costs {known}.",) if known else ()


def _costs(first: RetrieverSummary, second: RetrieverSummary) -> str:
    known = [
        (name, unit, first.mark(name) + shown(a), second.mark(name) + shown(b))
        for name, unit, a, b in known_costs(first, second)
    ]
    return " and ".join(f"{a} against {b} {unit} of {name}" for name, unit, a, b in known if a != b)


def p_shown(p: float) -> str:
    """A p-value as it stands in a sentence."""
    return "below .001" if p < 0.001 else f"{p:.3f}"


def on_made_queries(text: Sequence[str]) -> tuple[str, ...]:
    """A verdict on a set, or on several, whose queries nobody asked: it says so first, and why that matters last."""
    first, *rest = text
    return (
        f"On made queries: {first[0].lower()}{first[1:]}",
        *rest,
        "These queries were made from the documents, whose words they share: what people ask may decide otherwise.",
    )


def by_a_machine(text: Sequence[str]) -> tuple[str, ...]:
    """A verdict on a set, or on several, that a program judged, in part or in all: it says so first, and why last."""
    first, *rest = text
    return (
        f"By a machine's judgements: {first[0].lower()}{first[1:]}",
        *rest,
        "A program gave grades here, whose error these intervals do not hold; those of bench judge do.",
    )


def some_by_machine(datasets: Sequence[str]) -> str:
    """That a verdict over several sets rests in part on a program's grades."""
    return f"A program gave grades of {' and '.join(datasets)}."


def some_made(datasets: Sequence[str]) -> str:
    """That a verdict over several sets rests in part on made queries."""
    return f"The queries of {' and '.join(datasets)} were made from the documents."


def judged_in_part(dataset: str, measure: str, folder: str) -> tuple[str, ...]:
    """Why nothing is recommended on a set whose judgements are a sample, and where a verdict is. folder: of the set."""
    return (
        f"Undecided on {dataset}: a part of its pool is judged, and by {measure} of a part the wrong retriever may be "
        "ahead.",
        f"The verdict that counts is the estimate from the judgements: {status_command(folder)}",
    )


def status_command(folder: str) -> str:
    """What shows the verdict of a set that is judged in part."""
    return f"python -m bench judge --to {shlex.quote(folder)} --status"


# Of those that exceed the limits, named with what they cost.
NAMED = 3


def limited(limits: Limits, used: Sequence[RetrieverSummary], out: Sequence[RetrieverSummary]) -> tuple[str, ...]:
    """Sentences on those that the limits leave out, and on costs of the others that they could not be applied to."""
    text = [f"{candidate.label} is left out: it has {limits.exceeded(candidate)}." for candidate in out[:NAMED]]
    if len(out) > NAMED:
        text.append(f"{len(out) - NAMED} more exceed the limits.")
    names = " and ".join(candidate.label for candidate in used if limits.unknown(candidate))
    if names:
        text.append(f"Not every cost of {names} could be measured: whether it keeps the limits is not known.")
    return tuple(text)
