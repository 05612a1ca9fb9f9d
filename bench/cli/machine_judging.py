"""The two ways in which a program judges: one on this machine, and a language model behind an endpoint."""

from __future__ import annotations

import argparse

from bench.errors import BenchError, counted
from bench.judging.endpoint import KEY_ENV, EndpointJudge
from bench.judging.machine import MachineWork, judge_by_machine
from bench.judging.program import ProgramJudge
from bench.judging.session import Session
from bench.judging.status_sentences import cost_sentence
from bench.report.table import inert
from bench.storage.files import slug

# What only --endpoint takes -> its name among the options.
_OF_ENDPOINT = {
    "--model": "model",
    "--key-env": "key_env",
    "--usd-per-million": "usd_per_million",
    "--max-usd": "max_usd",
}


def machine_of(options: argparse.Namespace) -> ProgramJudge | EndpointJudge | None:
    """Who judges where a program does; its name becomes that of its model where nobody gave one.

    Nothing is started or asked yet. Raises BenchError for what cannot be, so that no judging is begun for it.
    """
    if options.endpoint is None:
        if flag := next((flag for flag, name in _OF_ENDPOINT.items() if getattr(options, name) is not None), None):
            raise BenchError(
                f"{flag} is for a language model, and none is named.", f"Give --endpoint URL, or no {flag}."
            )
        return None if options.program is None else ProgramJudge(options.program, seconds=options.seconds)
    model = options.model or ""
    options.judge = options.judge or slug(model) or "model"
    return EndpointJudge(
        options.to,
        options.judge,
        options.endpoint,
        model,
        key_env=KEY_ENV if options.key_env is None else options.key_env,
        seconds=options.seconds,
        usd_per_million=options.usd_per_million,
        max_usd=options.max_usd,
    )


def judged_by(machine: ProgramJudge | EndpointJudge, session: Session, options: argparse.Namespace) -> str:
    """Let it grade; what came of it in a sentence, and what a model cost."""
    if isinstance(machine, ProgramJudge):
        with machine:
            return _sentence(judge_by_machine(session, machine, options.judge), "the program")
    work = judge_by_machine(session, machine, options.judge)
    who = inert(f"{options.model} at {options.endpoint}")
    return f"{_sentence(work, who)} It cost {cost_sentence(*machine.cost)}."


def _sentence(work: MachineWork, who: str) -> str:
    text = f"{counted(work.graded, 'grade')} by {who}, {work.skipped:,} skipped"
    failed = f", {work.failed:,} without an answer: the same command asks again" if work.failed else ""
    return f"{text}{failed}."
