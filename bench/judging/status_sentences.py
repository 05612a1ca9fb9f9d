"""The status of a judging in plain words, the verdict first."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.errors import counted
from bench.judging.agreement import Coefficient, JudgeRepeats
from bench.judging.disagreement import JudgedDifference
from bench.judging.sentences import progress_sentence, verdict_sentences
from bench.judging.status import EstimatedValue, JudgingStatus

# Krippendorff's (Content Analysis, 2004): conclusions from .8, tentative ones from .667.
RELIABLE, TENTATIVE = 0.8, 0.667


def status_sentences(status: JudgingStatus, *, verbose: bool = False) -> list[str]:
    """A line each. Without `verbose` how far it is, the verdict, the values, and agreement in a line."""
    lines = [progress_sentence(status.progress)]
    if verbose:
        lines += [
            f"{one.judge} is {one.model} at {one.url}: {counted(one.answers, 'answer')}, "
            f"{cost_sentence(one.tokens, one.usd)}."
            for one in status.models
        ]
    if not status.progress.judged:
        return lines
    lines += (
        verdict_sentences(status.progress, status.retrievers, made_queries=status.made_queries)
        if len(status.retrievers) > 1
        else ["One retriever alone: there is nothing to decide between."]
    )
    values = ", ".join(f"{label} {_shown(value)}" for label, value in status.values.items())
    lines.append(f"Estimated gain by the weights of {status.measure}, between 0 and 1 [95%]: {values}.")
    if status.groups is not None:
        lines.append(f"Queries are {counted(status.groups, 'group')} of wordings, over which all intervals are.")
    if verbose:
        lines += [f"{a} less {b}: {_shown(one, signed=True)}." for (a, b), one in status.differences.items()]
        lines.append("Each of these intervals is alone at 95% and of this moment; the verdict's are wider.")
    lines += _trust(status, verbose=verbose)
    return lines


def cost_sentence(tokens: int, usd: float | None) -> str:
    """Tokens, and USD where there is a price."""
    return f"{counted(tokens, 'token')}{'' if usd is None else f', {usd:.4f} USD'}"


def _trust(status: JudgingStatus, *, verbose: bool) -> Iterator[str]:
    judges = ", ".join(f"{judge} {count:,}" for judge, count in status.judged_by.items())
    yield f"Judged by: {judges or 'nobody yet'}."
    yield _agreement(status)
    if verbose:
        yield from (_repeats(judge, repeats) for judge, repeats in status.repeats.items())
        if not status.repeats:
            yield "No judge was asked anything again yet."
        kappa = ((pair, one) for pair, one in status.agreement.kappa.items() if one.documents)
        yield from (f"{a} and {b}: weighted kappa {_coefficient(one)}." for (a, b), one in kappa)
    if status.disagreements:
        open_ones = status.disagreements - status.settled
        settle = f", {open_ones:,} of them not settled: --settle" if open_ones else ", all of them settled"
        yield f"Judges disagree on {counted(status.disagreements, 'document')}{settle}."
    if status.effect is not None:
        yield from _effect(status.effect, verbose=verbose)
    if len(status.retrievers) > 1:
        yield from _pool(status, verbose=verbose)


def _agreement(status: JudgingStatus) -> str:
    if len(status.judged_by) < 2:
        return "How far judges agree is not known: one alone has judged. A second person: --judge NAME."
    alpha = status.agreement.ordinal
    if not alpha.documents:
        return "How far judges agree is not known: no document was graded by two."
    if math.isnan(alpha.value):
        return f"How far judges agree is not known: all grades of {counted(alpha.documents, 'document')} are the same."
    if math.isnan(alpha.low):
        worth = "of too few queries to say how sure that is"
    elif alpha.low >= RELIABLE:
        worth = "enough for conclusions"
    elif alpha.high < TENTATIVE:
        worth = "too little for conclusions: agree on what the grades mean"
    elif alpha.low >= TENTATIVE:
        worth = "enough for tentative conclusions"
    else:
        worth = "whether that is enough is open"
    return f"Judges agree: Krippendorff's alpha {_coefficient(alpha)}, {worth}."


def _repeats(judge: str, repeats: JudgeRepeats) -> str:
    kappa = repeats.kappa
    share = _ends(repeats.low, repeats.high, ".0%")
    return (
        f"{judge}, asked again: the same grade for {repeats.same:.0%}{share} of "
        f"{counted(kappa.documents, 'document')}; weighted kappa {_coefficient(kappa)}."
    )


def _effect(effect: JudgedDifference, *, verbose: bool) -> Iterator[str]:
    """What the best two differ by is another figure by each judge's grades."""
    moved = {pair: one for pair, one in effect.moved.items() if not math.isnan(one.value)}
    if not moved:
        return
    (a, b), most = max(moved.items(), key=lambda item: abs(item[1].value))
    what = f"{effect.first} less {effect.second} in {effect.measure}"
    decisive = "" if most.low <= 0 <= most.high or math.isnan(most.low) else ": whose grades count changes it"
    yield (
        f"From {b}'s grades to {a}'s the difference of {what} moves by "
        f"{most.value:+.3f}{_ends(most.low, most.high, '+.3f')}, where both graded{decisive}."
    )
    if verbose:
        yield from (
            f"By {judge}'s grades alone {what}: {one.value:+.3f}{_ends(one.low, one.high, '+.3f')}."
            for judge, one in effect.alone.items()
            if not math.isnan(one.value)
        )


def _pool(status: JudgingStatus, *, verbose: bool) -> Iterator[str]:
    """What a retriever that is not in the pool would lose."""
    if verbose:
        yield from (
            f"Pool: without {label} in it, {label} would be at {status.values[label].value - lost:.3f} in place of "
            f"{status.values[label].value:.3f}."
            for label, lost in status.alone.items()
        )
        return
    most = max(status.alone, key=lambda label: status.alone[label])
    yield (f"Pool: a retriever that is not in it would lose up to about {status.alone[most]:.3f}, as {most} would.")


def _shown(one: EstimatedValue, *, signed: bool = False) -> str:
    form = "+.3f" if signed else ".3f"
    if math.isnan(one.low):
        return f"{one.value:{form}} (too little judged for an interval)"
    return f"{one.value:{form}}{_ends(one.low, one.high, form)}"


def _coefficient(one: Coefficient) -> str:
    if math.isnan(one.value):
        return "not known"
    return f"{one.value:.2f}{_ends(one.low, one.high, '.2f')} over {counted(one.documents, 'document')}"


def _ends(low: float, high: float, form: str) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f" [{low:{form}}, {high:{form}}]"
