"""The judging page and its answers: what is shown, what is stored, how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bench.errors import BenchError
from bench.judging.sentences import progress_sentence, verdict_sentences
from bench.judging.session import Session, Shown
from bench.report.page.document import View, document
from bench.report.page.explorer_data import stems
from bench.report.page.markup import render
from bench.report.table import inert
from bench.serving.local_server import Answer, LocalServer

MARKED = 20_000  # characters of a document within which words are marked


def judging_server(session: Session, *, port: int = 0) -> LocalServer:
    """A server for a judge. Raises BenchError where the port is taken."""
    page = document("bench judge", [View("judge", "Judge", render("judging"), True)], (), ["judging"], asks_server=True)
    answers = _Answers(session)
    return LocalServer(page, {"state": answers.state}, {"act": answers.act, "undo": answers.undo}, port=port)


class _Answers:
    def __init__(self, session: Session) -> None:
        self._session = session

    def state(self) -> Answer:
        self._session.refresh()
        return HTTPStatus.OK, {"state": self._state()}

    def act(self, content: Mapping[str, Any]) -> Answer:
        number, action, grade = (content.get(name) for name in ("number", "action", "grade"))
        note = content.get("note") or ""
        if (
            not isinstance(number, int)
            or not isinstance(note, str)
            or action not in ("grade", "skip")
            or (isinstance(grade, int) and not isinstance(grade, bool)) != (action == "grade")
        ):
            return HTTPStatus.BAD_REQUEST, {"error": "That is no judgement."}
        return self._changed(lambda: self._session.act(number, action, grade, note))

    def undo(self, content: Mapping[str, Any]) -> Answer:  # noqa: ARG002 - a POST has content
        return self._changed(self._session.undo)

    def _changed(self, change: Any) -> Answer:
        try:
            change()
        except BenchError as error:
            return HTTPStatus.CONFLICT, {"error": f"{error.message} {error.hint}", "state": self._state()}
        return HTTPStatus.OK, {"state": self._state()}

    def _state(self) -> dict[str, Any]:
        progress, shown = self._session.progress(), self._session.current()
        labels = self._session.record.settings.retrievers
        return {
            "grades": self._session.record.settings.grade_names,
            "shown": None if shown is None else _content(shown),
            "progress": {
                "sentence": progress_sentence(progress),
                "verdict": verdict_sentences(progress, labels),
                "own": progress.own,
            },
        }


def _content(shown: Shown) -> dict[str, Any]:
    query = inert(shown.query)
    text = "\n".join(map(inert, shown.document.splitlines()))
    return {"number": shown.number, "query": query, "document": text, "stems": stems([text[:MARKED]], [query])}
