"""The two ways in which a person judges, or settles disagreements: on a page, and in the terminal."""

from __future__ import annotations

import argparse

from bench.errors import BenchError
from bench.judging.sentences import opinion_sentence
from bench.judging.session import Session, Shown
from bench.judging.settling import Disputed, Settling
from bench.report.table import inert

_KEYS = "skip, u undo, q end"


def judge_on_page(work: Session | Settling, options: argparse.Namespace) -> None:
    """Serve the page until the process is interrupted."""
    from bench.cli import console
    from bench.serving.judging import judging_server, settling_server

    if isinstance(work, Settling):
        server = settling_server(work, port=options.port)
    else:
        server = judging_server(work, port=options.port)
    console.notes([f"Open {server.url}", "The address is a key: whoever has it can judge. Ctrl-C ends."])
    try:
        server.serve()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    work.refresh()


def judge_in_terminal(work: Session | Settling, options: argparse.Namespace) -> None:  # noqa: ARG001 - as the other way's
    """Ask until nothing is left, or the judge ends it."""
    from bench.cli import console

    names = work.record.settings.grade_names
    prompt = " ".join((*(f"{grade} {name}," for grade, name in enumerate(names)), f"s {_KEYS}: "))
    shown: Shown | Disputed | None
    shown, before = work.current(), ""
    while shown is not None:
        if shown.query != before:
            console.show_text(f"\n\nQuery: {inert(shown.query)}\n")
        before = shown.query
        console.show_text("\n" + "\n".join(map(inert, shown.document.splitlines())) + "\n")
        if isinstance(shown, Disputed):
            console.show_text("\n" + "\n".join(inert(opinion_sentence(one)) for one in shown.opinions) + "\n")
        try:
            answer = input(prompt).strip().casefold()
        except (EOFError, KeyboardInterrupt):
            return
        if answer == "q":
            return
        try:
            shown = _answered(work, shown, answer)
        except BenchError as error:
            console.notes([f"{error.message} {error.hint}"])
            work.refresh()
            shown = work.current()


def _answered(work: Session | Settling, shown: Shown | Disputed, answer: str) -> Shown | Disputed | None:
    """What is shown after an answer."""
    if answer == "u":
        return work.undo()
    if answer == "s":
        return work.act(shown.number, "skip")
    if not (answer.isascii() and answer.isdigit()):
        raise BenchError(f"{answer!r} is no answer.", f"A grade, or s {_KEYS}.")
    return work.act(shown.number, "grade", int(answer))
