"""How far a judging is and what it says so far, in words."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from bench.analysis.verdict.sentences import status_command
from bench.errors import counted
from bench.judging.agreement import Coefficient
from bench.judging.machine_agreement import FEWEST_BOTH
from bench.judging.session import JudgingProgress
from bench.judging.settling import Opinion
from bench.judging.stopping import RunningVerdict, Standing


def progress_sentence(progress: JudgingProgress) -> str:
    """How much is judged, and when the verdict is taken next."""
    before = f", {progress.known:,} by the set before" if progress.known else ""
    first = f"{progress.judged:,} of {counted(progress.pairs, 'document')} judged{before}"
    if progress.verdict and progress.verdict.decided:
        return f"{first}; decided, so that you may stop."
    if progress.next_look is None:
        return f"{first}; that is all."
    return f"{first}; the next look at what they say is after {progress.next_look:,}."


def written_sentence(folder: Path, progress: JudgingProgress) -> str:
    """That the set is written, and where its verdict is: of a run once all is judged, of the estimate before."""
    if progress.judged == progress.pairs:
        return f"The set is written, judged whole. Its figures: python -m bench run {shlex.quote(str(folder))}"
    return f"The set is written, judged in part. The verdict that counts: {status_command(str(folder))}"


def machine_sentences(progress: JudgingProgress) -> list[str]:
    """How far a program's grades agree with people's, or how many of theirs that takes; none without a program."""
    seen = progress.machine
    if seen is None:
        return []
    if progress.is_machine_left_out:
        return [
            f"A machine judged too. {FEWEST_BOTH} documents that both graded would tell how far it is right, and here "
            "are not so many: people's grades alone count."
        ]
    if not seen.enough:
        more = counted(FEWEST_BOTH - seen.both, "more document")
        return [f"A machine judged too. Grade {more} of the same by hand, as they come, to know how far it is right."]
    of = f"on {counted(seen.both, 'document')} that both graded"
    return [f"A machine judged too; {of}: kappa {_shown(seen.kappa)}, alpha {_shown(seen.alpha)} against people."]


def _shown(one: Coefficient) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"


def verdict_sentences(progress: JudgingProgress, labels: Sequence[str], *, made_queries: bool) -> list[str]:
    """What the last look said, one sentence each; how to go on where there was none.

    made_queries: were the queries made from the documents? Then it says no more than that.
    """
    verdict = progress.verdict
    is_machine = progress.machine is not None and not progress.is_machine_left_out
    if is_machine and progress.machine and not progress.machine.enough:
        return ["No verdict yet: what a machine's judgements are worth is not known."]
    if verdict is None:
        return ["Nothing yet: looks are fixed beforehand, since who looks at every moment finds a winner among equals."]
    first = _first(verdict, labels, machine=is_machine)
    if made_queries:
        first = f"On made queries, {first[0].lower()}{first[1:]}"
    return [first, *(_standing(verdict, standing, labels) for standing in verdict.standings)]


def opinion_sentence(opinion: Opinion) -> str:
    """What one judge gave, in one line."""
    note = f" ({opinion.note})" if opinion.note else ""
    return f"{opinion.letter}: {opinion.grade} {opinion.grade_name}{note}"


def _first(verdict: RunningVerdict, labels: Sequence[str], *, machine: bool) -> str:
    leader = labels[verdict.leader]
    at = f"After {counted(verdict.judged, 'judgement')}"
    if machine:
        at += " of people, and by a machine's judgements"
    if verdict.kind == "winner":
        return f"{at}: {leader} is the best of {len(labels)}."
    if verdict.kind == "no difference":
        level = [labels[standing.retriever] for standing in verdict.standings if standing.outcome == "within"]
        return f"{at}: {leader} and {' and '.join(level)} differ by no more than the margin."
    if verdict.kind == "judge more" and verdict.judgements:
        return f"{at}: {leader} leads; about {verdict.judgements - verdict.judged:,} more judgements settle it."
    more = f", about {verdict.queries:,} in all" if verdict.queries else ""
    return f"{at}: {leader} leads; judgements alone will not settle it, more queries do{more}."


def _standing(verdict: RunningVerdict, standing: Standing, labels: Sequence[str]) -> str:
    outcome = {"worse": "is worse", "within": "is within the margin", "open": "is not settled"}[standing.outcome]
    return (
        f"{labels[standing.retriever]} {outcome}: {labels[verdict.leader]} is ahead of it by {standing.difference:.3f} "
        f"({standing.low:+.3f} to {standing.high:+.3f})."
    )
