"""The two ways in which a person judges here: on a page, and in the terminal."""

from __future__ import annotations

import argparse

from bench.errors import BenchError
from bench.judging.session import Session, Shown
from bench.report.table import inert

_KEYS = "skip, u undo, q end"


def judge_on_page(session: Session, options: argparse.Namespace) -> None:
    """Serve the page until the process is interrupted."""
    from bench.cli import console
    from bench.serving.judging import judging_server

    server = judging_server(session, port=options.port)
    console.notes([f"Open {server.url}", "The address is a key: whoever has it can judge. Ctrl-C ends."])
    try:
        server.serve()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
    session.refresh()


def judge_in_terminal(session: Session, options: argparse.Namespace) -> None:  # noqa: ARG001 - as the other way's
    """Ask until nothing is left, or the judge ends it."""
    from bench.cli import console

    names = session.record.settings.grade_names
    prompt = " ".join((*(f"{grade} {name}," for grade, name in enumerate(names)), f"s {_KEYS}: "))
    shown, before = session.current(), ""
    while shown is not None:
        if shown.query != before:
            console.show_text(f"\n\nQuery: {inert(shown.query)}\n")
        before = shown.query
        console.show_text("\n" + "\n".join(map(inert, shown.document.splitlines())) + "\n")
        try:
            answer = input(prompt).strip().casefold()
        except (EOFError, KeyboardInterrupt):
            return
        if answer == "q":
            return
        try:
            shown = _answered(session, shown, answer)
        except BenchError as error:
            console.notes([f"{error.message} {error.hint}"])
            session.refresh()
            shown = session.current()


def _answered(session: Session, shown: Shown, answer: str) -> Shown | None:
    """What is shown after an answer."""
    if answer == "u":
        return session.undo()
    if answer == "s":
        return session.act(shown.number, "skip")
    if not (answer.isascii() and answer.isdigit()):
        raise BenchError(f"{answer!r} is no answer.", f"A grade, or s {_KEYS}.")
    return session.act(shown.number, "grade", int(answer))
